"""MEI and Humdrum as users bring them: includes, movements, and what sounds but is not written."""

from pathlib import Path

import pytest

from standpartner.errors import ScoreError
from standpartner.score import MusicChoice, Score, read_score, read_scores
from standpartner.score.notation.text import read_notation

XI = 'xmlns:xi="http://www.w3.org/2001/XInclude"'


def mei(*movements: str) -> str:
    return f'<mei xmlns="http://www.music-encoding.org/ns/mei"><music><body>{"".join(movements)}</body></music></mei>'


def movement(layer: str, *, staff: str = "", extra: str = "", label: str = "") -> str:
    """A movement of one measure on one staff."""
    return (
        f'<mdiv label="{label}"><score><scoreDef meter.count="4" meter.unit="4"><staffGrp>'
        f'<staffDef n="1" lines="5" clef.shape="G" clef.line="2" {staff}/></staffGrp></scoreDef><section>'
        f'<measure n="1"><staff n="1"><layer n="1">{layer}</layer></staff>{extra}</measure></section></score></mdiv>'
    )


def notes(text: str, kind: int = 4) -> str:
    """Notes of one length: "c5 f5n" with their accidentals."""
    return "".join(
        f'<note dur="{kind}" pname="{name[0]}" oct="{name[1]}"' + (f' accid="{name[2:]}"/>' if name[2:] else "/>")
        for name in text.split()
    )


def chord(*lengths: str) -> str:
    members = "".join(f'<note pname="{name}" oct="5" {length}/>' for name, length in zip("ce", lengths, strict=True))
    return f"<chord>{members}</chord>"


