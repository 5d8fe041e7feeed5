"""ABC tunes as collections hold them: every note sounds when and where it should."""

from fractions import Fraction
from pathlib import Path

import pytest

from standpartner.errors import ScoreError
from standpartner.score import MusicChoice, Score, read_score, read_scores
from standpartner.score.notation.abc import write_abc_as_mei
from standpartner.score.notation.abc.fields import Meter, read_clef, read_key, read_meter, read_tempo, unit_length
from standpartner.score.notation.abc.layer import split_length
from standpartner.score.notation.abc.music import read_length
from standpartner.score.notation.abc.reader import TuneReader
from standpartner.score.notation.text import read_notation

HEAD = "X:1\nT:Own\nM:{}\nL:{}\nK:{}\n"


def tune(music: str, *, meter: str = "4/4", unit: str = "1/4", key: str = "C") -> str:
    return HEAD.format(meter, unit, key) + music + "\n"


CASES: dict[str, tuple[str, dict[float, list[int]]]] = {
    "chord length": (
        tune("[GB]3 [Ac]|[GB]/2[Ac]/[G2B2]z|]"),
        {0: [67, 71], 3: [69, 72], 4: [67, 71], 4.5: [69, 72], 5: [67, 71]},
    ),
    "chord dots": (tune("[GB]>[Ac] [GB]<[Ac]|]"), {0: [67, 71], 1.5: [69, 72], 2: [67, 71], 2.5: [69, 72]}),
    "double dots": (tune("G>>A B2|]"), {0: [67], 1.75: [69], 2: [71]}),
    "dots over a rest": (tune("z>A B2|]"), {1.5: [69], 2: [71]}),
    "voices": (tune("V:1\nc2 d2|e4|]\nV:2\nE4|C4|]"), {0: [64, 72], 2: [74], 4: [60, 76]}),
    "voices in turn": (tune("[V:A] c4|\n[V:B] E4|\n[V:A] d4|]\n[V:B] F4|]"), {0: [64, 72], 4: [65, 74]}),
    "voices on a staff": (tune("%%score (1 2)\nV:1\nc4|]\nV:2\nE2 F2|]"), {0: [64, 72], 2: [65]}),
    "overlay": (tune("c4 & E2 F2|d4 & z2 G2 & A,4|]"), {0: [64, 72], 2: [65], 4: [57, 74], 6: [67]}),
    "rests of measures": (tune("Z|c4|Z3|d4|X2|e4|]"), {4: [72], 20: [74], 32: [76]}),
    "rest in another meter": (tune("c3|Z2|d3|]", meter="3/4"), {0: [72], 9: [74]}),
    "grace notes at the end of a line": (
        tune("c2 {d}\ne2|{fg}\nc4|]"),
        {0: [72], 1.875: [74], 2: [76], 3.75: [77], 3.875: [79], 4: [72]},
    ),
    "triplet with rest": (tune("(3cze (3z2e f2|]"), {0: [72], 4 / 3: [76], 10 / 3: [76], 4: [77]}),
    "five for two": (tune("(5:4cdefg|]", unit="1/8"), {0: [72], 0.4: [74], 0.8: [76], 1.2: [77], 1.6: [79]}),
    "duplet in six eighths": (
        tune("(2cd efg|]", meter="6/8", unit="1/8"),
        {0: [72], 0.75: [74], 1.5: [76], 2: [77], 2.5: [79]},
    ),
    "five eighths": (tune("c5 d3|]", unit="1/8"), {0: [72], 2.5: [74]}),
    "ties": (tune("c4-|c2 [ce]2-|[ce]4|]"), {0: [72], 6: [72, 76]}),
    "octave below the clef": (tune("cd|]", key="C clef=treble-8"), {0: [60], 1: [62]}),
    "octave above the clef": (tune("cd|]", key="C bass+8"), {0: [84], 1: [86]}),
    "moved by octaves": (tune("V:1 octave=-2\ncd|]"), {0: [48], 1: [50]}),
    "middle line": (tune("V:1 clef=bass middle=d\nd|]"), {0: [50]}),
    "transposed": (tune("cd|]", key="D transpose=-2"), {0: [71], 1: [72]}),
    "key with its own accidentals": (tune("gfb|]", key="D exp _b ^g"), {0: [80], 1: [77], 2: [82]}),
    "key changes": (tune("f2 f2|[K:D]f2 f2|\nK:Bb\nb4|]"), {0: [77], 2: [77], 4: [78], 6: [78], 8: [82]}),
    "accidentals in a measure": (tune("^f f f' f|f4|]"), {0: [78], 1: [78], 2: [89], 3: [78], 4: [77]}),
    "user's signs": ("X:1\nU:Q=!trill!\nM:4/4\nL:1/4\nK:C\nQc2 !mordent!d2|]\n", {0: [72], 2: [74]}),
    "meter changes": (tune("c4|[M:3/4]Z|d3|\nM:2/4\nZ|e2|]"), {0: [72], 7: [74], 12: [76]}),
    "chord symbols and notes": (tune('"^fast"c2"Am7"d2|"<("e4|]'), {0: [72], 2: [74], 4: [76]}),
    "characters that XML lacks": (tune("c2\x0b d2\x00|]"), {0: [72], 2: [74]}),
    "text in a block": (tune("%%begintext\nA bad face\n%%endtext\nc2 d2|]"), {0: [72], 2: [74]}),
    "words with other line breaks": (tune("c2 d2|\nw: la\x85 Ade\u2028 fab\ne4|]"), {0: [72], 2: [74], 4: [76]}),
    "lines of old Macs": (tune("c2 d2|\n% e4|\ne4|]").replace("\n", "\r"), {0: [72], 2: [74], 4: [76]}),
    "field without a line": (tune("c2 % a comment with |\nd2|]"), {0: [72], 2: [74]}),
}  # fmt: skip


