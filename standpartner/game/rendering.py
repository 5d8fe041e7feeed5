"""A picture of one moment of the game: the score window with its lines, what is heard, and how it goes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from standpartner.constants import BAND_COUNT, BANDS_PER_OCTAVE, FRAME_RATE_HZ
from standpartner.game.observation import score_windows, spectrogram_excerpts
from standpartner.game.rules import GameConfig
from standpartner.game.tracks import Track

# Okabe-Ito colours: distinguishable with every kind of colour blindness; line styles and words differ as well
_AGENT, _TARGET, _BOUND = (0, 114, 178), (213, 94, 0), (110, 110, 110)
_TEXT, _PAPER, _GRID = (20, 20, 20), (255, 255, 255), (215, 215, 215)
_PICTURE_WIDTH_PX = 1_024
_LABEL_HEIGHT_PX, _MARGIN_PX, _FONT_PX, _SMALL_FONT_PX, _LINE_PX = 26, 12, 17, 14, 26
_AXIS_WIDTH_PX, _NUMBERS_WIDTH_PX = 46, 250
_BAND_HEIGHT_PX, _FRAME_WIDTH_PX = 4, 8
_LOWEST_OCTAVE = 2  # band 0 is the note C2, every twelfth band above it a C too
_LOUD = 1.5  # log10(1 + magnitude) that is drawn black
_CURVE_FRAMES = 200

_Font = ImageFont.ImageFont | ImageFont.FreeTypeFont
_Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Moment:
    """What a picture shows.

    Attributes:
        track: the score and performance.
        config: the rules.
        position_px: the agent's strip x.
        target_px: the true strip x.
        speed: strip px per frame.
        frame: current frame of the performance.
        rewards: of the steps so far.
        state: how the episode stands, in a word.
    """

    track: Track
    config: GameConfig
    position_px: float
    target_px: float
    speed: float
    frame: int
    rewards: Sequence[float]
    state: str


def draw_moment(moment: Moment) -> npt.NDArray[np.uint8]:
    """Draw the picture.

    Above, the score window: a solid line for the agent, a thick broken one for the target, thin dashed ones for the
    bounds. Below, the spectrogram in view (low bands at the bottom, now at the right), numbers and the rewards.

    Args:
        moment: what to show.

    Returns:
        uint8 (height, width, 3) RGB; the size depends on the configuration only.
    """
    score, sound = _score_picture(moment), _sound_picture(moment)
    top = score.height + 3 * _LABEL_HEIGHT_PX + _MARGIN_PX
    bottom = top + sound.height
    picture = Image.new("RGB", (score.width, bottom + _LABEL_HEIGHT_PX + _MARGIN_PX), _PAPER)
    picture.paste(score, (0, _LABEL_HEIGHT_PX))
    picture.paste(sound, (_AXIS_WIDTH_PX, top))
    draw = ImageDraw.Draw(picture)
    _draw_lines(draw, moment=moment, bottom=_LABEL_HEIGHT_PX + score.height)
    _draw_sound_axes(draw, box=(_AXIS_WIDTH_PX, top, _AXIS_WIDTH_PX + sound.width, bottom), config=moment.config)
    left = _AXIS_WIDTH_PX + sound.width + 2 * _MARGIN_PX
    _draw_numbers(draw, moment=moment, corner=(left, top))
    _draw_rewards(
        draw, rewards=moment.rewards, box=(left + _NUMBERS_WIDTH_PX, top, score.width - 2 * _MARGIN_PX, bottom)
    )
    return np.asarray(picture)


def loudness_grey(spectrogram: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    """Shades in which a spectrogram is drawn.

    Args:
        spectrogram: log10(1 + magnitude), any shape.

    Returns:
        uint8, same shape: 255 (white) for silence, 0 (black) from loud notes on.
    """
    return np.round(255 * (1 - np.clip(spectrogram / _LOUD, 0, 1))).astype(np.uint8)


def _zoom(config: GameConfig) -> int:
    return max(1, _PICTURE_WIDTH_PX // config.window_width_px)


@cache
def _font(size_px: int = _FONT_PX) -> _Font:
    return ImageFont.load_default(size_px)


def _score_picture(moment: Moment) -> Image.Image:
    ink = score_windows(moment.track, moment.position_px, config=replace(moment.config, downscale=1))[0]
    image = Image.fromarray(np.round(255 * (1 - ink)).astype(np.uint8)).convert("RGB")
    zoom = _zoom(moment.config)
    return image.resize((image.width * zoom, image.height * zoom), Image.Resampling.BICUBIC)


def _sound_picture(moment: Moment) -> Image.Image:
    heard = spectrogram_excerpts(moment.track, moment.frame, config=moment.config)[0]
    image = Image.fromarray(loudness_grey(heard)[::-1]).convert("RGB")
    image = image.resize((image.width * _FRAME_WIDTH_PX, image.height * _BAND_HEIGHT_PX), Image.Resampling.NEAREST)
    ImageDraw.Draw(image).rectangle((0, 0, image.width - 1, image.height - 1), outline=_BOUND)
    return image


def _draw_lines(draw: ImageDraw.ImageDraw, *, moment: Moment, bottom: int) -> None:
    zoom, bound = _zoom(moment.config), moment.config.bound_px
    centre = moment.config.window_width_px // 2
    offset = moment.target_px - moment.position_px
    for x, word in (
        (centre - bound, "bound: lost if the target is further left"),
        (centre + bound, "or further right"),
    ):
        _dashed(draw, (x * zoom, _LABEL_HEIGHT_PX, bottom), colour=_BOUND, width=1, dash_px=6)
        draw.text((x * zoom, bottom + 2), word, fill=_BOUND, font=_font(_SMALL_FONT_PX), anchor="mt")
    # beyond the window the target's line stays at its edge
    x_target = int(np.clip((centre + offset) * zoom, 2, moment.config.window_width_px * zoom - 3))
    _dashed(draw, (x_target, _LABEL_HEIGHT_PX, bottom), colour=_TARGET, width=4, dash_px=14)
    x_label = int(np.clip(x_target, _LABEL_HEIGHT_PX, moment.config.window_width_px * zoom - _LABEL_HEIGHT_PX))
    draw.text((x_label, _LABEL_HEIGHT_PX - 4), "target", fill=_TARGET, font=_font(), anchor="mb")
    draw.line((centre * zoom, _LABEL_HEIGHT_PX, centre * zoom, bottom), fill=_AGENT, width=3)
    draw.text((centre * zoom, bottom + 2), "agent", fill=_AGENT, font=_font(), anchor="mt")


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
    draw.text((left, top - 8), "heard: every row a semitone", fill=_TEXT, font=_font(), anchor="lb")
    for octave, band in enumerate(range(0, BAND_COUNT, BANDS_PER_OCTAVE), _LOWEST_OCTAVE):
        y = bottom - band * _BAND_HEIGHT_PX - _BAND_HEIGHT_PX // 2
        draw.line((left - 5, y, left, y), fill=_BOUND)
        draw.text((left - 8, y), f"C{octave}", fill=_TEXT, font=small, anchor="rm")
    draw.text((left, bottom + 4), f"{config.frames_in_view / FRAME_RATE_HZ:g} s ago", fill=_TEXT, font=small)
    draw.text((right, bottom + 4), "now", fill=_TEXT, font=small, anchor="ra")


def _draw_numbers(draw: ImageDraw.ImageDraw, *, moment: Moment, corner: tuple[int, int]) -> None:
    left, top = corner
    going = moment.state == "following"
    colour = _TARGET if moment.state == "lost" else _AGENT
    box = (left, top, left + _NUMBERS_WIDTH_PX - 70, top + _LINE_PX)
    draw.rectangle(box, fill=_PAPER if going else colour, outline=colour, width=2)
    words = (left + 8, top + _LINE_PX // 2)
    draw.text(words, moment.state, fill=colour if going else _PAPER, font=_font(), anchor="lm")
    rewards, end = moment.rewards, moment.track.last_frame
    rows = (
        ("reward", f"{rewards[-1]:.3f}" if rewards else "-"),
        ("sum of rewards", f"{sum(rewards):.1f} of {len(rewards)}"),
        ("error", f"{moment.position_px - moment.target_px:+.1f} px"),
        ("speed", f"{moment.speed:+.0f} px a frame"),
        ("frame", f"{moment.frame} of {end}"),
        ("time", f"{moment.frame / FRAME_RATE_HZ:.1f} of {end / FRAME_RATE_HZ:.1f} s"),
    )
    for k, (word, value) in enumerate(rows):
        y = top + _LINE_PX * (k + 1) + _MARGIN_PX
        draw.text((left, y), word, fill=_BOUND, font=_font(_SMALL_FONT_PX))
        draw.text((left + 105, y - 3), value, fill=_TEXT, font=_font())


def _draw_rewards(draw: ImageDraw.ImageDraw, *, rewards: Sequence[float], box: _Box) -> None:
    left, top, right, bottom = box
    small = _font(_SMALL_FONT_PX)
    title = f"reward of the last {_CURVE_FRAMES // FRAME_RATE_HZ} s"
    draw.text((left, top - 8), title, fill=_TEXT, font=_font(), anchor="lb")
    for level, word in ((0.0, "0: lost"), (0.5, "0.5"), (1.0, "1: on the target")):
        y = round(bottom - level * (bottom - top))
        draw.line((left, y, right, y), fill=_GRID, width=1)
        draw.text((right, y + 3 if level else y - 3), word, fill=_BOUND, font=small, anchor="ra" if level else "rb")
    recent = rewards[-_CURVE_FRAMES:]
    step = (right - left) / (_CURVE_FRAMES - 1)
    points = [(left + k * step, bottom - value * (bottom - top)) for k, value in enumerate(recent)]
    if len(points) > 1:
        draw.line(points, fill=_AGENT, width=2)
