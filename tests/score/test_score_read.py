"""What is read from notation: onsets, pitches, ties, grace notes, measures, and heads on their ink."""

from pathlib import Path

import numpy as np
import pytest

from standpartner.score import Score, read_score

DATA = Path(__file__).parent / "data"
ALL = ("piano.musicxml", "tune.abc", "voices.krn", "small.mei")


def starting(score: Score, onset: int) -> list[int]:
    return sorted(score.notes.pitch[(score.notes.onset == onset) & ~score.notes.grace].tolist())


def test_piano_onsets_are_the_written_times_of_the_piano_part(piano: Score) -> None:
    assert piano.onsets.quarter.tolist() == [0, 1, 2, 3, 3.5, 4, 5]
    assert [starting(piano, onset) for onset in range(7)] == [
        [72],
        [53, 57, 65, 69],
        [64],
        [48],
        [52],
        [48, 70],
        [53, 65],
    ]


def test_repeats_are_as_printed_and_time_follows_quarters(piano: Score) -> None:
    np.testing.assert_allclose(piano.onsets.time_s, piano.onsets.quarter * 0.5, atol=1e-6)


def test_tie_is_one_note_with_two_heads(piano: Score) -> None:
    tied = piano.notes.pitch == 69
    assert piano.notes.duration_quarter[tied].tolist() == [3.0]
    heads = piano.noteheads.onset[piano.noteheads.pitch == 69]
    assert sorted(heads.tolist()) == [-1, 1]


def test_grace_note_sounds_before_its_onset_and_starts_none(piano: Score) -> None:
    notes = piano.notes
    assert notes.grace.sum() == 1
    (index,) = np.flatnonzero(notes.grace)
    assert (notes.pitch[index], notes.onset[index]) == (70, 1)
    assert notes.quarter[index] + notes.duration_quarter[index] == pytest.approx(1.0)
    assert piano.noteheads.grace.sum() == 1


def test_clefs_that_two_voices_share_do_not_break_the_engraver_off_where_grace_notes_are() -> None:
    score = read_score(DATA / "clefs.musicxml")
    assert score.onsets.quarter.tolist() == list(range(8))
    assert [starting(score, onset) for onset in (1, 2)] == [[43, 50, 74], [43, 72, 76]]
    assert score.noteheads.grace.sum() == 2


def test_measures_carry_printed_numbers_and_meet_on_the_strip(piano: Score) -> None:
    assert piano.measures.label.tolist() == ["0", "1", "2", "3"]
    assert piano.measures.quarter.tolist() == [0, 1, 3, 5]
    np.testing.assert_allclose(piano.measures.strip_left_px[1:], piano.measures.strip_right_px[:-1], atol=0.01)
    assert piano.onsets.measure.tolist() == [0, 1, 1, 2, 2, 2, 3]


def test_title_comes_from_the_file(piano: Score, tune: Score) -> None:
    assert piano.title == "Stand Études"
    assert tune.title == 'The "Quoted" Tune'


def test_abc_keeps_every_note_of_endings_and_tuplets(tune: Score) -> None:
    assert len(tune.onsets) == 64
    third = np.round(np.diff(tune.onsets.quarter[5:10]), 3).tolist()
    assert third == [0.25, 0.333, 0.333, 0.333]
    second_line = np.searchsorted(tune.onsets.quarter, 32.0)
    assert tune.onsets.quarter[second_line] == 32.0
    assert tune.onsets.quarter[-1] == 62.0


def test_abc_pitches_follow_key_and_accidentals(tune: Score) -> None:
    assert [starting(tune, onset) for onset in range(4)] == [[74], [78], [81], [78]]
    bar = np.flatnonzero(tune.measures.label[tune.onsets.measure] == "14")
    assert [starting(tune, onset) for onset in bar] == [[72], [76], [72], [74]]  # the natural lasts through the bar


def test_humdrum_voices_of_one_staff_share_it(scores: dict[str, Score]) -> None:
    score = scores["voices.krn"]
    assert score.onsets.quarter.tolist() == [0, 1, 2, 2.5, 3]
    assert [starting(score, onset) for onset in range(5)] == [[53, 65, 69], [64, 70], [65, 69], [71], [48, 64, 72]]
    assert score.notes.duration_quarter[score.notes.pitch == 53].tolist() == [3.0]
    assert staff_line_count(score) == 10


def test_mei_hidden_note_sounds_but_is_not_drawn(scores: dict[str, Score]) -> None:
    score = scores["small.mei"]
    assert score.onsets.quarter.tolist() == [0, 2, 3]
    assert score.notes.pitch.tolist() == [66, 67, 68, 72]
    assert score.notes.onset.tolist() == [0, 1, 1, 2]
    assert score.notes.hidden.tolist() == [False, True, False, False]
    assert 67 not in score.noteheads.pitch
    assert score.notes.duration_quarter[-1] == 3.0
    assert score.measures.label.tolist() == ["1", "X1"]


@pytest.mark.parametrize("name", ALL)
def test_onsets_go_forward(scores: dict[str, Score], name: str) -> None:
    score = scores[name]
    assert np.all(np.diff(score.onsets.x_px) > 3)
    assert np.all(np.diff(score.onsets.quarter) > 0)
    assert np.all(np.diff(score.onsets.time_s) > 0)


@pytest.mark.parametrize("name", ALL)
def test_onset_lies_at_its_heads(scores: dict[str, Score], name: str) -> None:
    score = scores[name]
    for onset in range(len(score.onsets)):
        own = (score.noteheads.onset == onset) & ~score.noteheads.grace
        assert np.median(score.noteheads.x_px[own]) == pytest.approx(score.onsets.x_px[onset])


def test_filled_heads_are_centred_on_their_ink(tune: Score) -> None:
    heads = tune.noteheads
    filled = np.flatnonzero(np.isin(heads.onset, np.flatnonzero(np.diff(tune.onsets.quarter) <= 1)))
    assert len(filled) > 50
    for x, y in zip(heads.x_px[filled], heads.y_px[filled], strict=True):
        dark = tune.strip[int(y)] < 90
        left = right = int(x)
        assert dark[left], (x, y)
        while dark[left - 1]:
            left -= 1
        while dark[right + 1]:
            right += 1
        assert abs((left + right + 1) / 2 - x) < 0.8, (x, y)
        assert right - left + 1 in (8, 9, 10)


def test_half_note_heads_have_ink_around_an_open_centre(piano: Score) -> None:
    heads = piano.noteheads
    for index in np.flatnonzero((heads.onset == 6) & (heads.pitch == 53)):
        x, y = int(heads.x_px[index]), int(heads.y_px[index])
        assert piano.strip[y - 3 : y + 4, x - 4 : x + 5].min() < 60


def test_single_staff_lines_lie_on_the_rows_of_the_original_data(tune: Score) -> None:
    dark = (tune.strip < 250).mean(axis=1)
    assert np.flatnonzero(dark > 0.95).tolist() == [66, 73, 80, 87, 94]


def test_staff_pair_is_centred(piano: Score) -> None:
    rows = np.flatnonzero((piano.strip < 250).mean(axis=1) > 0.95)
    assert abs((rows[0] + rows[-1]) / 2 - 80) <= 1


def staff_line_count(score: Score) -> int:
    rows = np.flatnonzero((score.strip < 250).mean(axis=1) > 0.95)
    return int((np.diff(rows) > 1).sum()) + 1
