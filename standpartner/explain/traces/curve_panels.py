"""Draws the panels of an episode's course: curves of the last seconds, and the time line of the whole episode."""

from collections.abc import Callable
from functools import cached_property

import numpy as np
import numpy.typing as npt
from PIL import Image

from standpartner.constants import CM_PER_STRIP_PX, FRAME_RATE_HZ
from standpartner.explain.traces.panels import Panel, action_name
from standpartner.explain.traces.presentation import Presentation
from standpartner.support import palette
from standpartner.support.canvas import SMALL, Box, Canvas
from standpartner.support.palette import Colour

_SECONDS = 10
_HEAD = 24  # the height in units of a plot's title
_AXIS = 34  # the width in units of the numbers beside a plot
_SMOOTH = 2  # lines are drawn at twice the size and shrunk

Values = npt.NDArray[np.floating]


class CurvesPanel(Panel):
    """The panel of action probabilities, reward and value, and error over the last 10 s."""

    def __init__(self, shown: Presentation, box: Box) -> None:
        super().__init__(shown, box)
        height = (box.height - 18) / 3
        self._boxes = [
            Box(box.left + _AXIS, box.top + k * height + _HEAD, box.width - _AXIS, height - _HEAD - 8) for k in range(3)
        ]

    def draw(self, canvas: Canvas, frame: int) -> None:
        """Draw a frame of the performance; see `Panel.draw`."""
        actions, rewards, errors = self._boxes
        self._draw_actions(canvas, actions, frame)
        self._draw_rewards(canvas, rewards, frame)
        self._draw_errors(canvas, errors, frame)
        bottom = errors.bottom + 5
        canvas.text((errors.left, bottom), f"{_SECONDS} s ago", colour=palette.SOFT, size=SMALL)
        canvas.text((errors.right, bottom), "now", colour=palette.SOFT, size=SMALL, anchor="rt")

    def _draw_actions(self, canvas: Canvas, box: Box, frame: int) -> None:
        actions = self.shown.trace.game.actions
        colours = _colours(len(actions))
        names = [(action_name(change), colour) for change, colour in zip(actions, colours, strict=True)]
        _titles(canvas, box, ("actions", None), *names)
        whole = np.cumsum(self.shown.trace.action, axis=1)

        def draw(plot: "_Plot") -> None:
            for k in reversed(range(len(actions))):
                plot.fill(whole[:, k], colours[k])

        _plot(canvas, box, frame - self.shown.trace.first_frame, draw=draw, ends=(0, 1), ticks=(0, 1))

    def _draw_rewards(self, canvas: Canvas, box: Box, frame: int) -> None:
        trace = self.shown.trace
        _titles(canvas, box, ("reward", palette.AGENT), ("value" + self._value_unit, palette.TARGET))
        low, high = self._value_ends

        def draw(plot: "_Plot") -> None:
            plot.curve((trace.value - low) / (high - low), palette.TARGET)
            plot.curve(trace.reward, palette.AGENT)

        _plot(canvas, box, frame - trace.first_frame, draw=draw, ends=(0, 1), ticks=(0, 1))

    def _draw_errors(self, canvas: Canvas, box: Box, frame: int) -> None:
        trace = self.shown.trace
        bound = trace.game.bound_px * CM_PER_STRIP_PX
        _titles(canvas, box, ("error in cm", palette.AGENT), ("bound: lost beyond it", None))
        error = np.clip(trace.error_px * CM_PER_STRIP_PX, -1.25 * bound, 1.25 * bound)

        def draw(plot: "_Plot") -> None:
            for level in (-bound, bound):
                plot.level(level, palette.SOFT)
            plot.curve(error, palette.AGENT)

        ticks = (-round(bound, 1), 0, round(bound, 1))
        _plot(canvas, box, frame - trace.first_frame, draw=draw, ends=(-1.25 * bound, 1.25 * bound), ticks=ticks)

    @cached_property
    def _value_ends(self) -> tuple[float, float]:
        """The values at the bottom and at the top of the plot: 0 and 1, or the extremes where they leave that."""
        low, high = float(self.shown.trace.value.min()), float(self.shown.trace.value.max())
        return (0.0, 1.0) if high <= 1.2 and low >= -0.2 else (min(low, 0.0), high)

    @property
    def _value_unit(self) -> str:
        low, high = self._value_ends
        return "" if (low, high) == (0, 1) else f" ({low:.0f} to {high:.0f})"


def _colours(count: int) -> tuple[Colour, ...]:
    """Return the colours of the actions, slower to faster."""
    if count == len(palette.ACTIONS):
        return palette.ACTIONS
    mix = np.linspace(0, 1, count)[:, None]
    shades = np.rint((1 - mix) * np.array(palette.ACTIONS[0]) + mix * np.array(palette.ACTIONS[-1])).astype(int)
    return tuple(Colour(int(red), int(green), int(blue)) for red, green, blue in shades)


