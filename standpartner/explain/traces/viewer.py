"""Writes the viewer: a self-contained page that shows any frame of a presentation, with sound and overlays."""

import base64
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from standpartner.constants import BANDS_PER_OCTAVE, CM_PER_STRIP_PX, FRAME_RATE_HZ
from standpartner.explain.traces.painter import shown_frames
from standpartner.explain.traces.panels import action_name, full_colour
from standpartner.explain.traces.presentation import Presentation
from standpartner.explain.traces.trace import Overlay
from standpartner.game.rendering import loudness_grey
from standpartner.score.page_data import measures_table, systems_table
from standpartner.support.embed import embedded_notation, tiles, vorbis_uri
from standpartner.support.files import write_text
from standpartner.support.pages import render_page

_COARSER = 4  # the attribution of a score is averaged over squares of this side in strip px
_SHARE, _SIGNED = 255, 127  # probabilities and attributions are kept in bytes


def write_viewer(path: str | Path, shown: Presentation) -> None:
    """Write one HTML file that needs no other files: score, sound and trace are inside.

    Args:
        path: The file. An existing one is replaced only when the new one is complete.
        shown: The presentation.

    Raises:
        OutputError: The file cannot be written.
    """
    write_text(path, render_page("explain/traces/viewer.html", {"title": shown.title, "data": _content(shown)}))


def _content(shown: Presentation) -> dict[str, Any]:
    trace, track, score = shown.trace, shown.trace.track, shown.score
    frames = shown_frames(track)
    heard = loudness_grey(track.spectrogram[:frames]).T[::-1]
    return {
        "agent": shown.agent,
        "rules": trace.game.name,
        "frameRate": FRAME_RATE_HZ,
        "bandsPerOctave": BANDS_PER_OCTAVE,
        "cmPerPx": CM_PER_STRIP_PX,
        "frames": frames,
        "firstFrame": trace.first_frame,
        "lastFrame": track.last_frame,
        "framesInView": trace.game.frames_in_view,
        "boundPx": trace.game.bound_px,
        "seenPx": trace.seen_px,
        "actions": [action_name(change) for change in trace.game.actions],
        "audio": vorbis_uri(shown.audio),
        "strip": [embedded_notation(tile) for tile in tiles(track.strip)],
        "heard": [embedded_notation(tile) for tile in tiles(heard)],
        "pages": [] if score is None else [embedded_notation(page) for page in score.pages],
        "systems": [] if score is None else systems_table(score),
        "measures": [] if score is None else measures_table(score),
        "attribution": [] if shown.attribution is None else shown.attribution.what,
        "explained": [] if shown.attribution is None else shown.attribution.decision.tolist(),
        "arrays": {name: _array(values) for name, values in _arrays(shown).items()},
    }


def _arrays(shown: Presentation) -> dict[str, npt.NDArray[Any]]:
    trace = shown.trace
    kept: dict[str, npt.NDArray[Any]] = {
        "position": trace.position_px.astype("<f4"),
        "target": trace.target_px.astype("<f4"),
        "speed": trace.speed.astype("<f4"),
        "reward": trace.reward.astype("<f4"),
        "value": trace.value.astype("<f4"),
        "action": _bytes(trace.action),
        "locate": _bytes(trace.locate),
        "belief": _bytes(trace.belief),
    }
    if shown.attribution is not None:
        kept |= _attributions(shown.attribution)
    return kept


def _attributions(attribution: Overlay) -> dict[str, npt.NDArray[np.int8]]:
    count, height, width = attribution.score.shape
    blocks = attribution.score[:, : height // _COARSER * _COARSER, : width // _COARSER * _COARSER]
    coarse = blocks.reshape(count, height // _COARSER, _COARSER, -1, _COARSER).mean(axis=(2, 4))
    return {"forScore": _signed(coarse), "forHeard": _signed(attribution.spectrogram)}


def _bytes(shares: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
    return np.rint(shares * _SHARE).astype(np.uint8)


def _signed(values: npt.NDArray[np.floating]) -> npt.NDArray[np.int8]:
    """Scale attributions so that those with the full colour are -127 or 127."""
    return np.rint(np.clip(values / max(full_colour(values), 1e-12), -1, 1) * _SIGNED).astype(np.int8)


def _array(values: npt.NDArray[Any]) -> dict[str, Any]:
    """Pack an array as its kind, its shape and its compressed bytes."""
    packed = base64.b64encode(zlib.compress(np.ascontiguousarray(values).tobytes(), 9)).decode()
    kinds = {"float32": "Float32Array", "uint8": "Uint8Array", "int8": "Int8Array"}
    return {"kind": kinds[str(values.dtype)], "shape": values.shape, "data": packed}
