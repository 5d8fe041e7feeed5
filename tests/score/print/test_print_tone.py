"""Heavy ink is made lighter, engraved ink is left as it is."""

import numpy as np
import pytest

from standpartner.score.print.tone import LIGHT_LINE, lighten, line_thickness


def staff(thickness_px: float) -> np.ndarray:
    """One system of one staff: grey rows where a line does not fill a pixel, heads in a fifth of the columns."""
    ink = np.zeros((160, 500))
    for line in range(5):
        top = 66 + 7 * line
        for row in range(top, top + 4):
            ink[row] = np.clip(thickness_px - (row - top), 0, 1)
    ink[70:77, ::5] = 1
    return np.rint(255 * (1 - ink)).astype(np.uint8)


@pytest.mark.parametrize("thickness_px", [0.5, 1.0, 1.4, 2.3])
def test_thickness_is_that_of_the_lines(thickness_px: float) -> None:
    assert line_thickness(staff(thickness_px), staves=1) == pytest.approx(thickness_px / 7, abs=0.002)


def test_the_ink_of_engraving_is_left_as_it_is() -> None:
    strip = staff(7 * LIGHT_LINE - 0.1)
    np.testing.assert_array_equal(lighten(strip, staves=1), strip)


@pytest.mark.parametrize("thickness_px", [1.2, 1.5])
def test_heavy_ink_becomes_lighter(thickness_px: float) -> None:
    strip = staff(thickness_px)
    lighter = lighten(strip, staves=1)
    assert lighter.shape == strip.shape
    assert line_thickness(lighter, staves=1) < line_thickness(strip, staves=1)
    assert (lighter[:40] == 255).all()
    assert lighter[73, ::5].max() < 30  # heads stay black
