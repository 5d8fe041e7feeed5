"""Draws charts for the page about a training run: curves of its log, and the errors of an episode."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from standpartner.support import palette
from standpartner.support.figures import new_figure, svg_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = npt.NDArray[np.float64]

_MOST_POINTS = 100  # a longer line is averaged
_FEW_POINTS = 40  # a shorter line has dots, too


@dataclass(frozen=True, eq=False)
class Line:
    """A line of a chart.

    Attributes:
        x: The places on the axis, (n,); they never decrease.
        y: The values, (n,), all finite.
        colour: The colour, as Matplotlib and CSS know it.
    """

    x: Floats
    y: Floats
    colour: str


def line_chart(lines: Sequence[Line], *, x_label: str, words: str) -> str:
    """Draw a chart of lines over one axis, as SVG.

    Args:
        lines: The lines; there is at least one, and each has a point.
        x_label: The label of the axis, with its unit.
        words: A description for those who cannot see the chart. It must differ from those of other charts on the page.

    Raises:
        MissingExtraError: Matplotlib is not installed.
    """
    figure = new_figure(4.2, 2.0)
    draw_lines(figure.subplots(), lines, x_label=x_label)
    return svg_of(figure, words)


def draw_lines(axes: "Axes", lines: Sequence[Line], *, x_label: str) -> None:
    """Draw lines. Long ones are drawn as means of neighbouring points, with the spread of these points behind."""
    for line in lines:
        count = min(len(line.x), _MOST_POINTS)
        x, y = (np.array_split(values, count) for values in (line.x, line.y))
        places = [part.mean() for part in x]
        if count < len(line.x):
            low, high = ([end(part) for part in y] for end in (np.min, np.max))
            axes.fill_between(places, low, high, color=line.colour, alpha=0.18, linewidth=0)
        dots = "o" if count < _FEW_POINTS else ""
        axes.plot(places, [part.mean() for part in y], dots + "-", color=line.colour, markersize=3, linewidth=1.4)
    values = np.concatenate([line.y for line in lines])
    if len(values) > 50:  # outliers do not flatten the rest
        low, high = np.percentile(values, [1, 99])
        room = 0.08 * (high - low) or max(abs(high) * 0.1, 0.1)
        axes.set_ylim(low - room, high + room)
    axes.set_xlabel(x_label, fontsize=8, loc="right")
    axes.tick_params(labelsize=8)
    axes.grid(axis="y", color=palette.LINE.css)
    axes.spines[["top", "right", "left"]].set_visible(False)


def ribbon(share: Floats, *, lost_from: int | None, words: str) -> str:
    """Draw the errors of an episode as a low chart in SVG: 0 is at the bottom, lost at the top.

    Args:
        share: The distance to the target as a share of the bound, (states,).
        lost_from: The state at which the agent was lost first. From there on the chart has another colour.
        words: A description for those who cannot see the chart.
    """
    width, height = 220, 30
    count = min(len(share), width)
    parts = np.array_split(np.clip(share, 0, 1), count)
    tops = [height * (1 - max(float(part.max()), 0.03)) for part in parts]
    cut = count if lost_from is None else lost_from * count // len(share)
    step = width / count
    body = ""
    for first, last, colour in ((0, cut, palette.AGENT.css), (cut, count, palette.TARGET.css)):
        corners = [f"{k * step:.1f},{tops[k]:.1f} {(k + 1) * step:.1f},{tops[k]:.1f}" for k in range(first, last)]
        if corners:
            floor = f"{last * step:.1f},{height} {first * step:.1f},{height}"
            body += f'<polygon points="{" ".join(corners)} {floor}" fill="{colour}"/>'
    frame = f'<rect width="{width}" height="{height}" fill="none" stroke="{palette.LINE.css}"/>'
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return f'<svg {size} role="img" aria-label="{html.escape(words)}">{body}{frame}</svg>'


def key(colours: Mapping[str, str]) -> str:
    """Return the meaning of the colours as HTML."""
    return "".join(f'<span class="key" style="background:{colour}"></span>{name}' for name, colour in colours.items())
