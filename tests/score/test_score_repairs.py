"""Repairs on notation text, part choice, and the rules for onsets, without the engraver."""

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from standpartner.score import read_score
from standpartner.score.notation.abc import split_abc, strip_chord_symbols
from standpartner.score.notation.abc.fields import count_fifths
from standpartner.score.notation.humdrum import merge_staff_spines
from standpartner.score.notation.mei import read_mei
from standpartner.score.notation.mei_sounding import imply_accidentals
from standpartner.score.notation.musicxml import repair_musicxml
from standpartner.score.notation.onsets import longest_increasing, plan_onsets
from standpartner.score.notation.parts import choose_part, keep_part, list_parts
from standpartner.score.notation.text import _hide_lone_name, read_notation
from standpartner.score.notation.time_map import measure_quarters, read_spans, read_time_map


def test_chord_symbols_go_but_titles_keep_quotes() -> None:
    text = 'X:1\nT:The "Old" One\nK:C\n"Am"c "^up"d|\n'
    assert strip_chord_symbols(text) == 'X:1\nT:The "Old" One\nK:C\nc d|\n'


def test_abc_file_is_split_into_tunes() -> None:
    text = "%%header\nO:England\n\nX:1\nT:One\nK:C\nc|\n\nsome words\n\nX:2\r\nT:Two\r\nK:G\r\ng|\r\n"
    assert split_abc(text) == ["X:1\nO:England\nT:One\nK:C\nc|\n", "X:2\nO:England\nT:Two\nK:G\ng|\n"]
    assert split_abc("nothing") == []


def test_voices_of_a_staff_become_one_spine_high_voice_first() -> None:
    text = "**kern\t**kern\t**kern\n*staff2\t*staff1\t*staff1\n4C\t4e\t4g\n*\t*^\t*\n4C\t4e\t4c\t4g\n*-\t*-\t*-\t*-\n"
    merged = merge_staff_spines(text).splitlines()
    assert merged == [
        "**kern\t**kern",
        "*staff2\t*staff1",
        "*\t*^",
        "4C\t4g\t4e",
        "*\t*\t*^",
        "4C\t4g\t4e\t4c",
        "*\t*v\t*v\t*v",
        "*-\t*-",
    ]


def test_line_breaks_of_other_kinds_end_no_line_of_humdrum(tmp_path: Path) -> None:
    path = tmp_path / "comment.krn"
    path.write_bytes(b"!!!COM: Own\r**kern\r\n=1\n4c\n!! see\x85 below\x0c\n4d\n*-\n")
    assert read_notation(path).text == "!!!COM: Own\n**kern\n=1\n4c\n!! see  below \n4d\n*-\n"


def test_spines_with_staves_of_their_own_stay() -> None:
    text = "**kern\t**kern\n*staff2\t*staff1\n4C\t4e\n*-\t*-\n"
    assert merge_staff_spines(text) == text


MEI = """<mei xmlns="http://www.music-encoding.org/ns/mei" xmlns:xml="http://www.w3.org/XML/1998/namespace">
<scoreDef><staffGrp>{groups}</staffGrp></scoreDef>
<measure><staff n="1"><note xml:id="a" pname="c"/></staff><staff n="2"/><staff n="3"/><slur startid="#a"/>
<dynam staff="1"/><dynam staff="3"/></measure></mei>"""


