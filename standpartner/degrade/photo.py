"""Makes photos of a page as by a phone: a slanted view of a curled page, uneven light, noise, blur, colour."""

from dataclasses import dataclass
from typing import Any, Final, Self

import cv2
import numpy as np

from standpartner.degrade.fields import Field, grain, smooth_field
from standpartner.degrade.geometry import Curl, PageMap, framed, rotation, tilt
from standpartner.errors import ConfigError
from standpartner.score.model import Image
from standpartner.support.ranges import Range, check_ranges, draw

_MARGIN: Final = 0.03  # the space around the page in the photo, as a share of its width
_LIGHT_CELLS: Final = 2.0  # patches of uneven light across a page
_GUTTER: Final = 15.0  # the loss of light at the spine, as a multiple of the curl
_GUTTER_WIDTH: Final = 0.05  # the width of the dark part, as a share of the page's width
_QUARTERS: Final = (0, 1, 2, 3)


@dataclass(frozen=True)
class PhotoLook:
    """The look of one photo; the default values leave a page as it is.

    Attributes:
        seed: The seed of light, noise and colour.
        rotation_deg: The angle by which the page is turned clockwise.
        quarter_turns: The number of further turns by 90 degrees: 1 and 3 are sideways, 2 is upside down.
        pitch_deg: The angle by which the camera looks down or up (keystone).
        yaw_deg: The angle by which it looks to the right or left.
        curl: The height to which the page rises from the spine of its book, as a share of the camera's height. The
            lines at its upper edge bend by this share of half its height, 40 px of a page 2 000 px wide at .03.
        spine_right: Whether the spine is at the right.
        eye: The row that the camera is above, as a share of the page's height.
        margin: The space around the page, as a share of its width.
        background: The grey of the table, 0 to 255.
        page_width_px: The width of the page in the photo in px; None keeps it.
        shade: The loss of light at the darkest place, as a share of the light.
        shadow: The loss of light in the shadow of a hand or head, as a share of the light.
        warmth: The yellowness of the light: blue loses this share, red gains a third of it.
        focus_px: The standard deviation of the focus blur in px.
        motion_px: The length of the blur of a moved hand in px.
        noise: The standard deviation of the sensor's noise in grey levels.
        jpeg_quality: The quality of JPEG, 1 to 95; None leaves it out.
    """

    seed: int = 0
    rotation_deg: float = 0.0
    quarter_turns: int = 0
    pitch_deg: float = 0.0
    yaw_deg: float = 0.0
    curl: float = 0.0
    spine_right: bool = False
    eye: float = 0.5
    margin: float = 0.0
    background: int = 255
    page_width_px: int | None = None
    shade: float = 0.0
    shadow: float = 0.0
    warmth: float = 0.0
    focus_px: float = 0.0
    motion_px: float = 0.0
    noise: float = 0.0
    jpeg_quality: int | None = None