OTTAVA = '<octave staff="1" dis="8" dis.place="{}" tstamp="2" tstamp2="0m+3"/>'
CHANGE = (
    '<staffDef n="1" trans.semi="-3" trans.diat="-2"/>'
    f'<measure n="2"><staff n="1"><layer n="1">{notes("c5", 1)}</layer></staff></measure>'
)
TRIPLET = '<tuplet num="3" numbase="2">{}</tuplet>'
HUMDRUM = "**kern\n{}\n*clefG2\n*M4/4\n=1\n{}\n==\n*-\n"
BASS_CLARINET_AND_FLUTE = """\
**kern	**kern
*ITrd8c14	*
*clefG2	*clefG2
*M4/4	*M4/4
=1	=1
1B- 1d	1c
*	*^
=2	=2	=2
2C#	2e	2c
2BB-	2f	[2c
*	*v	*v
*ITrd2c3	*
=3	=3
1D	1c]
==	==
*-	*-
"""
CASES: dict[str, tuple[str, dict[float, list[int]]]] = {
    "chord.mei": (mei(movement(chord('dur="2" dots="1"', 'dur="2" dots="1"') + notes("g5"))), {0: [72, 76], 3: [79]}),
    "semi.mei": (mei(movement(notes("c5", 1), staff='trans.semi="3" trans.diat="2"')), {0: [75]}),
    "steps.mei": (mei(movement(notes("c5", 1), staff='trans.diat="-5"')), {0: [63]}),
    "octaves.mei": (mei(movement(notes("c5", 1), staff='trans.diat="-8"')), {0: [58]}),
    "flats.mei": (
        mei(movement(notes("b4 e5 e5n e5"), staff='key.sig="3f"')),
        {0: [70], 1: [75], 2: [76], 3: [76]},
    ),
    "sharps.mei": (mei(movement(notes("f5 c5", 2), staff='keysig="1s"')), {0: [78], 2: [72]}),
    "above.mei": (
        mei(movement(notes("c5 d5 e5 f5"), extra=OTTAVA.format("above"))),
        {0: [72], 1: [86], 2: [88], 3: [77]},
    ),
    "below.mei": (
        mei(movement(notes("c5 d5 e5 f5"), extra=OTTAVA.format("below"))),
        {0: [72], 1: [62], 2: [64], 3: [77]},
    ),
    "changes_instrument.mei": (
        mei(movement(notes("c5", 1), staff='trans.semi="-2"')).replace("</section>", CHANGE + "</section>"),
        {0: [70], 4: [69]},
    ),
    "nested.mei": (
        mei(movement(TRIPLET.format(notes("c5") + TRIPLET.format(notes("d5 e5 f5", 8)) + notes("g5")) + notes("a5"))),
        {0: [72], 0.667: [74], 0.889: [76], 1.111: [77], 1.333: [79], 2: [81]},
    ),
    "clarinet.krn": (HUMDRUM.format("*ITrd1c2", "1c"), {0: [60]}),
    "tenor.krn": (HUMDRUM.format("*ITrd8c14\n*k[b-e-]", "1B-"), {0: [58]}),
    "written.krn": (HUMDRUM.format("*k[]", "1cc"), {0: [72]}),
    "bass_clarinet.krn": (
        BASS_CLARINET_AND_FLUTE,
        {0: [58, 60, 62], 4: [49, 60, 64], 6: [46, 60, 65], 8: [50]},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def engraved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Score]:
    """All cases, engraved by one child process."""
    folder = tmp_path_factory.mktemp("mei")
    for name, (content, _) in CASES.items():
        (folder / name).write_text(content)
    results = dict(zip(CASES, read_scores([folder / name for name in CASES]), strict=True))
    for name, result in results.items():
        assert isinstance(result, Score), f"{name}: {result}"
    return results


def sounding(score: Score) -> dict[float, list[int]]:
    found: dict[float, list[int]] = {}
    for quarter, pitch in zip(score.notes.quarter.tolist(), score.notes.pitch.tolist(), strict=True):
        found.setdefault(round(quarter, 3), []).append(pitch)
    return found


@pytest.mark.parametrize("name", CASES)
def test_notes_sound_when_and_where_they_should(engraved: dict[str, Score], name: str) -> None:
    assert sounding(engraved[name]) == CASES[name][1]


def test_a_transposition_of_more_than_an_octave_is_written_as_it_is(engraved: dict[str, Score]) -> None:
    tenor, written = engraved["tenor.krn"], engraved["written.krn"]
    assert tenor.noteheads.y_px.tolist() == written.noteheads.y_px.tolist()


def test_a_movement_is_chosen_by_number_or_name(tmp_path: Path) -> None:
    path = tmp_path / "suite.mei"
    path.write_text(mei(movement(notes("c5", 1), label="Air"), movement(notes("d5", 1), label="Gigue")))
    score = read_score(path)
    assert sounding(score) == {0: [72]}
    assert "movement taken: 1" in score.notation.selection.sentences()[0]
    assert sounding(read_score(path, choice=MusicChoice(movement="2"))) == {0: [74]}
    assert sounding(read_score(path, choice=MusicChoice(movement="gig"))) == {0: [74]}
    with pytest.raises(
        ScoreError, match=r'has no movement .Bourree.; choose with --movement one of 1 "Air", 2 "Gigue"'
    ):
        read_score(path, choice=MusicChoice(movement="Bourree"))


def test_a_humdrum_file_with_two_movements_gives_one(tmp_path: Path) -> None:
    part = "!!!OMD: {}\n**kern\n*clefG2\n*M4/4\n=1\n1{}\n==\n*-\n"
    path = tmp_path / "suite.krn"
    path.write_text("!!!COM: Nobody\n" + part.format("Air", "cc") + "\n" + part.format("Gigue", "dd"))
    score = read_score(path, choice=MusicChoice(movement="gigue"))
    assert sounding(score) == {0: [74]}
    assert score.notation.selection.movements == ("", "Gigue")


def test_music_beside_the_file_is_included(tmp_path: Path) -> None:
    (tmp_path / "music").mkdir()
    (tmp_path / "music" / "gigue.mei").write_text(mei(movement(notes("d5", 1))))
    path = tmp_path / "suite.mei"
    path.write_text(mei(f'<xi:include {XI} href="music/gigue.mei" xpointer="m"/>'))
    with pytest.raises(ScoreError, match="at 'm', which is not in it"):
        read_notation(path)
    (tmp_path / "music" / "gigue.mei").write_text(mei(movement(notes("d5", 1)).replace("<mdiv", '<mdiv xml:id="m"')))
    assert sounding(read_score(path)) == {0: [74]}


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("../secret.mei", "outside the folder"),
        ("/etc/passwd", "outside the folder"),
        ("%2e%2e/secret.mei", "outside the folder"),
        ("http://example.org/a.mei", "only files beside the score"),
        ("file:///etc/passwd", "only files beside the score"),
        ("absent.mei", "cannot be read"),
        ("suite.mei", "too many files, or itself"),
    ],
)
def test_music_from_elsewhere_is_not_included(tmp_path: Path, address: str, message: str) -> None:
    folder = tmp_path / "scores"
    folder.mkdir()
    (tmp_path / "secret.mei").write_text(mei(movement(notes("c5", 1))))
    path = folder / "suite.mei"
    path.write_text(mei(f'<xi:include {XI} href="{address}"/>'))
    with pytest.raises(ScoreError, match=message):
        read_notation(path)


def test_metadata_from_elsewhere_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "suite.mei"
    head = f'<meiHead><xi:include {XI} href="http://example.org/work.mei"/></meiHead>'
    path.write_text(mei(movement(notes("c5", 1))).replace("<music>", head + "<music>"))
    assert sounding(read_score(path)) == {0: [72]}
