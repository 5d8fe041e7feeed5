"""Defines the commands of training; those for corpora and evaluation are in modules of their own."""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from standpartner.agent.description import DESCRIPTION
from standpartner.cli.corpus import app as corpus_app
from standpartner.cli.evaluation import calibrate, compare, evaluate, evaluate_jumps, practice, table
from standpartner.support.files import prepare_outputs
from standpartner.support.progress import progress_bar
from standpartner.support.requirements import check_installed

if TYPE_CHECKING:
    from standpartner.learn.config import TrainConfig
    from standpartner.learn.team import Team

_out = Console(markup=False)
_NEEDED = {"torch": "PyTorch", "msgspec": "msgspec"}
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
    app.command("jumps")(evaluate_jumps)
    app.command("compare")(compare)
    app.command()(practice)
    app.command()(calibrate)
    app.command()(learn_jumps)
    app.command()(table)
    app.command()(report)


def _use_fast_allocator() -> None:
    """Start this command again with glibc told to keep memory: page faults make large batches 2-3 times slower."""
    if sys.platform == "linux" and "MALLOC_TRIM_THRESHOLD_" not in os.environ:
        os.environ.update(_ALLOCATOR)
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # in the same way as it was started


def train(
    config: Annotated[str, typer.Argument(help="A bundled configuration (for example tunes) or a TOML file.")],
    out: Annotated[
        Path | None, typer.Option(help="The folder of the run; default: runs/NAME, or runs/NAME-SEED with --seed.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0.0, help="The processor time a thread after which to end; 0 is no limit.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="The seed of all random draws, instead of the configuration's.")
    ] = None,
) -> None:
    """Train an agent. After an interruption the same command goes on.

    A configuration may come after another one: that one is trained first, beside it, unless its run has an agent.
    The finished agent is in the run's folder under agent/: use it with --agent RUN/agent.
    """
    check_installed("train", _NEEDED)
    _use_fast_allocator()
    from standpartner.learn.chain import AGENT, runs_before
    from standpartner.learn.config import load_config
    from standpartner.learn.device import find_device
    from standpartner.learn.team import joined_team

    settings = load_config(config)
    if minutes is not None:
        settings = replace(settings, minutes=minutes)
    if seed is not None:
        settings = replace(settings, seed=seed)
    folder = out or Path("runs") / (settings.name if seed is None else f"{settings.name}-{seed}")
    bounded = ("" if minutes is None else f" --minutes {minutes:g}") + ("" if seed is None else f" --seed {seed}")
    with joined_team(find_device(settings.device)) as team:
        for name, place in runs_before(settings, folder):
            _train(load_config(name), place, team, command=f"standpartner train {name}")
        _train(settings, folder, team, command=f"standpartner train {config}{bounded}")
    if team.leads:
        typer.echo(f"trained; try: standpartner evaluate --agent {folder / AGENT} --corpus {settings.corpus}")


def _train(settings: "TrainConfig", folder: Path, team: "Team", *, command: str) -> None:
    """Train and write the agent; the leading process shows progress, and all wait for the agent."""
    from standpartner.learn.chain import AGENT
    from standpartner.learn.finish import finish_run
    from standpartner.learn.run import Run, load_data

    with progress_bar(shown=team.leads) as bar:
        tasks = {stage: bar.add_task(stage, total=settings.stage(stage).steps) for stage in settings.stages}

        def progress(stage: str, step: int, steps: int, measured: dict[str, float]) -> None:
            shown = measured.get("located/within_8_px", measured.get("episode/reward", float("nan")))
            bar.update(tasks[stage], completed=step, total=steps, description=f"{stage} {shown:.3f}")

        if team.leads:
            corpora = ", ".join((settings.corpus, *settings.also))
            bar.console.print(f"loading {corpora}; log and checkpoints go to {folder}")
        best = Run(settings, folder, data=load_data(settings, team), progress=progress, team=team).train()
    if team.leads:
        shared = "" if team.size == 1 else f", in {team.size} processes"
        finish_run(best, folder / AGENT, command=f"{command}{shared}")
    team.agree(1)


def learn_jumps(
    agent: Annotated[str, typer.Option(help="The name or folder of an agent.")],
    corpus: Annotated[list[str], typer.Option(help="A corpus with built training pieces; may be repeated.")],
    limit: Annotated[
        int | None, typer.Option(help="The largest number of pieces of each corpus; default: all.", min=1)
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The seed of performances, jumps and first weights.")] = 0,
    threshold: Annotated[
        float, typer.Option(min=0.01, max=0.99, help="The probability of going above which the follower goes.")
    ] = 0.7,
    records: Annotated[
        Path | None, typer.Option(help="The folder in which records are kept; default: in the cache folder.")
    ] = None,
    record: Annotated[bool, typer.Option("--record", help="Write what was learned into the agent.")] = False,
) -> None:
    """Learn from reward when the follower jumps, on training pieces followed by the agent.

    After an interruption the same command goes on. What is learned fits one agent: learn again for another.
    """
    from standpartner.agent.card import record_jump_policy
    from standpartner.agent.find import find_agent
    from standpartner.corpus.store import open_corpus
    from standpartner.learn.jumps import JumpLearning
    from standpartner.learn.jumps import learn_jumps as record_and_learn

    settings = JumpLearning(agent=agent, limit=limit, seed=seed, threshold=threshold, records=records)
    prepare_outputs(find_agent(agent) / DESCRIPTION if record else None)
    with progress_bar() as bar:
        task = bar.add_task("following training pieces", total=None)
        learned = record_and_learn(
            settings,
            [open_corpus(name) for name in corpus],
            progress=lambda done, of: bar.update(task, completed=done, total=of),
        )
    pieces = f"{learned.pieces} pieces of {', '.join(corpus)} train"
    if record:
        settled = f"seed {seed}, threshold {threshold:g}"
        how = f"decided as learned from reward on {learned.hours:.2f} h of {pieces}, {settled}"
        record_jump_policy(find_agent(agent), learned.policy, how=how)
    _out.print(
        f"learned on {learned.hours:.2f} h of {pieces}; mean return there, at most 100: "
        f"{learned.by_rule:.2f} by the rule, {learned.learned:.2f} as learned"
    )


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a training run, finished or not.")],
    out: Annotated[Path | None, typer.Option(metavar="FILE.html", help="The page; default: RUN/report.html.")] = None,
    pieces: Annotated[
        int, typer.Option(help="The number of validation pieces that checkpoints play; 0 draws curves only.", min=0)
    ] = 12,
) -> None:
    """Write a page about a training run: curves, pieces played by its checkpoints, and where they are lost."""
    from standpartner.explain.requirements import check_explain_installed

    check_explain_installed()
    from standpartner.explain.report.page import write_report
    from standpartner.support.files import check_writable

    page = out or run / "report.html"
    check_writable(page)
    with progress_bar() as bar:
        task = bar.add_task("playing", total=None)
        write_report(page, run, pieces=pieces, progress=lambda words: bar.update(task, description=words))
    typer.echo(f"Open {page} in a browser.")
