"""Draws the panels of a picture. Each draws one part of a frame's trace into its box."""

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image

from standpartner.agent.bundle import Floats
from standpartner.constants import BAND_COUNT, BANDS_PER_OCTAVE, CM_PER_STRIP_PX, FRAME_RATE_HZ, STRIP_HEIGHT_PX
from standpartner.explain.traces.presentation import Presentation
from standpartner.game.rendering import loudness_grey
from standpartner.game.windows import spectrogram_excerpts
from standpartner.score import Score
from standpartner.support import palette
from standpartner.support.canvas import NORMAL, SMALL, Box, Canvas, overlay

_LABEL = 20  # the height in units above and below the strip for the names of lines
_NUMBER = 22  # the distance in units from one number to the next
_ROW = 15  # the height in units of a row of probabilities
_LOWEST_OCTAVE = 2  # band 0 is the note C2
_FULL_COLOUR_PERCENTILE = 99.5
_MAPS_MEASURED = 64  # the number of maps, evenly spread over an episode
_SPREAD_PX = 2  # on either side: squares are a little smaller than a notehead


class Panel(ABC):
    """A part of a picture.

    Args:
        shown: The presentation.
        box: The box of the panel, in units of the canvas.
    """

    def __init__(self, shown: Presentation, box: Box) -> None:
        self.shown, self.box = shown, box

    @abstractmethod
    def draw(self, canvas: Canvas, frame: int) -> None:
        """Draw a frame of the performance."""


def strip_panel_height(shown: Presentation, zoom: float) -> float:
    """Return the height in units that the strip panel takes."""
    rows = 2 if shown.trace.locate.shape[1] else 0
    return 2 * _LABEL + STRIP_HEIGHT_PX * zoom + rows * (_ROW + 3)


