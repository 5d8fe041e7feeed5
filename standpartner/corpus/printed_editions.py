"""Lists scanned editions beside their Humdrum files: which bars stand in which printed system, and what cannot be used.

Four collections hold a scan of the printed edition of each piece. Where a Humdrum file tells the edition's line breaks,
it says how many bars each printed system holds. ``printed_exclusions.tsv`` names the scans that do not show what the
Humdrum file holds, and one that is joined to it wrongly, with the reasons.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Final

from standpartner.errors import CorpusError

COLLECTIONS: Final = ("mozart", "scarlatti", "joplin", "chopin-mazurkas")
_BREAK: Final = re.compile(r"^!!(LO:[LP]B\b|linebreak|pagebreak)", re.IGNORECASE)
_HIDDEN: Final = re.compile(r"^=+\d*[a-z]?-")


@dataclass(frozen=True)
class PrintedEdition:
    """A scanned piece and its Humdrum file.

    Attributes:
        name: The collection and the file, for example ``mozart__sonata11-1a``; the Humdrum corpus uses the same names.
        pdf: The scan.
        kern: The Humdrum file.
    """

    name: str
    pdf: Path
    kern: Path

    @property
    def sha256(self) -> str:
        """The checksum of both files."""
        return hashlib.sha256(self.kern.read_bytes() + self.pdf.read_bytes()).hexdigest()

    @property
    def excluded(self) -> str:
        """The reason why the scan cannot be compared with the Humdrum file; empty where it can."""
        return exclusions().get(self.name, "")

    @cached_property
    def bars_of_lines(self) -> list[int] | None:
        """The number of bars of each printed line; None where the Humdrum file has no line breaks."""
        return bars_by_line(self.kern.read_text(encoding="utf-8", errors="replace"))


@cache
def exclusions() -> dict[str, str]:
    """Read the reasons why scans cannot be compared with their Humdrum files, by name."""
    lines = Path(__file__).with_name("printed_exclusions.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return dict(line.split("\t") for line in lines)


def find_editions(source: Path) -> list[PrintedEdition]:
    """List the scans that have a Humdrum file of the same name, in the order of collections and names.

    Args:
        source: The folder that holds ``scans/COLLECTION/*.pdf`` and ``kern/COLLECTION/*.krn``.

    Raises:
        CorpusError: A collection is missing.
    """
    editions = []
    for collection in COLLECTIONS:
        kerns = {path.stem: path for path in sorted((source / "kern" / collection).rglob("*.krn"))}
        scans = {path.stem: path for path in sorted((source / "scans" / collection).rglob("*.pdf"))}
        both = [stem for stem in scans if stem in kerns]
        if not both:
            raise CorpusError(
                f"expected scans and Humdrum files of {collection} in {source / 'scans' / collection} and "
                f"{source / 'kern' / collection}, found none; see docs/corpus.md"
            )
        editions += [PrintedEdition(f"{collection}__{stem}", scans[stem], kerns[stem]) for stem in both]
    return editions


def bars_by_line(humdrum: str) -> list[int] | None:
    """Count the bars of each printed line of a Humdrum file, or return None if it tells no line breaks.

    A break stands before or after the barline that it belongs to; a break inside a bar parts it into two.

    Args:
        humdrum: The text of the file.
    """
    counter = _LineCounter()
    for row in humdrum.split("\n"):
        if _BREAK.match(row):
            counter.take_break()
        elif row.startswith("="):
            counter.take_barline(hidden=_HIDDEN.match(row) is not None)
        elif row.strip() and row[0] not in "!*":
            counter.take_notes()
    return counter.finish()


class _LineCounter:
    """Counts bars line by line while the rows of a Humdrum file pass."""

    def __init__(self) -> None:
        self._lines: list[int] = []
        self._bars = 0
        self._in_bar = False
        self._breaks_at_next = False  # a break has come whose barline has not
        self._has_breaks = False

    def take_break(self) -> None:
        """Take a line break or page break."""
        if not self._has_breaks and not self._bars and not self._in_bar:
            return  # this is the first line of the page
        self._has_breaks = True
        self._breaks_at_next = self._in_bar or not self._bars
        if not self._breaks_at_next:
            self._end_line()

    def take_barline(self, *, hidden: bool) -> None:
        """Take a barline; a hidden one ends no bar."""
        if self._in_bar and not hidden:
            self._bars, self._in_bar = self._bars + 1, False
        if self._breaks_at_next:
            if self._bars:
                self._end_line()
            self._breaks_at_next = False

    def take_notes(self) -> None:
        """Take a row of notes or rests."""
        if self._breaks_at_next:
            self._end_line()
            self._breaks_at_next = False
        self._in_bar = True

    def finish(self) -> list[int] | None:
        """End the last line and return the bars of all lines; None if there was no break."""
        if self._bars or self._in_bar:
            self._end_line()
        return self._lines if self._has_breaks else None

    def _end_line(self) -> None:
        self._lines.append(self._bars + (1 if self._in_bar else 0))
        self._bars = 0
