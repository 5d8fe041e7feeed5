"""Scans are drawn by their seed alone, and every value of a look does what it says."""

from dataclasses import replace

import numpy as np
import pytest

from standpartner.degrade import ScanLook, ScanRanges, old_print_style, scan
from standpartner.degrade.scan import wave_spaces
from standpartner.errors import ConfigError, ScoreError

SPACING = 20


@pytest.fixture(name="staff")
def _staff() -> np.ndarray:
    """Five level lines 3 px thick, 20 px apart, and a barline 4 px thick."""
    image = np.full((200, 1200), 255, np.uint8)
    for line in range(5):
        image[60 + line * SPACING - 1 : 60 + line * SPACING + 2] = 0
    image[59:142, 600:604] = 0
    return image


def thickness(image: np.ndarray) -> float:
    """Mean thickness of the five lines in px."""
    return (1 - image[:, 100:500] / 255).sum(axis=0).mean() / 5


def test_a_look_as_it_stands_is_the_identity(staff: np.ndarray) -> None:
    np.testing.assert_array_equal(scan(staff, ScanLook(), spacing_px=SPACING), staff)


def test_the_same_seed_gives_the_same_scan(staff: np.ndarray) -> None:
    for seed in range(6):
        look = ScanRanges().draw(seed)
        assert look == ScanRanges().draw(seed)
        first, again = (scan(staff, look, spacing_px=SPACING) for _ in range(2))
        np.testing.assert_array_equal(first, again)
        assert (first != scan(staff, replace(look, seed=seed + 100), spacing_px=SPACING)).any()


@pytest.mark.parametrize("growth", [-0.03, 0.02, 0.05])
def test_ink_grows_on_both_sides(staff: np.ndarray, growth: float) -> None:
    grown = scan(staff, ScanLook(growth=growth), spacing_px=SPACING)
    assert thickness(grown) == pytest.approx(3 + 2 * growth * SPACING, abs=0.15)


def test_one_bit_at_a_fine_size_leaves_greys_at_edges_only(staff: np.ndarray) -> None:
    image = scan(staff, ScanLook(one_bit=True, blur=0.05), spacing_px=SPACING, result_spacing_px=14)
    assert image.shape == (140, 840)
    assert len(np.unique(image)) <= 10  # ninths of a pixel
    assert (image == 255).mean() > 0.5


def test_rows_wave_as_told_and_columns_stay(staff: np.ndarray) -> None:
    look = ScanLook(seed=3, wave=0.5, wave_length=25)
    image = 1 - scan(staff, look, spacing_px=SPACING) / 255
    columns = np.arange(20, 580)
    centre = (image[:, columns] * (np.arange(200)[:, None] + 0.5)).sum(axis=0) / image[:, columns].sum(axis=0)
    expected = 100.5 + SPACING * wave_spaces(look, (columns + 0.5) / SPACING)
    np.testing.assert_allclose(centre, expected, atol=0.1)
    assert np.ptp(centre) > 10
    assert image[100].argmax() or image[70:90].mean(axis=0).argmax() in range(599, 605)


def test_specks_come_in_the_number_told() -> None:
    blank = np.full((1000, 2000), 255, np.uint8)
    image = scan(blank, ScanLook(specks=40, one_bit=True), spacing_px=SPACING)
    from standpartner.degrade.statistics import _specks

    assert 120 < _specks(image < 250, SPACING) * 5 < 280  # 5 000 square spacings: 200 expected, some overlap


def test_grey_paper_and_ink_have_their_greys(staff: np.ndarray) -> None:
    image = scan(staff, ScanLook(paper=220, ink=40, noise=2), spacing_px=SPACING)
    assert np.median(image[:40]) == pytest.approx(220, abs=1)
    assert np.median(image[60, :500]) == pytest.approx(40, abs=1)
    assert image[:40].std() == pytest.approx(2, abs=0.3)


def test_the_back_shines_through_mirrored() -> None:
    page = np.full((100, 400), 255, np.uint8)
    page[40:60, 20:60] = 0
    image = scan(page, ScanLook(bleed=0.2), spacing_px=SPACING)
    assert image[50, 360] == pytest.approx(204, abs=2)
    assert image[50, 200] == 255


def test_looks_stay_within_their_ranges() -> None:
    ranges = ScanRanges()
    looks = [ranges.draw(seed) for seed in range(400)]
    for name in ("growth", "unevenness", "roughness", "blur", "wave", "specks"):
        low, high = getattr(ranges, name)
        values = [getattr(look, name) for look in looks]
        assert low <= min(values)
        assert max(values) <= high
        assert max(values) - min(values) > 0.8 * (high - low)
    grey = [look for look in looks if not look.one_bit]
    assert 0.15 < len(grey) / len(looks) < 0.35
    assert all(look.paper == 255 and look.jpeg_quality is None for look in looks if look.one_bit)
    assert all(195 <= look.paper <= 250 for look in grey)


@pytest.mark.parametrize(
    ("change", "message"),
    [({"blur": (0.0, 2.0)}, "blur"), ({"grey_share": 1.5}, "grey_share"), ({"ink": (9, 3)}, "ink")],
)
def test_ranges_that_cannot_work_are_refused(change: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ScanRanges(**change)


def test_a_colour_picture_is_refused() -> None:
    with pytest.raises(ScoreError, match=r"expected a grey picture.*got uint8 of shape \(9, 9, 3\)"):
        scan(np.zeros((9, 9, 3), np.uint8), ScanLook(), spacing_px=SPACING)


def test_a_spacing_of_nothing_is_refused(staff: np.ndarray) -> None:
    with pytest.raises(ScoreError, match="positive staff spacings, got 0"):
        scan(staff, ScanLook(), spacing_px=0)


def test_old_print_has_heavy_lines_that_the_engraver_takes() -> None:
    styles = [old_print_style(seed) for seed in range(30)]
    assert styles == [old_print_style(seed) for seed in range(30)]
    assert all(0.17 <= style.staff_line_width <= 0.3 and 0.15 <= style.stem_width <= 0.3 for style in styles)
