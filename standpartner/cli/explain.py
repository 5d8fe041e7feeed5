"""Defines the commands ``standpartner explain``; those that need PyTorch are in attribution.py."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from standpartner.cli.attribution import add_commands
from standpartner.errors import ConfigError
from standpartner.support.progress import progress_bar

if TYPE_CHECKING:  # commands import what they need when they run
    from collections.abc import Callable

    from rich.progress import Progress, TaskID

    from standpartner.explain.traces.presentation import Presentation

app = typer.Typer(help="Show what agents saw, believed and did, and why.", no_args_is_help=True)
add_commands(app)

# The pieces of the paper's project page, all from MSMD's test split.
PAPER_PIECES = (
    "msmd/AndreJ__O34__andre-sonatine",
    "msmd/BeethovenLv__O79__LVB_Sonate_79_1",
    "msmd/MozartWA__KV331__KV331_1_2_var1",
    "msmd/TchaikovskyPI__O39__01MorningPrayer",
)

Piece = Annotated[str, typer.Argument(metavar="PIECE", help="The name of a built piece, CORPUS/NAME, or its folder.")]
Agent = Annotated[str, typer.Option(help="The name or folder of an agent that acts.")]
Performance = Annotated[str | None, typer.Option(metavar="NAME", help="The performance; default: the first.")]
Game = Annotated[str | None, typer.Option(metavar="piano|nottingham", help="The rules; default: those of the corpus.")]
Gradients = Annotated[
    str | None,
    typer.Option(
        metavar="action|other|value|locate",
        help="Colour score and sound by their attributions to the action taken, the runner-up, the value, or the most "
        "probable column of locate (integrated gradients; about a second a frame).",
    ),
]
Every = Annotated[int, typer.Option(help="The frames from one explained frame to the next.", min=1)]
Baseline = Annotated[str, typer.Option(metavar="silence|blur", help="The baseline; silence is white paper.")]


@app.command()
def video(
    piece: Annotated[
        str | None, typer.Argument(metavar="[PIECE]", help="The name of a built piece, CORPUS/NAME, or its folder.")
    ] = None,
    *,
    out: Annotated[Path, typer.Option(metavar="FILE.mp4", help="The video; with --paper a folder.")],
    agent: Agent,
    view: Annotated[
        str, typer.Option(metavar="strip|page", help="The strip around the agent, or the whole page with cursors.")
    ] = "strip",
    height: Annotated[int, typer.Option(help="The height in px, 360 to 2160; the picture is 16:9.")] = 720,
    speed: Annotated[float, typer.Option(help="The speed, 0.25 to 4; the sound keeps its pitch.")] = 1.0,
    performance: Performance = None,
    game: Game = None,
    gradients: Gradients = None,
    every: Every = 10,
    baseline: Baseline = "silence",
    paper: Annotated[
        bool, typer.Option("--paper", help="Make the four pieces of the paper's project page, from MSMD's test split.")
    ] = False,
) -> None:
    r"""Make a video, with sound, of an agent that follows a piece: score, spectrogram, actions, value, error.

    Needs PyAV: pip install "standpartner\[video]"; with --gradients PyTorch: pip install "standpartner\[explain]".
    """
    from standpartner.explain.traces.painter import Painter
    from standpartner.explain.traces.video import check_speed, write_video
    from standpartner.support.files import check_writable, make_folder

    if paper == (piece is not None) or (paper and performance is not None):
        raise ConfigError("expected a PIECE, or --paper without PIECE and --performance")
    check_speed(speed)
    if paper:
        make_folder(out)
    explain = _explainer(agent, gradients, every=every, baseline=baseline)
    goals = {name: out / f"{name.rpartition('/')[2]}.mp4" for name in PAPER_PIECES} if paper else {str(piece): out}
    for name, path in goals.items():
        check_writable(path)
        shown = _show(name, agent, game=game, performance=performance)
        Painter(shown, view=view, height_px=height)  # raises before minutes of explaining if it cannot draw
        painter = Painter(explain(shown), view=view, height_px=height)
        with progress_bar() as bar:
            task = bar.add_task(path.name, total=painter.frames)
            write_video(path, painter, speed=speed, progress=partial(_completed, bar, task))
        typer.echo(f"Wrote {path} ({path.stat().st_size / 1e6:.1f} MB).")


@app.command()
def viewer(
    piece: Piece,
    *,
    out: Annotated[Path, typer.Option(metavar="FILE.html", help="The page.")],
    agent: Agent,
    performance: Performance = None,
    game: Game = None,
    gradients: Gradients = None,
    every: Every = 10,
    baseline: Baseline = "silence",
) -> None:
    r"""Write a page that shows the same as a video, frame by frame. It needs no other files.

    With --gradients it needs PyTorch: pip install "standpartner\[explain]".
    """
    from standpartner.explain.traces.viewer import write_viewer
    from standpartner.support.files import check_writable

    check_writable(out)
    explain = _explainer(agent, gradients, every=every, baseline=baseline)
    write_viewer(out, explain(_show(piece, agent, game=game, performance=performance)))
    typer.echo(f"Open {out} in a browser.")


@app.command()
def failures(
    *,
    agent: Agent,
    corpus: Annotated[str, typer.Option(help="The name of a built corpus.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="The folder of the atlas.")],
    split: Annotated[str, typer.Option(help="The split: train, valid or test.")] = "valid",
    game: Game = None,
    limit: Annotated[int | None, typer.Option(help="The largest number of pieces.", min=1)] = None,
) -> None:
    """Make an atlas of all moments at which an agent is lost on a split, counted by cause, with pictures.

    docs/insight.md explains the rules by which causes are found.
    """
    from standpartner.corpus.store import open_corpus
    from standpartner.evaluate.players import load_agent_player
    from standpartner.evaluate.run import game_for
    from standpartner.explain.failures.atlas import survey_failures, write_atlas
    from standpartner.support.files import prepare_outputs

    built = open_corpus(corpus)
    prepare_outputs(out / "index.html")
    with progress_bar() as bar:
        task = bar.add_task(f"playing {split} of {corpus}", total=len(built.names(split, limit=limit)))
        survey = survey_failures(
            load_agent_player(agent),
            built.pieces(split, limit=limit),
            game=game_for(corpus, game),
            what=f"{corpus} {split}",
            progress=partial(_completed, bar, task),
        )
    page = write_atlas(out, survey)
    typer.echo(f"Lost in {len(survey.failures)} of {survey.performances} performances. Open {page} in a browser.")


def _completed(bar: Progress, task: TaskID, count: int) -> None:
    bar.update(task, completed=count)


def _show(piece: str, agent: str, *, game: str | None, performance: str | None) -> Presentation:
    from standpartner.corpus.store import find_piece
    from standpartner.evaluate.players import load_agent_player
    from standpartner.evaluate.run import game_for
    from standpartner.explain.traces.presentation import present_piece
    from standpartner.piece import load_piece

    folder = find_piece(piece).resolve()
    rules = game_for(folder.parent.parent.name, game)
    return present_piece(load_piece(folder), load_agent_player(agent), game=rules, performance=performance)


def _explainer(agent: str, target: str | None, *, every: int, baseline: str) -> Callable[[Presentation], Presentation]:
    """Make the function that adds gradients, if there is a target, and check what it needs before the agent plays."""
    if target is None:
        return lambda shown: shown
    from standpartner.explain.requirements import check_explain_installed

    check_explain_installed()
    from standpartner.explain.activations.registry import load_network
    from standpartner.explain.gradients.attribution import AttributionConfig
    from standpartner.explain.gradients.trace_overlay import explain_trace

    config, network = AttributionConfig(target=target, baseline=baseline), load_network(agent)

    def add(shown: Presentation) -> Presentation:
        decisions = range(0, shown.trace.states - 1, every)
        with progress_bar() as bar:
            task = bar.add_task(f"explaining {shown.title}", total=len(decisions))
            told = partial(_completed, bar, task)
            why = explain_trace(network, shown.trace, decisions=decisions, config=config, progress=told)
        return replace(shown, attribution=why)

    return add
