"""Cheap print for strips."""

import numpy as np
import pytest

from standpartner.degrade import StripLook, print_strip
from standpartner.errors import ConfigError

STILL = StripLook(
    blur_px=(0, 0), weight=(1, 1), darkness=(1, 1), shade=(0, 0), noise=(0, 0), specks=(0, 0), raised_px=(0, 0)
)


def ink() -> np.ndarray:
    image = np.zeros((80, 200), np.float32)
    image[20:22], image[:, 100] = 0.8, 1.0
    return image


def test_a_still_look_changes_nothing():
    np.testing.assert_array_equal(print_strip(ink(), STILL, rng=np.random.default_rng(0)), ink())


def test_the_same_generator_gives_the_same_print_and_leaves_the_strip():
    given = ink()
    first, second = (print_strip(given, StripLook(), rng=np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(given, ink())
    assert first.dtype == np.float32
    assert 0 <= first.min() < first.max() <= 1
    assert not np.array_equal(first, print_strip(given, StripLook(), rng=np.random.default_rng(4)))


def test_columns_keep_their_places():
    for seed in range(20):
        printed = print_strip(ink(), StripLook(), rng=np.random.default_rng(seed))
        assert printed[40:].sum(axis=0).argmax() == 100


def test_a_raised_staff_is_raised():
    still = {name: getattr(STILL, name) for name in ("blur_px", "weight", "darkness", "shade", "noise", "specks")}
    raised = print_strip(ink(), StripLook(**still, raised_px=(2, 2)), rng=np.random.default_rng(0))
    np.testing.assert_allclose(raised[18:20, :100], 0.8)


def test_a_range_that_cannot_be_is_refused():
    with pytest.raises(ConfigError, match="noise"):
        StripLook(noise=(0.0, 2.0))
