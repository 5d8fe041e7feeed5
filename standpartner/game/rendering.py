"""A picture of one moment of the game: the score window with its lines, what is heard, and how it goes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from standpartner.game.observation import score_windows, spectrogram_excerpts
from standpartner.game.rules import GameConfig
from standpartner.game.tracks import Track

# Okabe-Ito colours: distinguishable with every kind of colour blindness; line styles differ as well
_AGENT, _TARGET, _BOUND = (0, 114, 178), (213, 94, 0), (110, 110, 110)
_TEXT, _PAPER, _GRID = (20, 20, 20), (255, 255, 255), (215, 215, 215)
_PICTURE_WIDTH_PX = 1_024
_LABEL_HEIGHT_PX, _MARGIN_PX, _FONT_PX, _LINE_PX = 26, 12, 17, 24
_BAND_HEIGHT_PX, _FRAME_WIDTH_PX = 4, 8
_LOUD = 1.5  # log10(1 + magnitude) that is drawn black
_CURVE_FRAMES = 200


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
    top = score.height + 2 * _LABEL_HEIGHT_PX + _MARGIN_PX
    picture = Image.new("RGB", (score.width, top + sound.height + _LABEL_HEIGHT_PX + _MARGIN_PX), _PAPER)
    picture.paste(score, (0, _LABEL_HEIGHT_PX))
    picture.paste(sound, (_MARGIN_PX, top + _LABEL_HEIGHT_PX))
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(_FONT_PX)
    _draw_lines(draw, font, moment=moment, bottom=_LABEL_HEIGHT_PX + score.height)
    draw.text((_MARGIN_PX, top), "heard", fill=_TEXT, font=font)
    right = (2 * _MARGIN_PX + sound.width, top, score.width - _MARGIN_PX, top + _LABEL_HEIGHT_PX + sound.height)
    _draw_numbers(draw, font, moment=moment, corner=right[:2])
    _draw_rewards(draw, font, rewards=moment.rewards, box=(right[0] + 230, *right[1:]))
    return np.asarray(picture)


def _zoom(config: GameConfig) -> int:
    return max(1, _PICTURE_WIDTH_PX // config.window_width_px)


def _score_picture(moment: Moment) -> Image.Image:
    ink = score_windows(moment.track, moment.position_px, config=replace(moment.config, downscale=1))[0]
    image = Image.fromarray(np.round(255 * (1 - ink)).astype(np.uint8)).convert("RGB")
    zoom = _zoom(moment.config)
    return image.resize((image.width * zoom, image.height * zoom), Image.Resampling.BICUBIC)


def _sound_picture(moment: Moment) -> Image.Image:
    heard = spectrogram_excerpts(moment.track, moment.frame, config=moment.config)[0]
    grey = np.round(255 * (1 - np.clip(heard / _LOUD, 0, 1))).astype(np.uint8)
    image = Image.fromarray(grey[::-1]).convert("RGB")
    image = image.resize((image.width * _FRAME_WIDTH_PX, image.height * _BAND_HEIGHT_PX), Image.Resampling.NEAREST)
    ImageDraw.Draw(image).rectangle((0, 0, image.width - 1, image.height - 1), outline=_BOUND)
    return image


def _draw_lines(
    draw: ImageDraw.ImageDraw, font: ImageFont.ImageFont | ImageFont.FreeTypeFont, *, moment: Moment, bottom: int
) -> None:
    zoom, bound = _zoom(moment.config), moment.config.bound_px
    centre = moment.config.window_width_px // 2
    offset = moment.target_px - moment.position_px
    for x in ((centre - bound) * zoom, (centre + bound) * zoom):
        _dashed(draw, (x, _LABEL_HEIGHT_PX, bottom), colour=_BOUND, width=1, dash_px=6)
        draw.text((x, bottom + 2), "bound", fill=_BOUND, font=font, anchor="mt")
    # beyond the window the target's line stays at its edge
    x_target = int(np.clip((centre + offset) * zoom, 2, moment.config.window_width_px * zoom - 3))
    _dashed(draw, (x_target, _LABEL_HEIGHT_PX, bottom), colour=_TARGET, width=4, dash_px=14)
    draw.text((x_target, _LABEL_HEIGHT_PX - 4), "target", fill=_TARGET, font=font, anchor="mb")
    draw.line((centre * zoom, _LABEL_HEIGHT_PX, centre * zoom, bottom), fill=_AGENT, width=3)
    draw.text((centre * zoom, bottom + 2), "agent", fill=_AGENT, font=font, anchor="mt")


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


def _draw_numbers(
    draw: ImageDraw.ImageDraw,
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
    *,
    moment: Moment,
    corner: tuple[int, int],
) -> None:
    rows = (
        f"{moment.state}",
        f"reward {moment.rewards[-1]:.3f}" if moment.rewards else "reward -",
        f"sum of rewards {sum(moment.rewards):.1f}",
        f"error {moment.position_px - moment.target_px:+.1f} px",
        f"speed {moment.speed:+.0f} px/frame",
        f"frame {moment.frame} of {moment.track.last_frame}",
    )
    for k, row in enumerate(rows):
        draw.text((corner[0], corner[1] + _LABEL_HEIGHT_PX + k * _LINE_PX), row, fill=_TEXT, font=font)


def _draw_rewards(
    draw: ImageDraw.ImageDraw,
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
    *,
    rewards: Sequence[float],
    box: tuple[int, int, int, int],
) -> None:
    left, top, right, bottom = box
    draw.text((left, top), f"reward, last {_CURVE_FRAMES} frames (0 to 1)", fill=_TEXT, font=font)
    top += _LABEL_HEIGHT_PX
    for level in (0.0, 0.5, 1.0):
        y = bottom - level * (bottom - top)
        draw.line((left, y, right, y), fill=_GRID, width=1)
    recent = list(rewards)[-_CURVE_FRAMES:]
    step = (right - left) / (_CURVE_FRAMES - 1)
    points = [(left + k * step, bottom - value * (bottom - top)) for k, value in enumerate(recent)]
    if len(points) > 1:
        draw.line(points, fill=_AGENT, width=2)