@dataclass(frozen=True)
class PhotoRanges:
    """The ranges (lowest, highest) of the values of `PhotoLook` from which photos are drawn.

    Attributes:
        rotation_deg: The angle of clockwise rotation.
        quarter_turns: The numbers of quarter turns, which are equally likely.
        pitch_deg: The angle down or up.
        yaw_deg: The angle to the right or left.
        curl: The rise of the page.
        eye: The row below the camera.
        background: The grey of the table.
        page_width_px: The width of the page in the photo in px.
        shade: The loss of light at the darkest place.
        shadow: The loss of light in a shadow.
        warmth: The colour of the light.
        focus_px: The standard deviation of the focus blur in px.
        motion_px: The length of the motion blur in px.
        noise: The standard deviation of the noise in grey levels.
        jpeg_quality: The quality of JPEG.
    """

    rotation_deg: Range = (-4.0, 4.0)
    quarter_turns: tuple[int, ...] = (0,)
    pitch_deg: Range = (-6.0, 6.0)
    yaw_deg: Range = (-5.0, 5.0)
    curl: Range = (0.0, 0.03)
    eye: Range = (0.2, 0.8)
    background: Range = (30.0, 140.0)
    page_width_px: Range = (1600.0, 2600.0)
    shade: Range = (0.05, 0.45)
    shadow: Range = (0.0, 0.35)
    warmth: Range = (-0.05, 0.25)
    focus_px: Range = (0.4, 1.2)
    motion_px: Range = (0.0, 2.0)
    noise: Range = (1.0, 8.0)
    jpeg_quality: Range = (55.0, 95.0)

    def __post_init__(self) -> None:
        if not self.quarter_turns or not set(self.quarter_turns) <= set(_QUARTERS):
            raise ConfigError(f"expected quarter_turns among 0, 1, 2 and 3, got {self.quarter_turns}")
        check_ranges(self, within=_LIMITS)

    @classmethod
    def low_resolution(cls) -> Self:
        """Return the ranges of photos in which an A4 page has 75 dots an inch."""
        return cls(page_width_px=(620.0, 620.0), focus_px=(0.2, 0.5), motion_px=(0.0, 0.5), curl=(0.0, 0.01))

    def draw(self, seed: int) -> PhotoLook:
        """Draw one look as a function of the seed alone."""
        rng = np.random.default_rng([seed, 2])
        ranges: dict[str, Any] = {name: draw(getattr(self, name), rng) for name in _LIMITS}
        whole = {name: round(ranges.pop(name)) for name in ("background", "page_width_px", "jpeg_quality")}
        return PhotoLook(
            seed=seed,
            quarter_turns=self.quarter_turns[int(rng.integers(len(self.quarter_turns)))],
            spine_right=bool(rng.random() < 0.5),
            margin=_MARGIN,
            **ranges,
            **whole,
        )


_LIMITS: Final = {
    "rotation_deg": (-45.0, 45.0),
    "pitch_deg": (-25.0, 25.0),
    "yaw_deg": (-25.0, 25.0),
    "curl": (0.0, 0.1),
    "eye": (-1.0, 2.0),
    "background": (0.0, 255.0),
    "page_width_px": (100.0, 10_000.0),
    "shade": (0.0, 0.9),
    "shadow": (0.0, 0.9),
    "warmth": (-0.5, 0.5),
    "focus_px": (0.0, 20.0),
    "motion_px": (0.0, 40.0),
    "noise": (0.0, 60.0),
    "jpeg_quality": (5.0, 95.0),
}


@dataclass(frozen=True)
class Photo:
    """A photo of a page.

    Attributes:
        image: The photo, uint8 (height, width, 3), red, green, blue.
        page_map: The map from the page's points to the photo.
    """

    image: Image
    page_map: PageMap


def page_map(size_px: tuple[int, int], look: PhotoLook) -> PageMap:
    """Return the map from the points of a page to a photo of it.

    Args:
        size_px: The (width, height) of the page in px.
        look: The look of the photo.
    """
    curl = Curl(size_px, rise=look.curl, spine_right=look.spine_right, eye=look.eye)
    slant = tilt(size_px, pitch_deg=look.pitch_deg, yaw_deg=look.yaw_deg)
    turn = rotation(size_px, look.rotation_deg + 90.0 * look.quarter_turns)
    whole = framed(curl, turn @ slant, margin=look.margin)
    return whole.resized((look.page_width_px or size_px[0]) / size_px[0])


def photograph(page: Image, look: PhotoLook) -> Photo:
    """Take a photo of a page.

    Args:
        page: The page, uint8 (height, width), 255 is white. For old print see `scan`.
        look: The look of the photo.

    Returns:
        The photo with the map from the page's points to it.
    """
    height, width = page.shape
    where = page_map((width, height), look)
    # For a photo with fewer pixels than the page, the page is made small by averaging first and then warped.
    scale = min(1.0, (look.page_width_px or width) / width)
    if scale < 1:
        small = (max(1, round(width * scale)), max(1, round(height * scale)))
        page = np.asarray(cv2.resize(page, small, interpolation=cv2.INTER_AREA), np.uint8)
    image = where.warp(_with_gutter(page, look), background=look.background)
    rng = np.random.default_rng([look.seed, 3])
    lit = image.astype(np.float32) * _light(image.shape, look, rng)
    tint = np.array([1 + look.warmth / 3, 1.0, 1 - look.warmth], np.float32)
    coloured = np.asarray(lit[..., None] * tint, np.float32)
    return Photo(_compressed(_noisy(_blurred(coloured, look, rng), look, rng), look), where)


