"""LilyPond files: every head with its place, time and pitch; what cannot be read is refused with a reason."""

from pathlib import Path

import numpy as np
import pytest

from standpartner.errors import MissingExtraError, ScoreError
from standpartner.score import Score, read_score

DATA = Path(__file__).parent / "data"
SAMPLE = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(scope="module")
def evening() -> Score:
    return read_score(DATA / "evening.ly", trusted=True)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Score:
    """The same music in small staves, in an old encoding and spelling, spread over files."""
    folder = tmp_path_factory.mktemp("lilypond")
    text = (DATA / "evening.ly").read_text(encoding="utf-8").replace("\\version", "%")
    (folder / "music").mkdir()
    (folder / "music" / "notes.ily").write_bytes(text.replace('on the \\"Stand\\"', "für den Stand").encode("latin-1"))
    (folder / "main.ly").write_text(
        '\\version "2.18.2"\n#(set-global-staff-size 15)\n'
        '\\paper { ragged-right = ##t }\n\\include "english.ly"\n'
        '\\include "nederlands.ly"\n% \\include "nowhere.ly"\n\\include "music/notes.ily"\n'
    )
    return read_score(folder / "main.ly", trusted=True)


def starting(score: Score, onset: int) -> list[int]:
    return sorted(score.notes.pitch[(score.notes.onset == onset) & ~score.notes.grace].tolist())


@pytest.mark.needs("lilypond")
def test_onsets_are_the_written_times_repeats_as_printed(evening: Score) -> None:
    expected = [0, 1, 2, 2.5, 3, 4, 5, 7, 8, 10, 11, 12, 13, 14, 15]
    expected += [16, 16 + 1 / 3, 16 + 2 / 3, 17, 18, 19, 19.5, 20, 21, 22, 25, 26, 27, 28]
    np.testing.assert_allclose(evening.onsets.quarter, expected, atol=1e-6)
    np.testing.assert_allclose(evening.onsets.time_s, evening.onsets.quarter / 2, atol=1e-3)  # 120 quarters a minute
    assert evening.title == 'Evening on the "Stand"'


@pytest.mark.needs("lilypond")
def test_pitches_sound_where_they_are_written(evening: Score) -> None:
    assert [starting(evening, onset) for onset in (0, 1, 5, 6, 8, 15, 18, 28)] == [
        [69],
        [50, 74],
        [55, 71],
        [54, 69],
        [50, 62, 66, 69],
        [50, 62],
        [47, 52, 67],
        [50, 62, 74],
    ]


@pytest.mark.needs("lilypond")
def test_a_tie_is_one_note_with_two_heads(evening: Score) -> None:
    notes, heads = evening.notes, evening.noteheads
    assert notes.duration_quarter[(notes.pitch == 69) & (notes.quarter == 5)].tolist() == [3.0]
    assert notes.duration_quarter[(notes.pitch == 78) & (notes.quarter == 22)].tolist() == [4.0]
    assert heads.pitch[heads.onset < 0].tolist() == [69, 78]
    assert len(heads) == len(notes) + 2


@pytest.mark.needs("lilypond")
def test_a_grace_note_leads_to_its_onset_and_starts_none(evening: Score) -> None:
    notes, heads = evening.notes, evening.noteheads
    (index,) = np.flatnonzero(notes.grace)
    assert (notes.pitch[index], notes.onset[index]) == (73, 5)
    assert 3.8 < notes.quarter[index] < 4
    (head,) = np.flatnonzero(heads.grace)
    assert heads.onset[head] == 5
    assert evening.onsets.x_px[4] < heads.x_px[head] < evening.onsets.x_px[5]


@pytest.mark.needs("lilypond")
def test_measures_are_numbered_and_meet_on_the_strip(evening: Score) -> None:
    measures = evening.measures
    assert measures.label.tolist() == [str(number) for number in range(11)]
    assert measures.quarter.tolist() == [0, *range(1, 31, 3)]
    assert measures.system.tolist() == [0] * 6 + [1] * 5
    np.testing.assert_allclose(measures.strip_left_px[1:], measures.strip_right_px[:-1], atol=0.01)
    by_time = np.searchsorted(measures.quarter, evening.onsets.quarter, side="right") - 1
    assert evening.onsets.measure.tolist() == by_time.tolist()


