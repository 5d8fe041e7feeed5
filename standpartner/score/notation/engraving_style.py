"""Defines styles of Verovio's engraving: music font, spacing and line widths, so that agents see many engravings."""

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np

from standpartner.errors import ConfigError

FONTS: Final = ("Leipzig", "Bravura", "Leland", "Petaluma", "Gootville")
FINEST_SCALE: Final = 8
_SIDE_MARGINS: Final = 100  # both side margins of the page together, in the engraver's units: 18 are a staff space


@dataclass(frozen=True)
class EngravingStyle:
    """The style in which a score is engraved.

    Attributes:
        font: The music font, one of `FONTS`.
        line_spaces: The width of a system in staff spaces.
        spacing_linear: The distance of notes in Verovio's measure; 0.25 is usual.
        spacing_non_linear: The additional space of longer notes: 0 is none, 1 is in proportion to their length.
        staff_gap: The least distance of two staves in half staff spaces.
        staff_line_width: The width of staff lines in half staff spaces.
        stem_width: The width of stems in half staff spaces.
        bar_line_width: The width of bar lines in half staff spaces.
        page_scale: The resolution of pages in page px per strip px, 1 to 8. A strip px is the mean of its page px.
    """

    font: str = "Leipzig"
    line_spaces: int = 100
    spacing_linear: float = 0.25
    spacing_non_linear: float = 0.6
    staff_gap: int = 12
    staff_line_width: float = 0.15
    stem_width: float = 0.2
    bar_line_width: float = 0.3
    page_scale: int = 2

    def __post_init__(self) -> None:
        if self.font not in FONTS:
            raise ConfigError(f"there is no music font {self.font!r}; expected one of {', '.join(FONTS)}")
        if not 1 <= self.page_scale <= FINEST_SCALE:
            raise ConfigError(f"expected a page_scale from 1 to {FINEST_SCALE}, got {self.page_scale}")

    @classmethod
    def draw(cls, seed: int) -> Self:
        """Draw a style within the range of usual engraving, as a function of the seed alone."""
        rng = np.random.default_rng(seed)
        return cls(
            font=str(rng.choice(FONTS)),
            line_spaces=int(rng.integers(80, 121)),
            spacing_linear=float(rng.uniform(0.2, 0.35)),
            spacing_non_linear=float(rng.uniform(0.5, 0.7)),
            staff_gap=int(rng.integers(9, 13)),
            staff_line_width=float(rng.uniform(0.12, 0.22)),
            stem_width=float(rng.uniform(0.15, 0.28)),
            bar_line_width=float(rng.uniform(0.22, 0.45)),
        )

    def options(self) -> dict[str, Any]:
        """Return Verovio's options for this style."""
        return {
            "font": self.font,
            "pageWidth": 18 * self.line_spaces + _SIDE_MARGINS,
            "spacingLinear": self.spacing_linear,
            "spacingNonLinear": self.spacing_non_linear,
            "spacingStaff": self.staff_gap,
            "staffLineWidth": self.staff_line_width,
            "stemWidth": self.stem_width,
            "barLineWidth": self.bar_line_width,
        }
