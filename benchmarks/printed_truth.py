"""What is known of scanned editions: how many bars each system holds, from the line breaks of their Humdrum files."""

import re
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

SETS = ("mozart", "scarlatti", "joplin", "chopin-mazurkas")
_BREAK = re.compile(r"^!!(LO:[LP]B\b|linebreak|pagebreak)", re.IGNORECASE)
_HIDDEN = re.compile(r"^=+\d*[a-z]?-")

# Where the scan and the Humdrum file do not tell the same. The swapped and doubled pages and the split system are known
# from the pages; that pages stand in another order is inferred from bar counts that agree only when permuted.
EXCLUDED = {
    "scarlatti/L003K502": "pages stand in another order",
    "scarlatti/L004K158": "pages stand in another order",
    "scarlatti/L005K406": "pages 2 and 3 are swapped",
    "scarlatti/L006K139": "the Humdrum file breaks two pairs of lines elsewhere",
    "scarlatti/L008K461": "the Humdrum file splits a system",
    "scarlatti/L010K084": "pages 2 and 3 are swapped",
    "scarlatti/L337K336": "pages stand in another order",
    "scarlatti/L341K320": "pages stand in another order",
    "scarlatti/L347K227": "pages stand in another order",
    "joplin/heliotrope": "pages stand in another order",
    "chopin-mazurkas/mazurka07-3": "a page stands twice",
}


@dataclass(frozen=True)
class PrintedTruth:
    """A scanned piece.

    Attributes:
        name: SET/STEM.
        split: train, valid or test.
        pdf: The scan.
        kern: The Humdrum file.
        bars: Bars of each system, or None where the Humdrum file has no line breaks.
        excluded: Why scan and Humdrum file cannot be compared, empty where they can.
    """

    name: str
    split: str
    pdf: Path
    kern: Path
    bars: list[int] | None
    excluded: str


def printed_pieces(source: Path) -> list[PrintedTruth]:
    """The scans below a folder that holds scans/ and kern/, in the order of their names."""
    rows = (resources.files("standpartner.corpus") / "splits" / "humdrum.tsv").read_text().splitlines()[1:]
    splits = {row.split("\t")[0].replace("__", "/", 1): row.split("\t")[1] for row in rows}
    pieces = []
    for folder in SETS:
        for pdf in sorted((source / "scans" / folder).glob("*.pdf")):
            name = f"{folder}/{pdf.stem}"
            kern = source / "kern" / folder / f"{pdf.stem}.krn"
            pieces.append(
                PrintedTruth(name, splits.get(name, "unlisted"), pdf, kern, bars_by_line(kern), EXCLUDED.get(name, ""))
            )
    return pieces


def bars_by_line(kern: Path) -> list[int] | None:
    """Count the bars of each printed line.

    A break stands before or after the barline that it belongs to; a break inside a bar parts it into two.
    """
    lines: list[int] = []
    bars, notes, waiting, known = 0, False, False, False
    for row in kern.read_text(encoding="utf-8", errors="replace").split("\n"):
        if _BREAK.match(row):
            if not known and not bars and not notes:
                continue  # the first line of the page
            known = True
            waiting = notes or not bars
            if not waiting:
                lines.append(bars)
                bars = 0
        elif row.startswith("="):
            if notes and not _HIDDEN.match(row):
                bars, notes = bars + 1, False
            if waiting:
                if bars:
                    lines.append(bars)
                    bars = 0
                waiting = False
        elif row.strip() and row[0] not in "!*":
            if waiting:
                lines.append(bars + (1 if notes else 0))
                bars, waiting = 0, False
            notes = True
    if bars or notes:
        lines.append(bars + (1 if notes else 0))
    return lines if known else None
