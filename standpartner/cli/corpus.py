"""Defines the commands for data sets: ``standpartner corpus list|build|info|verify|show|import-npz``."""

import os
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Column, Table

from standpartner.errors import ConfigError, CorpusError, MissingExtraError
from standpartner.support.files import prepare_outputs, write_json
from standpartner.support.progress import progress_bar

if TYPE_CHECKING:  # the corpora's code is loaded by the commands that need it
    from standpartner.corpus.store import Built, Corpus
    from standpartner.corpus.verify.checks import CorpusReport, PieceReport, VerifyConfig
    from standpartner.corpus.verify.splits import SplitReport
    from standpartner.piece import Piece

app = typer.Typer(help="List, build, verify and show data sets.", no_args_is_help=True)
_out = Console(markup=False)

CorpusName = Annotated[str, typer.Argument(metavar="NAME", help="The name of a corpus; see: standpartner corpus list")]
Jobs = Annotated[int, typer.Option(help="The number of processes side by side.", min=1)]
SplitName = Annotated[str | None, typer.Option(metavar="train|valid|test", help="The only split to use; default: all.")]
_CORES = os.cpu_count() or 1
_MEGABYTE = 1e6


@app.command("list")
def list_corpora() -> None:
    """List the corpora that can be built, with source and licence."""
    from standpartner.corpus.registry import CORPORA, find_recipe
    from standpartner.corpus.store import SPLITS, read_split

    table = Table("corpus", "what", *SPLITS, "source", "licence")
    for name in CORPORA:
        counts = Counter(split for split, _ in read_split(name).values())
        numbers = [str(counts[split]) for split in SPLITS]
        try:
            recipe = find_recipe(name)
            table.add_row(name, recipe.description, *numbers, recipe.source, recipe.licence)
        except MissingExtraError as error:
            table.add_row(name, str(error), *numbers)
    _out.print(table)


@app.command()
def build(
    name: CorpusName,
    source: Annotated[
        Path | None, typer.Option(help="The folder with a clone of the corpus's source, if it has one.")
    ] = None,
    jobs: Jobs = _CORES,
    split: SplitName = None,
    limit: Annotated[int | None, typer.Option(help="The number of first pieces of each split to build.", min=1)] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Try failed pieces again.")] = False,
    engine: Annotated[
        str,
        typer.Option(metavar="local|ray", help="Where to run; ray joins this machine's cluster or starts one."),
    ] = "local",
) -> None:
    """Build a corpus in the cache folder (or $STANDPARTNER_CACHE). An interrupted build goes on.

    Each piece is built in a process of its own, so that a crash costs one piece only. build.jsonl beside the pieces
    holds the result of each. A piece that failed is tried again only with --retry.
    """
    from standpartner.corpus.build import build_corpus
    from standpartner.corpus.registry import find_recipe
    from standpartner.corpus.store import open_corpus

    recipe = find_recipe(name)
    corpus = open_corpus(name)
    if source is None and recipe.source:
        raise ConfigError(f"expected a folder with a clone of {recipe.source}, got none; add --source DIR")
    start_s = time.monotonic()
    with progress_bar() as bar:
        report = _advance(bar, f"building {name}")
        results = build_corpus(
            recipe,
            corpus,
            source=source or Path(),
            jobs=jobs,
            split=split,
            limit=limit,
            retry=retry,
            engine=engine,
            report=report,
        )
    _print_built(corpus, results, start_s=start_s)


@app.command("import-npz")
def import_npz(
    source: Annotated[Path, typer.Argument(help="The folder with the authors' archive, unpacked, or a part of it.")],
    name: Annotated[str, typer.Option(help="The name of the new corpus.")] = "original",
    jobs: Jobs = _CORES,
) -> None:
    """Make a corpus of pieces in the original format: score/NAME.npz and performance/NAME.mid.

    Pieces of MSMD go into the paper's split, others into the split of their folder. Nothing in the files is run.
    """
    from standpartner.corpus.original.recipe import import_original
    from standpartner.corpus.store import open_corpus

    start_s = time.monotonic()
    with progress_bar() as bar:
        results = import_original(source, name=name, jobs=jobs, report=_advance(bar, f"importing {name}"))
    _print_built(open_corpus(name), results, start_s=start_s)


def _advance(bar: Progress, description: str) -> Callable[[object, int], None]:
    task = bar.add_task(description, total=None)

    def report(result: object, total: int) -> None:
        bar.update(task, total=total, advance=1)

    return report


def _print_built(corpus: "Corpus", results: "list[Built]", *, start_s: float) -> None:
    failed = [built for built in results if built.reason]
    size = f"{corpus.size_bytes() / _MEGABYTE:.0f} MB"
    minutes = f"{(time.monotonic() - start_s) / 60:.1f} minutes"
    _out.print(
        f"{len(results) - len(failed)} pieces of {corpus.name} are built in {corpus.folder} ({size}), "
        f"{len(failed)} are not; this took {minutes}."
    )
    notes = sum(len(built.notes) for built in results)
    if notes:
        _out.print(f"{notes} notes on what was left out of them stand in {corpus.folder / 'build.jsonl'}.")
    _print_reasons(failed)


