"""Writes the embedding map as one HTML file, whose points show and play what the agent saw and heard."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps

from standpartner.agent.bundle import Floats
from standpartner.agent.columns import ink
from standpartner.constants import FRAME_RATE_HZ
from standpartner.explain.embedding.points import Points
from standpartner.explain.embedding.tsne_map import COLOURINGS, colour_range
from standpartner.game.tracks import Track
from standpartner.support.embed import data_uri, grey_png, vorbis_uri
from standpartner.support.files import write_text
from standpartner.support.pages import render_page

_COLOUR_STEPS = 64


@dataclass(frozen=True, eq=False)
class MapPage:
    """The content of the page of an embedding map.

    Attributes:
        title: The title of the page.
        places: The places on the map, (N, 2).
        points: The N points at these places.
        tracks: The tracks of the episodes, in their order.
        sounds: The sounds of the tracks, each (n,) samples at 22 050 Hz; the page is silent if there are none.
        window_px: The width in strip px of the part of the strip that the agent sees.
    """

    title: str
    places: npt.NDArray[np.float64]
    points: Points
    tracks: Sequence[Track]
    sounds: Sequence[Floats]
    window_px: int


def write_map_page(path: Path, page: MapPage) -> None:
    """Write a page that needs no other files: map, scores, spectrograms and sounds are inside.

    Args:
        path: The file.
        page: The content of the page.

    Raises:
        OutputError: The file cannot be written.
    """
    points, low, high = page.points, page.places.min(axis=0), page.places.max(axis=0)
    data = {
        "frameRate": FRAME_RATE_HZ,
        "windowPx": page.window_px,
        "places": np.round((page.places - low) / np.maximum(high - low, 1e-9), 4).tolist(),
        "episode": points.episode.tolist(),
        "frame": points.frame.tolist(),
        "x": np.round(points.position_px, 1).tolist(),
        "colourings": [_colouring(name, label, getattr(points, name)) for name, label in COLOURINGS.items()],
        "tracks": [_track(track) for track in page.tracks],
        "sounds": [vorbis_uri(sound) for sound in page.sounds],
    }
    write_text(path, render_page("explain/embedding/page.html", {"title": page.title, "data": data}))


def _colouring(name: str, label: str, values: npt.NDArray[np.floating]) -> dict[str, Any]:
    low, high, colours = colour_range(name, values)
    steps = (colormaps[colours](np.linspace(0, 1, _COLOUR_STEPS))[:, :3] * 255).round().astype(int)
    return {
        "label": label,
        "low": low,
        "high": high,
        "colours": [f"rgb({r} {g} {b})" for r, g, b in steps.tolist()],
        "values": np.round(values, 3).tolist(),
    }


def _track(track: Track) -> dict[str, Any]:
    heard = track.spectrogram.T[::-1] / max(float(track.spectrogram.max()), 1e-6)
    return {"name": track.name, "score": _picture(1 - ink(track.strip)), "heard": _picture(1 - heard)}


def _picture(image: Floats) -> str:
    """Embed values from 0 to 1 as a grey picture."""
    return data_uri(grey_png(np.round(image * 255).astype(np.uint8)), "image/png")
