"""Repeats, endings, da capo and expansions are read from every format."""

from pathlib import Path

import pytest

from standpartner.score import PlayedOrder, load_score, read_score, save_score
from standpartner.score.notation.sign_words import read_numbers

ATTRIBUTES = (
    "<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time>"
    "<clef><sign>G</sign><line>2</line></clef></attributes>"
)
NOTE = "<note><pitch><step>G</step><octave>4</octave></pitch><duration>4</duration><type>whole</type></note>"
FORWARD = '<barline location="left"><repeat direction="forward"/></barline>'
BACKWARD = '<barline location="right"><repeat direction="backward"/></barline>'


def words(text: str, sound: str = "") -> str:
    return f"<direction><direction-type><words>{text}</words></direction-type>{sound}</direction>"


def ending(number: str, end: str) -> tuple[str, str]:
    return (
        f'<barline location="left"><ending number="{number}" type="start"/></barline>',
        f'<barline location="right"><ending number="{number}" type="{end}"/></barline>',
    )


def orders_of_musicxml(folder: Path, *measures: tuple[str, str]) -> list[tuple[int, ...]]:
    inside = "".join(
        f'<measure number="{number}">{ATTRIBUTES if number == 1 else ""}{before}{NOTE}{after}</measure>'
        for number, (before, after) in enumerate(measures, start=1)
    )
    path = folder / "score.musicxml"
    path.write_text(
        '<score-partwise><part-list><score-part id="P1"><part-name/></score-part></part-list>'
        f'<part id="P1">{inside}</part></score-partwise>'
    )
    return [order.measures for order in read_score(path).notation.orders]


PLAIN = ("", "")


def test_musicxml_without_signs_has_the_printed_order_only(tmp_path):
    assert orders_of_musicxml(tmp_path, PLAIN, PLAIN) == []


@pytest.mark.parametrize(
    ("times", "order"),
    [("3", (0, 1, 1, 1, 2)), ("2", (0, 1, 1, 2)), ("1000", (0, 1, 1, 2)), ("often", (0, 1, 1, 2))],
)
def test_musicxml_tells_how_often_a_repeat_is_played(tmp_path, times, order):
    again = (FORWARD, BACKWARD.replace("/></", f' times="{times}"/></'))
    assert orders_of_musicxml(tmp_path, PLAIN, again, PLAIN) == [order]


def test_musicxml_endings(tmp_path):
    first = (
        ending("1", "stop")[0],
        ending("1", "stop")[1].replace("</barline>", '<repeat direction="backward"/></barline>'),
    )
    assert orders_of_musicxml(tmp_path, PLAIN, (FORWARD, ""), first, ending("2", "discontinue"), PLAIN) == [
        (0, 1, 2, 1, 3, 4)
    ]


@pytest.mark.parametrize("sound", ['<sound dacapo="yes"/>', ""])
def test_musicxml_da_capo_al_fine_by_its_sound_or_its_words(tmp_path, sound):
    fine = words("Fine", sound and '<sound fine="yes"/>')
    orders = orders_of_musicxml(tmp_path, PLAIN, ("", fine + BACKWARD), PLAIN, ("", words("D.C. al Fine", sound)))
    assert orders == [(0, 1, 0, 1, 2, 3, 0, 1)]


def test_musicxml_da_capo_by_sounds_outside_directions(tmp_path):
    fine, da_capo = '<sound fine="yes"/>', '<sound dacapo="yes"/>'
    assert orders_of_musicxml(tmp_path, ("", fine), PLAIN, ("", da_capo)) == [(0, 1, 2, 0)]


def test_musicxml_dal_segno_al_coda(tmp_path):
    segno = '<direction><direction-type><segno/></direction-type><sound segno="s"/></direction>'
    coda = '<direction><direction-type><coda/></direction-type><sound coda="c"/></direction>'
    orders = orders_of_musicxml(
        tmp_path,
        PLAIN,
        (segno, words("To Coda", '<sound tocoda="c"/>')),
        ("", words("D.S. al Coda", '<sound dalsegno="s"/>')),
        (coda, ""),
    )
    assert orders == [(0, 1, 2, 1, 3)]


@pytest.mark.parametrize(
    ("music", "orders"),
    [
        ("G4|A4|]", []),
        ("|:G4|A4:|B4|]", [(0, 1, 0, 1, 2)]),
        ("G4|1 A4:|2 B4|c4|]", [(0, 1, 0, 2, 3)]),
        ("G4|[1 A4|B4:|[2 c4||d4|]", [(0, 1, 2, 0, 3, 4)]),
        ("|:G4|[1,2 A4:|[3 B4|]", [(0, 1, 0, 1, 0, 2)]),
        ("|:G4::A4:|", [(0, 0, 1, 1)]),
        ("G4|A4 !fine!|B4|c4 !D.C.!|]", [(0, 1, 2, 3, 0, 1)]),
        ("G4|!segno!A4 !dacoda!|B4 !D.S.!|!coda!c4|]", [(0, 1, 2, 1, 3)]),
    ],
)
def test_abc(tmp_path, music, orders):
    path = tmp_path / "tune.abc"
    path.write_text(f"X:1\nT:Tune\nM:4/4\nL:1/4\nK:G\n{music}\n")
    assert [order.measures for order in read_score(path).notation.orders] == orders


KERN = """**kern
*clefG2
*M1/4
*>[A,A1,A,A2,B,A]
*>norep[A,A2,B]
*>A
=1
4c
*>A1
=2
4g
=:|!
*>A2
=3
4a
*>B
=4
4b
==
*-
"""


def test_humdrum_expansion_lists(tmp_path):
    path = tmp_path / "piece.krn"
    path.write_text(KERN)
    (first, *others) = read_score(path).notation.orders
    assert first == PlayedOrder((0, 1, 0, 2, 3, 0), (1, 2))
    assert others == []  # the other list and the signs leave out passes of the first


def test_mei_repeat_marks(tmp_path):
    measures = "".join(
        f'<measure n="{number}" {bar}><staff n="1"><layer n="1"><note pname="g" oct="4" dur="1"/></layer></staff>{mark}'
        "</measure>"
        for number, (bar, mark) in enumerate(
            [("", ""), ('right="rptboth"', ""), ('right="rptend"', ""), ("", '<repeatMark func="daCapo" tstamp="4"/>')]
        )
    )
    path = tmp_path / "piece.mei"
    path.write_text(
        '<mei xmlns="http://www.music-encoding.org/ns/mei"><music><body><mdiv><score><scoreDef meter.count="4" '
        'meter.unit="4"><staffGrp><staffDef n="1" lines="5" clef.shape="G" clef.line="2"/></staffGrp></scoreDef>'
        f"<section>{measures}</section></score></mdiv></body></music></mei>"
    )
    (order,) = read_score(path).notation.orders
    assert order.measures == (0, 1, 0, 1, 2, 2, 3, 0, 1, 0, 1, 2, 2, 3)
    assert (0, 1, 2, 3) in order.possible()


def test_orders_are_stored_with_the_score(tmp_path):
    path = tmp_path / "piece.krn"
    path.write_text(KERN)
    score = read_score(path)
    save_score(score, tmp_path / "score.npz")
    assert load_score(tmp_path / "score.npz").notation.orders == score.notation.orders


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("1", (1,)), ("1, 2", (1, 2)), ("1-3", (1, 2, 3)), ("2.", (2,)), ("3.–5.", (3, 4, 5)), ("", ())],
)
def test_numbers_of_endings(text, numbers):
    assert read_numbers(text) == numbers
