"""Defines the command ``standpartner read`` for printed music, which imports what it needs when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from standpartner.score import JoinedPrint, MusicChoice, PrintOptions, PrintReading

MaxPages = Annotated[int, typer.Option("--max-pages", min=1, help="Refuse scores with more pages.")]
LayoutFile = Annotated[
    Path | None,
    typer.Option("--layout", metavar="FILE", help="A layout.json of printed pages, corrected by hand."),
]
FirstMeasure = Annotated[
    int, typer.Option("--first-measure", metavar="N", help="The number of the first bar on printed pages.")
]
NotationFile = Annotated[
    Path | None,
    typer.Option(
        "--notation", metavar="FILE", help="The notation file of the printed pages: their notes and measure numbers."
    ),
]


def add_commands(app: typer.Typer) -> None:
    """Add the command of this module to the command line."""
    app.command()(read)


def read(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="PDF, PNG, JPEG, TIFF, WebP or HEIC, in the order of the pages, or folders."
        ),
    ],
    *,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder for the files; made if missing.")],
    notation: NotationFile = None,
    layout: LayoutFile = None,
    first_measure: FirstMeasure = 1,
    max_pages: MaxPages = 60,
    trust: Annotated[bool, typer.Option("--trust", help="Read a LilyPond file given with --notation.")] = False,
) -> None:
    """Read printed music and write page-001.png ... with outlines of what was found, strip.png, and layout.json.

    Doubtful parts are drawn in red. Correct layout.json where it is wrong and give it back with --layout. With
    --notation it also writes overlay.png and onsets.json: where the notes of the notation are on the strip.
    """
    from standpartner.score import PrintOptions
    from standpartner.score.overlay import write_onsets
    from standpartner.score.print.overlay import write_reading
    from standpartner.support.files import make_folder

    make_folder(out)
    _check_kept(files, out)
    options = PrintOptions(max_pages=max_pages, layout=layout, first_measure=first_measure)
    reading, joined = read_pages(files, options, notation=notation, trusted=trust)
    write_reading(reading, out)
    typer.echo(_summary(reading, out))
    if joined is not None and notation is not None:
        write_onsets(joined.score, out)
        typer.echo(join_words(joined, notation))


def _check_kept(files: list[Path], out: Path) -> None:
    """Check before the work that no picture is replaced that is to be read, or that an earlier run did not write."""
    from standpartner.errors import ConfigError
    from standpartner.score.print.files import list_files
    from standpartner.support.files import own_pages

    written = [*own_pages(out, marker="layout.json"), out / "strip.png", out / "overlay.png"]
    replaced = {picture.resolve() for picture in written}
    if not replaced.isdisjoint(file.resolve() for file in list_files(files)):
        raise ConfigError(f"{out} holds pictures that are to be read and would be replaced; give another --out")


def read_pages(
    files: list[Path],
    options: PrintOptions,
    *,
    notation: Path | None,
    choice: MusicChoice | None = None,
    trusted: bool = False,
) -> tuple[PrintReading, JoinedPrint | None]:
    """Read printed pages and, if their notation is given, join them to it."""
    from standpartner.errors import ConfigError
    from standpartner.score import MusicChoice, join_print, read_print, read_score
    from standpartner.score.print.files import is_print
    from standpartner.support.progress import passing_bar

    if notation is not None and is_print(notation):
        raise ConfigError(f"{notation.name} is a picture, but --notation takes the notation file of the pages")
    if notation is not None and options.first_measure != 1:
        raise ConfigError(f"{notation.name} knows the numbers of its measures; leave out --first-measure")
    with passing_bar(f"Reading {files[0].name}", None):
        reading = read_print(files, options)
        if notation is None:
            return reading, None
        choice = choice or MusicChoice()
        music = read_score(notation, max_pages=options.max_pages, trusted=trusted, choice=choice)
        joined = join_print(reading, music)
    return joined.reading, joined


def join_words(joined: JoinedPrint, notation: Path) -> str:
    """Say how pages were joined to their notation, and which systems are in doubt."""
    from standpartner.score.print.overlay import DOUBTFUL

    labels = joined.score.measures.label
    words = f"Joined to {notation.name}: {_count(len(labels), 'measure')}, {_count(len(joined.score.onsets), 'onset')}."
    empty = sum(system.measures[0] == system.measures[1] for system in joined.systems)
    if empty:
        words += f"\n{_count(empty, 'system')} before or after its music."
    doubtful = [
        f"{number} ({labels[system.measures[0]]} to {labels[system.measures[1] - 1]})"
        for number, system in enumerate(joined.systems, start=1)
        if system.doubt > DOUBTFUL and system.measures[0] < system.measures[1]
    ]
    if doubtful:
        words += f"\nSystems whose measures are in doubt: {', '.join(doubtful)}."
    return words


def _summary(reading: PrintReading, out: Path) -> str:
    from standpartner.score.print.overlay import DOUBTFUL

    systems = [system for page in reading.pages for system in page.systems]
    bars = sum(system.bars for system in systems)
    words = f"{_count(len(reading.pages), 'page')}, {_count(len(systems), 'system')}, {_count(bars, 'bar')} -> {out}"
    doubtful = sum(system.doubt > DOUBTFUL for system in systems)
    if doubtful:
        words += (
            f"\n{_count(doubtful, 'system')} in doubt: look at the pages, correct layout.json, give it to --layout."
        )
    many = sorted({system.staves for system in systems if system.staves > 2})
    if many:
        words += (
            f"\nSystems of {' and '.join(map(str, many))} staves: two of them are followed, those that barlines join; "
            "layout.json names them."
        )
    left_out = [words for page in reading.pages for words in page.left_out]
    if left_out:
        words += f"\nLeft out: {'; '.join(left_out)}."
    return words


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