def parse(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 (our own)


ONE = '<staffDef n="1"><label>{name}</label></staffDef>'
PAIR = '<staffGrp symbol="brace"><staffDef n="2"/><staffDef n="3"/></staffGrp>'


def test_braced_pair_is_taken_for_the_piano() -> None:
    root = parse(MEI.format(groups=ONE.format(name="Flute") + PAIR))
    assert choose_part(list_parts(root)).part.staves == ("2", "3")
    assert keep_part(root)[1]
    kept = [(element.tag.split("}")[1], element.get("n") or element.get("staff")) for element in root.iter()]
    assert [item for item in kept if item[0] in {"staff", "staffDef", "slur", "dynam"}] == [
        ("staffDef", "2"), ("staffDef", "3"), ("staff", "2"), ("staff", "3"), ("dynam", "3"),
    ]  # fmt: skip


def test_named_piano_wins_and_else_the_first_part() -> None:
    named = parse(MEI.format(groups=ONE.format(name="Klavier") + '<staffDef n="2"/><staffDef n="3"/>'))
    assert choose_part(list_parts(named)).part.staves == ("1",)
    plain = parse(MEI.format(groups='<staffDef n="1"/><staffDef n="2"/><staffDef n="3"/>'))
    assert choose_part(list_parts(plain)).part.staves == ("1",)


def test_score_of_two_staves_stays_whole() -> None:
    root = parse(MEI.format(groups='<staffDef n="1"/><staffDef n="2"/>'))
    assert not keep_part(root)[1]


@pytest.mark.parametrize(
    ("values", "kept"),
    [([1, 2, 3], [0, 1, 2]), ([1, 9, 2, 3], [0, 2, 3]), ([5, 5, 6], [1, 2]), ([], []), ([3, 2, 1], [2])],
)
def test_longest_increasing_run(values: list[float], kept: list[int]) -> None:
    assert longest_increasing(values) == kept


def no_times(name: str) -> dict[str, list[float]]:
    """Tell no time of any note."""
    return {}


def test_onsets_go_forward_and_dropped_positions_join_the_next_onset() -> None:
    timemap = [
        {"qstamp": 0, "tstamp": 0, "on": ["a"]},
        {"qstamp": 1.5, "tstamp": 750, "on": ["b"], "off": ["a"]},
        {"qstamp": 3, "tstamp": 1500, "on": ["c"], "off": ["b"]},
        {"qstamp": 4, "tstamp": 2000, "on": ["d"], "off": ["c"]},
        {"qstamp": 5, "tstamp": 2500, "off": ["d"]},
    ]
    spans = read_spans(read_time_map(timemap, no_times))
    heads = {"a": 10.0, "b": 20.0, "c": 90.0, "d": 40.0}
    plan = plan_onsets(spans, heads, silent=set(), event_count=len(timemap))
    assert (plan.x_px, plan.quarter) == ([10.0, 20.0, 40.0], [0.0, 1.5, 4.0])
    assert [plan.of_event[spans[note].event] for note in "abcd"] == [0, 1, 2, 2]
    assert [plan.onset_after(x) for x in (5.0, 15.0, 99.0)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("key", "fifths"),
    [("C", 0), ("Am", 0), ("F#m", 3), ("Bb", -2), ("D mix", 1), ("Edor", 2), ("G minor", -2), ("none", 0), ("HP", 2)],
)
def test_key_signature_of_abc_keys(key: str, fifths: int) -> None:
    assert count_fifths(key) == fifths


MEASURES = """<mei xmlns="http://www.music-encoding.org/ns/mei"><scoreDef/><section>
<measure><staff><layer><note xml:id="a" pname="c" oct="5" />
<note xml:id="b" pname="c" oct="5"><accid accid="s"/></note><note xml:id="c" pname="c" oct="5"/>
<note xml:id="d" pname="c" oct="6"/></layer></staff></measure>
<measure><staff><layer><note xml:id="e" pname="c" oct="5"/>
<note xml:id="f" pname="c" oct="5"/></layer></staff></measure>
<scoreDef keysig="1f"/><measure><staff><layer><note xml:id="g" pname="b" oct="4"/></layer></staff></measure>
<tie startid="#c" endid="#e"/></section></mei>"""


def test_accidentals_last_through_measures_and_ties_and_follow_key_changes() -> None:
    root = parse(MEASURES)
    imply_accidentals(root)
    facts = read_mei(root)
    assert [facts.notes[name].pitch for name in "abcdefg"] == [72, 73, 73, 84, 73, 72, 70]
    assert facts.ties == {"c": "e"}


def test_tune_without_key_signature_is_played_natural(tmp_path: Path) -> None:
    path = tmp_path / "keys.abc"
    path.write_text("X:1\nT:Keys\nM:2/4\nL:1/4\nK:Am\nfc|\nK:A\nfc|\nK:Bb\neB\n", encoding="utf-8")
    score = read_score(path)
    assert score.notes.pitch.tolist() == [77, 72, 78, 73, 75, 70]


def test_measures_that_come_too_early_in_the_time_map_keep_their_times() -> None:
    moments = read_time_map(
        [
            {"qstamp": 0.0, "tstamp": 0.0, "measureOn": "m1", "on": ["a"]},
            {"qstamp": 8.0, "tstamp": 4_000.0, "measureOn": "m3", "on": ["d"], "off": ["c"]},
            {"qstamp": 12.0, "tstamp": 6_000.0, "off": ["d"]},
            {"qstamp": 4.0, "tstamp": 2_000.0, "measureOn": "m2", "on": ["b"], "off": ["a"]},
            {"qstamp": 5.0, "tstamp": 2_500.0, "on": ["c"], "off": ["b"]},
        ],
        no_times,
    )
    spans = read_spans(moments)
    assert [spans[note].quarter for note in "abcd"] == [0.0, 4.0, 5.0, 8.0]
    assert [spans[note].end_time_s for note in "abcd"] == [2.0, 2.5, 4.0, 6.0]
    assert [spans[note].event for note in "abcd"] == [0, 1, 2, 3]
    assert measure_quarters(moments) == {"m1": 0.0, "m2": 4.0, "m3": 8.0}


def test_a_tempo_that_the_first_moment_lacks_is_that_of_the_next() -> None:
    rest = [{"qstamp": 16.0, "tstamp": 7_500.0, "on": ["b"], "off": ["a"], "tempo": 128}]
    moments = read_time_map([{"qstamp": 0.0, "tstamp": 0.0, "on": ["a"]}, *rest], no_times)
    assert [moment.quarter for moment in moments] == [0.0, 16.0]


def test_quarters_that_have_overflowed_are_taken_from_seconds_and_tempi() -> None:
    moments = read_time_map(
        [
            {"qstamp": -250.5, "tstamp": 4_500.0, "on": ["d"], "tempo": 30},  # overflowed, before the map's first entry
            {"qstamp": 0.0, "tstamp": 0.0, "measureOn": "m1", "on": ["a"], "tempo": 60},
            {"qstamp": 0.333, "tstamp": 333.0, "on": ["b"], "off": ["a"]},
            {"qstamp": 2.0, "tstamp": 2_000.0, "on": ["c"], "off": ["b"]},
            {"qstamp": 2.5, "tstamp": 2_500.0, "measureOn": "m2", "tempo": 30},
            {"qstamp": 77.0, "tstamp": 4_501.0, "on": ["e"]},  # of one time with d
            {"qstamp": 4.5, "tstamp": 6_500.0, "off": ["c", "d", "e"]},
        ],
        no_times,
    )
    spans = read_spans(moments)
    assert [spans[note].quarter for note in "abcde"] == pytest.approx([0.0, 0.333, 2.0, 3.5, 3.5])
    assert spans["d"].quarter == spans["e"].quarter
    assert [spans[note].end_quarter for note in "abcde"] == [0.333, 2.0, 4.5, 4.5, 4.5]
    assert measure_quarters(moments) == {"m1": 0.0, "m2": 2.5}


def test_notes_that_overflow_to_one_quarter_are_parted_by_their_own_times() -> None:
    times = {"a": (0.0, 500.0), "b": (500.0, 1000.4), "c": (1000.4, 2000.0), "d": (2000.0, 2500.0)}
    moments = read_time_map(
        [
            {"qstamp": 0.0, "tstamp": 0.0, "on": ["a"], "tempo": 60},
            {"qstamp": 0.5, "tstamp": 500.0, "on": ["b"], "off": ["a"]},
            {"qstamp": -7.5, "tstamp": 2_000.0, "on": ["d", "c"], "off": ["c", "b"]},
            {"qstamp": 2.5, "tstamp": 2_500.0, "off": ["d"]},
        ],
        lambda name: {"tstampOn": [times[name][0]], "tstampOff": [times[name][1]]},
    )
    spans = read_spans(moments)
    assert [spans[note].quarter for note in "abcd"] == [0.0, 0.5, 1.0, 2.0]
    assert [spans[note].end_time_s for note in "abcd"] == [0.5, 1.0, 2.0, 2.5]


def _run(among: int) -> str:
    """Write a run of one note less than fill two quarters, so that the measure's length is an odd fraction."""
    ratio = f"<actual-notes>{among}</actual-notes><normal-notes>8</normal-notes>"
    timed = f"<duration>1</duration><voice>1</voice><type>16th</type><time-modification>{ratio}</time-modification>"
    marks = {0: "start", among - 2: "stop"}
    brackets = (f'<notations><tuplet type="{marks[k]}"/></notations>' if k in marks else "" for k in range(among - 1))
    steps = (f"<pitch><step>{'CDEFGAB'[k % 7]}</step><octave>5</octave></pitch>" for k in range(among - 1))
    return "".join(f"<note>{step}{timed}{bracket}</note>" for step, bracket in zip(steps, brackets, strict=True))


def test_no_onset_is_lost_where_verovio_s_quarters_overflow(tmp_path: Path) -> None:
    among = [13, 27, 11, 19, 17, 23, 29, 31]
    quarter = "<note><pitch><step>C</step><octave>5</octave></pitch><duration>6</duration><type>quarter</type></note>"
    begin = "<attributes><divisions>6</divisions><time><beats>2</beats><beat-type>4</beat-type></time></attributes>"
    bars = [*map(_run, among), 2 * quarter, 2 * quarter]
    music = "".join(f'<measure number="{n}">{begin if n == 1 else ""}{bar}</measure>' for n, bar in enumerate(bars, 1))
    names = '<part-list><score-part id="P1"><part-name>Piano</part-name></score-part></part-list>'
    path = tmp_path / "runs.musicxml"
    path.write_text(f'<score-partwise version="3.1">{names}<part id="P1">{music}</part></score-partwise>')
    score = read_score(path)
    assert np.bincount(score.onsets.measure).tolist() == [n - 1 for n in among] + [2, 2]
    lengths = [2 * (n - 1) / n for n in among]
    assert score.measures.quarter == pytest.approx(np.cumsum([0.0, *lengths, 2.0]), abs=0.02)


def test_a_lone_name_without_text_leaves_the_file_whole() -> None:
    part = '<part-list><score-part id="P1"><part-name/>\n</score-part></part-list>'
    assert _hide_lone_name(part) == part


def _note(step: str, duration: int, *, hidden: bool = False, chord: bool = False) -> str:
    shown = ' print-object="no"' if hidden else ""
    pitch = f"<pitch><step>{step}</step><octave>4</octave></pitch>"
    return f"<note{shown}>{'<chord/>' if chord else ''}{pitch}<duration>{duration}</duration></note>"


def _move(name: str, duration: int) -> str:
    return f"<{name}><duration>{duration}</duration></{name}>"


def test_hidden_notes_before_their_measure_go_with_the_moves_around_them() -> None:
    cues = _note("D", 2, hidden=True) + _note("F", 2, hidden=True, chord=True) + _note("E", 2, hidden=True)
    trill = _move("backup", 300) + cues + _move("forward", 288)
    around = '<measure number="{}">' + _note("C", 8) + "{}" + _note("G", 4) + "</measure>"
    text = around.format(1, trill) + around.format(2, _move("backup", 4))
    assert repair_musicxml(text) == around.format(1, _move("backup", 8)) + around.format(2, _move("backup", 4))


def test_a_second_staff_is_declared_in_the_part_that_has_it() -> None:
    part = "<part><time></time>{}<note><staff>{}</staff></note></part>"
    text = part.format("", 1) + part.format("{}", 2) + part.format("{}", 2) + part.format("", 1)
    assert repair_musicxml(text.format("", "")) == text.format(*2 * ["<staves>2</staves>"])


@pytest.mark.parametrize("moves", [_move("backup", 9), _move("backup", 8) + _note("D", 2, hidden=True), ""])
def test_other_measures_stay_as_they_are(moves: str) -> None:
    text = f"<measure>{_note('C', 8)}{moves}{_note('G', 4)}</measure>"
    assert repair_musicxml(text) == text
