"""Parts of the pages that report: one look, tables, pictures."""

import base64
import html
import io
from collections.abc import Sequence
from importlib import resources

import numpy as np
import numpy.typing as npt
from PIL import Image


def sheet(title: str, *, lead: str, body: str) -> str:
    """A whole page.

    Args:
        title: plain text.
        lead: a sentence or two below it, plain text.
        body: HTML.
    """
    style = resources.files(__package__).joinpath("report_page.css").read_text(encoding="utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{html.escape(title)} · standpartner</title><link rel="icon" href="data:,">'
        f"<style>{style}</style></head>"
        f"<body><main><h1>{html.escape(title)}</h1><p>{html.escape(lead)}</p>\n{body}</main></body></html>\n"
    )


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table; cells are HTML."""
    head = "".join(f"<th>{heading}</th>" for heading in headings)
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>\n" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n{lines}</tbody></table></div>\n'


def png(picture: npt.NDArray[np.uint8]) -> bytes:
    """A drawn picture, (height, width, 3), as a small PNG."""
    stream = io.BytesIO()
    # Maximum coverage keeps rare colours apart, such as those for and against; median cut would merge them.
    drawn = Image.fromarray(picture).quantize(method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    drawn.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def embedded(picture: npt.NDArray[np.uint8], words: str) -> str:
    """A drawn picture within the page, with what it shows in words."""
    content = base64.b64encode(png(picture)).decode()
    return f'<img loading="lazy" alt="{html.escape(words)}" src="data:image/png;base64,{content}">'


def linked(address: str, words: str) -> str:
    """A picture in a file beside the page; a click shows it alone."""
    where = html.escape(address)
    return f'<a href="{where}"><img loading="lazy" alt="{html.escape(words)}" src="{where}"></a>'
