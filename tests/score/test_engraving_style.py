"""Engraving styles change the picture, and the truth about it goes with the picture."""

from pathlib import Path

import numpy as np
import pytest

from standpartner.errors import ConfigError
from standpartner.score import EngravingStyle, Score, read_score
from standpartner.score.notation.drawing import glyph_boxes
from standpartner.score.notation.engraving_style import FONTS

PIANO = Path(__file__).parent / "data" / "piano.musicxml"


def ink_at_heads(score: Score) -> np.ndarray:
    """Darkest pixel within 3 px of each head's centre, 0 to 255."""
    rows, columns = np.rint(score.noteheads.y_px).astype(int), np.rint(score.noteheads.x_px).astype(int)
    ink = 255 - score.strip.astype(int)
    return np.array([ink[y - 3 : y + 4, x - 3 : x + 4].max() for y, x in zip(rows, columns, strict=True)])


def test_styles_are_drawn_from_the_seed_alone() -> None:
    styles = [EngravingStyle.draw(seed) for seed in range(40)]
    assert styles == [EngravingStyle.draw(seed) for seed in range(40)]
    assert {style.font for style in styles} == set(FONTS)
    assert len({style.line_spaces for style in styles}) > 10


def test_every_font_tells_where_its_heads_are() -> None:
    middles = {font: glyph_boxes(font)["E0A4"] for font in FONTS}
    assert all(140 < x < 170 and abs(y) < 2 for x, y in middles.values())  # in thousandths of an em
    assert len({x for x, _ in middles.values()}) > 3


def test_an_unknown_font_is_refused() -> None:
    with pytest.raises(ConfigError, match="no music font 'Comic'; expected one of Leipzig"):
        EngravingStyle(font="Comic")


def test_heads_are_where_the_ink_is(piano: Score) -> None:
    style = EngravingStyle(font="Petaluma", line_spaces=60, spacing_linear=0.35, staff_gap=10, stem_width=0.3)
    drawn = read_score(PIANO, style=style)
    assert drawn.strip.shape != piano.strip.shape
    assert (ink_at_heads(drawn) > 128).all()
    np.testing.assert_array_equal(drawn.noteheads.pitch, piano.noteheads.pitch)
    np.testing.assert_array_equal(drawn.noteheads.onset, piano.noteheads.onset)
    np.testing.assert_array_equal(drawn.notes.pitch, piano.notes.pitch)
    assert len(drawn.systems) >= len(piano.systems)


def test_a_finer_page_is_the_same_page(piano: Score) -> None:
    fine = read_score(PIANO, style=EngravingStyle(page_scale=6))
    assert fine.page_scale == 6
    assert fine.strip.shape == piano.strip.shape
    np.testing.assert_allclose(fine.onsets.x_px, piano.onsets.x_px, atol=0.5)
    np.testing.assert_allclose(fine.systems.page_left_px / 6, piano.systems.page_left_px / 2, atol=0.5)
    assert fine.pages[0].shape[0] == pytest.approx(3 * piano.pages[0].shape[0], abs=6)
    assert np.corrcoef(fine.strip.ravel(), piano.strip.ravel())[0, 1] > 0.9


@pytest.mark.parametrize("scale", [0, 9])
def test_a_scale_that_no_page_has_is_refused(scale: int) -> None:
    with pytest.raises(ConfigError, match=f"page_scale from 1 to 8, got {scale}"):
        EngravingStyle(page_scale=scale)
