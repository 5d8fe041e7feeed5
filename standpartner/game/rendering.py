"""Draws a picture of the game: the score window with its lines, the spectrogram in view, numbers and rewards."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from standpartner.constants import BAND_COUNT, BANDS_PER_OCTAVE, FRAME_RATE_HZ
from standpartner.game.rules import GameConfig
from standpartner.game.tracks import Track
from standpartner.game.windows import score_windows, spectrogram_excerpts
from standpartner.support import palette

_PICTURE_WIDTH_PX = 1_024
_LABEL_HEIGHT_PX, _MARGIN_PX, _FONT_PX, _SMALL_FONT_PX, _LINE_PX = 26, 12, 17, 14, 26
_AXIS_WIDTH_PX, _NUMBERS_WIDTH_PX = 46, 250
_BAND_HEIGHT_PX, _FRAME_WIDTH_PX = 4, 8
_LOWEST_OCTAVE = 2  # band 0 is the note C2, and every twelfth band above it is a C
_LOUD = 1.5  # the log10(1 + magnitude) that is drawn black
_CURVE_FRAMES = 200

_Font = ImageFont.ImageFont | ImageFont.FreeTypeFont
_Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class GameView:
    """The state of an episode for a picture.

    Attributes:
        track: The score and the performance.
        config: The rules of the game.
        position_px: The agent's position in strip px.
        target_px: The true position in strip px.
        speed: The reading speed in strip px a frame.
        frame: The current frame of the performance.
        rewards: The rewards of the steps so far.
        state: The state of the episode in a word, such as "following" or "lost".
    """

    track: Track
    config: GameConfig
    position_px: float
    target_px: float
    speed: float
    frame: int
    rewards: Sequence[float]
    state: str


def draw_view(view: GameView) -> npt.NDArray[np.uint8]:
    """Draw a picture of an episode.

    The score window stands above. A solid line marks the agent, a thick broken line the target, and thin dashed lines
    the bounds. Below stand the spectrogram in view, with low notes at the bottom and the present at the right, numbers,
    and the rewards.

    Args:
        view: The state to show.

    Returns:
        An RGB picture, uint8 (height, width, 3), whose size depends on the rules only.
    """
    score, sound = _score_picture(view), _sound_picture(view)
    top = score.height + 3 * _LABEL_HEIGHT_PX + _MARGIN_PX
    bottom = top + sound.height
    picture = Image.new("RGB", (score.width, bottom + _LABEL_HEIGHT_PX + _MARGIN_PX), palette.PAPER)
    picture.paste(score, (0, _LABEL_HEIGHT_PX))
    picture.paste(sound, (_AXIS_WIDTH_PX, top))
    draw = ImageDraw.Draw(picture)
    _draw_lines(draw, view=view, bottom=_LABEL_HEIGHT_PX + score.height)
    _draw_sound_axes(draw, box=(_AXIS_WIDTH_PX, top, _AXIS_WIDTH_PX + sound.width, bottom), config=view.config)
    left = _AXIS_WIDTH_PX + sound.width + 2 * _MARGIN_PX
    _draw_numbers(draw, view=view, corner=(left, top))
    _draw_rewards(draw, rewards=view.rewards, box=(left + _NUMBERS_WIDTH_PX, top, score.width - 2 * _MARGIN_PX, bottom))
    return np.asarray(picture)


def loudness_grey(spectrogram: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Turn a spectrogram into shades of grey.

    Args:
        spectrogram: The spectrogram as log10(1 + magnitude), of any shape.

    Returns:
        The shades, uint8, of the same shape: 255 (white) is silence, and loud notes are 0 (black).
    """
    return np.round(255 * (1 - np.clip(spectrogram / _LOUD, 0, 1))).astype(np.uint8)


