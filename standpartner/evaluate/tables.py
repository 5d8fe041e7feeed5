"""Writes reports as tables beside the published numbers, in Markdown and LaTeX, and piece by piece as CSV.

There are two tables, as the publications have two kinds of measures: how far agents follow (the game of 2018 and 2019)
and how near in time they are (since 2020). A published row stands beside reports on the corpus that it belongs to and
carries a note with its source and what differs; its numbers are those printed there, digit for digit.
"""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from standpartner.errors import ConfigError

STYLES: Final = ("markdown", "latex")
_FOLLOWING: Final = {
    "r_tue": "R_tue",
    "r_on": "R_on",
    "r_tue_as_published": "R_tue as published",
    "r_on_as_published": "R_on as published",
    "error_cm_mean": "error, cm",
    "error_cm_std": "its deviation, cm",
}
_IN_TIME: Final = {
    "within_s 0.05": "within 0.05 s",
    "within_s 0.1": "0.1 s",
    "within_s 0.5": "0.5 s",
    "within_s 1": "1 s",
    "within_s 5": "5 s",
    "system_accuracy": "right system",
    "system_within_1_s": "right system within 1 s",
    "bar_accuracy": "right bar",
    "false_jumps_per_hour": "false jumps an hour",
}
_TITLES: Final = {"Following": _FOLLOWING, "In time, also when lost": _IN_TIME}
_CERTAINTY: Final = {"P": "read in the original", "C": "read in its authors' code", "S": "as others quote it"}
_NEEDED: Final = ("agent", "corpus", "split", "sound", "game", "runs", "seed", "limit", "pieces", "rows", "intervals")
_LATEX: Final = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"} | {
    sign: f"\\{sign}" for sign in "&%$#_{}"
}


@dataclass(frozen=True)
class Row:
    """A row of the tables.

    Attributes:
        player: The player that followed.
        data: A short description of what was followed.
        cells: The text of each measure that there is, by the measure's name.
        source: The source of a published row, which is a key of ``published.json``.
    """

    player: str
    data: str
    cells: Mapping[str, str]
    source: str | None = None


def read_report(path: Path) -> dict[str, Any]:
    """Read a report that ``standpartner evaluate --json`` wrote.

    Raises:
        ConfigError: The file is not such a report.
    """
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"cannot read the report {path}: {error}; expected what evaluate --json wrote") from error
    missing = [name for name in _NEEDED if not isinstance(report, dict) or name not in report]
    if missing:
        raise ConfigError(f"{path} is no report of evaluate --json: {', '.join(missing)} missing; evaluate again")
    return dict(report)


def command_of(report: Mapping[str, Any]) -> str:
    """Return the command that prints a report's numbers."""
    names = ("agent", "corpus", "split", "sound", "game", "runs", "seed", "limit")
    options = [f"--{name} {report[name]}" for name in names if report[name] is not None]
    return " ".join(["standpartner evaluate", *options])


def report_row(report: Mapping[str, Any]) -> Row:
    """Make the row of a report: values with three digits, and their intervals."""
    values, intervals = _flat(report), _flat(report["intervals"])
    cells = {
        measure: _with_interval(values[measure], intervals.get(measure))
        for columns in _TITLES.values()
        for measure in columns
        if values.get(measure) is not None
    }
    runs = f", {report['runs']} runs" if report["runs"] > 1 else ""
    performances = f", {len(report['rows'])} performances" if len(report["rows"]) > report["pieces"] else ""
    data = f"{report['corpus']} {report['split']}, {report['pieces']} pieces{performances}"
    return Row(f"{report['agent']}{runs}", f"{data}, {report['sound']}, {report['game']} rules", cells)


def published_rows(corpora: Sequence[str]) -> list[Row]:
    """Return the published rows that belong to some corpora, in the order of publication."""
    return [
        Row(row["player"], group["data"], row, source=group["source"])
        for group in _published()["sets"]
        if group["corpus"] in corpora
        for row in group["rows"]
    ]


