"""The truth of a degraded page lies on its pixels."""

import numpy as np
import pypdfium2
import pytest
from PIL import Image as PilImage

from standpartner.degrade import (
    PhotoLook,
    ScanLook,
    ScanRanges,
    engraved_pages,
    photograph_page,
    scan_page,
    scan_strip,
    write_pdf,
    write_png_pages,
)
from standpartner.degrade.truth import PrintedPage
from standpartner.errors import ScoreError
from standpartner.score import Score

SPACING = 13
SLANTED = PhotoLook(rotation_deg=8, pitch_deg=5, yaw_deg=-4, curl=0.03, eye=0.3, margin=0.03)


def ink_at(page: PrintedPage, points: np.ndarray, *, reach: int = 2) -> np.ndarray:
    """The darkest pixel within reach of each point, 0 to 255."""
    grey = page.image if page.image.ndim == 2 else page.image[..., 1]
    padded = np.pad(grey, reach, constant_values=255)
    x, y = (np.floor(points[..., axis]).astype(int) + reach for axis in (0, 1))
    shifts = range(-reach, reach + 1)
    return 255 - np.minimum.reduce([padded[y + down, x + across] for down in shifts for across in shifts]).astype(int)


def all_points(page: PrintedPage) -> np.ndarray:
    """Points on staff lines and barlines, away from the ends of lines."""
    edges = [edge[1:-1] for system in page.systems for edge in (system.top, system.bottom)]
    return np.concatenate([*edges, *(system.barlines.reshape(-1, 2) for system in page.systems)])


def test_every_measure_has_its_barline(printed: Score) -> None:
    pages = engraved_pages(printed)
    assert sum(len(page.systems) for page in pages) == len(printed.systems)
    counts = [len(system.barlines) for page in pages for system in page.systems]
    assert counts == np.bincount(printed.measures.system).tolist()


def test_truth_lies_on_ink_when_engraved(printed: Score) -> None:
    for page in engraved_pages(printed):
        assert (ink_at(page, all_points(page)) > 200).mean() > 0.98


@pytest.mark.parametrize("seed", range(3))
def test_truth_lies_on_ink_when_scanned(printed: Score, seed: int) -> None:
    for page in engraved_pages(printed):
        look = ScanRanges(growth=(0.0, 0.03), grey_share=0.0).draw(seed)
        scanned = scan_page(page, look, spacing_px=SPACING)
        assert scanned.spacing_px == SPACING
        assert (ink_at(scanned, all_points(scanned)) > 128).mean() > 0.97


def test_truth_lies_on_ink_in_a_photo(printed: Score) -> None:
    for page in engraved_pages(printed):
        photo = photograph_page(scan_page(page, ScanLook(growth=0.03), spacing_px=SPACING), SLANTED)
        assert photo.image.ndim == 3
        assert (ink_at(photo, all_points(photo)) > 100).mean() > 0.97
        for system in photo.systems:
            left, top, right, bottom = system.box
            assert 0 < left < right < photo.image.shape[1]
            assert 0 < top < bottom < photo.image.shape[0]


def test_a_scanned_strip_shows_the_strip(printed: Score) -> None:
    look = ScanRanges().draw(1)
    strip = scan_strip(printed, look)
    assert strip.shape == printed.strip.shape
    np.testing.assert_array_equal(strip, scan_strip(printed, look))
    columns = [255 - image.mean(axis=0) for image in (strip, printed.strip)]
    assert np.corrcoef(*columns)[0, 1] > 0.9


def test_a_strip_scanned_without_change_is_the_strip(printed: Score) -> None:
    assert np.abs(scan_strip(printed, ScanLook()).astype(int) - printed.strip).max() <= 1


def test_pages_become_pngs(printed: Score, tmp_path) -> None:
    paths = write_png_pages(printed.pages, tmp_path / "pages")
    assert [path.name for path in paths] == [f"page-{n:03d}.png" for n in range(1, len(printed.pages) + 1)]
    np.testing.assert_array_equal(np.asarray(PilImage.open(paths[0])), printed.pages[0])


@pytest.mark.parametrize("grey", [False, True])
def test_pages_become_a_pdf(printed: Score, tmp_path, grey: bool) -> None:
    look = ScanRanges(grey_share=float(grey)).draw(2)
    scans = [scan_page(page, look) for page in engraved_pages(printed)]
    path = tmp_path / "scan.pdf"
    write_pdf([np.where(scan.image < 128, 0, 255).astype(np.uint8) if not grey else scan.image for scan in scans], path)
    with pypdfium2.PdfDocument(path) as document:
        assert len(document) == len(scans)
        page = document[0].render(scale=scans[0].image.shape[1] / document[0].get_width(), grayscale=True).to_numpy()
    height, width = scans[0].image.shape
    page = page.squeeze()[:height, :width]
    assert np.corrcoef(page.ravel(), scans[0].image[: page.shape[0], : page.shape[1]].ravel())[0, 1] > 0.8


def test_the_same_pages_make_the_same_pdf(printed: Score, tmp_path) -> None:
    (tmp_path / "later").mkdir()
    paths = [tmp_path / "scan.pdf", tmp_path / "later" / "scan.pdf"]
    for path in paths:
        write_pdf(printed.pages, path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert b"Date" not in paths[0].read_bytes()


def test_no_pages_are_refused(tmp_path) -> None:
    with pytest.raises(ScoreError, match="at least one page"):
        write_pdf([], tmp_path / "none.pdf")
    with pytest.raises(ScoreError, match="at least one page"):
        write_png_pages([], tmp_path)


def test_a_folder_that_cannot_be_is_named(printed: Score, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ScoreError, match="expected to write pages into"):
        write_png_pages(printed.pages, tmp_path / "file" / "pages")
    with pytest.raises(ScoreError, match="expected to write"):
        write_pdf(printed.pages, tmp_path / "missing" / "a.pdf")
