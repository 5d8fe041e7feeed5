"""Vienna 4x22: scores and match files are joined, and a matched performance is aligned note by note."""

from pathlib import Path

import numpy as np
import pytest

from standpartner.corpus.recipes import vienna
from standpartner.errors import CorpusError

MELODY = "CDEFGABAGFEDCEGC"
PITCHES = {"C": 60, "D": 62, "E": 64, "F": 65, "G": 67, "A": 69, "B": 71}
MATCH_HEAD = """info(matchFileVersion,1.0.0).
info(piece,Study).
info(scoreFileName,Nobody_op1.musicxml).
info(midiFileName,Nobody_op1_p01.mid).
info(composer,Nobody).
info(performer,Somebody).
info(midiClockUnits,480).
info(midiClockRate,500000).
scoreprop(keySignature,C,1:1,0,0.0000).
scoreprop(timeSignature,4/4,1:1,0,0.0000).
"""


def musicxml() -> str:
    """The melody in quarters, four to a measure."""
    measures = []
    for number in range(len(MELODY) // 4):
        attributes = "<attributes><divisions>1</divisions><time><beats>4</beats><beat-type>4</beat-type></time>"
        attributes += "<clef><sign>G</sign><line>2</line></clef></attributes>"
        notes = "".join(
            f"<note><pitch><step>{step}</step><octave>4</octave></pitch><duration>1</duration><type>quarter</type></note>"
            for step in MELODY[4 * number : 4 * number + 4]
        )
        measures.append(f'<measure number="{number + 1}">{"" if number else attributes}{notes}</measure>')
    return (
        '<?xml version="1.0" encoding="UTF-8"?><score-partwise version="3.1"><part-list><score-part id="P1">'
        "<part-name>Piano</part-name></score-part></part-list>"
        f'<part id="P1">{"".join(measures)}</part></score-partwise>'
    )


def match_file(onset_s: np.ndarray) -> str:
    """A performance of the melody, every note matched."""
    lines = []
    for index, (step, tick) in enumerate(zip(MELODY, np.rint(onset_s * 960).astype(int), strict=True)):
        place = f"{index // 4 + 1}:{index % 4 + 1},0,1/4,{index}.0000,{index + 1}.0000"
        note = f"note(n{index},{PITCHES[step]},{tick},{tick + 400},64,0,0)."
        lines.append(f"snote(n{index},[{step},n],4,{place},[v1,staff1])-{note}")
    return MATCH_HEAD + "\n".join(lines) + "\n"


@pytest.fixture
def onset_s() -> np.ndarray:
    """When the pianist plays the quarters."""
    beats = np.arange(float(len(MELODY)))
    return 0.5 + 0.5 * beats + 0.1 * np.sin(beats)


@pytest.fixture
def source(tmp_path: Path, onset_s: np.ndarray) -> Path:
    for folder in ("musicxml", "match"):
        (tmp_path / folder).mkdir()
    (tmp_path / "musicxml" / "Nobody_op1.musicxml").write_text(musicxml(), encoding="utf-8")
    for number in (1, 2):
        (tmp_path / "match" / f"Nobody_op1_p{number:02d}.match").write_text(match_file(onset_s * number))
    return tmp_path


def test_an_excerpt_has_its_performances(source: Path) -> None:
    (excerpt,) = vienna.read_excerpts(source)
    assert excerpt.name == "Nobody__op1"
    assert [path.stem for path in excerpt.matches] == ["Nobody_op1_p01", "Nobody_op1_p02"]


@pytest.mark.needs("fluidr3")
def test_onsets_are_where_their_notes_are_played(source: Path, onset_s: np.ndarray) -> None:
    pytest.importorskip("partitura")
    (excerpt,) = vienna.read_excerpts(source)
    made = vienna.build_excerpt(excerpt, "valid")
    assert made.notes == ()
    assert [performance.name for performance in made.piece.performances] == ["p01", "p02"]
    for number, performance in enumerate(made.piece.performances, start=1):
        np.testing.assert_allclose(performance.onset_s, onset_s * number, atol=2e-3)
        assert performance.made_by["aligned_by"] == "match"
        assert performance.made_by["found_share"] == 1.0


def test_other_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="clone CPJKU/vienna4x22"):
        vienna.read_excerpts(tmp_path)
    (tmp_path / "musicxml").mkdir()
    (tmp_path / "musicxml" / "Nobody_op1.musicxml").write_text("<score-partwise/>")
    with pytest.raises(CorpusError, match="no match files of Nobody_op1"):
        vienna.read_excerpts(tmp_path)
