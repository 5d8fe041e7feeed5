"""Paints one picture a frame, in the strip view or the page view."""

from typing import Final

import numpy as np
import numpy.typing as npt

from standpartner.constants import FRAME_RATE_HZ
from standpartner.errors import ConfigError
from standpartner.explain.traces.curve_panels import CurvesPanel, TimeLine
from standpartner.explain.traces.panels import ActionPanel, PagePanel, Panel, SoundPanel, StripPanel, strip_panel_height
from standpartner.explain.traces.presentation import Presentation
from standpartner.game.tracks import Track
from standpartner.support import palette
from standpartner.support.canvas import NORMAL, SMALL, Box, Canvas
from standpartner.support.palette import Colour

VIEWS: Final = ("strip", "page")
HEIGHTS_PX: Final = (360, 2160)
_WIDTH, _HEIGHT = 1280, 720  # in units
_MARGIN, _HEADER, _FOOTER = 16, 46, 42
_STRIP_ZOOM, _PAGE_ZOOM = 1.7, 1.1  # the size of a strip px in units in either view
_ACTIONS_HEIGHT = 206
_TAIL_FRAMES = FRAME_RATE_HZ  # a second after the last onset


def shown_frames(track: Track) -> int:
    """Count the frames of a performance that are shown: up to a second after the last onset."""
    return min(len(track.spectrogram), track.last_frame + 1 + _TAIL_FRAMES)


