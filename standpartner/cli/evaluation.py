"""Defines the commands ``standpartner evaluate``, ``jumps``, ``calibrate`` and ``table``, which measure."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from standpartner.agent.description import DESCRIPTION
from standpartner.agent.find import DEFAULT_AGENT
from standpartner.errors import ConfigError
from standpartner.support.files import prepare_outputs, write_json, write_text
from standpartner.support.requirements import check_installed

if TYPE_CHECKING:
    from standpartner.evaluate.calibration import MeasuredCalibration

_out = Console(markup=False)
_err = Console(stderr=True, markup=False)
_STYLES = {".md": "markdown", ".tex": "latex"}


def evaluate(
    agent: Annotated[
        str,
        typer.Option(
            help="An agent (name or folder), oracle, constant, random, otw, filter[:AGENT], follower[:AGENT], "
            "deaf[:AGENT] or blind[:AGENT]."
        ),
    ],
    corpus: Annotated[str, typer.Option(help="The name of a built corpus.")],
    split: Annotated[str, typer.Option(help="The split: train, valid or test.")] = "valid",
    sound: Annotated[
        str,
        typer.Option(
            metavar="as-built|score|free|rubato|room",
            help="The sound: the performances as they were built; the score's notes played mechanically, "
            "freely, or with much rubato; or the performances' notes on a piano and in a room that no training used.",
        ),
    ] = "as-built",
    runs: Annotated[int, typer.Option(help="The number of runs; 1 plays greedily, more draw the actions.", min=1)] = 1,
    game: Annotated[str | None, typer.Option(help="The rules piano or nottingham; default: by corpus.")] = None,
    limit: Annotated[int | None, typer.Option(help="The largest number of pieces.", min=1)] = None,
    seed: Annotated[int, typer.Option(min=0, help="The seed of drawn actions and intervals.")] = 0,
    record: Annotated[bool, typer.Option("--record", help="Add the measures to the agent's model card.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="The file for the whole report.")] = None,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="The file for the measures of each performance.")
    ] = None,
) -> None:
    """Play an agent or a baseline on a split and print the measures with 95 % intervals over pieces.

    docs/evaluation.md explains the measures.
    """
    from standpartner.agent.card import record_measures
    from standpartner.agent.find import find_agent
    from standpartner.corpus.store import open_corpus
    from standpartner.evaluate.players import agent_of_player
    from standpartner.evaluate.run import EvaluationConfig
    from standpartner.evaluate.run import evaluate as run_evaluation
    from standpartner.evaluate.tables import rows_as_csv

    if record and limit is not None:
        raise ConfigError("a model card holds evaluations of whole splits; leave out --record or --limit")
    recorded_in = find_agent(agent_of_player(agent)) if record else None
    settings = EvaluationConfig(agent=agent, split=split, sound=sound, runs=runs, game=game, seed=seed, limit=limit)
    built = open_corpus(corpus)
    prepare_outputs(json_file, csv_file, recorded_in and recorded_in / DESCRIPTION)
    with _err.status(f"playing {split} of {corpus}"):
        report = run_evaluation(settings, built)
    write_json(json_file, report)
    if csv_file:
        write_text(csv_file, rows_as_csv(report))
    if recorded_in:
        record_measures(recorded_in, report)
    _print_report(report)


def evaluate_jumps(
    agent: Annotated[str, typer.Option(help="A follower[:AGENT], or an agent (name or folder) alone.")],
    corpus: Annotated[str, typer.Option(help="The name of a built corpus.")],
    split: Annotated[str, typer.Option(help="The split: train, valid or test.")] = "valid",
    jumps: Annotated[
        str,
        typer.Option(metavar="random|sections|repeats|signs", help="Where the player jumps; see docs/following.md."),
    ] = "random",
    limit: Annotated[int | None, typer.Option(help="The largest number of pieces.", min=1)] = None,
    seed: Annotated[int, typer.Option(min=0, help="The seed of the jumps and the intervals.")] = 0,
    json_file: Annotated[Path | None, typer.Option("--json", help="The file for the whole report.")] = None,
) -> None:
    """Play each piece of a split with jumps, and print how soon the follower is back, with 95 % intervals.

    docs/following.md explains the measures.
    """
    from standpartner.corpus.store import open_corpus
    from standpartner.evaluate.jumps import JumpEvaluationConfig
    from standpartner.evaluate.jumps import evaluate_jumps as run_evaluation

    settings = JumpEvaluationConfig(agent=agent, jumps=jumps, split=split, seed=seed, limit=limit)
    built = open_corpus(corpus)
    prepare_outputs(json_file)
    with _err.status(f"playing {split} of {corpus} with jumps"):
        report = run_evaluation(settings, built)
    write_json(json_file, report)
    _print_jumps(report)


def calibrate(
    agent: Annotated[str, typer.Option(help="The name or folder of an agent.")],
    corpus: Annotated[list[str], typer.Option(help="A built corpus; the option may be repeated.")],
    split: Annotated[str, typer.Option(help="The split: train or valid; test with --measure only.")] = "valid",
    limit: Annotated[int | None, typer.Option(help="The largest number of pieces of each corpus.", min=2)] = None,
    seed: Annotated[int, typer.Option(min=0, help="The seed of the jumps.")] = 0,
    measure: Annotated[
        bool, typer.Option("--measure", help="Measure the agent's own calibration on all pieces, and fit nothing.")
    ] = False,
    record: Annotated[bool, typer.Option("--record", help="Write the calibration into the agent.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="The file for the whole report.")] = None,
    picture: Annotated[Path | None, typer.Option(help="The file for the reliability diagram, as SVG.")] = None,
) -> None:
    """Fit an agent's confidence on half of the pieces, and print for the others how often it was right.

    Each piece is followed once straight and once with random jumps.
    """
    if measure and record:
        raise ConfigError("--measure fits nothing that could be recorded; leave out --record or --measure")
    from standpartner.agent.card import record_calibration
    from standpartner.agent.find import find_agent
    from standpartner.corpus.store import open_corpus
    from standpartner.evaluate.calibration import CalibrationConfig, draw_reliability, measure_calibration
    from standpartner.evaluate.calibration import calibrate as fit_and_measure

    settings = CalibrationConfig(agent=agent, split=split, limit=limit, seed=seed)
    title = f"{agent} on {', '.join(corpus)} {split}"
    built = [open_corpus(name) for name in corpus]
    if picture:
        check_installed("explain", {"matplotlib": "Matplotlib"})
    prepare_outputs(json_file, picture, find_agent(agent) / DESCRIPTION if record else None)
    with _err.status(f"following {title}"):
        result = (measure_calibration if measure else fit_and_measure)(settings, built)
    write_json(json_file, result.to_json())
    if picture:
        write_text(picture, draw_reliability(result.diagrams, title))
    if record:
        fitted, measured = result.pieces
        how = (
            f"calibrated on {fitted} pieces of {', '.join(corpus)} {split}; expected calibration error on {measured} "
            f"others {result.reached.expected_error:.3f}"
        )
        record_calibration(find_agent(agent), result.calibration, how=how)
    _print_calibration(result, title)


def table(
    reports: Annotated[list[Path], typer.Argument(help="The files that evaluate --json wrote.")],
    out: Annotated[Path | None, typer.Option(help="The .md or .tex file; default: print Markdown.")] = None,
    published: Annotated[bool, typer.Option(help="Add the published numbers on the same corpora.")] = True,
) -> None:
    """Join reports in tables beside the published numbers, with intervals, sources and what differs."""
    from standpartner.evaluate.tables import make_tables, read_report

    ending = out.suffix if out else ".md"
    if ending not in _STYLES:
        raise ConfigError(f"expected a file that ends in {' or '.join(_STYLES)}, got {out}")
    text = make_tables([read_report(path) for path in reports], style=_STYLES[ending], published=published)
    if out:
        prepare_outputs(out)
        write_text(out, text)
    else:
        typer.echo(text, nl=False)


def compare(
    baseline: Annotated[list[Path], typer.Option(help="A report of the one player; repeat it for other seeds.")],
    other: Annotated[list[Path], typer.Option(help="A report of the other player; repeat it for other seeds.")],
    seed: Annotated[int, typer.Option(min=0, help="The seed of the intervals.")] = 0,
) -> None:
    """Compare two players on the same performances: differences with 95 % intervals over pieces and reports.

    The reports are files that evaluate --json wrote, of the same corpus, split, sound and rules.
    """
    from standpartner.evaluate.paired import compare_reports
    from standpartner.evaluate.tables import read_report

    first, second = ([read_report(path) for path in paths] for paths in (baseline, other))
    title = f"{second[0]['agent']} against {first[0]['agent']}"
    shown = Table("measure", "baseline", "other", "difference", "95 % interval", title=title)
    for one in compare_reports(first, second, seed=seed):
        gain = f"{one.second - one.first:+.3f}"
        shown.add_row(one.measure, f"{one.first:.3f}", f"{one.second:.3f}", gain, f"{one.low:+.3f} to {one.high:+.3f}")
    _out.print(shown)


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
    for name in ("system_accuracy", "system_within_1_s", "bar_accuracy", "false_jumps_per_hour"):
        shown.add_row(name, _number(report[name]), _interval(intervals[name]))
    for name, pieces in report["by_piece"].items():
        worst = f"worst {_number(pieces['worst'])}, {pieces['worst_piece']}"
        shown.add_row(f"{name}, mean of pieces", _number(pieces["mean"]), worst)
    shown.add_row("seconds", f"{report['seconds']:.1f}", "")
    _out.print(shown)


def _print_jumps(report: dict[str, Any]) -> None:
    title = f"{report['agent']} on {report['corpus']} {report['split']}, jumps: {report['jumps_kind']}"
    shown = Table("measure", "value", "95 % interval", title=title)
    for name in ("pieces", "jumps", "jumps_elsewhere"):
        shown.add_row(name, str(report[name]), "")
    shown.add_row("latency_s_median", _number(report["latency_s_median"]), "")
    for name, ends in report["intervals"].items():
        shown.add_row(name, _number(report[name]), _interval(ends))
    for name in ("jumps_of_follower", "wrong_jumps"):
        shown.add_row(name, str(report[name]), "")
    shown.add_row("seconds", f"{report['seconds']:.1f}", "")
    _out.print(shown)


def _print_calibration(result: "MeasuredCalibration", title: str) -> None:
    fitted, measured = result.pieces
    shown = Table(
        "confidence", "frames", "mean", "right", title=f"{title}: {fitted} pieces fitted, {measured} measured"
    )
    reached, weights = result.reached, result.calibration
    rows = zip(reached.count, reached.confidence, reached.right, strict=True)
    for number, (frames, mean, right) in enumerate(rows):
        low, high = number / len(reached.count), (number + 1) / len(reached.count)
        cells = [_number(None if frames == 0 else float(value)) for value in (mean, right)]
        shown.add_row(f"{low:.1f} to {high:.1f}", str(frames), *cells)
    _out.print(shown)
    errors = ", ".join(f"{diagram.expected_error:.3f} {name}" for name, diagram in result.diagrams.items())
    _out.print(f"expected calibration error: {errors}")
    _out.print(f"weights: search {weights.search:.3f}, tracker {weights.tracker:.3f}, bias {weights.bias:.3f}")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _interval(ends: tuple[float, float] | None) -> str:
    return "" if ends is None else f"{ends[0]:.3f} to {ends[1]:.3f}"


def practice(
    corpus: Annotated[str, typer.Option(help="The name of a built corpus.")],
    agent: Annotated[str, typer.Option(help="A bundled agent or the folder of one.")] = DEFAULT_AGENT,
    split: Annotated[str, typer.Option(help="The split: train, valid or test.")] = "valid",
    limit: Annotated[int | None, typer.Option(help="The largest number of pieces.", min=1)] = None,
    seed: Annotated[int, typer.Option(min=0, help="The seed of the performances.")] = 0,
    json_file: Annotated[Path | None, typer.Option("--json", help="The file for the whole report.")] = None,
) -> None:
    """Measure following while someone practises: talk first, a stop, a restart, quarter speed, a start in the middle.

    The top of standpartner/evaluate/practice.py explains the measures.
    """
    from standpartner.corpus.store import open_corpus
    from standpartner.evaluate.practice import PracticeConfig, evaluate_practice

    config = PracticeConfig(agent=agent, split=split, limit=limit, seed=seed)
    built = open_corpus(corpus)
    prepare_outputs(json_file)
    report = evaluate_practice(config, built)
    names = ("waits", "back in 2 s", "back in 5 s", "within 0.5 s", "right bar")
    table = Table("scenario", "pieces", *names, title=f"{report['agent']} on {corpus} {split}")
    for scenario, row in report["scenarios"].items():
        cells = ["–" if row.get(name) is None else f"{row[name]:.2f}" for name in names]
        table.add_row(scenario, str(row["pieces"]), *cells)
    _out.print(table)
    if json_file is not None:
        write_text(json_file, json.dumps(report, indent=1) + "\n")
