"""Writes pages to look at: what is drawn and what is heard of pieces, with the truth about both laid over it.

Every page is one file that needs nothing else: pictures are inside.
"""

import base64
import html
import io
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image as PilImage

from standpartner.constants import FRAME_RATE_HZ, STRIP_HEIGHT_PX
from standpartner.corpus.verify import measurements
from standpartner.corpus.verify.checks import CheckResult, CorpusReport, PieceReport, VerifyConfig
from standpartner.errors import CorpusError
from standpartner.piece import Performance, Piece
from standpartner.score import Score

_WIDEST_ROW_PX: Final = 1_100  # imported pieces are one system of any length
_SOUND_TOP_PX: Final = STRIP_HEIGHT_PX + 40
_SOUND_PX: Final = 100
_LEAD_S: Final = 0.3  # sound shown before the first onset of a row
_TAIL_S: Final = 1.0  # and after the last one of the piece
_GREYS: Final = 16
_ZOOM: Final = 1.4
_LEGEND: Final = (
    ("#d55e00", "head"),
    ("#009e73", "tied continuation"),
    ("#cc79a7", "grace note"),
    ("#56b4e9", "onset on the strip"),
    ("#e69f00", "onset in the audio, over its spectrogram"),
    ("#b00020", "a check disagrees"),
)


def write_piece_page(
    path: Path,
    piece: Piece,
    report: PieceReport,
    *,
    config: VerifyConfig,
    performance: str | None = None,
) -> None:
    """Write a page that shows all of a piece with one of its performances.

    Args:
        path: The HTML file.
        piece: The piece to show.
        report: What the checks found.
        config: What counted as right.
        performance: The name of the performance; the default is the first.

    Raises:
        CorpusError: The piece has no such performance, or the file cannot be written.
    """
    heard = _choose(piece, performance)
    rows = "".join(_Drawing(piece.score, heard, config).rows())
    about = f"{piece.name} · {len(piece.score.onsets)} onsets · {len(piece.performances)} performances"
    if heard:
        about += f" · shown: {heard.name}, {heard.duration_s:.0f} s"
    body = f"<h1>{_escape(piece.score.title or piece.name)}</h1><p class=muted>{_escape(about)}</p>"
    body += _legend() + _findings_table(report) + rows
    _write(path, piece.score.title or piece.name, body)


def draw_card(folder: Path, config: VerifyConfig, piece: Piece, report: PieceReport) -> str:
    """Write the page of a piece into a folder and return its card for the contact sheet, with its first system."""
    page = folder / f"{piece.name}.html"
    write_piece_page(page, piece, report, config=config)
    first = next(_Drawing(piece.score, _choose(piece, None), config).rows())
    return f"<p class=muted>{_escape(piece.score.title)} · <a href='{_escape(page.name)}'>whole piece</a></p>{first}"


def write_contact_sheet(folder: Path, report: CorpusReport) -> Path:
    """Write ``index.html`` into a folder: the pooled numbers and the card of every piece, failing ones first.

    Raises:
        CorpusError: The file cannot be written.
    """
    title = f"{report.corpus} {report.split or ''}".strip()
    body = f"<h1>{_escape(title)}</h1><p>{len(report.pieces)} pieces verified, {len(report.failed)} fail a check.</p>"
    body += _legend() + _pooled_table(report)
    for piece in sorted(report.pieces, key=lambda piece: -len(piece.failed)):
        failed = [f"{result.check}: {_share(result)} {result.detail}" for result in piece.failed]
        words = f"<p class=failed>{_escape('; '.join(failed))}</p>" if failed else ""
        kind = "failing" if failed else "passing"
        body += (
            f"<section class={kind}><h2>{_escape(piece.name)}</h2>{words}{report.drawn.get(piece.name, '')}</section>"
        )
    path = folder / "index.html"
    _write(path, title, body)
    return path


def _choose(piece: Piece, name: str | None) -> Performance | None:
    if name is None:
        return piece.performances[0] if piece.performances else None
    named = {performance.name: performance for performance in piece.performances}
    if name not in named:
        raise CorpusError(f"{piece.name} has no performance {name!r}; expected one of {', '.join(named) or 'none'}")
    return named[name]


@dataclass(frozen=True)
class _Row:
    """A stretch of the strip and of the audio, drawn side by side."""

    left_px: float
    right_px: float
    onsets: slice
    start_s: float
    end_s: float

    @property
    def width_px(self) -> float:
        return self.right_px - self.left_px

    def time_x(self, second: float) -> float:
        """Find where a second of the audio lies in the row, in px."""
        return (second - self.start_s) / (self.end_s - self.start_s) * self.width_px


