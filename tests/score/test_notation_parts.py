"""Which part is taken of a score with several, and what is said of it."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from standpartner.errors import ScoreError
from standpartner.score import MusicChoice, read_score
from standpartner.score.notation.parts import choose_part, keep_part, list_parts
from standpartner.score.selection import Selection

HEAD = '<mei xmlns="http://www.music-encoding.org/ns/mei"><scoreDef><staffGrp>'


def score(*parts: str) -> ET.Element:
    """A score of parts: "Piano/2" has two braced staves, "Drums/p" notes without pitch, "Lute/t" tablature."""
    groups, staves, number = "", "", 0
    for part in parts:
        name, _, kind = part.partition("/")
        count = int(kind) if kind.isdecimal() else 1
        shape = "TAB" if kind == "t" else "G"
        numbers = range(number + 1, number + count + 1)
        number += count
        definitions = "".join(f'<staffDef n="{at}" clef.shape="{shape}"/>' for at in numbers)
        groups += f'<staffGrp symbol="{"brace" if count > 1 else "none"}"><label>{name}</label>{definitions}</staffGrp>'
        note = "<note/>" if kind == "p" else '<note pname="c"/>'
        staves += "".join(f'<staff n="{at}">{note}</staff>' for at in numbers)
    return ET.fromstring(f"{HEAD}{groups}</staffGrp></scoreDef><measure>{staves}</measure></mei>")  # noqa: S314 (our own)


@pytest.mark.parametrize(
    ("parts", "wanted", "staves"),
    [
        (["Voice", "Piano RH", "Piano LH"], "", "23"),
        (["Voice", "Piano (right hand)", "Piano (left hand)"], "", "23"),
        (["Voice", "Pno. R.H.", "Pno. L.H."], "", "23"),
        (["Flute", "Klavier rechts", "Klavier links"], "", "23"),
        (["Voice", "Piano", "Piano"], "", "23"),
        (["Claves", "Flute/2"], "", "23"),
        (["Claves", "Guitar", "Bass"], "", "1"),
        (["Flute/2", "Clavier/2"], "", "34"),
        (["Harpsichord/2", "Fortepiano/2", "Flute"], "", "34"),
        (["Primo/2", "Secondo/2"], "", "1234"),
        (["Primo/2", "Secondo/2"], "secondo", "34"),
        (["Piano I/2", "Piano II/2"], "", "1234"),
        (["Piano I/2", "Piano II/2"], "2", "34"),
        (["Piano I/2", "Piano II/2", "Cello"], "", "12"),
        (["Violin", "Violin", "Viola", "Cello"], "", "1"),
        (["Violin", "Violin", "Viola", "Cello"], "all", "1234"),
        (["Violin", "Violin", "Viola", "Cello", "Bass"], "all", "1234"),
        (["Violin", "Violin", "Viola", "Cello"], "vio", None),
        (["Flute", "Piano/2"], "flute", "1"),
        (["Drums/p", "Flute", "Bass"], "", "2"),
        (["Organ/3"], "", "123"),
        (["Guitar", "Guitar/t"], "", "1"),
    ],
)
def test_the_part_is_the_one_that_is_meant(parts: list[str], wanted: str, staves: str | None) -> None:
    root = score(*parts)
    if staves is None:
        with pytest.raises(ScoreError, match=r'has 3 parts like .vio.; choose with --part one of 1 "Violin"'):
            choose_part(list_parts(root), wanted)
        return
    taken, _ = keep_part(root, wanted)
    assert taken is not None
    assert "".join(taken.part.staves) == staves
    assert [staff.get("n") for staff in root.iter("{http://www.music-encoding.org/ns/mei}staff")] == list(staves)


def test_staves_that_do_not_fit_are_counted() -> None:
    taken, _ = keep_part(score("Violin", "Violin", "Viola", "Cello", "Bass"), "all")
    assert taken is not None
    assert taken.left_out == 1
    said = Selection(part=taken.part.name, parts=taken.titles, staves_left_out=1).sentences()
    assert 'there are 1 "Violin", 2 "Violin", 3 "Viola", 4 "Cello", 5 "Bass"' in said[0]
    assert "the last 1 staff" in said[1]


@pytest.mark.parametrize(
    ("parts", "wanted", "message"),
    [
        (["Drums/p"], "", '"Drums" is percussion, whose notes have no pitch'),
        (["Lute/t"], "", '"Lute" is tablature'),
        (
            ["Drums/p", "Flute", "Bass"],
            "1",
            r'is percussion.*choose another part with --part: 1 "Drums \(percussion\)"',
        ),
    ],
)
def test_music_without_pitches_is_named(parts: list[str], wanted: str, message: str) -> None:
    with pytest.raises(ScoreError, match=message):
        keep_part(score(*parts), wanted)


@pytest.mark.parametrize(
    ("name", "text", "choice", "message"),
    [
        ("a.abc", "X:1\nK:C\nc|]\n", MusicChoice(movement="2"), "leave out --movement"),
        ("a.krn", "**kern\n4c\n*-\n", MusicChoice(tune="2"), "no ABC collection"),
        ("a.musicxml", "<score-partwise/>", MusicChoice(movement="2"), "leave out --movement"),
        ("a.ly", "{ c }", MusicChoice(part="2"), "leave out --part"),
    ],
)
def test_a_choice_that_a_format_does_not_have_is_refused(
    tmp_path: Path, name: str, text: str, choice: MusicChoice, message: str
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(ScoreError, match=message):
        read_score(tmp_path / name, choice=choice, trusted=True)


def test_a_selection_comes_back_from_json_and_says_nothing_where_nothing_is_chosen() -> None:
    selection = Selection(part="Piano", parts=("Flute", "Piano"), movement=1, movements=("Air", "Gigue"))
    assert Selection.from_json(selection.to_json()) == selection
    assert Selection(part="Piano", parts=("Piano",)).sentences() == []
