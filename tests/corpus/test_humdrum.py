"""The Humdrum corpus: files are found, works agree with the files' own headers, training pieces are drawn variously."""

import re
from pathlib import Path

import numpy as np
import pytest

from standpartner.corpus.recipes import humdrum
from standpartner.corpus.split_by_work import work_of
from standpartner.corpus.split_styles import SOUNDFONTS
from standpartner.corpus.store import read_split
from standpartner.errors import CorpusError
from standpartner.perform import soundfonts
from standpartner.score import read_score

SOURCE = Path(__file__).parents[3] / "shared" / "data"
needs_source = pytest.mark.skipif(
    not (SOURCE / "kern").is_dir(), reason="clone the repositories that docs/corpus.md names to ../shared/data/kern"
)
needs_soundfonts = pytest.mark.skipif(
    not set(SOUNDFONTS) <= set(soundfonts()), reason="install the Debian soundfonts that docs/corpus.md names"
)
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


@needs_source
def test_the_sources_are_those_that_the_split_was_fixed_with() -> None:
    table = {file.name: file.sha256 for file in humdrum.read_files(SOURCE)}
    assert table == {name: checksum for name, (_, checksum) in read_split("humdrum").items()}


@needs_source
def test_works_agree_with_the_files_own_headers() -> None:
    checked = 0
    for file in humdrum.find_files(SOURCE):
        text = file.path.read_text(encoding="utf-8", errors="replace")
        header = dict(re.findall(r"^!!!(OPS|OTL|SCT1?):[^\S\n]*(.+)$", text, re.MULTILINE))
        number = {
            "bach-wtc": re.search(r"BWV (\d+)", header.get("SCT", "")),
            "mozart": re.search(r"K(?:<sup>1</sup>)? (\d+)", header.get("SCT1", header.get("SCT", ""))),
            "scarlatti": re.search(r"K\.(\d+)", header.get("OTL", "")),
        }.get(file.name.split("__")[0], re.search(r"(\d+)", header.get("OPS", "")))
        if number and "GDC" not in file.name:  # its opus numbers are those of doubtful reprints
            checked += 1
            assert re.search(r"\D0*(\d+)$", work_of(file.name))[1] == number[1], file.name
    assert checked > 430  # all but Joplin, who gave no numbers, and some posthumous pieces


def test_violin_parts_are_no_keyboard_music(tmp_path: Path) -> None:
    path = tmp_path / "065-1-BH-001-violino.krn"
    path.write_text(KERN)
    with pytest.raises(CorpusError, match="violin part"):
        humdrum.build_file(humdrum.KernFile("chopin-first-editions__065-1-BH-001-violino", path), "train")


@needs_soundfonts
def test_training_pieces_are_drawn_variously_and_test_pieces_plainly(tmp_path: Path) -> None:
    path = tmp_path / "piece.krn"
    path.write_text(KERN)
    plain = read_score(path)
    test = humdrum.build_file(humdrum.KernFile("mozart__piece", path), "test").piece
    np.testing.assert_array_equal(test.score.strip, plain.strip)
    assert len(test.performances) == 1
    train = humdrum.build_file(humdrum.KernFile("mozart__piece", path), "train").piece
    assert len(train.performances) == 2
    assert train.score.strip.shape != plain.strip.shape or (train.score.strip != plain.strip).any()
    np.testing.assert_array_equal(train.score.noteheads.pitch, plain.noteheads.pitch)
    np.testing.assert_allclose(train.score.onsets.time_s, plain.onsets.time_s)