class _Plot:
    """Axes of the last seconds for values of decisions or states; the newest are at the right edge."""

    def __init__(self, canvas: Canvas, *, size: Box, newest: int, ends: tuple[float, float]) -> None:
        self.canvas, self.size, self.newest, self.ends = canvas, size, newest, ends

    def curve(self, values: Values, colour: Colour) -> None:
        """Draw a line through values."""
        points = self._points(values)
        if len(points) > 1:
            self.canvas.line(points, colour, 2)

    def fill(self, values: Values, colour: Colour) -> None:
        """Fill what is below values."""
        points = self._points(values)
        if len(points) > 1:
            floor = [(points[-1, 0], self.size.height), (points[0, 0], self.size.height)]
            self.canvas.area(np.concatenate([points, floor]), colour)

    def level(self, value: float, colour: Colour) -> None:
        """Draw a horizontal line."""
        y = self.y(value)
        for x in np.arange(0, self.size.width, 12):
            self.canvas.line([(x, y), (x + 6, y)], colour)

    def y(self, value: float) -> float:
        """Return the distance of a value from the top in units."""
        return self.size.height * (self.ends[1] - value) / (self.ends[1] - self.ends[0])

    def _points(self, values: Values) -> npt.NDArray[np.float64]:
        count = _SECONDS * FRAME_RATE_HZ
        first, last = max(self.newest - count, 0), min(self.newest, len(values) - 1)
        which = np.arange(first, last + 1)
        x = self.size.width * (1 - (self.newest - which) / count)
        return np.stack([x, [self.y(float(value)) for value in values[which]]], axis=1)


def _plot(
    canvas: Canvas,
    box: Box,
    newest: int,
    *,
    draw: Callable[[_Plot], None],
    ends: tuple[float, float],
    ticks: tuple[float, ...],
) -> None:
    inside = Canvas(box.width, box.height, scale=canvas.scale * _SMOOTH, colour=palette.PAPER)
    plot = _Plot(inside, size=box, newest=newest, ends=ends)
    for tick in ticks:
        inside.line([(0, plot.y(tick)), (box.width, plot.y(tick))], palette.LINE)
        canvas.text((box.left - 6, box.top + plot.y(tick)), f"{tick:g}", colour=palette.SOFT, size=SMALL, anchor="rm")
    draw(plot)
    left, top, right, bottom = canvas.box_px(box)
    canvas.image.paste(inside.image.resize((right - left, bottom - top), Image.Resampling.BOX), (left, top))
    canvas.rectangle(box, outline=palette.LINE)


def _titles(canvas: Canvas, box: Box, *titles: tuple[str, Colour | None]) -> None:
    """Draw the titles of the curves, each after a sample of its colour."""
    x, y = box.left, box.top - 11
    for words, colour in titles:
        if colour:
            canvas.line([(x, y), (x + 14, y)], colour, 4)
            x += 19
        canvas.text((x, y), words, size=SMALL, anchor="lm")
        x += canvas.text_width(words, SMALL) + 16


class TimeLine(Panel):
    """The panel of the whole episode: the agent's error, where it was lost, the starts of systems, and the frame.

    Args:
        shown: The presentation.
        box: The box of the panel.
        frames: The number of frames that are shown in all.
    """

    def __init__(self, shown: Presentation, box: Box, *, frames: int) -> None:
        super().__init__(shown, box)
        self.frames = frames
        self._ready: Image.Image | None = None

    def draw(self, canvas: Canvas, frame: int) -> None:
        """Draw a frame of the performance; see `Panel.draw`."""
        if self._ready is None:
            self._ready = self._whole(canvas.scale)
        canvas.paste(self._ready, self.box.left, self.box.top)
        x = self.box.left + self._x(frame)
        canvas.vertical_line(x, self.box.top - 3, self.box.bottom + 3, colour=palette.TEXT, width=3)

    def _x(self, frame: float) -> float:
        return self.box.width * frame / max(self.frames - 1, 1)

    def _whole(self, scale: float) -> Image.Image:
        trace, height = self.shown.trace, self.box.height
        canvas = Canvas(self.box.width, height, scale=scale, colour=palette.PAPER)
        share = np.clip(np.abs(trace.error_px) / trace.game.bound_px, 0, 1)
        for k, (off, lost) in enumerate(zip(share, trace.lost, strict=True)):
            left, right = self._x(trace.first_frame + k), self._x(trace.first_frame + k + 1)
            high = height * max(float(off), 0.04)
            column = Box(left, height - high, max(right - left, 1 / scale), high)
            canvas.rectangle(column, fill=palette.TARGET if lost else palette.AGENT_PALE)
        if self.shown.score is not None:
            starts = self.shown.score.systems.strip_left_px[1:]
            states = np.searchsorted(trace.target_px, starts)
            for state in states[(states > 0) & (states < trace.states)].tolist():  # a passage has not all of them
                x = self._x(trace.first_frame + state)
                canvas.vertical_line(x, 0, height, colour=palette.BELIEF, width=1, dash=2)
        canvas.rectangle(Box(0, 0, self.box.width, height), outline=palette.LINE)
        return canvas.image
