"""Defines the command ``standpartner read`` for printed music, which imports what it needs when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from standpartner.score import PrintReading

MaxPages = Annotated[int, typer.Option("--max-pages", min=1, help="Refuse scores with more pages.")]
LayoutFile = Annotated[
    Path | None,
    typer.Option("--layout", metavar="FILE", help="A layout.json of printed pages, corrected by hand."),
]
FirstMeasure = Annotated[
    int, typer.Option("--first-measure", metavar="N", help="The number of the first bar on printed pages.")
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
    layout: LayoutFile = None,
    first_measure: FirstMeasure = 1,
    max_pages: MaxPages = 60,
) -> None:
    """Read printed music and write page-001.png ... with outlines of what was found, strip.png, and layout.json.

    Doubtful parts are drawn in red. Correct layout.json where it is wrong and give it back with --layout.
    """
    from standpartner.score import PrintOptions, read_print
    from standpartner.score.print.overlay import write_reading
    from standpartner.support.files import make_folder

    make_folder(out)
    reading = read_print(files, PrintOptions(max_pages=max_pages, layout=layout, first_measure=first_measure))
    write_reading(reading, out)
    typer.echo(_summary(reading, out))


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