class Painter:
    """Paints any frame of a presentation as a 16:9 picture.

    Args:
        shown: The presentation.
        view: The view: "strip" shows the strip around the agent, large; "page" shows the whole page, and the strip
            smaller.
        height_px: The height of the pictures, an even number.

    Raises:
        ConfigError: There is no such view, the height is odd or out of range, or there are no pages to view.
    """

    def __init__(self, shown: Presentation, *, view: str = "strip", height_px: int = _HEIGHT) -> None:
        if view not in VIEWS:
            raise ConfigError(f"no view {view!r}; expected one of {', '.join(VIEWS)}")
        lowest, highest = HEIGHTS_PX
        if not lowest <= height_px <= highest or height_px % 2:
            raise ConfigError(f"expected an even height from {lowest} to {highest} px, got {height_px}")
        self.shown, self.height_px = shown, height_px
        self.frames = shown_frames(shown.trace.track)
        self.sound, panels = self._strip_view() if view == "strip" else self._page_view()
        time_line = Box(_MARGIN, _HEIGHT - _FOOTER + 6, _WIDTH - 2 * _MARGIN, 16)
        self._panels: list[Panel] = [*panels, TimeLine(shown, time_line, frames=self.frames)]

    def paint(self, frame: int) -> npt.NDArray[np.uint8]:
        """Draw a frame.

        Args:
            frame: The frame of the performance, from 0 to ``frames - 1``.

        Returns:
            An RGB picture, uint8 (height, width, 3).
        """
        canvas = Canvas(self._width_px * _HEIGHT / self.height_px, _HEIGHT, scale=self.height_px / _HEIGHT)
        self._draw_header(canvas, frame)
        for panel in self._panels:
            panel.draw(canvas, frame)
        self._draw_legend(canvas, frame)
        return np.asarray(canvas.image)

    @property
    def _width_px(self) -> int:
        """The width of 16:9, even as video needs it."""
        return 2 * round(self.height_px * _WIDTH / _HEIGHT / 2)

    def _strip_view(self) -> tuple[SoundPanel, list[Panel]]:
        strip = Box(_MARGIN, _HEADER, _WIDTH - 2 * _MARGIN, strip_panel_height(self.shown, _STRIP_ZOOM))
        top = strip.bottom + 14
        height = _HEIGHT - _FOOTER - top
        sound = SoundPanel(self.shown, Box(_MARGIN, top, 400, height))
        actions = ActionPanel(self.shown, Box(450, top, 270, height))
        curves = CurvesPanel(self.shown, Box(750, top - 6, _WIDTH - _MARGIN - 750, height + 4))
        return sound, [StripPanel(self.shown, strip, zoom=_STRIP_ZOOM), sound, actions, curves]

    def _page_view(self) -> tuple[SoundPanel, list[Panel]]:
        if self.shown.score is None:
            raise ConfigError(f"{self.shown.title} has no pages to view; choose the view 'strip'")
        page = PagePanel(self.shown, self.shown.score, Box(_MARGIN, _HEADER, 470, _HEIGHT - _HEADER - _FOOTER - 6))
        left = 510
        strip = Box(left, _HEADER, _WIDTH - _MARGIN - left, strip_panel_height(self.shown, _PAGE_ZOOM))
        top = strip.bottom + 10
        height = _HEIGHT - _FOOTER - top
        sound = SoundPanel(self.shown, Box(left, top, 250, height - _ACTIONS_HEIGHT))
        actions = ActionPanel(self.shown, Box(left, sound.box.bottom, 250, _ACTIONS_HEIGHT))
        curves = CurvesPanel(self.shown, Box(left + 272, top - 6, _WIDTH - _MARGIN - left - 272, height + 4))
        return sound, [page, StripPanel(self.shown, strip, zoom=_PAGE_ZOOM), sound, actions, curves]

    def _draw_header(self, canvas: Canvas, frame: int) -> None:
        trace = self.shown.trace
        title = self.shown.title
        canvas.text((_MARGIN, 22), title, size=22, anchor="lm")
        beside = f"followed by {self.shown.agent}, {trace.game.name} rules"
        canvas.text(
            (_MARGIN + canvas.text_width(title, 22) + 16, 23), beside, colour=palette.SOFT, size=SMALL, anchor="lm"
        )
        now, end = frame / FRAME_RATE_HZ, (self.frames - 1) / FRAME_RATE_HZ
        canvas.text((_WIDTH - _MARGIN, 22), f"{now:.1f} of {end:.1f} s", size=NORMAL, anchor="rm")
        words, colour = self._state(frame)
        badge = Box(_WIDTH - _MARGIN - 260, 10, 120, 25)
        canvas.rectangle(badge, fill=colour if words == "lost" else palette.PAPER, outline=colour)
        on_colour = palette.PAPER if words == "lost" else colour
        canvas.text((badge.left + 60, 22), words, colour=on_colour, size=NORMAL, anchor="mm")

    def _state(self, frame: int) -> tuple[str, Colour]:
        trace = self.shown.trace
        if frame < trace.first_frame:
            return "waiting", palette.SOFT
        if trace.lost[trace.state_at(frame)]:
            return "lost", palette.TARGET
        if trace.lost_frame is not None and frame > trace.lost_frame:
            return "found again", palette.AGENT
        return ("finished" if frame >= trace.track.last_frame else "following"), palette.AGENT

    def _draw_legend(self, canvas: Canvas, frame: int) -> None:
        y, left = _HEIGHT - 10, float(_MARGIN)
        words = [("time line: distance to the target", palette.AGENT_PALE), ("lost", palette.TARGET)]
        if self.shown.score is not None:
            words.append(("a system starts", palette.BELIEF))
        attribution, first = self.shown.attribution, self.shown.trace.first_frame
        number = attribution.map_at(frame - first) if attribution else None
        if attribution is not None and number is not None:
            second = (first + attribution.decision[number]) / FRAME_RATE_HZ
            words += [(f"on score and sound, for {attribution.what[number]} at {second:.1f} s", palette.FOR)]
            words += [("against it", palette.AGAINST)]
        for word, colour in words:
            canvas.rectangle(Box(left, y - 6, 10, 10), fill=colour)
            canvas.text((left + 15, y), word, colour=palette.TEXT, size=SMALL, anchor="lm")
            left += 40 + canvas.text_width(word, SMALL)
