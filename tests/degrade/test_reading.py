"""What is made to look like scans and photos is read as what it is."""

import numpy as np
import pytest

from standpartner.degrade import (
    PhotoLook,
    ScanLook,
    engraved_pages,
    photograph_page,
    scan_page,
    write_pdf,
    write_png_pages,
)
from standpartner.score import Score
from standpartner.score.print.read import PrintOptions, read_print
from standpartner.score.print.tone import line_thickness

HEAVY = ScanLook(seed=2, growth=0.04, unevenness=0.01, roughness=0.01, blur=0.04, one_bit=True, specks=10)
SPACING = 14


def bars(score: Score) -> list[int]:
    """Bars of each system."""
    assert score.bars is not None
    return np.bincount(score.bars.system, minlength=len(score.systems)).tolist()


def test_a_scan_has_the_bars_of_its_notation_and_lighter_ink(printed: Score, tmp_path) -> None:
    scans = [scan_page(page, HEAVY, spacing_px=SPACING) for page in engraved_pages(printed)]
    path = tmp_path / "scan.pdf"
    write_pdf([scan.image for scan in scans], path)
    read = read_print([path]).score
    assert bars(read) == bars(printed)
    as_cut = read_print([path], PrintOptions(even_tone=False)).score
    first = slice(0, round(read.systems.strip_right_px[0]))
    thickness = [line_thickness(score.strip[:, first], staves=2) for score in (as_cut, read)]
    assert thickness[0] > 0.15
    assert thickness[1] < 0.9 * thickness[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    "look",
    [
        PhotoLook(rotation_deg=8, margin=0.02, background=60, noise=3),
        PhotoLook(seed=1, pitch_deg=5, yaw_deg=-4, shade=0.4, shadow=0.2, margin=0.03, background=60, jpeg_quality=70),
        PhotoLook(curl=0.03, margin=0.03, background=60),
    ],
    ids=["rotated", "keystone", "curled"],
)
def test_a_photo_has_the_bars_of_its_notation(printed: Score, tmp_path, look: PhotoLook) -> None:
    photos = [photograph_page(scan_page(page, HEAVY, spacing_px=SPACING), look) for page in engraved_pages(printed)]
    read = read_print(write_png_pages([photo.image for photo in photos], tmp_path)).score
    assert bars(read) == bars(printed)