def sounding(score: Score) -> dict[float, list[int]]:
    found: dict[float, list[int]] = {}
    for quarter, pitch in zip(score.notes.quarter.tolist(), score.notes.pitch.tolist(), strict=True):
        found.setdefault(round(quarter, 3), []).append(pitch)
    return found


@pytest.fixture(scope="module")
def engraved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Score]:
    """All cases, engraved by one child process."""
    folder = tmp_path_factory.mktemp("abc")
    paths = []
    for number, (content, _) in enumerate(CASES.values()):
        paths.append(folder / f"{number}.abc")
        paths[-1].write_text(content, encoding="utf-8")
    results = dict(zip(CASES, read_scores(paths), strict=True))
    for name, result in results.items():
        assert isinstance(result, Score), f"{name}: {result}"
    return results


@pytest.mark.parametrize("name", CASES)
def test_notes_sound_when_and_where_they_should(engraved: dict[str, Score], name: str) -> None:
    wanted = {round(quarter, 3): pitches for quarter, pitches in CASES[name][1].items()}
    assert sounding(engraved[name]) == wanted


def test_measures_of_rests_count(engraved: dict[str, Score]) -> None:
    score = engraved["rests of measures"]
    assert [score.measure_number(measure) for measure in score.onsets.measure.tolist()] == [2, 6, 9]


def test_music_without_bar_lines_is_divided_where_all_voices_begin_a_note(tmp_path: Path) -> None:
    path = tmp_path / "free.abc"
    path.write_text(tune("V:1\n" + "c3 d2 e (3fga " * 12 + "\nV:2\n" + "C6 D2 " * 12), encoding="utf-8")
    score = read_score(path)
    assert len(score.systems) > 1
    assert len(score.onsets) == 12 * 6
    assert score.onsets.quarter[-1] == pytest.approx(96 - 2 / 3)
    assert set(score.measures.quarter.tolist()) <= {8.0 * number for number in range(12)}