def _zoom(config: GameConfig) -> int:
    return max(1, _PICTURE_WIDTH_PX // config.window_width_px)


@cache
def _font(size_px: int = _FONT_PX) -> _Font:
    return ImageFont.load_default(size_px)


def _score_picture(view: GameView) -> Image.Image:
    ink = score_windows(view.track, view.position_px, config=replace(view.config, downscale=1))[0]
    image = Image.fromarray(np.round(255 * (1 - ink)).astype(np.uint8)).convert("RGB")
    zoom = _zoom(view.config)
    return image.resize((image.width * zoom, image.height * zoom), Image.Resampling.BICUBIC)


def _sound_picture(view: GameView) -> Image.Image:
    heard = spectrogram_excerpts(view.track, view.frame, config=view.config)[0]
    image = Image.fromarray(loudness_grey(heard)[::-1]).convert("RGB")
    image = image.resize((image.width * _FRAME_WIDTH_PX, image.height * _BAND_HEIGHT_PX), Image.Resampling.NEAREST)
    ImageDraw.Draw(image).rectangle((0, 0, image.width - 1, image.height - 1), outline=palette.SOFT)
    return image


def _draw_lines(draw: ImageDraw.ImageDraw, *, view: GameView, bottom: int) -> None:
    zoom, bound = _zoom(view.config), view.config.bound_px
    centre = view.config.window_width_px // 2
    offset = view.target_px - view.position_px
    for x, word in (
        (centre - bound, "bound: lost if the target is further left"),
        (centre + bound, "or further right"),
    ):
        _dashed(draw, (x * zoom, _LABEL_HEIGHT_PX, bottom), colour=palette.SOFT, width=1, dash_px=6)
        draw.text((x * zoom, bottom + 2), word, fill=palette.SOFT, font=_font(_SMALL_FONT_PX), anchor="mt")
    # beyond the window the target's line stays at its edge
    x_target = int(np.clip((centre + offset) * zoom, 2, view.config.window_width_px * zoom - 3))
    _dashed(draw, (x_target, _LABEL_HEIGHT_PX, bottom), colour=palette.TARGET, width=4, dash_px=14)
    x_label = int(np.clip(x_target, _LABEL_HEIGHT_PX, view.config.window_width_px * zoom - _LABEL_HEIGHT_PX))
    draw.text((x_label, _LABEL_HEIGHT_PX - 4), "target", fill=palette.TARGET, font=_font(), anchor="mb")
    draw.line((centre * zoom, _LABEL_HEIGHT_PX, centre * zoom, bottom), fill=palette.AGENT, width=3)
    draw.text((centre * zoom, bottom + 2), "agent", fill=palette.AGENT, font=_font(), anchor="mt")


def _dashed(
    draw: ImageDraw.ImageDraw,
    x_top_bottom: tuple[int, int, int],
    *,
    colour: tuple[int, int, int],
    width: int,
    dash_px: int,
) -> None:
    x, top, bottom = x_top_bottom
    for y in range(top, bottom, 2 * dash_px):
        draw.line((x, y, x, min(y + dash_px, bottom)), fill=colour, width=width)


def _draw_sound_axes(draw: ImageDraw.ImageDraw, *, box: _Box, config: GameConfig) -> None:
    left, top, right, bottom = box
    small = _font(_SMALL_FONT_PX)
    draw.text((left, top - 8), "heard: every row a semitone", fill=palette.TEXT, font=_font(), anchor="lb")
    for octave, band in enumerate(range(0, BAND_COUNT, BANDS_PER_OCTAVE), _LOWEST_OCTAVE):
        y = bottom - band * _BAND_HEIGHT_PX - _BAND_HEIGHT_PX // 2
        draw.line((left - 5, y, left, y), fill=palette.SOFT)
        draw.text((left - 8, y), f"C{octave}", fill=palette.TEXT, font=small, anchor="rm")
    draw.text((left, bottom + 4), f"{config.frames_in_view / FRAME_RATE_HZ:g} s ago", fill=palette.TEXT, font=small)
    draw.text((right, bottom + 4), "now", fill=palette.TEXT, font=small, anchor="ra")


def _draw_numbers(draw: ImageDraw.ImageDraw, *, view: GameView, corner: tuple[int, int]) -> None:
    left, top = corner
    going = view.state == "following"
    colour = palette.TARGET if view.state == "lost" else palette.AGENT
    box = (left, top, left + _NUMBERS_WIDTH_PX - 70, top + _LINE_PX)
    draw.rectangle(box, fill=palette.PAPER if going else colour, outline=colour, width=2)
    words = (left + 8, top + _LINE_PX // 2)
    draw.text(words, view.state, fill=colour if going else palette.PAPER, font=_font(), anchor="lm")
    rewards, end = view.rewards, view.track.last_frame
    rows = (
        ("reward", f"{rewards[-1]:.3f}" if rewards else "-"),
        ("sum of rewards", f"{sum(rewards):.1f} of {len(rewards)}"),
        ("error", f"{view.position_px - view.target_px:+.1f} px"),
        ("speed", f"{view.speed:+.0f} px a frame"),
        ("frame", f"{view.frame} of {end}"),
        ("time", f"{view.frame / FRAME_RATE_HZ:.1f} of {end / FRAME_RATE_HZ:.1f} s"),
    )
    for k, (word, value) in enumerate(rows):
        y = top + _LINE_PX * (k + 1) + _MARGIN_PX
        draw.text((left, y), word, fill=palette.SOFT, font=_font(_SMALL_FONT_PX))
        draw.text((left + 105, y - 3), value, fill=palette.TEXT, font=_font())


def _draw_rewards(draw: ImageDraw.ImageDraw, *, rewards: Sequence[float], box: _Box) -> None:
    left, top, right, bottom = box
    small = _font(_SMALL_FONT_PX)
    title = f"reward of the last {_CURVE_FRAMES // FRAME_RATE_HZ} s"
    draw.text((left, top - 8), title, fill=palette.TEXT, font=_font(), anchor="lb")
    for level, word in ((0.0, "0: lost"), (0.5, "0.5"), (1.0, "1: on the target")):
        y = round(bottom - level * (bottom - top))
        draw.line((left, y, right, y), fill=palette.LINE, width=1)
        draw.text(
            (right, y + 3 if level else y - 3), word, fill=palette.SOFT, font=small, anchor="ra" if level else "rb"
        )
    recent = rewards[-_CURVE_FRAMES:]
    step = (right - left) / (_CURVE_FRAMES - 1)
    points = [(left + k * step, bottom - value * (bottom - top)) for k, value in enumerate(recent)]
    if len(points) > 1:
        draw.line(points, fill=palette.AGENT, width=2)