@pytest.mark.needs("lilypond")
@pytest.mark.parametrize("name", ["evening", "small"])
def test_onsets_go_forward_at_the_middle_of_their_heads(name: str, request: pytest.FixtureRequest) -> None:
    score: Score = request.getfixturevalue(name)
    assert np.all(np.diff(score.onsets.x_px) > 3)
    for onset in range(len(score.onsets)):
        own = (score.noteheads.onset == onset) & ~score.noteheads.grace
        assert np.median(score.noteheads.x_px[own]) == pytest.approx(score.onsets.x_px[onset])


@pytest.mark.needs("lilypond")
@pytest.mark.parametrize("name", ["evening", "small"])
def test_filled_heads_are_centred_on_their_ink(name: str, request: pytest.FixtureRequest) -> None:
    score: Score = request.getfixturevalue(name)
    heads, notes = score.noteheads, score.notes
    short = {(o, p) for o, p, d in zip(notes.onset, notes.pitch, notes.duration_quarter, strict=True) if d <= 1}
    filled = [i for i in range(len(heads)) if (heads.onset[i], heads.pitch[i]) in short and not heads.grace[i]]
    assert len(filled) > 20
    for x, y in zip(heads.x_px[filled], heads.y_px[filled], strict=True):
        column, row = int(x), int(y)
        assert score.strip[row - 1 : row + 2, column - 1 : column + 2].max() < 110, (x, y)
        edges = []
        for off_the_line in (row - 2, row + 2):  # heads lean to the right: the two rows even that out
            dark = score.strip[off_the_line] < 128
            edges.append(column - dark[column - 8 : column][::-1].argmin())
            edges.append(column + dark[column : column + 8].argmin())
        assert abs(np.mean(edges) - x) < 1.2, (x, y, edges)


@pytest.mark.needs("lilypond")
@pytest.mark.parametrize("name", ["evening", "small"])
def test_staff_lines_are_seven_px_apart_and_centred(name: str, request: pytest.FixtureRequest) -> None:
    score: Score = request.getfixturevalue(name)
    for left, right in zip(score.systems.strip_left_px, score.systems.strip_right_px, strict=True):
        ink = 255.0 - score.strip[:, int(left) + 2 : int(right) - 2]
        dark, mean = (ink > 30).mean(axis=1), ink.mean(axis=1)
        lines = [row for row in range(1, 159) if dark[row] > 0.9 and mean[row] == mean[row - 1 : row + 2].max()]
        assert len(lines) == 10
        assert set(np.diff(lines)[[0, 1, 2, 3, 5, 6, 7, 8]].tolist()) <= {6, 7, 8}
        assert lines[4] - lines[0] == pytest.approx(28, abs=1)
        assert abs((lines[0] + lines[-1] + 1) / 2 - 80) <= 1


@pytest.mark.needs("lilypond")
@pytest.mark.parametrize("name", ["evening", "small"])
def test_the_strip_is_what_is_on_the_pages(name: str, request: pytest.FixtureRequest) -> None:
    score: Score = request.getfixturevalue(name)
    assert score.page_scale == 2
    for index, (page, left, top, right, bottom, strip_left, strip_right, staves, doubt) in enumerate(
        zip(*(getattr(score.systems, column) for column, _ in score.systems.columns()), strict=True)
    ):
        assert (staves, doubt) == (2, 0.0)
        image = score.pages[page]
        assert 0 <= left < right <= image.shape[1]
        assert 0 <= top < bottom <= image.shape[0]
        cut = image[int(top) : int(bottom), int(left) : int(right)].reshape(160, 2, -1, 2).mean(axis=(1, 3))
        np.testing.assert_allclose(score.strip[:, int(strip_left) : int(strip_right)], cut, atol=0.51)
        x_px = np.linspace(strip_left, strip_right - 0.01, 5)
        place = score.place(x_px)
        assert place.system.tolist() == [index] * 5
        np.testing.assert_allclose(place.page_x_px, left + (x_px - strip_left) * 2)
        np.testing.assert_allclose(place.page_y_px, (top + bottom) / 2)


@pytest.mark.needs("lilypond")
def test_small_staves_old_files_and_includes_give_the_same_music(evening: Score, small: Score) -> None:
    np.testing.assert_allclose(small.onsets.quarter, evening.onsets.quarter)
    assert small.notes.pitch.tolist() == evening.notes.pitch.tolist()
    assert small.title == "Evening für den Stand"