def test_a_tune_of_a_collection_is_chosen_by_number_or_title(tmp_path: Path) -> None:
    path = tmp_path / "book.abc"
    path.write_text("X:7\nT:First Reel\nK:C\nc|]\n\nX:9\nT:Second Reel\nK:C\nd|]\n", encoding="utf-8")
    with pytest.raises(ScoreError, match=r'holds 2 tunes; .* with --tune: 7 "First Reel", 9 "Second Reel"\.$'):
        read_score(path)
    for wanted in ("9", "second", "Second Reel"):
        assert sounding(read_score(path, choice=MusicChoice(tune=wanted))) == {0: [74]}
    with pytest.raises(ScoreError, match="has 2 tunes like 'reel'"):
        read_score(path, choice=MusicChoice(tune="reel"))
    with pytest.raises(ScoreError, match=r'has no tune .3.; .* of 7 "First Reel", 9 "Second Reel"\.$'):
        read_score(path, choice=MusicChoice(tune="3"))


def test_zeros_before_the_number_of_a_tune_do_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "book.abc"
    path.write_text("X:010\nT:A\nK:C\nc|]\n\nX: 2\nT:B\nK:C\nd|]\n\nX:3\nT:No key\nd|]\n", encoding="utf-8")
    for wanted in ("10", "010"):
        assert ">A<" in read_notation(path, MusicChoice(tune=wanted)).text
    assert ">B<" in read_notation(path, MusicChoice(tune="02")).text
    with pytest.raises(ScoreError, match=r"no key line \(K:\)"):
        read_notation(path, MusicChoice(tune="3"))


@pytest.mark.parametrize("music", ["z4|", "|:|", "(3", "[", "{c", "!", '"', ">>", "-", "&", "w: la"])
def test_a_tune_without_notes_is_refused(music: str) -> None:
    with pytest.raises(ScoreError, match=r"own\.abc has no notes"):
        write_abc_as_mei(tune(music), name="own.abc")


@pytest.mark.parametrize(
    ("text", "length"),
    [("", 1), ("3", 3), ("/", Fraction(1, 2)), ("//", Fraction(1, 4)), ("3/2", Fraction(3, 2)), ("/3", Fraction(1, 3))],
)
def test_lengths(text: str, length: Fraction) -> None:
    assert read_length(text) == length


def test_lengths_are_split_into_what_can_be_written() -> None:
    assert split_length(Fraction(3, 2)) == [("4", 1)]
    assert split_length(Fraction(5, 2)) == [("2", 0), ("8", 0)]
    assert split_length(Fraction(9)) == [("breve", 0), ("4", 0)]


def test_fields() -> None:
    key = read_key("Bb")
    assert key is not None
    assert key.signature == "2f"
    assert read_key("clef=bass") is None
    clef = read_clef("K: Am treble-8")
    assert clef is not None
    assert (clef.shape, clef.line, clef.octaves) == ("G", 2, -1)
    assert read_clef('T nm="tenor recorder"') is None
    assert read_clef('B name="bass" sname="alto" clef="treble"') == read_clef("treble8") == read_clef("treble")
    assert read_meter("C|").quarters == 4
    assert read_meter("2+3/8") == Meter(5, 8, "", "2+3")
    assert [unit_length(read_meter(text)) for text in ("2/4", "3/4", "none")] == [
        Fraction(1, 16),
        *[Fraction(1, 8)] * 2,
    ]
    assert read_tempo('"Slow" 3/8=60', Fraction(1, 8)) == 90
    assert read_tempo("100", Fraction(1, 8)) == 50


def test_bar_lines_at_both_sides_of_a_repeat() -> None:
    measures = TuneReader().read(tune("|:c4::d4:|:e4||f4|]")).voices[0].measures
    assert [(measure.left, measure.right) for measure in measures] == [
        ("rptstart", "rptend"), ("rptstart", "rptend"), ("rptstart", "dbl"), ("", "end"),
    ]  # fmt: skip
