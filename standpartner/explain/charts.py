"""Line charts as SVG, drawn without a library: what a training log holds, and how far off an episode was."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Okabe and Ito's, told apart with every kind of colour blindness
COLOURS: Final = ("#0072b2", "#d55e00", "#009e73", "#b0558a", "#e69f00", "#56b4e9", "#7a7a7a")
_WIDTH, _HEIGHT = 420, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 10, 10, 26
_MOST_POINTS = 100  # of a drawn line


@dataclass(frozen=True, eq=False)
class Line:
    """What a chart draws in one colour.

    Attributes:
        x: (n,) never decreasing.
        y: (n,) finite.
        colour: for CSS.
    """

    x: Floats
    y: Floats
    colour: str


def line_chart(lines: Sequence[Line], *, x_label: str, words: str) -> str:
    """A chart of lines over one axis; long ones are drawn smoothed, with the spread of what was averaged behind.

    Args:
        lines: at least one, each with a point.
        x_label: of the axis, with its unit.
        words: what is shown, for those who cannot see it.
    """
    axes = _Axes.over(lines)
    body = "".join(_grid(axes, x_label)) + "".join(_line(axes, line) for line in lines)
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{html.escape(words)}">{body}</svg>'


def ribbon(share: Floats, *, lost_from: int | None, words: str) -> str:
    """How far off an episode was, as a low chart: 0 at the bottom, lost at the top.

    Args:
        share: (states,) distance to the target in bounds.
        lost_from: state at which the agent was lost first, from which on it is drawn in another colour.
        words: what is shown, for those who cannot see it.
    """
    width, height = 220, 30
    count = min(len(share), width)
    parts = np.array_split(np.clip(share, 0, 1), count)
    tops = [height * (1 - max(float(part.max()), 0.03)) for part in parts]
    cut = count if lost_from is None else lost_from * count // len(share)
    step = width / count
    body = ""
    for first, last, colour in ((0, cut, COLOURS[0]), (cut, count, COLOURS[1])):
        corners = [f"{k * step:.1f},{tops[k]:.1f} {(k + 1) * step:.1f},{tops[k]:.1f}" for k in range(first, last)]
        if corners:
            floor = f"{last * step:.1f},{height} {first * step:.1f},{height}"
            body += f'<polygon points="{" ".join(corners)} {floor}" fill="{colour}"/>'
    frame = f'<rect width="{width}" height="{height}" fill="none" stroke="#d6d6d6"/>'
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return f'<svg {size} role="img" aria-label="{html.escape(words)}">{body}{frame}</svg>'


def key(colours: Mapping[str, str]) -> str:
    """What the colours mean, as HTML."""
    return "".join(f'<span class="key" style="background:{colour}"></span>{name}' for name, colour in colours.items())


@dataclass(frozen=True)
class _Axes:
    left: float
    right: float
    low: float
    high: float

    @classmethod
    def over(cls, lines: Sequence[Line]) -> "_Axes":
        x, y = (np.concatenate([getattr(line, name) for line in lines]) for name in ("x", "y"))
        low, high = np.percentile(y, [1, 99]) if len(y) > 50 else (y.min(), y.max())  # outliers do not flatten the rest
        room = 0.08 * (high - low) or max(abs(high) * 0.1, 0.1)
        return cls(float(x.min()), max(float(x.max()), float(x.min()) + 1), float(low - room), float(high + room))

    def x(self, value: npt.ArrayLike) -> Floats:
        share = (np.asarray(value, np.float64) - self.left) / (self.right - self.left)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: npt.ArrayLike) -> Floats:
        share = (np.clip(np.asarray(value, np.float64), self.low, self.high) - self.low) / (self.high - self.low)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def ticks(low: float, high: float, *, about: int = 4) -> Floats:
    """Round numbers between two ends, about so many."""
    step = 10 ** np.floor(np.log10((high - low) / about))
    step *= next(factor for factor in (1, 2, 5, 10) if (high - low) / (step * factor) <= about + 1)
    return np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step + 0.0  # no negative zero


def _grid(axes: _Axes, x_label: str) -> list[str]:
    parts = []
    for value in ticks(axes.low, axes.high):
        y = float(axes.y(value))
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}" stroke="#e4e4e4"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.4g}</text>')
    room = _WIDTH - _RIGHT - 7 * len(x_label) - 14  # for the numbers, beside the label
    for value in ticks(axes.left, axes.right):
        x = float(axes.x(value))
        if x > room:
            break
        parts.append(f'<text x="{x:.1f}" y="{_HEIGHT - 8}" text-anchor="middle">{value:g}</text>')
    parts.append(f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 8}" text-anchor="end">{x_label}</text>')
    parts.append(f'<path d="M{_LEFT} {_HEIGHT - _BOTTOM}H{_WIDTH - _RIGHT}" stroke="#9a9a9a"/>')
    return parts


def _line(axes: _Axes, line: Line) -> str:
    count = min(len(line.x), _MOST_POINTS)
    cuts = np.linspace(0, len(line.x), count + 1).astype(int)
    parts = [slice(a, b) for a, b in pairwise(cuts)]
    x = axes.x([line.x[part].mean() for part in parts])
    y = axes.y([line.y[part].mean() for part in parts])
    drawn = ""
    if count < len(line.x):
        low, high = (axes.y([end(line.y[part]) for part in parts]) for end in (np.min, np.max))
        spread = _points(np.concatenate([x, x[::-1]]), np.concatenate([high, low[::-1]]))
        drawn = f'<polygon points="{spread}" fill="{line.colour}" opacity=".18"/>'
    if count < 40:
        drawn += "".join(
            f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.5" fill="{line.colour}"/>' for a, b in zip(x, y, strict=True)
        )
    return drawn + f'<polyline points="{_points(x, y)}" fill="none" stroke="{line.colour}" stroke-width="1.6"/>'


def _points(x: Floats, y: Floats) -> str:
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
