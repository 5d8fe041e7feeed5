"""Makes the pages of reports, with tables and pictures in one HTML file."""

import html
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from standpartner.support.embed import data_uri, drawing_png
from standpartner.support.pages import render_page


def report_page(title: str, *, lead: str, body: str, style: str = "") -> str:
    """Make a whole page.

    Args:
        title: The title, as plain text.
        lead: A sentence or two below the title, as plain text.
        body: The rest of the page, as HTML.
        style: The CSS that only this page needs.
    """
    values = {"title": title, "lead": lead, "body": Markup(body), "style": Markup(style)}  # noqa: S704 - it is HTML
    return render_page("support/page_parts/report.html", values)


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Make a table whose headings and cells are HTML."""
    head = "".join(f"<th>{heading}</th>" for heading in headings)
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>\n" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n{lines}</tbody></table></div>\n'


def embedded_image(picture: npt.NDArray[np.uint8], words: str) -> str:
    """Embed a drawn picture, (height, width, 3), with words for those who cannot see it."""
    return f'<img loading="lazy" alt="{html.escape(words)}" src="{data_uri(drawing_png(picture), "image/png")}">'


def linked_image(address: str, words: str) -> str:
    """Link a picture in a file beside the page; a click shows it alone."""
    where = html.escape(address)
    return f'<a href="{where}"><img loading="lazy" alt="{html.escape(words)}" src="{where}"></a>'