@pytest.mark.needs("lilypond")
@pytest.mark.skipif(not SAMPLE.is_dir(), reason="the shared data is not beside the repository")
def test_the_published_sample_is_rebuilt() -> None:
    source = SAMPLE / "mutopia/ftp/Anonymous/lesgraces/lesgraces.ly"
    score = read_score(source, trusted=True)
    published = np.load(SAMPLE / "msmd/test_sample/score/Anonymous__lesgraces__lesgraces.npz")["coords"]
    heads = score.noteheads
    drawn = heads.onset >= 0
    assert drawn.sum() == len(published) == 228
    assert len(score.onsets) + heads.grace.sum() == 114  # there grace notes count as onsets of their own
    ours, theirs = np.sort(heads.x_px[drawn]), np.sort(published[:, 1].astype(float))
    system = score.place(ours).system
    for index in range(len(score.systems)):
        shift = ours[system == index] - theirs[system == index]
        assert np.abs(shift).max() < 5
        assert np.abs(shift - np.median(shift)).max() < 3
    assert np.abs(np.sort(heads.y_px[drawn]) - np.sort(published[:, 0] - 20)).max() < 5


def refuse(path: Path, text: str, **options: float) -> str:
    path.write_text(text)
    with pytest.raises(ScoreError) as caught:
        read_score(path, trusted=True, **options)
    return str(caught.value)


def test_files_that_are_not_trusted_are_not_run(tmp_path: Path) -> None:
    (tmp_path / "evil.ly").write_text(f'#(open-file "{tmp_path}/made" "w")\n{{ c }}')
    with pytest.raises(ScoreError, match="trusted=True"):
        read_score(tmp_path / "evil.ly")
    assert not (tmp_path / "made").exists()


def test_without_lilypond_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingExtraError) as caught:
        read_score(DATA / "evening.ly", trusted=True)
    assert str(caught.value) == "LilyPond is not installed; install it with: apt-get install lilypond"


def test_missing_and_empty_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ScoreError, match="There is no file"):
        read_score(tmp_path / "none.ly", trusted=True)
    assert "is empty" in refuse(tmp_path / "empty.ly", " \n")


@pytest.mark.needs("lilypond")
def test_a_broken_file_is_refused_with_lilyponds_words(tmp_path: Path) -> None:
    words = refuse(tmp_path / "broken.ly", '\\version "2.24.0"\n\\score { << { c4 \\nothing } \\layout { }')
    assert "broken.ly" in words
    assert "error:" in words


@pytest.mark.needs("lilypond")
@pytest.mark.parametrize(
    ("text", "quarter_s"),
    [
        ("{ c'4 d' e' f' }", 1.0),
        ("\\score { { c'4 d' e' f' } } \\score { { c'4 a' b' f' } \\midi { \\tempo 4 = 240 } }", 0.25),
        ("\\book { \\score { { c'4 d' e' f' } } \\score { { c'4 } \\midi { \\tempo 4 = 120 } } }", 0.5),
    ],
    ids=["no MIDI", "MIDI of other music", "in a book"],
)
def test_what_is_printed_is_played_where_the_midi_is_not_of_it(tmp_path: Path, text: str, quarter_s: float) -> None:
    (tmp_path / "a.ly").write_text('\\version "2.24.0"\n' + text)
    score = read_score(tmp_path / "a.ly", trusted=True)
    assert score.notes.pitch.tolist() == [60, 62, 64, 65]
    np.testing.assert_allclose(score.onsets.time_s, np.arange(4) * quarter_s, atol=1e-3)
    assert score.title == "a"


@pytest.mark.needs("lilypond")
def test_music_that_sounds_other_than_printed_is_refused_with_the_share(tmp_path: Path) -> None:
    text = "\\version \"2.24.0\"\n\\score { { \\transposition bes c'4 e' g' } \\layout { } \\midi { } }"
    said = refuse(tmp_path / "clarinet.ly", text)
    assert "plays 0.0% are drawn" in said
    assert said.rstrip().endswith("such as \\transposition.")


@pytest.mark.needs("lilypond")
def test_a_file_that_hangs_is_ended_at_the_time_limit(tmp_path: Path) -> None:
    text = '\\version "2.24.0"\n#(let loop () (loop))\n{ c\'4 }'
    assert "longer than 1 s" in refuse(tmp_path / "endless.ly", text, time_limit_s=1)


@pytest.mark.needs("lilypond")
def test_too_many_pages_are_refused(tmp_path: Path) -> None:
    text = "\\version \"2.24.0\"\n\\score { { c'1 \\pageBreak d'1 } \\layout { } \\midi { } }"
    assert "2 pages; at most 1" in refuse(tmp_path / "long.ly", text, max_pages=1)