def make_tables(reports: Sequence[Mapping[str, Any]], *, style: str = "markdown", published: bool = True) -> str:
    """Join reports, and the published rows beside them, in tables.

    Args:
        reports: The reports of ``run.evaluate``, at least one.
        style: The style, "markdown" or "latex".
        published: Whether to add the published rows.

    Returns:
        Two tables, the commands of the reports' rows and the notes on the published ones.

    Raises:
        ConfigError: There is no report, or no such style.
    """
    if not reports:
        raise ConfigError("a table needs at least one report; make one with: standpartner evaluate --json FILE")
    if style not in STYLES:
        raise ConfigError(f"no style {style!r}; expected one of {', '.join(STYLES)}")
    rows = [report_row(report) for report in reports]
    rows += published_rows([report["corpus"] for report in reports]) if published else []
    sources = list(dict.fromkeys(row.source for row in rows if row.source))
    tables = {title: _table(columns, rows, sources) for title, columns in _TITLES.items()}
    write = _markdown if style == "markdown" else _latex
    commands = [command_of(report) for report in reports]
    return write({title: table for title, table in tables.items() if table}, commands, notes=_notes(sources))


def rows_as_csv(report: Mapping[str, Any]) -> str:
    """Write a report's measures for every performance as CSV, one line each; what does not exist is empty."""
    rows = [_flat(row) for row in report["rows"]]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(dict.fromkeys(name for row in rows for name in row)), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _flat(measures: Mapping[str, Any]) -> dict[str, Any]:
    """Return the measures with the shares within some seconds beside the others."""
    shares = measures.get("within_s") or {}
    others = {name: value for name, value in measures.items() if name != "within_s"}
    return others | {f"within_s {tolerance}": share for tolerance, share in shares.items()}


def _with_interval(value: float, interval: Sequence[float] | None) -> str:
    ends = "" if interval is None else f" ({interval[0]:.3f} to {interval[1]:.3f})"
    return f"{value:.3f}{ends}"


def _published() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(Path(__file__).with_name("published.json").read_text(encoding="utf-8"))
    return content


def _table(columns: Mapping[str, str], rows: Sequence[Row], sources: Sequence[str]) -> list[list[str]]:
    """Return the headings and the rows that have any of the columns; empty without such rows."""
    shown = [row for row in rows if set(columns) & set(row.cells)]
    marks = {source: f" [{number}]" for number, source in enumerate(sources, start=1)}
    body = [
        [f"{row.player}{marks.get(row.source or '', '')}", row.data, *(row.cells.get(name, "-") for name in columns)]
        for row in shown
    ]
    return [["player", "data", *columns.values()], *body] if body else []


def _notes(sources: Sequence[str]) -> list[str]:
    about = _published()["sources"]
    return [
        f"{about[source]['citation']} ({about[source]['url']}), {_CERTAINTY[about[source]['certainty']]}: "
        f"{about[source]['differs']}."
        for source in sources
    ]


def _markdown(tables: Mapping[str, list[list[str]]], commands: Sequence[str], *, notes: Sequence[str]) -> str:
    parts = []
    for title, (headings, *body) in tables.items():
        lines = [headings, ["---"] * len(headings), *body]
        parts.append(f"**{title}**\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines))
    parts.append("95 % intervals over pieces in brackets. The rows without a number in brackets are printed by")
    parts.append("\n".join(f"    {command}" for command in commands))
    parts.append("\n".join(f"{number}. {note}" for number, note in enumerate(notes, start=1)))
    return "\n\n".join(part for part in parts if part) + "\n"


def _latex(tables: Mapping[str, list[list[str]]], commands: Sequence[str], *, notes: Sequence[str]) -> str:
    parts = []
    for title, (headings, *body) in tables.items():
        lines = [" & ".join(map(_escaped, line)) + r" \\" for line in (headings, *body)]
        lines.insert(1, r"\hline")
        parts.append(f"% {title}\n\\begin{{tabular}}{{ll{'r' * (len(headings) - 2)}}}\n" + "\n".join(lines))
        parts[-1] += "\n\\end{tabular}"
    parts.append("\n".join(f"% {command}" for command in commands))
    parts.append("\n\n".join(f"[{number}] {_escaped(note)}" for number, note in enumerate(notes, start=1)))
    return "\n\n".join(part for part in parts if part) + "\n"


def _escaped(text: str) -> str:
    return re.sub(r"[\\~^&%$#_{}]", lambda sign: _LATEX[sign.group()], text)
