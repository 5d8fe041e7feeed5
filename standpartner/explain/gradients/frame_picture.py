"""Draws one explained frame: the attributions of each target on score window and spectrogram."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import matplotlib.cm
import matplotlib.colors
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from standpartner.agent.bundle import Floats
from standpartner.constants import FRAME_RATE_HZ
from standpartner.errors import OutputError
from standpartner.explain.activations.activations import Activations
from standpartner.explain.gradients.attribution import Attribution, cut_windows
from standpartner.learn.data import frames_between
from standpartner.support import palette

_COLOURS = mpl.colors.LinearSegmentedColormap.from_list("against-for", palette.DIVERGING)
_FULL_COLOUR_PERCENTILE = 99.7
_SPREAD_PX = 2
_TITLES = {
    "action": "the action taken: {action} (log-probability {change:+.2f})",
    "other": "the runner-up: {action} (log-probability {change:+.2f})",
    "value": "value ({change:+.3f})",
    "locate": "locate: column {target} (log-probability {change:+.2f})",
}
_ACTIONS = ("slower", "same speed", "faster")


def draw_frame(frame: Activations, found: Mapping[str, Attribution], number: int, *, path: Path) -> None:
    """Draw one explained frame.

    Args:
        frame: The activations of that frame alone.
        found: The attributions by target.
        number: The number of the frame in the attributions.
        path: The PNG file.

    Raises:
        OutputError: The file cannot be written.
    """
    figure = Figure(figsize=(11, 2.6 * len(found) + 0.5), layout="constrained")
    axes = figure.subplots(len(found), 2, squeeze=False, width_ratios=(3.2, 1))
    for row, (name, attribution) in enumerate(found.items()):
        _draw_score(axes[row, 0], frame, attribution.score[number])
        _draw_spectrogram(axes[row, 1], frame, attribution.spectrogram[number])
        target = int(attribution.target[number])
        axes[row, 0].set_title(
            _TITLES[name].format(action=_ACTIONS[target % 3], target=target, change=attribution.change[number]),
            loc="left",
        )
    bar = mpl.cm.ScalarMappable(mpl.colors.Normalize(-1, 1), _COLOURS)
    drawn = figure.colorbar(bar, ax=axes, ticks=(-1, 0, 1), shrink=0.8, pad=0.01)
    drawn.ax.set_yticklabels(["against", "0", "for"])
    figure.suptitle(f"{frame.track.name}, frame {frame.frame[0]} ({frame.frame[0] / FRAME_RATE_HZ:.2f} s)", fontsize=10)
    try:
        figure.savefig(path, dpi=110)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error}; choose another folder") from error


def _draw_score(axes: Axes, frame: Activations, image: Floats) -> None:
    height, width = image.shape
    left = int(np.floor(frame.position_px[0] + 0.5)) - width // 2
    strip = frame.track.strip
    top = (strip.shape[0] - height) // 2
    black = np.asarray(1 - strip[top : top + height] / 255, np.float32)
    seen = cut_windows(black[None, None], np.array([left]), width_px=width)[0, 0]
    _overlay(axes, _spread(image), seen, (left, left + width, height, 0))
    axes.axvline(frame.position_px[0], color=palette.AGENT.css, linewidth=1.5, label="agent")
    axes.axvline(frame.track.targets[frame.frame[0]], color="#000000", linestyle=":", linewidth=1.5, label="truth")
    axes.legend(loc="upper right", fontsize=7)
    axes.set(xlabel="strip px", ylabel="row, px")


def _draw_spectrogram(axes: Axes, frame: Activations, image: Floats) -> None:
    end, count = int(frame.frame[0]) + 1, len(image)
    heard = frames_between(frame.track.spectrogram, end - count, end)
    extent = ((1 - count - 0.5) / FRAME_RATE_HZ, 0.5 / FRAME_RATE_HZ, -0.5, image.shape[1] - 0.5)
    _overlay(axes, image.T[::-1], heard.T[::-1] / np.float32(max(float(heard.max()), 1e-6)), extent)
    axes.set(xlabel="s before now", ylabel="band")


def _overlay(axes: Axes, image: Floats, ink: Floats, extent: tuple[float, float, float, float]) -> None:
    """Paint attributions in colour, and over them the score or spectrogram in transparent black."""
    scale = max(float(np.percentile(np.abs(image), _FULL_COLOUR_PERCENTILE)), 1e-9)
    axes.imshow(image / scale, cmap=_COLOURS, vmin=-1, vmax=1, extent=extent, aspect="auto", interpolation="nearest")
    black = np.zeros((*ink.shape, 4))
    black[..., 3] = 0.55 * ink
    axes.imshow(black, extent=extent, aspect="auto", interpolation="nearest")


def _spread(image: Floats) -> Floats:
    """Sum over small squares, because single pixels are too small to be seen."""
    padded = np.pad(image, _SPREAD_PX)
    size = 2 * _SPREAD_PX + 1
    spread: Floats = np.lib.stride_tricks.sliding_window_view(padded, (size, size)).sum((2, 3))
    return spread
