"""Commands for researchers: training and evaluation; those for corpora are in `standpartner.cli.corpus`."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from standpartner.cli.corpus import app as corpus_app
from standpartner.cli.progress import progress_bar
from standpartner.errors import ConfigError, MissingExtraError

_out = Console()
_err = Console(stderr=True)
_ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": str(2**30),
    "MALLOC_TRIM_THRESHOLD_": str(2**34),
    "MALLOC_TOP_PAD_": str(2**28),
    "OMP_WAIT_POLICY": "PASSIVE",
}


def add_commands(app: typer.Typer) -> None:
    """Register the commands for researchers."""
    app.add_typer(corpus_app, name="corpus")
    app.command()(train)
    app.command()(evaluate)


def _use_fast_allocator() -> None:
    """Start this command again with glibc told to keep memory: page faults make large batches 2-3 times slower."""
    if sys.platform == "linux" and "MALLOC_TRIM_THRESHOLD_" not in os.environ:
        os.environ.update(_ALLOCATOR)
        os.execv(sys.executable, [sys.executable, "-m", "standpartner.cli", *sys.argv[1:]])


def train(
    config: Annotated[str, typer.Argument(help="A bundled configuration (for example tunes) or a TOML file.")],
    out: Annotated[Path | None, typer.Option(help="Folder of the run; default runs/NAME.")] = None,
) -> None:
    """Train an agent; run the same command again to go on after an interruption.

    The finished agent is in the run's folder under agent/: use it with --agent RUN/agent.
    """
    try:
        import torch  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("PyTorch", 'pip install "standpartner[train]"') from error
    _use_fast_allocator()
    from standpartner.learn.config import load_config
    from standpartner.learn.finish import finish_run
    from standpartner.learn.run import Run, load_data

    settings = load_config(config)
    folder = out or Path("runs") / settings.name
    with progress_bar() as bar:
        tasks = {stage: bar.add_task(stage, total=getattr(settings, stage).steps) for stage in settings.stages}

        def progress(stage: str, step: int, steps: int, measured: dict[str, float]) -> None:
            shown = measured.get("located/within_8_px", measured.get("episode/reward", float("nan")))
            bar.update(tasks[stage], completed=step, total=steps, description=f"{stage} {shown:.3f}")

        bar.console.print(f"loading {settings.corpus}; log and checkpoints go to {folder}")
        best = Run(settings, folder, data=load_data(settings), progress=progress).train()
    finish_run(best, folder / "agent", command=f"standpartner train {config}")
    _out.print(f"trained; try: standpartner evaluate --agent {folder / 'agent'} --corpus {settings.corpus}")


def evaluate(
    agent: Annotated[str, typer.Option(help="Agent (name or folder), oracle, constant, random, or filter[:AGENT].")],
    corpus: Annotated[str, typer.Option(help="A built corpus.")],
    split: Annotated[str, typer.Option(help="train, valid or test.")] = "valid",
    runs: Annotated[int, typer.Option(help="1 plays greedily; more draw the actions.", min=1)] = 1,
    game: Annotated[str | None, typer.Option(help="Rules: piano or nottingham; default: those of the corpus.")] = None,
    limit: Annotated[int | None, typer.Option(help="At most so many pieces.", min=1)] = None,
    seed: Annotated[int, typer.Option(help="Of drawn actions and intervals.")] = 0,
    record: Annotated[bool, typer.Option("--record", help="Add the measures to the agent's model card.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the whole report there.")] = None,
) -> None:
    """Play an agent or a baseline on a split and print the measures with 95 % intervals over pieces."""
    from standpartner.agent.bundle import DEFAULT_AGENT, find_agent
    from standpartner.agent.card import record_measures
    from standpartner.corpus.store import open_corpus
    from standpartner.evaluate.run import BASELINES, EvaluationConfig
    from standpartner.evaluate.run import evaluate as run_evaluation

    settings = EvaluationConfig(agent=agent, split=split, runs=runs, game=game, seed=seed, limit=limit)
    with _err.status(f"playing {split} of {corpus}"):
        report = run_evaluation(settings, open_corpus(corpus))
    if json_file:
        try:
            json_file.parent.mkdir(parents=True, exist_ok=True)
            json_file.write_text(json.dumps(report, indent=1) + "\n")
        except OSError as error:
            raise ConfigError(f"cannot write the report to {json_file}: {error}; choose another file") from error
    if record:
        kind, _, name = agent.partition(":")
        record_measures(find_agent(name or DEFAULT_AGENT if kind in BASELINES else agent), report)
    _print_report(report)


def _print_report(report: dict[str, Any]) -> None:
    title = f"{report['agent']} on {report['corpus']} {report['split']} ({report['game']} rules, {report['runs']} runs)"
    table = Table("measure", "value", "95 % interval", title=title)
    table.add_row("pieces / onsets", f"{report['pieces']} / {report['onsets']}", "")
    for name in ("r_tue", "r_on", "r_on_as_published", "error_cm_mean", "error_cm_std"):
        table.add_row(name, _number(report[name]), _interval(report["intervals"][name]))
    for tolerance, share in (report["within_s"] or {}).items():
        table.add_row(f"within {tolerance} s", _number(share), _interval(report["intervals"]["within_s"][tolerance]))
    table.add_row("seconds", f"{report['seconds']:.1f}", "")
    _out.print(table)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _interval(ends: tuple[float, float] | None) -> str:
    return "" if ends is None else f"{ends[0]:.3f} to {ends[1]:.3f}"
