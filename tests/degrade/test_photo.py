"""Photos are drawn by their seed alone and differ from the page as their look says."""

import numpy as np
import pytest

from standpartner.degrade.photo import PhotoLook, PhotoRanges, photograph
from standpartner.errors import ConfigError


def paper(value: int = 230) -> np.ndarray:
    return np.full((280, 200), value, np.uint8)


def test_the_same_seed_takes_the_same_photo(dots: tuple[np.ndarray, np.ndarray]) -> None:
    ranges = PhotoRanges(page_width_px=(500, 700))
    first, again = (photograph(dots[0], ranges.draw(4)).image for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert ranges.draw(5) != ranges.draw(4)


def test_looks_stay_within_their_ranges() -> None:
    ranges = PhotoRanges(rotation_deg=(-10, 10), quarter_turns=(0, 2))
    looks = [ranges.draw(seed) for seed in range(200)]
    assert {look.quarter_turns for look in looks} == {0, 2}
    assert {look.spine_right for look in looks} == {False, True}
    for name in ("rotation_deg", "curl", "shade", "noise", "jpeg_quality", "page_width_px"):
        low, high = getattr(ranges, name)
        values = [getattr(look, name) for look in looks]
        assert low <= min(values) < low + 0.1 * (high - low)
        assert high - 0.1 * (high - low) < max(values) <= high


@pytest.mark.parametrize(
    ("change", "message"),
    [({"curl": (0.0, 0.5)}, "curl"), ({"noise": (5.0, 1.0)}, "noise"), ({"quarter_turns": (4,)}, "quarter_turns")],
)
def test_ranges_that_cannot_work_are_refused(change: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        PhotoRanges(**change)


def test_shade_takes_the_light_it_says() -> None:
    image = photograph(paper(200), PhotoLook(shade=0.4)).image
    assert image.max() >= 198
    assert image.min() == pytest.approx(120, abs=2)


def test_warm_light_takes_blue_and_adds_red() -> None:
    image = photograph(paper(200), PhotoLook(warmth=0.3)).image
    np.testing.assert_allclose(image.mean(axis=(0, 1)), [220, 200, 140], atol=0.5)


def test_noise_has_the_spread_it_says() -> None:
    image = photograph(paper(128), PhotoLook(noise=6)).image
    assert image[..., 1].std() == pytest.approx(6, rel=0.35)
    assert image.mean() == pytest.approx(128, abs=1)


def test_blur_softens_and_keeps_the_mean(dots: tuple[np.ndarray, np.ndarray]) -> None:
    sharp, soft = (photograph(dots[0], PhotoLook(focus_px=px, motion_px=px)).image.astype(float) for px in (0, 3))
    assert np.abs(np.diff(soft[..., 0])).max() < 0.5 * np.abs(np.diff(sharp[..., 0])).max()
    assert soft.mean() == pytest.approx(sharp.mean(), abs=0.5)


def test_few_pixels_average_the_page(dots: tuple[np.ndarray, np.ndarray]) -> None:
    image = photograph(dots[0], PhotoRanges.low_resolution().draw(0)).image
    assert image.shape[1] < 800
    small = photograph(dots[0], PhotoLook(page_width_px=150)).image
    assert small.shape == (210, 150, 3)
    assert small.mean() == pytest.approx(dots[0].mean(), abs=1)
