"""Commands that measure: ``standpartner evaluate`` and ``standpartner table``."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from standpartner.errors import ConfigError

_out = Console()
_err = Console(stderr=True)
_STYLES = {".md": "markdown", ".tex": "latex"}


def evaluate(
    agent: Annotated[
        str, typer.Option(help="Agent (name or folder), oracle, constant, random, otw, or filter[:AGENT].")
    ],
    corpus: Annotated[str, typer.Option(help="A built corpus.")],
    split: Annotated[str, typer.Option(help="train, valid or test.")] = "valid",
    sound: Annotated[
        str,
        typer.Option(
            metavar="as-built|score|room",
            help="What is heard: the performances as they were built; the score's notes played mechanically; the "
            "performances' notes on a piano and in a room that no training heard.",
        ),
    ] = "as-built",
    runs: Annotated[int, typer.Option(help="1 plays greedily; more draw the actions.", min=1)] = 1,
    game: Annotated[str | None, typer.Option(help="Rules: piano or nottingham; default: those of the corpus.")] = None,
    limit: Annotated[int | None, typer.Option(help="At most so many pieces.", min=1)] = None,
    seed: Annotated[int, typer.Option(help="Of drawn actions and intervals.")] = 0,
    record: Annotated[bool, typer.Option("--record", help="Add the measures to the agent's model card.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the whole report there.")] = None,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Write the measures of each performance there.")
    ] = None,
) -> None:
    """Play an agent or a baseline on a split and print the measures with 95 % intervals over pieces.

    docs/evaluation.md says what each measure is.
    """
    from standpartner.agent.bundle import find_agent
    from standpartner.agent.card import record_measures
    from standpartner.corpus.store import open_corpus
    from standpartner.evaluate.run import EvaluationConfig, agent_behind
    from standpartner.evaluate.run import evaluate as run_evaluation
    from standpartner.evaluate.tables import rows_as_csv

    settings = EvaluationConfig(agent=agent, split=split, sound=sound, runs=runs, game=game, seed=seed, limit=limit)
    with _err.status(f"playing {split} of {corpus}"):
        report = run_evaluation(settings, open_corpus(corpus))
    if json_file:
        _write(json_file, json.dumps(report, indent=1) + "\n")
    if csv_file:
        _write(csv_file, rows_as_csv(report))
    if record:
        record_measures(find_agent(agent_behind(agent)), report)
    _print_report(report)


def table(
    reports: Annotated[list[Path], typer.Argument(help="Reports that evaluate --json wrote.")],
    out: Annotated[Path | None, typer.Option(help="A .md or .tex file; default: print Markdown.")] = None,
    published: Annotated[bool, typer.Option(help="Add the published numbers on the same corpora.")] = True,
) -> None:
    """Join reports in tables beside the published numbers, with intervals, sources and what differs."""
    from standpartner.evaluate.tables import make_tables, read_report

    ending = out.suffix if out else ".md"
    if ending not in _STYLES:
        raise ConfigError(f"expected a file that ends in {' or '.join(_STYLES)}, got {out}")
    text = make_tables([read_report(path) for path in reports], style=_STYLES[ending], published=published)
    if out:
        _write(out, text)
    else:
        typer.echo(text, nl=False)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write to {path}: {error}; choose another file") from error


def _print_report(report: dict[str, Any]) -> None:
    title = (
        f"{report['agent']} on {report['corpus']} {report['split']} "
        f"({report['sound']}, {report['game']} rules, {report['runs']} runs)"
    )
    shown = Table("measure", "value", "95 % interval", title=title)
    counts = " / ".join(str(report[name]) for name in ("pieces", "performances", "onsets"))
    shown.add_row("pieces / performances / onsets", counts, "")
    intervals = report["intervals"]
    for name in ("r_tue", "r_on", "r_on_as_published", "error_cm_mean", "error_cm_std"):
        shown.add_row(name, _number(report[name]), _interval(intervals[name]))
    for tolerance, share in (report["within_s"] or {}).items():
        shown.add_row(f"within {tolerance} s", _number(share), _interval(intervals["within_s"][tolerance]))
    for name in ("system_accuracy", "bar_accuracy"):
        shown.add_row(name, _number(report[name]), _interval(intervals[name]))
    shown.add_row("seconds", f"{report['seconds']:.1f}", "")
    _out.print(shown)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _interval(ends: tuple[float, float] | None) -> str:
    return "" if ends is None else f"{ends[0]:.3f} to {ends[1]:.3f}"
