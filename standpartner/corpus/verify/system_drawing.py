"""Draws a score and a performance, system by system, with the piece's tables laid over them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from standpartner.constants import FRAME_RATE_HZ, STRIP_HEIGHT_PX
from standpartner.corpus.verify import measurements
from standpartner.corpus.verify.checks import VerifyConfig
from standpartner.piece import Performance
from standpartner.score import Score
from standpartner.support.embed import data_uri, notation_png

_WIDEST_ROW_PX: Final = 1_100  # imported pieces are one system of any length
_SOUND_TOP_PX: Final = STRIP_HEIGHT_PX + 40
_SOUND_PX: Final = 100
_LEAD_S: Final = 0.3  # the sound that is shown before the first onset of a row
_TAIL_S: Final = 1.0  # the sound that is shown after the last onset of the piece
_ZOOM: Final = 1.4


@dataclass(frozen=True)
class _Row:
    """A part of the strip and of the audio, which are drawn side by side."""

    left_px: float
    right_px: float
    onsets: slice
    start_s: float
    end_s: float

    @property
    def width_px(self) -> float:
        return self.right_px - self.left_px

    def time_x(self, second: float) -> float:
        """Return the x in px of a second of the audio in the row."""
        return (second - self.start_s) / (self.end_s - self.start_s) * self.width_px


class SystemDrawing:
    """Draws a score and one of its performances, row by row.

    Args:
        score: The score.
        heard: The performance; None for the score alone.
        config: The tolerances of the checks.
    """

    def __init__(self, score: Score, heard: Performance | None, config: VerifyConfig) -> None:
        self._score = score
        self._heard = heard
        self._doubts = _doubts(score, config)
        pairs = zip(measurements.pitches_drawn(score), measurements.pitches_sounding(score), strict=True)
        self._seconds = np.full(len(score.onsets), np.nan)  # when each onset is played first
        if heard is not None:
            onset, first = np.unique(heard.onset, return_index=True)
            self._seconds[onset] = heard.onset_s[first]
        self._unlike = [drawn != sounding for drawn, sounding in pairs]

    def rows(self) -> Iterator[str]:
        """Yield one SVG a system, or several if the system is very long."""
        systems = self._score.systems
        for left, right in zip(systems.strip_left_px, systems.strip_right_px, strict=True):
            count = int(np.ceil((right - left) / _WIDEST_ROW_PX))
            edges = np.rint(np.linspace(left, right, count + 1))
            for k in range(count):
                yield self._draw(self._row(float(edges[k]), float(edges[k + 1])))

    def _row(self, left_px: float, right_px: float) -> _Row:
        first, after = np.searchsorted(self._score.onsets.x_px, (left_px, right_px))
        if self._heard is None or first == after:
            return _Row(left_px, right_px, slice(int(first), int(after)), 0.0, 1.0)
        seconds = self._seconds
        inside = seconds[first:after][np.isfinite(seconds[first:after])]
        if not len(inside):
            return _Row(left_px, right_px, slice(int(first), int(after)), 0.0, 1.0)
        after_s = seconds[after] if after < len(seconds) else np.nan
        end_s = after_s if after_s > inside[-1] else inside[-1] + _TAIL_S
        return _Row(left_px, right_px, slice(int(first), int(after)), float(inside[0]) - _LEAD_S, float(end_s))

    def _draw(self, row: _Row) -> str:
        heard = self._heard if row.onsets.start < row.onsets.stop else None
        height = _SOUND_TOP_PX + _SOUND_PX + 14 if heard else STRIP_HEIGHT_PX
        strip = self._score.strip[:, int(row.left_px) : int(row.right_px)]
        parts = [
            f"<svg viewBox='0 0 {row.width_px:.0f} {height}' width='{row.width_px * _ZOOM:.0f}'>",
            _image(strip, (0.0, 0.0, row.width_px, STRIP_HEIGHT_PX), "strip"),
        ]
        if heard:
            parts.append(_sound(heard, row))
        parts += [*self._onset_lines(row, heard), *self._heads(row), "</svg>"]
        return "".join(parts)

    def _onset_lines(self, row: _Row, heard: Performance | None) -> Iterator[str]:
        for onset in range(row.onsets.start, row.onsets.stop):
            x = self._score.onsets.x_px[onset] - row.left_px
            kind = "unlike" if self._unlike[onset] else "onset"
            yield f"<path class={kind} d='M{x:.1f} 0V{STRIP_HEIGHT_PX}'/>"
            if heard and np.isfinite(self._seconds[onset]):
                heard_x = row.time_x(float(self._seconds[onset]))
                yield f"<path class=join d='M{x:.1f} {STRIP_HEIGHT_PX}L{heard_x:.1f} {_SOUND_TOP_PX}'/>"
                yield f"<path class=heard d='M{heard_x:.1f} {_SOUND_TOP_PX}v{_SOUND_PX}'/>"

    def _heads(self, row: _Row) -> Iterator[str]:
        heads = self._score.noteheads
        for head in np.flatnonzero((heads.x_px >= row.left_px) & (heads.x_px < row.right_px)):
            at = f"cx='{heads.x_px[head] - row.left_px:.1f}' cy='{heads.y_px[head]:.1f}'"
            kind = "tied" if heads.onset[head] < 0 else "grace" if heads.grace[head] else "head"
            yield f"<circle class={kind} {at} r='2'/>"
            if self._doubts[head]:
                words = f"MIDI {heads.pitch[head]}: {', '.join(self._doubts[head])}"
                yield f"<circle class=wrong {at} r='7'><title>{words}</title></circle>"


def _sound(heard: Performance, row: _Row) -> str:
    """Draw the spectrogram of a row, high notes on top, and write the seconds at its ends."""
    frames = heard.spectrogram
    first = int(np.clip(np.floor(row.start_s * FRAME_RATE_HZ), 0, len(frames) - 1))
    after = int(np.clip(np.ceil(row.end_s * FRAME_RATE_HZ) + 1, first + 1, len(frames)))
    loud = max(float(np.quantile(frames, 0.995)), 1e-6)
    picture = 255 - np.rint(frames[first:after].T[::-1] / loud * 255).clip(0, 255)
    # Frame k is centred on second k / 20; parts beyond the row are cut by the SVG's edge.
    left, right = (row.time_x((frame - 0.5) / FRAME_RATE_HZ) for frame in (first, after))
    base = _SOUND_TOP_PX + _SOUND_PX + 10
    return (
        _image(picture.astype(np.uint8), (left, _SOUND_TOP_PX, right - left, _SOUND_PX), "sound")
        + f"<text x='1' y='{base}'>{row.start_s:.1f} s</text>"
        + f"<text x='{row.width_px - 1:.0f}' y='{base}' text-anchor='end'>{row.end_s:.1f} s</text>"
    )


def _doubts(score: Score, config: VerifyConfig) -> list[list[str]]:
    """List the faults that the checks find in each head."""
    heads = score.noteheads
    agreement = measurements.staff_agreement(score)
    starting = (heads.onset >= 0) & ~heads.grace
    far = np.zeros(len(heads), bool)
    far[starting] = measurements.head_gap_px(score) > config.head_gap_px
    results = {
        "no ink": measurements.inside_strip(score, whole=True) & (measurements.head_ink(score) < config.ink),
        "height does not fit its pitch": ~np.isnan(agreement) & (agreement < config.neighbours),
        "far from its onset": far,
    }
    return [[words for words, wrong in results.items() if wrong[head]] for head in range(len(heads))]


def _image(pixels: np.ndarray, box: tuple[float, float, float, float], kind: str) -> str:
    """Embed a grey picture, (rows, columns), in 16 shades, stretched to a box (x, y, width, height)."""
    x, y, width, height = (f"{number:.1f}" for number in box)
    return (
        f"<image class={kind} x='{x}' y='{y}' width='{width}' height='{height}' preserveAspectRatio='none' "
        f"href='{data_uri(notation_png(pixels), 'image/png')}'/>"
    )
