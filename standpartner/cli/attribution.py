"""Defines the commands ``standpartner explain gradients|embedding`` for networks. They need PyTorch."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from standpartner.agent.find import DEFAULT_AGENT
from standpartner.errors import ConfigError
from standpartner.support.progress import progress_bar

_out = Console(markup=False)


def add_commands(app: typer.Typer) -> None:
    """Register the commands that explain networks."""
    app.command()(gradients)
    app.command()(embedding)


def gradients(
    piece: Annotated[str | None, typer.Argument(help="The name of a built piece, CORPUS/NAME, or its folder.")] = None,
    agent: Annotated[str, typer.Option(help="The name or folder of an agent.")] = DEFAULT_AGENT,
    out: Annotated[Path, typer.Option(help="The folder for the pictures and numbers.")] = Path("explained"),
    frames: Annotated[
        str | None, typer.Option(metavar="A:B[:STEP]", help="The frames to explain; default: eight, evenly spread.")
    ] = None,
    targets: Annotated[str, typer.Option(help="One or more of action, other, value, locate, with commas.")] = "action",
    baseline: Annotated[
        str, typer.Option(help="The baseline: silence (white paper, silent audio) or blur.")
    ] = "silence",
    performance: Annotated[int, typer.Option(help="The index of the performance, from 0.", min=0)] = 0,
    game: Annotated[str | None, typer.Option(help="The rules piano or nottingham; default: by corpus.")] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Check the attributions on random frames of a corpus instead.")
    ] = False,
    corpus: Annotated[str, typer.Option(help="The corpus of --check; its validation pieces are used.")] = "nottingham",
    limit: Annotated[int, typer.Option(help="The number of pieces of --check.", min=1)] = 20,
    count: Annotated[int, typer.Option(help="The number of random frames of --check.", min=1)] = 100,
) -> None:
    """Show by integrated gradients which pixels and sounds led to an agent's actions, beliefs and value."""
    from standpartner.explain.requirements import check_explain_installed

    check_explain_installed()
    from standpartner.explain.gradients.run import GradientRequest, check_gradients, draw_gradients
    from standpartner.support.files import prepare_outputs, write_json

    request = GradientRequest(agent, tuple(targets.split(",")), baseline, game)
    if check:
        prepare_outputs(out / "check.json")
        with progress_bar() as bar:
            task = bar.add_task("explaining", total=count * len(request.targets))
            report = check_gradients(
                request, corpus, limit=limit, count=count, progress=lambda done: bar.advance(task, done)
            )
        write_json(out / "check.json", report)
        _print_rows(f"{agent} on {corpus} valid, {baseline} baseline", report)
        return
    if piece is None:
        raise ConfigError("expected a PIECE to explain, or --check; see: standpartner explain gradients --help")
    _print_rows(f"{agent} on {piece}", draw_gradients(request, piece, out=out, frames=frames, performance=performance))


def embedding(
    agent: Annotated[str, typer.Option(help="The name or folder of an agent.")],
    corpus: Annotated[str, typer.Option(help="The name of a built corpus.")],
    out: Annotated[Path, typer.Option(help="The folder for pictures, page and numbers.")],
    split: Annotated[str, typer.Option(help="The split: train, valid or test.")] = "valid",
    limit: Annotated[int, typer.Option(help="The largest number of pieces, evenly spread.", min=1)] = 20,
    points: Annotated[int, typer.Option(help="The largest number of points, evenly drawn.", min=100)] = 5000,
    game: Annotated[str | None, typer.Option(help="The rules piano or nottingham; default: by corpus.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="The seed of the map and the intervals.")] = 0,
    sound: Annotated[bool, typer.Option(help="Put the sound into the page.")] = True,
) -> None:
    """Map the input of an agent's heads, and compare its value at beginnings, endings and clefs with the rest."""
    from standpartner.explain.requirements import check_explain_installed

    check_explain_installed()
    from standpartner.explain.embedding.run import EmbeddingRequest, map_embedding

    request = EmbeddingRequest(agent, corpus, split, game, limit=limit, points=points, seed=seed, sound=sound)
    report = map_embedding(request, out)
    _print_rows(f"{agent} on {corpus} {split}: value, {report['size']} numbers before the heads", report["findings"])


def _print_rows(title: str, rows: list[dict]) -> None:
    """Print rows that have the same names, with one name on each line."""
    shown = Table("", *(str(row["name"]) for row in rows), title=title)
    for name in rows[0]:
        if name != "name":
            shown.add_row(name.replace("_", " "), *(_cell(row[name]) for row in rows))
    _out.print(shown)


def _cell(value: object) -> str:
    if isinstance(value, list | tuple):
        return " to ".join(map(_cell, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)
