"""Draws figures with Matplotlib as SVG for a file or within a page."""

import html
import io
from typing import TYPE_CHECKING

from standpartner.errors import MissingExtraError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def new_figure(width_inches: float, height_inches: float) -> "Figure":
    """Make an empty figure.

    Raises:
        MissingExtraError: Matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("Matplotlib", 'pip install "standpartner[explain]"') from error
    return Figure(figsize=(width_inches, height_inches), layout="constrained")


def svg_of(figure: "Figure", words: str) -> str:
    """Turn a figure into an SVG element. The same figure always gives the same element.

    Args:
        figure: The figure.
        words: A description for those who cannot see it. It must differ from those of other figures on the page.
    """
    from matplotlib import rc_context

    stream = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": words}):
        figure.savefig(stream, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    drawn = stream.getvalue()
    return drawn[drawn.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{html.escape(words)}"', 1)
