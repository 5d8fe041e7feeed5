"""Scanned editions: what their Humdrum files say of printed lines, which scans are left out, pieces made of them."""

from pathlib import Path

import pytest

from standpartner.corpus.printed_editions import (
    COLLECTIONS,
    PrintedEdition,
    bars_by_line,
    exclusions,
    find_editions,
)
from standpartner.corpus.recipes.prints import build_edition
from standpartner.corpus.store import read_split
from standpartner.corpus.verify.checks import verify_piece
from standpartner.demo.bundled import load_canon
from standpartner.errors import CorpusError

BREAK = "!!LO:LB:g=original"
DATA = Path(__file__).parents[3] / "shared" / "data"


def kern(*rows: str) -> str:
    return "\n".join(("**kern", *rows, "*-"))


@pytest.mark.parametrize(
    ("rows", "bars"),
    [
        (("=1", "4c", "=2", "4d", BREAK, "=3", "4e", "=4", "4f", "=="), [2, 2]),  # a break before its barline
        (("=1", "4c", "=2", BREAK, "4d", "=3", "4e", "=="), [1, 2]),  # and after it
        (("4c", "=1", "4d", "!!linebreak:original", "=2", "4e", "=="), [2, 1]),  # an upbeat is a bar
        ((BREAK, "=1", "4c", BREAK, "=2", "4d", "=="), [1, 1]),  # the first line of a page has no line before it
        (("=1", "4c", BREAK, "4d", "=2", "4e", "=="), [1, 2]),  # a break inside a bar parts it into two
        (("=1", "4c", "=2", "4d", BREAK, "=-", "4e", "=3", "4f", "=="), [2, 2]),  # also at a hidden barline
        (("=1", "4c", "=2", "4d", "!!LO:PB:g=original", "=3", "4e"), [2, 1]),  # a page break ends a line
        (("=1", "4c", "=2", "4d", "=="), None),
    ],
)
def test_line_breaks_say_how_many_bars_each_line_holds(rows: tuple[str, ...], bars: list[int] | None) -> None:
    assert bars_by_line(kern(*rows)) == bars


def test_scans_are_split_as_the_same_music_in_humdrum() -> None:
    humdrum = read_split("humdrum")
    splits = read_split("prints")
    assert {name: split for name, (split, _) in splits.items()} == {name: humdrum[name][0] for name in splits}
    assert exclusions().keys() <= splits.keys()
    assert all(exclusions().values())


def test_scans_are_found_with_their_humdrum_files(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="expected scans and Humdrum files of mozart"):
        find_editions(tmp_path)
    for collection in COLLECTIONS:
        for place in ("scans", "kern"):
            (tmp_path / place / collection).mkdir(parents=True)
        (tmp_path / "scans" / collection / "a.pdf").write_bytes(b"pdf")
        (tmp_path / "scans" / collection / "alone.pdf").write_bytes(b"pdf")
        (tmp_path / "kern" / collection / "a.krn").write_text(kern("=1", "4c"))
    editions = find_editions(tmp_path)
    assert [edition.name for edition in editions] == [f"{collection}__a" for collection in COLLECTIONS]
    assert editions[0].bars_of_lines is None
    before = editions[0].sha256
    editions[0].pdf.write_bytes(b"other")
    assert find_editions(tmp_path)[0].sha256 != before


needs_data = pytest.mark.skipif(
    not DATA.is_dir(), reason="put the data sets that docs/corpus.md names into ../shared/data"
)


@needs_data
def test_the_scans_are_those_that_the_split_was_fixed_with() -> None:
    found = {edition.name: edition.sha256 for edition in find_editions(DATA)}
    assert found == {name: checksum for name, (_, checksum) in read_split("prints").items()}


@pytest.mark.needs("fluidsynth", "fluidr3")
@pytest.mark.slow
def test_a_scan_becomes_a_piece_that_passes_every_check() -> None:
    pdf = load_canon().score
    edition = PrintedEdition("demo__canon", pdf, pdf.with_suffix(".krn"))
    assert edition.excluded == ""
    piece = build_edition(edition, "valid").piece
    assert not verify_piece(piece).failed
    assert len(piece.performances) == 1
    assert len(piece.score.measures) == edition.kern.read_text().count("\n=") - 1  # the last barline begins none


def test_excluded_scans_are_refused_with_the_reason(tmp_path: Path) -> None:
    name, reason = next(iter(exclusions().items()))
    with pytest.raises(CorpusError, match=reason):
        build_edition(PrintedEdition(name, tmp_path / "a.pdf", tmp_path / "a.krn"), "train")


@needs_data
@pytest.mark.needs("fluidsynth", "fluidr3")
@pytest.mark.slow
def test_a_real_edition_holds_the_bars_that_its_line_breaks_tell() -> None:
    (edition,) = (one for one in find_editions(DATA) if one.name == "mozart__sonata11-1a")
    piece = build_edition(edition, "valid").piece
    systems = piece.score.measures.system
    assert [int((systems == system).sum()) for system in range(3)] == edition.bars_of_lines
    assert not verify_piece(piece).failed