class _Drawing:
    """Draws a score and a performance row by row."""

    def __init__(self, score: Score, heard: Performance | None, config: VerifyConfig) -> None:
        self._score = score
        self._heard = heard
        self._doubts = _doubts(score, config)
        pairs = zip(measurements.pitches_drawn(score), measurements.pitches_sounding(score), strict=True)
        self._unlike = [drawn != sounding for drawn, sounding in pairs]

    def rows(self) -> Iterator[str]:
        """Draw one SVG for each system."""
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
        seconds = self._heard.onset_s
        end_s = seconds[after] if after < len(seconds) else seconds[-1] + _TAIL_S
        return _Row(left_px, right_px, slice(int(first), int(after)), float(seconds[first]) - _LEAD_S, float(end_s))

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
            if heard:
                heard_x = row.time_x(float(heard.onset_s[onset]))
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
    """Draw the spectrogram of a row, high notes on top, and the seconds at its ends."""
    frames = heard.spectrogram
    first = int(np.clip(np.floor(row.start_s * FRAME_RATE_HZ), 0, len(frames) - 1))
    after = int(np.clip(np.ceil(row.end_s * FRAME_RATE_HZ) + 1, first + 1, len(frames)))
    loud = max(float(np.quantile(frames, 0.995)), 1e-6)
    picture = 255 - np.rint(frames[first:after].T[::-1] / loud * 255).clip(0, 255)
    # Frame k is centred on second k / 20; what sticks out of the row is cut by the SVG's edge.
    left, right = (row.time_x((frame - 0.5) / FRAME_RATE_HZ) for frame in (first, after))
    base = _SOUND_TOP_PX + _SOUND_PX + 10
    return (
        _image(picture.astype(np.uint8), (left, _SOUND_TOP_PX, right - left, _SOUND_PX), "sound")
        + f"<text x='1' y='{base}'>{row.start_s:.1f} s</text>"
        + f"<text x='{row.width_px - 1:.0f}' y='{base}' text-anchor='end'>{row.end_s:.1f} s</text>"
    )


def _doubts(score: Score, config: VerifyConfig) -> list[list[str]]:
    """List what the checks say against each head."""
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
    """Draw a gray picture (rows, columns) in 16 shades, stretched into a box (x, y, width, height)."""
    stream = io.BytesIO()
    PilImage.fromarray(pixels).quantize(_GREYS).save(stream, "PNG", optimize=True, bits=4)
    data = base64.b64encode(stream.getvalue()).decode()
    x, y, width, height = (f"{number:.1f}" for number in box)
    return (
        f"<image class={kind} x='{x}' y='{y}' width='{width}' height='{height}' preserveAspectRatio='none' "
        f"href='data:image/png;base64,{data}'/>"
    )


def _legend() -> str:
    keys = (f"<span style='--key:{colour}'>{words}</span>" for colour, words in _LEGEND)
    return f"<p class='muted legend'>{''.join(keys)}</p>"


def _findings_table(report: PieceReport) -> str:
    rows = ""
    for result in sorted(report.results, key=lambda result: result.passed):
        kind = "" if result.passed else " class=failed"
        rows += f"<tr{kind}><td>{_escape(result.check)}<td class=number>{_share(result)}<td>{_escape(result.detail)}"
    return f"<table><tr><th>check<th>right<th>measured{rows}</table>"


def _pooled_table(report: CorpusReport) -> str:
    rows = ""
    for pooled in report.pooled():
        kind = "" if pooled.passed == pooled.pieces else " class=failed"
        numbers = (
            f"<td class=number>{pooled.right} of {pooled.total}<td class=number>{pooled.passed} of {pooled.pieces}"
        )
        worst = f"{pooled.worst} ({pooled.worst_share:.1%})" if pooled.worst_share < 1 else ""
        rows += f"<tr{kind}><td>{_escape(pooled.check)}{numbers}<td>{_escape(worst)}"
    return f"<table><tr><th>check<th>right<th>pieces that pass<th>worst piece{rows}</table>"


def _share(result: CheckResult) -> str:
    return f"{result.right} of {result.total}"


def _escape(words: str) -> str:
    return html.escape(words, quote=True)


def _write(path: Path, title: str, body: str) -> None:
    style = (resources.files("standpartner.corpus.verify") / "page.css").read_text(encoding="utf-8")
    head = f"<meta charset=utf-8><meta name=viewport content='width=device-width'><title>{_escape(title)}</title>"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"<!doctype html><html lang=en>{head}<style>{style}</style>{body}", encoding="utf-8")
    except OSError as error:
        raise CorpusError(f"cannot write {path}: {error.strerror or error}; choose another place") from error