def _print_reasons(failed: "list[Built]") -> None:
    for built in failed:
        _out.print(f"  {built.name} ({built.split}): {built.reason}", highlight=False)


_SIZES = ("pieces", "performances", "onsets", "minutes of audio", "strip px")


def _sizes(piece: "Piece") -> dict[str, float]:
    audio_s = sum(performance.duration_s for performance in piece.performances)
    numbers = (1, len(piece.performances), len(piece.score.onsets), audio_s / 60, piece.score.width_px)
    return dict(zip(_SIZES, numbers, strict=True))


def _sizes_by_split(corpus: "Corpus") -> dict[str, Counter[str]]:
    """Return sums over the built pieces of every split."""
    from standpartner.corpus.store import SPLITS
    from standpartner.piece import load_piece

    sums = {split: Counter[str]() for split in SPLITS}
    with progress_bar() as bar:
        for name in bar.track(corpus.names(), description=f"reading {corpus.name}"):
            sums[corpus.splits[name][0]].update(_sizes(load_piece(corpus.piece_folder(name))))
    return sums


@app.command()
def info(name: CorpusName) -> None:
    """Print the pieces, onsets, minutes and strip length of every built split, and what is not built, and why."""
    from standpartner.corpus.store import open_corpus

    corpus = open_corpus(name)
    table = Table("split", *_SIZES)
    for split, sums in _sizes_by_split(corpus).items():
        table.add_row(split, *(f"{sums[size]:.0f}" for size in _SIZES))
    _out.print(table)
    log = corpus.log()
    _out.print(
        f"{corpus.size_bytes() / _MEGABYTE:.0f} MB in {corpus.folder}, built in {_core_minutes(log):.1f} core minutes."
    )
    excluded = [log[piece] for piece in corpus.splits if piece in log and log[piece].reason]
    untried = len(corpus.splits) - len(corpus.names()) - len(excluded)
    if excluded or untried:
        _out.print(f"{len(excluded)} pieces could not be built, {untried} were not tried yet.")
    _print_reasons(excluded)


def _core_minutes(log: "dict[str, Built]") -> float:
    return sum(result.seconds for result in log.values()) / 60


@app.command("table")
def table_of_corpora(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="The corpora; default: all built.")] = None,
) -> None:
    """Print the built parts of several corpora as a Markdown table (the one in docs/corpus.md)."""
    from standpartner.corpus.registry import CORPORA, find_recipe
    from standpartner.corpus.store import open_corpus

    head = ("corpus", "found", "built: train, valid, test", "excluded", *_SIZES[1:], "MB", "core minutes", "licence")
    typer.echo(f"| {' | '.join(head)} |\n{'|---' * len(head)}|")
    for corpus in map(open_corpus, names or CORPORA):
        log = corpus.log()
        if not log and not names:
            continue
        sums = _sizes_by_split(corpus)
        built = ", ".join(f"{by_split['pieces']:.0f}" for by_split in sums.values())
        excluded = sum(bool(result.reason) for result in log.values())
        sizes = [f"{sum(by_split[size] for by_split in sums.values()):.0f}" for size in _SIZES[1:]]
        cells = [corpus.title, len(corpus.splits), built, excluded, *sizes, f"{corpus.size_bytes() / _MEGABYTE:.0f}"]
        licence = find_recipe(corpus.name).licence if corpus.name in CORPORA else "-"
        cells += [f"{_core_minutes(log):.0f}", licence]
        typer.echo(f"| {' | '.join(map(str, cells))} |")


@app.command()
def verify(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The corpus; with --splits an imported one to add.")
    ] = None,
    *,
    splits: Annotated[
        bool, typer.Option("--splits", help="Compare the notes of all built corpora: no music may be in two splits.")
    ] = False,
    split: SplitName = None,
    limit: Annotated[int | None, typer.Option(help="The largest number of pieces, evenly spread.", min=1)] = None,
    jobs: Jobs = _CORES,
    json_file: Annotated[Path | None, typer.Option("--json", metavar="FILE", help="The file for all numbers.")] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="DIR", help="The folder for a contact sheet and a page for each piece."),
    ] = None,
) -> None:
    """Check built pieces: heads on ink, pitches on their staff lines, onsets where the sound rises, and more.

    The table gives for every check how many things are right and how many pieces have enough of them. With --splits the
    table lists pieces of different splits that are the same music, with the share of the shorter melody that the two
    have in common. The exit code is 1 when a piece fails a check; each is named with its reason.
    """
    from standpartner.corpus.verify.checks import config_of

    if splits:
        if split or limit or html:
            raise ConfigError("--splits compares all that is built; leave out --split, --limit and --html")
        _verify_splits(name, json_file)
    elif name is None:
        raise ConfigError("expected the name of a corpus, or --splits to compare all that are built")
    else:
        _verify_pieces(name, config_of(name), split=split, limit=limit, jobs=jobs, json_file=json_file, html=html)


