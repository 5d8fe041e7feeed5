"""The Humdrum corpus: files are found, works agree with the files' own headers, training pieces are drawn variously."""

from pathlib import Path

import numpy as np
import pytest

from standpartner.corpus.recipes import humdrum
from standpartner.corpus.split_styles import engraving_style
from standpartner.errors import CorpusError
from standpartner.score import EngravingStyle, read_score

KERN = """**kern	**kern
*clefF4	*clefG2
*M4/4	*M4/4
=1	=1
2C	4e 4g
.	4f
2G	2g
=2	=2
1C	1cc
==	==
*-	*-
"""


def make_collections(folder: Path) -> None:
    for collection, repository in humdrum.COLLECTIONS.items():
        place = folder / (repository.split("/")[1] if collection == "mozart" else collection) / "kern"
        place.mkdir(parents=True)
        (place / "piece.krn").write_text(KERN)


def test_clones_and_short_names_are_found(tmp_path: Path) -> None:
    make_collections(tmp_path / "kern")
    files = humdrum.find_files(tmp_path)
    assert [file.name for file in files] == [f"{collection}__piece" for collection in humdrum.COLLECTIONS]
    assert len({file.sha256 for file in files}) == 1
    (tmp_path / "kern" / "joplin" / "kern" / "piece.krn").unlink()
    with pytest.raises(CorpusError, match="clone craigsapp/joplin"):
        humdrum.find_files(tmp_path)


def test_an_incomplete_source_is_refused(tmp_path: Path) -> None:
    make_collections(tmp_path)
    with pytest.raises(CorpusError, match="508 of the 508 pieces of humdrum are missing"):
        humdrum.read_files(tmp_path)


def test_violin_parts_are_no_keyboard_music(tmp_path: Path) -> None:
    path = tmp_path / "065-1-BH-001-violino.krn"
    path.write_text(KERN)
    with pytest.raises(CorpusError, match="violin part"):
        humdrum.build_file(humdrum.KernFile("chopin-first-editions__065-1-BH-001-violino", path), "train")


@pytest.mark.needs("fluidsynth", "fluidr3", "musescore")
def test_training_pieces_are_drawn_variously_and_others_plainly(tmp_path: Path) -> None:
    path = tmp_path / "piece.krn"
    path.write_text(KERN)
    plain = read_score(path)
    valid = humdrum.build_file(humdrum.KernFile("mozart__piece", path), "valid").piece
    np.testing.assert_array_equal(valid.score.strip, plain.strip)
    assert len(valid.performances) == 1
    assert engraving_style("mozart__piece", "test") == engraving_style("mozart__piece", "valid") == EngravingStyle()
    train = humdrum.build_file(humdrum.KernFile("mozart__piece", path), "train").piece
    assert len(train.performances) == 3
    assert train.score.strip.shape != plain.strip.shape or (train.score.strip != plain.strip).any()
    np.testing.assert_array_equal(train.score.noteheads.pitch, plain.noteheads.pitch)
    np.testing.assert_allclose(train.score.onsets.time_s, plain.onsets.time_s)
