"""Writes pages that show the images and sound of pieces with the pieces' tables laid over them.

Every page is one file with its pictures inside.
"""

import html
from importlib import resources
from pathlib import Path
from typing import Final

from standpartner.corpus.verify.checks import CheckResult, CorpusReport, PieceReport, VerifyConfig
from standpartner.corpus.verify.system_drawing import SystemDrawing
from standpartner.errors import CorpusError
from standpartner.piece import Performance, Piece
from standpartner.support.files import make_folder, write_text
from standpartner.support.report_page import report_page, table

_LEGEND: Final = {
    "notehead": "head",
    "tied-head": "tied continuation",
    "grace-head": "grace note",
    "onset": "onset on the strip",
    "heard-onset": "onset in the audio, over its spectrogram",
    "warning": "a check disagrees",
}


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
        report: The results of the checks.
        config: The tolerances of the checks.
        performance: The name of the performance; the first one by default.

    Raises:
        CorpusError: The piece has no such performance.
        OutputError: The file cannot be written.
    """
    heard = _choose(piece, performance)
    rows = "".join(SystemDrawing(piece.score, heard, config).rows())
    lead = f"{piece.name} · {len(piece.score.onsets)} onsets · {len(piece.performances)} performances"
    if heard:
        lead += f" · shown: {heard.name}, {heard.duration_s:.0f} s"
    _write(path, piece.score.title or piece.name, lead=lead, body=_legend() + _results_table(report) + rows)


def draw_card(folder: Path, config: VerifyConfig, piece: Piece, report: PieceReport) -> str:
    """Write the page of a piece into a folder and return its card for the contact sheet, with its first system."""
    page = folder / f"{piece.name}.html"
    write_piece_page(page, piece, report, config=config)
    first = next(SystemDrawing(piece.score, _choose(piece, None), config).rows())
    return f"<p class=soft>{_escape(piece.score.title)} · <a href='{_escape(page.name)}'>whole piece</a></p>{first}"


def write_contact_sheet(folder: Path, report: CorpusReport) -> Path:
    """Write ``index.html`` into a folder: the pooled numbers and the card of every piece, failing ones first.

    Raises:
        OutputError: The file cannot be written.
    """
    body = _legend() + _pooled_table(report)
    for piece in sorted(report.pieces, key=lambda piece: -len(piece.failed)):
        failed = [f"{result.check}: {_share(result)} {result.detail}" for result in piece.failed]
        words = f"<p class=failed>{_escape('; '.join(failed))}</p>" if failed else ""
        kind = "failing" if failed else "passing"
        body += (
            f"<section class={kind}><h2>{_escape(piece.name)}</h2>{words}{report.drawn.get(piece.name, '')}</section>"
        )
    path = folder / "index.html"
    lead = f"{len(report.pieces)} pieces verified, {len(report.failed)} fail a check."
    _write(path, f"{report.corpus} {report.split or ''}".strip(), lead=lead, body=body)
    return path


def _choose(piece: Piece, name: str | None) -> Performance | None:
    if name is None:
        return piece.performances[0] if piece.performances else None
    named = {performance.name: performance for performance in piece.performances}
    if name not in named:
        raise CorpusError(f"{piece.name} has no performance {name!r}; expected one of {', '.join(named) or 'none'}")
    return named[name]


def _legend() -> str:
    keys = (f"<span style='--key:var(--{name})'>{words}</span>" for name, words in _LEGEND.items())
    return f"<p class='soft legend'>{''.join(keys)}</p>"


def _results_table(report: PieceReport) -> str:
    results = sorted(report.results, key=lambda result: result.passed)
    rows = [_row(result.passed, result.check, _share(result), result.detail) for result in results]
    return table(("check", "right", "measured"), rows)


def _pooled_table(report: CorpusReport) -> str:
    rows = []
    for pooled in report.pooled():
        right, passed = f"{pooled.right} of {pooled.total}", f"{pooled.passed} of {pooled.pieces}"
        worst = f"{pooled.worst} ({pooled.worst_share:.1%})" if pooled.worst_share < 1 else ""
        rows.append(_row(pooled.passed == pooled.pieces, pooled.check, right, passed, worst))
    return table(("check", "right", "pieces that pass", "worst piece"), rows)


def _row(passed: bool, *cells: str) -> list[str]:
    """Make the cells of a row, marked if something failed."""
    kind = "" if passed else " class=failed"
    return [f"<span{kind}>{_escape(cell)}</span>" for cell in cells]


def _share(result: CheckResult) -> str:
    return f"{result.right} of {result.total}"


def _escape(words: str) -> str:
    return html.escape(words, quote=True)


def _write(path: Path, title: str, *, lead: str, body: str) -> None:
    style = (resources.files("standpartner.corpus.verify") / "page.css").read_text(encoding="utf-8")
    make_folder(path.parent)
    write_text(path, report_page(title, lead=lead, body=body, style=style))