class StripPanel(Panel):
    """The panel of the strip around the agent, with agent, target and bounds, and below it the agent's beliefs.

    Args:
        shown: The presentation.
        box: The box of the panel; its height is ``strip_panel_height``.
        zoom: The size of a strip px in units.
    """

    def __init__(self, shown: Presentation, box: Box, *, zoom: float) -> None:
        super().__init__(shown, box)
        self.zoom = zoom
        self._full_colour = full_colour(shown.attribution.score, spread=_spread) if shown.attribution else 0.0

    def draw(self, canvas: Canvas, frame: int) -> None:
        """Draw a frame of the performance; see `Panel.draw`."""
        trace, top = self.shown.trace, self.box.top + _LABEL
        state = trace.state_at(frame)
        strip = Box(self.box.left, top, self.box.width, STRIP_HEIGHT_PX * self.zoom)
        centre_px = trace.centre_px(state)
        self._paste(canvas, strip, centre_px, state=frame - trace.first_frame)
        self._draw_seen(canvas, strip)
        self._draw_bounds(canvas, strip)
        self._draw_lines(canvas, strip, target_px=float(trace.target_px[state]) - centre_px)
        if trace.locate.shape[1]:
            self._draw_beliefs(canvas, strip, trace.decision_at(state))

    def x(self, offset_px: float) -> float:
        """Return the x in units of a place ``offset_px`` strip px from the agent."""
        return self.box.left + self.box.width / 2 + offset_px * self.zoom

    def _paste(self, canvas: Canvas, strip: Box, centre_px: int, *, state: int) -> None:
        half = int(np.ceil(strip.width / self.zoom / 2))
        ink = np.full((STRIP_HEIGHT_PX, 2 * half), 255, np.uint8)
        whole, left = self.shown.trace.track.strip, centre_px - half
        low, high = max(left, 0), min(left + 2 * half, whole.shape[1])
        ink[:, low - left : high - left] = whole[:, low:high]
        image = self._coloured(ink, centre_px, state)
        size = (canvas.px(2 * half * self.zoom), canvas.px(strip.height))
        image = image.resize(size, Image.Resampling.BICUBIC)
        spare = (size[0] - canvas.px(strip.width)) // 2
        image = image.crop((spare, 0, spare + canvas.px(strip.width), size[1]))
        canvas.paste(image, strip.left, strip.top)

    def _coloured(self, ink: npt.NDArray[np.uint8], centre_px: int, state: int) -> Image.Image:
        attribution = self.shown.attribution
        number = attribution.map_at(state) if attribution else None
        if attribution is None or number is None:
            return Image.fromarray(ink).convert("RGB")
        seen = _spread(attribution.score[number])
        moved_px = centre_px - self.shown.trace.centre_px(int(attribution.decision[number]))
        left = (ink.shape[1] - seen.shape[1]) // 2 - moved_px
        placed = _placed(seen, ink.shape, top=(ink.shape[0] - seen.shape[0]) // 2, left=left)
        return overlay(ink, placed, self._full_colour)

    def _draw_seen(self, canvas: Canvas, strip: Box) -> None:
        """Draw the corners of what the agent sees."""
        width, height = (size * self.zoom for size in self.shown.trace.seen_px)
        if width > strip.width:
            return
        left, top = strip.left + (strip.width - width) / 2, strip.top + (strip.height - height) / 2
        for x, inwards in ((left, 1), (left + width, -1)):
            for y, down in ((top + 1, 1), (top + height - 1, -1)):
                canvas.line([(x + 14 * inwards, y), (x, y), (x, y + 14 * down)], palette.SOFT, 2)
        canvas.text((left + 4, top + 4), "seen", colour=palette.SOFT, size=SMALL)

    def _draw_bounds(self, canvas: Canvas, strip: Box) -> None:
        bound = self.shown.trace.game.bound_px
        left, right = self.x(-bound), self.x(bound)
        canvas.tint(Box(strip.left, strip.top, max(left - strip.left, 0), strip.height), palette.SOFT, 0.16)
        canvas.tint(Box(right, strip.top, max(strip.right - right, 0), strip.height), palette.SOFT, 0.16)
        for x, words, anchor in ((left, "bound", "rt"), (right, "bound: lost if the target is outside", "lt")):
            if strip.left < x < strip.right:
                canvas.vertical_line(x, strip.top, strip.bottom, colour=palette.SOFT, width=1, dash=5)
                canvas.text((x, strip.bottom + 4), words, colour=palette.SOFT, size=SMALL, anchor=anchor)

    def _draw_lines(self, canvas: Canvas, strip: Box, *, target_px: float) -> None:
        x = self.x(0)
        canvas.vertical_line(x, strip.top, strip.bottom, colour=palette.AGENT, width=3)
        canvas.text((x, strip.bottom + 3), "agent", colour=palette.AGENT, anchor="mt")
        x = float(np.clip(self.x(target_px), strip.left + 9, strip.right - 9))  # beyond the panel it stays at its edge
        canvas.vertical_line(x, strip.top, strip.bottom, colour=palette.TARGET, width=4, dash=9)
        canvas.diamond(x, strip.top, colour=palette.TARGET)
        canvas.text((x + 11, strip.top - 4), "target", colour=palette.TARGET, anchor="lb")

    def _draw_beliefs(self, canvas: Canvas, strip: Box, decision: int) -> None:
        trace, top = self.shown.trace, strip.bottom + _LABEL
        edges = np.clip(
            [self.x(x - trace.position_px[decision]) for x in trace.columns_px(decision)], strip.left, strip.right
        )
        for name, colour, shares in (
            ("locate: by the last seconds", palette.LOCATE, trace.locate[decision]),
            ("tracker: by all since the start", palette.BELIEF, trace.belief[decision]),
        ):
            canvas.rectangle(Box(strip.left, top, strip.width, _ROW), fill=palette.PAPER)
            for left, right, share in zip(edges[:-1], edges[1:], np.sqrt(shares), strict=True):
                canvas.tint(Box(left, top, right - left, _ROW), colour, float(share))
            canvas.text((strip.left + 6, top + _ROW / 2), name, colour=colour, size=SMALL, anchor="lm")
            top += _ROW + 3


class PagePanel(Panel):
    """The panel of the page that the agent is on, with cursors for agent and target.

    Args:
        shown: The presentation.
        score: The score with the pages.
        box: The box of the panel.
    """

    def __init__(self, shown: Presentation, score: Score, box: Box) -> None:
        super().__init__(shown, box)
        self.score = score
        self._ready: dict[int, tuple[Image.Image, Box, float]] = {}

    def draw(self, canvas: Canvas, frame: int) -> None:
        """Draw a frame of the performance; see `Panel.draw`."""
        trace = self.shown.trace
        state = trace.state_at(frame)
        page = int(self.score.place(trace.position_px[state]).page)
        image, where, zoom = self._page(canvas, page)
        canvas.paste(image, where.left, where.top)
        canvas.rectangle(where, outline=palette.LINE)
        marks = ((trace.target_px[state], palette.TARGET, True), (trace.position_px[state], palette.AGENT, False))
        for x_px, colour, is_target in marks:
            place = self.score.place(x_px)
            if int(place.page) != page:
                continue
            system = int(place.system)
            x = where.left + float(place.page_x_px) * zoom
            top = where.top + self.score.systems.page_top_px[system] * zoom
            height = (self.score.systems.page_bottom_px - self.score.systems.page_top_px)[system] * zoom
            top, bottom = top + 0.15 * height, top + 0.85 * height
            if is_target:
                canvas.vertical_line(x, top, bottom, colour=colour, width=2.5, dash=5)
                canvas.diamond(x, top, colour=colour, radius=6)
            else:
                canvas.tint(Box(x - 9, top, 18, bottom - top), colour, 0.2)
                canvas.vertical_line(x, top, bottom, colour=colour, width=2.5)
        words = f"page {page + 1} of {len(self.score.pages)}"
        canvas.text((where.right - 8, where.bottom - 6), words, colour=palette.SOFT, size=SMALL, anchor="rb")

    def _page(self, canvas: Canvas, number: int) -> tuple[Image.Image, Box, float]:
        """Return a page at its size in the picture, its box, and the size of a page px in units."""
        if number not in self._ready:
            page = self.score.pages[number]
            zoom = min(self.box.width / page.shape[1], self.box.height / page.shape[0])
            width, height = page.shape[1] * zoom, page.shape[0] * zoom
            where = Box(self.box.left + (self.box.width - width) / 2, self.box.top, width, height)
            size = (canvas.px(width), canvas.px(height))
            small = Image.fromarray(page).resize(size, Image.Resampling.BOX)
            darker = small.point([round(255 * (grey / 255) ** 1.8) for grey in range(256)])  # thin lines stay visible
            self._ready[number] = darker.convert("RGB"), where, zoom
        return self._ready[number]


class SoundPanel(Panel):
    """The panel of the spectrogram that the agent hears; the present is at the right.

    Args:
        shown: The presentation.
        box: The box of the panel with its axes.
    """

    def __init__(self, shown: Presentation, box: Box) -> None:
        super().__init__(shown, box)
        self.inner = Box(box.left + 34, box.top + 24, box.width - 34, box.height - 44)
        self._full_colour = full_colour(shown.attribution.spectrogram) if shown.attribution else 0.0

    def draw(self, canvas: Canvas, frame: int) -> None:
        """Draw a frame of the performance; see `Panel.draw`."""
        trace, inner = self.shown.trace, self.inner
        heard = loudness_grey(spectrogram_excerpts(trace.track, frame, config=trace.game)[0])
        image = self._coloured(heard[::-1], frame - trace.first_frame)
        size = (canvas.px(inner.right) - canvas.px(inner.left), canvas.px(inner.bottom) - canvas.px(inner.top))
        canvas.paste(image.resize(size, Image.Resampling.NEAREST), inner.left, inner.top)
        canvas.rectangle(inner, outline=palette.LINE)
        canvas.text((self.box.left, self.box.top), "heard: every row a semitone", size=NORMAL)
        for octave, band in enumerate(range(0, BAND_COUNT, BANDS_PER_OCTAVE), _LOWEST_OCTAVE):
            y = inner.bottom - (band + 0.5) * inner.height / BAND_COUNT
            canvas.line([(inner.left - 4, y), (inner.left, y)], palette.SOFT)
            canvas.text((inner.left - 7, y), f"C{octave}", colour=palette.SOFT, size=SMALL, anchor="rm")
        ago = f"{trace.game.frames_in_view / FRAME_RATE_HZ:g} s ago"
        canvas.text((inner.left, inner.bottom + 5), ago, colour=palette.SOFT, size=SMALL)
        canvas.text((inner.right, inner.bottom + 5), "now", colour=palette.SOFT, size=SMALL, anchor="rt")

    def _coloured(self, heard: npt.NDArray[np.uint8], state: int) -> Image.Image:
        attribution = self.shown.attribution
        number = attribution.map_at(state) if attribution else None
        if attribution is None or number is None:
            return Image.fromarray(heard).convert("RGB")
        spoke = attribution.spectrogram[number].T[::-1]
        ago = state - int(attribution.decision[number])
        placed = _placed(spoke, heard.shape, top=0, left=heard.shape[1] - spoke.shape[1] - ago)
        return overlay(heard, placed, self._full_colour)


class ActionPanel(Panel):
    """The panel of the actions' probabilities and of the state of the episode in numbers."""

    def draw(self, canvas: Canvas, frame: int) -> None:
        """Draw a frame of the performance; see `Panel.draw`."""
        left, top = self.box.left, self.box.top
        canvas.text((left, top), "change of speed")
        self._draw_actions(canvas, frame)
        top += 42 + 26 * len(self.shown.trace.game.actions)
        for k, (word, value) in enumerate(self._numbers(frame)):
            canvas.text((left, top + _NUMBER * k), word, colour=palette.SOFT, size=SMALL, anchor="lm")
            canvas.text((left + 62, top + _NUMBER * k), value, anchor="lm")

    def _draw_actions(self, canvas: Canvas, frame: int) -> None:
        trace = self.shown.trace
        if frame < trace.first_frame:
            canvas.text(
                (self.box.left, self.box.top + 28), "waiting for the first note", colour=palette.SOFT, size=SMALL
            )
            return
        shares = trace.action[trace.decision_at(trace.state_at(frame))]
        left, room = self.box.left + 62, self.box.width - 62 - 44
        for k, (change, share) in enumerate(zip(trace.game.actions, shares, strict=True)):
            top, chosen = self.box.top + 26 + 26 * k, k == int(np.argmax(shares))
            name = action_name(change)
            canvas.text(
                (self.box.left, top + 10),
                name,
                colour=palette.TEXT if chosen else palette.SOFT,
                size=SMALL,
                anchor="lm",
            )
            canvas.rectangle(Box(left, top, room, 20), fill=palette.PAPER, outline=palette.LINE)
            canvas.rectangle(
                Box(left, top, room * float(share), 20), fill=palette.AGENT if chosen else palette.AGENT_PALE
            )
            canvas.text((left + room + 5, top + 10), f"{share:.2f}", size=SMALL, anchor="lm")

    def _numbers(self, frame: int) -> tuple[tuple[str, str], ...]:
        trace, state = self.shown.trace, self.shown.trace.state_at(frame)
        started = frame > trace.first_frame
        error_px = float(trace.error_px[state])
        return (
            ("error", f"{error_px * CM_PER_STRIP_PX:+.2f} cm ({error_px:+.0f} px)"),
            ("speed", f"{trace.speed[state]:+.0f} px a frame"),
            ("reward", f"{trace.reward[state - 1]:.2f}" if started else "-"),
            ("value", f"{trace.value[trace.decision_at(state)]:.2f}" if started else "-"),
        )


def action_name(change: int) -> str:
    """Return a word for a change of speed."""
    return f"slower {change}" if change < 0 else f"faster +{change}" if change > 0 else "keep"


def full_colour(attribution: Floats, *, spread: Callable[[Floats], Floats] = np.asarray) -> float:
    """Return the attribution that gets the full colour; all but the strongest are below it.

    Args:
        attribution: The attributions of a whole episode, (maps, ...).
        spread: The function that is applied to maps before they are drawn.
    """
    some = attribution[:: -(-len(attribution) // _MAPS_MEASURED)]
    return float(np.percentile(np.abs(spread(some)), _FULL_COLOUR_PERCENTILE))


def _spread(maps: Floats) -> Floats:
    """Average maps, (..., h, w), over squares around each pixel, because single pixels are too small to be seen."""
    edges = [(0, 0)] * (maps.ndim - 2) + [(_SPREAD_PX, _SPREAD_PX)] * 2
    spread: Floats = np.pad(maps, edges)
    for axis in (-2, -1):
        spread = np.lib.stride_tricks.sliding_window_view(spread, 2 * _SPREAD_PX + 1, axis=axis).mean(axis=-1)
    return spread


def _placed(values: Floats, shape: tuple[int, ...], *, top: int, left: int) -> Floats:
    """Place values, (h, w), in an array of zeros; columns beyond the left and right edge are cut."""
    placed = np.zeros(shape, np.float32)
    low, high = max(left, 0), min(left + values.shape[1], shape[1])
    if low < high:
        placed[top : top + values.shape[0], low:high] = values[:, low - left : high - left]
    return placed