def _with_gutter(page: Image, look: PhotoLook) -> Image:
    """Darken the page towards its spine, where it turns away from the light."""
    if not look.curl:
        return page
    share = (np.arange(page.shape[1], dtype=np.float32) + np.float32(0.5)) / page.shape[1]
    from_spine = 1 - share if look.spine_right else share
    light = 1 - min(0.6, _GUTTER * look.curl) * np.exp(-from_spine / _GUTTER_WIDTH)
    return np.rint(page * light).astype(np.uint8)


def _light(shape: tuple[int, ...], look: PhotoLook, rng: np.random.Generator) -> Field:
    """Draw the light at every pixel: a slope, slow unevenness, and a shadow with a soft edge."""
    height, width = shape[:2]
    across, down = np.meshgrid(
        np.linspace(-1, 1, width, dtype=np.float32), np.linspace(-1, 1, height, dtype=np.float32)
    )
    angle = rng.uniform(0, 2 * np.pi)
    slope = (across * np.float32(np.cos(angle)) + down * np.float32(np.sin(angle))) / np.float32(np.sqrt(2))
    uneven = smooth_field((height, width), max(shape[:2]) / _LIGHT_CELLS, rng)
    depth = slope + np.float32(0.3) * uneven
    depth = (depth - depth.min()) / max(1e-6, float(np.ptp(depth)))
    angle, edge, soft = rng.uniform(0, 2 * np.pi), rng.uniform(-0.3, 0.8), rng.uniform(0.03, 0.2)
    beyond = (across * np.float32(np.cos(angle)) + down * np.float32(np.sin(angle)) - edge) / soft
    shadow = 1 / (1 + np.exp(-np.clip(beyond, -30, 30)))
    return np.asarray((1 - look.shade * depth) * (1 - look.shadow * shadow), np.float32)


def _blurred(image: Field, look: PhotoLook, rng: np.random.Generator) -> Field:
    if look.focus_px > 0:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), look.focus_px), np.float32)
    if look.motion_px > 1:
        angle, reach = rng.uniform(0, np.pi), int(np.ceil(look.motion_px / 2))
        kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
        along = np.linspace(-look.motion_px / 2, look.motion_px / 2, 64)
        rows, columns = np.rint(reach + along * np.sin(angle)), np.rint(reach + along * np.cos(angle))
        np.add.at(kernel, (rows.astype(int), columns.astype(int)), 1 / 64)
        image = np.asarray(cv2.filter2D(image, -1, kernel), np.float32)
    return image


def _noisy(image: Field, look: PhotoLook, rng: np.random.Generator) -> Image:
    """Add sensor noise, most in the dark, in coarse colour and fine brightness, and round to whole grey levels."""
    if look.noise > 0:
        shape = image.shape[:2]
        strength = look.noise * (1.3 - 0.6 * np.clip(image[..., 1], 0, 255) / 255)
        fine = np.asarray(cv2.GaussianBlur(grain(shape, rng), (0, 0), 0.6), np.float32) * np.float32(1.7)
        image = np.asarray(image + (strength * fine)[..., None], np.float32)
        colour = np.stack([smooth_field(shape, 3.0, rng) for _ in range(3)], axis=-1)
        image = np.asarray(image + 0.5 * strength[..., None] * colour, np.float32)
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def _compressed(image: Image, look: PhotoLook) -> Image:
    return image if look.jpeg_quality is None else jpeg(image, look.jpeg_quality)


def jpeg(image: Image, quality: int) -> Image:
    """Return a grey or coloured picture after JPEG compression with a quality from 1 to 95."""
    _, packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_UNCHANGED), np.uint8)
