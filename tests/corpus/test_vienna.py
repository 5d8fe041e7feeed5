"""Vienna 4x22: every note of the performances is known, so alignments are exact."""

from pathlib import Path

import numpy as np
import pytest

from standpartner.align import align_match, read_match
from standpartner.corpus.recipes import vienna
from standpartner.corpus.verify.measurements import played
from standpartner.errors import CorpusError
from standpartner.piece import Performance
from standpartner.score import read_score

pytest.importorskip("partitura")
SOURCE = Path(__file__).parents[3] / "shared" / "data" / "vienna4x22"
needs_source = pytest.mark.skipif(not SOURCE.is_dir(), reason="clone CPJKU/vienna4x22 to ../shared/data/vienna4x22")


@needs_source
def test_there_are_four_excerpts_with_22_performances_each():
    excerpts = vienna.read_excerpts(SOURCE)
    assert [excerpt.name for excerpt in excerpts] == [
        "Chopin__op10_no3",
        "Chopin__op38",
        "Mozart__K331_1st-mov",
        "Schubert__D783_no15",
    ]
    assert {len(excerpt.matches) for excerpt in excerpts} == {22}


@needs_source
def test_onsets_are_where_their_notes_are_played():
    excerpt = vienna.read_excerpts(SOURCE)[3]
    score = read_score(excerpt.path)
    for path in excerpt.matches[:3]:
        alignment = align_match(score, read_match(path))
        assert alignment.share > 0.99
        notes = alignment.played
        silent = np.zeros((1, 78), np.float32)
        performance = Performance(path.stem, alignment.onset_s, silent, notes.pitch, notes.onset_s, notes.duration_s)
        assert played(score, performance, within_s=0.15).mean() > 0.93


def test_other_folders_are_refused(tmp_path):
    with pytest.raises(CorpusError, match="clone CPJKU/vienna4x22"):
        vienna.read_excerpts(tmp_path)
    (tmp_path / "musicxml").mkdir()
    (tmp_path / "musicxml" / "Nobody_op1.musicxml").write_text("<score-partwise/>")
    with pytest.raises(CorpusError, match="no match files of Nobody_op1"):
        vienna.read_excerpts(tmp_path)
