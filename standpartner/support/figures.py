"""Figures drawn by Matplotlib, as SVG that can stand in a file or within a page."""

import html
import io
from typing import TYPE_CHECKING, Final

from standpartner.errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's, told apart with every kind of colour blindness
COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#b0558a", "#e69f00", "#56b4e9", "#7a7a7a")


def new_figure(width_inches: float, height_inches: float) -> "Figure":
    """An empty figure.

    Raises:
        MissingExtraError: Matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("Matplotlib", 'pip install "standpartner[explain]"') from error
    return Figure(figsize=(width_inches, height_inches), layout="constrained")


def svg_of(figure: "Figure", words: str) -> str:
    """A figure as an SVG element, the same for the same figure.

    Args:
        figure: what is drawn.
        words: what is shown, for those who cannot see it; other words than those of other figures on the page.
    """
    from matplotlib import rc_context

    stream = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": words}):
        figure.savefig(stream, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    drawn = stream.getvalue()
    return drawn[drawn.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{html.escape(words)}"', 1)