def _verify_pieces(
    name: str,
    config: "VerifyConfig",
    *,
    split: str | None,
    limit: int | None,
    jobs: int,
    json_file: Path | None,
    html: Path | None,
) -> None:
    from standpartner.corpus.store import open_corpus
    from standpartner.corpus.verify.checks import verify_corpus
    from standpartner.corpus.verify.page import draw_card, write_contact_sheet

    draw = partial(draw_card, html, config) if html else None
    corpus = open_corpus(name)
    prepare_outputs(json_file, html and html / "index.html")
    with progress_bar() as bar:
        progress = _advance(bar, f"verifying {name}")
        report = verify_corpus(corpus, split=split, limit=limit, jobs=jobs, config=config, draw=draw, report=progress)
    write_json(json_file, report.to_json())
    if html:
        typer.echo(f"Open {write_contact_sheet(html, report)} in a browser.")
    _print_verified(report)


def _verify_splits(name: str | None, json_file: Path | None) -> None:
    from standpartner.corpus.registry import CORPORA
    from standpartner.corpus.store import open_corpus, read_log
    from standpartner.corpus.verify.splits import verify_splits

    wanted = [name] if name else []
    found = [open_corpus(corpus) for corpus in CORPORA if corpus not in wanted]
    corpora = [corpus for corpus in found if read_log(corpus.folder)] + [open_corpus(corpus) for corpus in wanted]
    if not corpora:
        raise CorpusError("no corpus is built; run: standpartner corpus build NAME --source DIR")
    prepare_outputs(json_file)
    with progress_bar() as bar:
        tasks: dict[str, TaskID] = {}

        def progress(task: str, total: int) -> None:
            if task not in tasks:
                tasks[task] = bar.add_task(task, total=total)
            bar.advance(tasks[task])

        report = verify_splits(corpora, report=progress)
    write_json(json_file, report.to_json())
    _print_splits(report)


def _print_splits(report: "SplitReport") -> None:
    first, second = Column("piece", overflow="fold"), Column("is the same music as", overflow="fold")
    table = Table("in common", "notes", first, "split", second, "split")
    for pair in report.same:
        ends = [cell for end in (pair.first, pair.second) for cell in (f"{end.corpus}/{end.piece}", end.split)]
        table.add_row(f"{pair.share:.0%}", f"{pair.score:.0f}", *ends)
    if report.same:
        _out.print(table)
    compared = ", ".join(f"{count} of {corpus}" for corpus, count in report.compared.items())
    _out.print(f"{sum(report.compared.values())} pieces were compared: {compared}.")
    _out.print(
        f"{len(report.same)} pairs of pieces are the same music in two splits: {len(report.published)} within the "
        f"published split of MSMD, which stays, and {len(report.clashes)} that may not be."
    )
    if report.clashes:
        raise typer.Exit(1)


def _print_verified(report: "CorpusReport") -> None:
    table = Table(Column("check", no_wrap=True), "right", "pieces that pass", "worst piece")
    for pooled in report.pooled():
        share = f"{pooled.right / pooled.total:.2%} of {pooled.total}" if pooled.total else "-"
        worst = f"{pooled.worst} ({pooled.worst_share:.1%})" if pooled.worst_share < 1 else ""
        table.add_row(pooled.check, share, f"{pooled.passed} of {pooled.pieces}", worst)
    _out.print(table)
    _out.print(f"{len(report.pieces) - len(report.failed)} of {len(report.pieces)} pieces pass every check.")
    for piece in report.failed:
        _out.print(f"  {piece.name}: {_failures(piece)}", highlight=False)
    if report.failed:
        raise typer.Exit(1)


def _failures(report: "PieceReport") -> str:
    return "; ".join(
        f"{result.check}: {result.right} of {result.total}{' (' + result.detail + ')' if result.detail else ''}"
        for result in report.failed
    )


@app.command()
def show(
    piece: Annotated[
        str, typer.Argument(metavar="PIECE", help="The name of a built piece, CORPUS/NAME, or its folder.")
    ],
    out: Annotated[Path | None, typer.Option(help="The HTML file; default: PIECE.html here.")] = None,
    performance: Annotated[str | None, typer.Option(help="The name of the performance; default: the first.")] = None,
) -> None:
    """Write a page that shows a piece: systems with heads and onsets, the sound below, and the checks' results."""
    from standpartner.corpus.store import find_piece
    from standpartner.corpus.verify.checks import config_of, verify_piece
    from standpartner.corpus.verify.page import write_piece_page
    from standpartner.piece import load_piece

    folder = find_piece(piece)
    content = load_piece(folder, verify=True)
    path = out or Path(f"{content.name}.html")
    prepare_outputs(path)
    config = config_of(folder.resolve().parents[1].name)
    report = verify_piece(content, config)
    write_piece_page(path, content, report, config=config, performance=performance)
    typer.echo(f"Open {path} in a browser.")
    if report.failed:
        _out.print(f"Failed checks: {_failures(report)}", highlight=False)
