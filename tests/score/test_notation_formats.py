"""Reads the same four notes in every format; run as a program, it prints the table of docs/notation.md."""

import io
import sys
import zipfile
from pathlib import Path

import pytest

from standpartner.score import Score, read_scores

DOCS = Path(__file__).parents[2] / "docs"
STEPS = "CDEF"
PITCHES = [60, 62, 64, 65]


def _musicxml() -> str:
    notes = "".join(
        f"<note><pitch><step>{s}</step><octave>4</octave></pitch><duration>1</duration></note>" for s in STEPS
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<score-partwise version="4.0"><part-list><score-part id="P1">'
        '<part-name>Piano</part-name></score-part></part-list><part id="P1"><measure number="1"><attributes>'
        f"<divisions>1</divisions></attributes>{notes}</measure></part></score-partwise>"
    )


def _timewise() -> str:
    text = _musicxml().replace("partwise", "timewise")
    return text.replace('<part id="P1"><measure number="1">', '<measure number="1"><part id="P1">').replace(
        "</measure></part>", "</part></measure>"
    )


def _mxl() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        container = '<container><rootfiles><rootfile full-path="score.xml"/></rootfiles></container>'
        file.writestr("META-INF/container.xml", container)
        file.writestr("score.xml", _musicxml())
    return content.getvalue()


def _mei() -> str:
    notes = "".join(f'<note pname="{s.lower()}" oct="4" dur="4"/>' for s in STEPS)
    return (
        '<mei xmlns="http://www.music-encoding.org/ns/mei"><music><body><mdiv><score><scoreDef><staffGrp>'
        '<staffDef n="1" lines="5" clef.shape="G" clef.line="2"/></staffGrp></scoreDef><section><measure n="1">'
        f'<staff n="1"><layer n="1">{notes}</layer></staff></measure></section></score></mdiv></body></music></mei>'
    )


# The name of each format, the usual ending, and the four notes in it.
FORMATS: list[tuple[str, str, bytes]] = [
    ("MusicXML", ".musicxml", _musicxml().encode()),
    ("MusicXML, UTF-16", ".xml", _musicxml().replace("UTF-8", "UTF-16").encode("utf-16")),
    ("MusicXML, timewise", ".musicxml", _timewise().encode()),
    ("MusicXML, zipped", ".mxl", _mxl()),
    ("MusicXML named as if zipped", ".mxl", _musicxml().encode()),
    ("MEI", ".mei", _mei().encode()),
    ("MEI without a namespace", ".mei", _mei().replace(' xmlns="http://www.music-encoding.org/ns/mei"', "").encode()),
    ("MEI in a file of another name", ".xml", _mei().encode()),
    ("Humdrum", ".krn", b"**kern\n*clefG2\n=1\n4c\n4d\n4e\n4f\n==\n*-\n"),
    ("ABC", ".abc", b"X:1\nL:1/4\nK:C\nCDEF|]\n"),
    ("ABC without X:, Latin-1", ".abc", b"T:M\xe9lodie\nL:1/4\nK:C\nCDEF|]\n"),
]


@pytest.fixture(scope="module")
def pitches(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[int]]:
    """What sounds in each file; all are read by one child process."""
    folder = tmp_path_factory.mktemp("formats")
    paths = [folder / f"{number}{ending}" for number, (_, ending, _) in enumerate(FORMATS)]
    for path, (_, _, content) in zip(paths, FORMATS, strict=True):
        path.write_bytes(content)
    found = {}
    for (name, _, _), score in zip(FORMATS, read_scores(paths), strict=True):
        assert isinstance(score, Score), f"{name}: {score}"
        found[name] = score.notes.pitch.tolist()
    return found


@pytest.mark.parametrize("name", [name for name, _, _ in FORMATS])
def test_the_notes_are_read(pitches: dict[str, list[int]], name: str) -> None:
    assert pitches[name] == PITCHES


def test_the_page_holds_the_table() -> None:
    assert table() in (DOCS / "notation.md").read_text(encoding="utf-8")


def table() -> str:
    """Return the table of formats as Markdown."""
    rows = [f"| {name} | `{ending}` |\n" for name, ending, _ in FORMATS]
    return "| format | usual name |\n|---|---|\n" + "".join(rows)


if __name__ == "__main__":
    sys.stdout.write(table())
