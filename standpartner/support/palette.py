"""Defines the colours of all pictures, charts and pages, each once and named for what it shows.

The hues are Okabe and Ito's, which are told apart with every kind of colour blindness
(M. Okabe, K. Ito, "Color Universal Design", 2008, https://jfly.uni-koeln.de/color/). Line styles and words say the same
as the colours do. Purple is darker than theirs, so that words can be written in it.
"""

from typing import Final, NamedTuple


class Colour(NamedTuple):
    """A colour for Pillow and numpy.

    Attributes:
        red: The red part, 0 to 255.
        green: The green part, 0 to 255.
        blue: The blue part, 0 to 255.
    """

    red: int
    green: int
    blue: int

    @property
    def css(self) -> str:
        """The colour for CSS, SVG and Matplotlib, such as ``#0072b2``."""
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}"


BLUE: Final = Colour(0, 114, 178)
VERMILION: Final = Colour(213, 94, 0)
GREEN: Final = Colour(0, 158, 115)
PURPLE: Final = Colour(176, 85, 138)
PINK: Final = Colour(204, 121, 167)
ORANGE: Final = Colour(230, 159, 0)
SKY: Final = Colour(86, 180, 233)
GREY: Final = Colour(122, 122, 122)

# What is shown in the game and of the agents.
AGENT: Final = BLUE
AGENT_PALE: Final = Colour(158, 196, 220)
TARGET: Final = VERMILION
LOCATE: Final = GREEN
BELIEF: Final = PURPLE
FOR: Final = ORANGE
AGAINST: Final = SKY
ACTIONS: Final = (BELIEF, Colour(205, 205, 205), LOCATE)  # slower, keep, faster

# What is marked on engraved music.
ONSET: Final = SKY
HEARD_ONSET: Final = ORANGE
NOTEHEAD: Final = VERMILION
TIED_HEAD: Final = GREEN
GRACE_HEAD: Final = PINK
SYSTEM_BORDER: Final = BLUE
WARNING: Final = Colour(163, 18, 63)

# The paper and the text on it.
TEXT: Final = Colour(25, 27, 32)
SOFT: Final = Colour(95, 99, 112)
LINE: Final = Colour(214, 214, 214)
PAPER: Final = Colour(255, 255, 255)
PANEL: Final = Colour(251, 250, 248)
GROUND: Final = Colour(243, 242, 239)

# The lines of a chart, one after the other, and a scale from "against" through 0 to "for" that fills whole areas.
SERIES: Final = tuple(colour.css for colour in (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, GREY))
DIVERGING: Final = ("#5e3c99", "#f7f7f7", "#e66101")

_CSS: Final = {
    "ground": GROUND,
    "panel": PANEL,
    "paper": PAPER,
    "text": TEXT,
    "soft": SOFT,
    "line": LINE,
    "agent": AGENT,
    "agent-pale": AGENT_PALE,
    "target": TARGET,
    "locate": LOCATE,
    "belief": BELIEF,
    "for": FOR,
    "against": AGAINST,
    "slower": ACTIONS[0],
    "keep": ACTIONS[1],
    "faster": ACTIONS[2],
    "onset": ONSET,
    "heard-onset": HEARD_ONSET,
    "notehead": NOTEHEAD,
    "tied-head": TIED_HEAD,
    "grace-head": GRACE_HEAD,
    "warning": WARNING,
}


def css_variables() -> str:
    """Return the colours of the pages as declarations of CSS variables: ``--agent: #0072b2; ...``."""
    return " ".join(f"--{name}: {colour.css};" for name, colour in _CSS.items())
