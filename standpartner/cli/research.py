"""Commands for researchers: corpora, training, evaluation."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from standpartner.errors import ConfigError, MissingExtraError

if TYPE_CHECKING:  # the corpora's code is loaded by the commands that need it
    from standpartner.corpus.build import Built

corpus_app = typer.Typer(help="Data sets: list them, build them, look at what is built.", no_args_is_help=True)
_out = Console()
_err = Console(stderr=True)
_ALLOCATOR = {
    "MALLOC_MMAP_THRESHOLD_": str(2**30),
    "MALLOC_TRIM_THRESHOLD_": str(2**34),
    "MALLOC_TOP_PAD_": str(2**28),
    "OMP_WAIT_POLICY": "PASSIVE",
}


def add_commands(app: typer.Typer) -> None:
    """Register the commands of this file."""
    app.add_typer(corpus_app, name="corpus")
    app.command()(train)
    app.command()(evaluate)


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=_err)


def _recipes() -> dict[str, Any]:
    from standpartner.corpus import msmd, nottingham

    return {recipe.name: recipe for recipe in (nottingham.RECIPE, msmd.RECIPE)}


@corpus_app.command("list")
def corpus_list() -> None:
    """List the corpora that can be built, with source and licence."""
    from standpartner.corpus.store import SPLITS, read_split

    table = Table("corpus", "what", *SPLITS, "source", "licence")
    for recipe in _recipes().values():
        where = [split for split, _ in read_split(recipe.name).values()]
        counts = [str(where.count(split)) for split in SPLITS]
        table.add_row(recipe.name, recipe.description, *counts, recipe.source, recipe.licence)
    _out.print(table)


@corpus_app.command("build")
def corpus_build(
    name: Annotated[str, typer.Argument(help="Which corpus; see: standpartner corpus list")],
    source: Annotated[Path, typer.Option(help="A clone of the corpus's source.")],
    jobs: Annotated[int, typer.Option(help="Processes side by side.", min=1)] = os.cpu_count() or 1,
    limit: Annotated[int | None, typer.Option(help="Only the first so many pieces of each split.", min=1)] = None,
) -> None:
    """Build a corpus into the cache folder ($STANDPARTNER_CACHE moves it); goes on where it was interrupted."""
    from standpartner.corpus.build import build_corpus
    from standpartner.corpus.store import open_corpus

    recipes = _recipes()
    if name not in recipes:
        raise ConfigError(f"no corpus {name!r}; expected one of {', '.join(recipes)}")
    corpus = open_corpus(name)
    with _bar() as bar:
        report = _advance(bar, f"building {name}")
        results = build_corpus(recipes[name], corpus, source=source, jobs=jobs, limit=limit, report=report)
    _print_built(name, corpus.folder, results)


@corpus_app.command("import-npz")
def corpus_import_npz(
    source: Annotated[Path, typer.Argument(help="The authors' archive, unpacked, or a part of it.")],
    name: Annotated[str, typer.Option(help="What to call the corpus.")] = "original",
    jobs: Annotated[int, typer.Option(help="Processes side by side.", min=1)] = os.cpu_count() or 1,
) -> None:
    """Make a corpus of pieces in the original format: score/NAME.npz and performance/NAME.mid.

    Pieces of MSMD come into the paper's split, others into that of the folder they lie in. Nothing in the files is run.
    """
    from standpartner.corpus.imported import import_original
    from standpartner.corpus.store import cache_folder

    with _bar() as bar:
        results = import_original(source, name=name, jobs=jobs, report=_advance(bar, f"importing {name}"))
    _print_built(name, cache_folder() / "corpora" / name, results)


def _advance(bar: Progress, description: str) -> Callable[["Built", int], None]:
    task = bar.add_task(description, total=None)

    def report(built: "Built", total: int) -> None:
        bar.update(task, total=total, advance=1)

    return report


def _print_built(name: str, folder: Path, results: "list[Built]") -> None:
    failed = [built for built in results if built.reason]
    _out.print(f"{len(results) - len(failed)} pieces of {name} are built in {folder}, {len(failed)} are not.")
    for built in failed:
        _out.print(f"  {built.name} ({built.split}): {built.reason}", highlight=False)


@corpus_app.command("info")
def corpus_info(name: Annotated[str, typer.Argument(help="Which corpus.")]) -> None:
    """Say what is built: pieces, onsets, minutes of audio and strip length of every split."""
    from standpartner.corpus.store import SPLITS, open_corpus

    corpus = open_corpus(name)
    table = Table("split", "pieces", "performances", "onsets", "minutes of audio", "strip px")
    for split in SPLITS:
        fixed = any(where == split for where, _ in corpus.splits.values())  # imported corpora may lack a split
        pieces = list(corpus.pieces(split)) if fixed else []
        performances = [performance for piece in pieces for performance in piece.performances]
        table.add_row(
            split,
            str(len(pieces)),
            str(len(performances)),
            str(sum(len(piece.score.onsets) for piece in pieces)),
            f"{sum(performance.duration_s for performance in performances) / 60:.0f}",
            str(sum(piece.score.width_px for piece in pieces)),
        )
    _out.print(table)


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
    from standpartner.learn.run import STAGES, Run, load_data

    settings = load_config(config)
    folder = out or Path("runs") / settings.name
    with _bar() as bar:
        tasks = {stage: bar.add_task(stage, total=getattr(settings, stage).steps) for stage in STAGES}

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
