r"""Reads LilyPond sources as scores, which LilyPond itself engraves, with the place, time and sound of every head.

The music is read as printed: repeats, voltas and da capos are not taken, for \unfoldRepeats is left out. In which
orders it may be played is read from the signs that are drawn. The sounding
notes come from the MIDI that LilyPond makes of the file. Where it is missing or differs from the print (ornaments
played out, voices doubled), LilyPond is run again and plays what it prints.

LilyPond files are programs: they may hold Scheme code that reads, writes and runs anything the user may. The safe mode
that older versions had was removed from LilyPond 2.24, and its jail needs root. So a file from a stranger must never
get here: `standpartner.score.read_score` reads LilyPond only when told that the file is trusted.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from standpartner.errors import ScoreError
from standpartner.score.model import Score
from standpartner.score.notation.lilypond.assemble import PAGE_PX_PER_SPACE, assemble
from standpartner.score.notation.lilypond.engraving import read_engraving
from standpartner.score.notation.lilypond.join import MidiMismatchError, join
from standpartner.score.notation.lilypond.run import Deadline, rasterise, run_lilypond
from standpartner.score.notation.lilypond.source import LilyPondSource, included_files, read_source
from standpartner.score.notation.midi import read_midi

__all__ = ["SUFFIXES", "included_files", "read_lilypond"]

SUFFIXES: Final = (".ly",)
_MM_PER_INCH: Final = 25.4


def read_lilypond(path: str | Path, *, time_limit_s: float = 120, max_pages: int = 60) -> Score:
    """Engrave a trusted LilyPond file; this runs the code in it.

    Args:
        path: The file; files that it includes from its own folders are read with it.
        time_limit_s: The seconds after which LilyPond is ended.
        max_pages: The number of pages above which a score is refused.

    Raises:
        ScoreError: The file cannot be read or engraved, is too long, or its MIDI differs from its print.
        MissingExtraError: LilyPond is not installed.
    """
    path = Path(path)
    source = read_source(path)
    reading = _Reading(path.name, source, Deadline(time_limit_s), max_pages)
    try:
        return reading.engrave(play_print=False)
    except MidiMismatchError:
        return reading.engrave(play_print=True)


@dataclass(frozen=True)
class _Reading:
    name: str
    source: LilyPondSource
    deadline: Deadline
    max_pages: int

    def engrave(self, *, play_print: bool) -> Score:
        with tempfile.TemporaryDirectory(prefix="standpartner-") as folder:
            output = run_lilypond(
                self.source, Path(folder), deadline=self.deadline, name=self.name, play_print=play_print
            )
            engraving = read_engraving(output.report)
            self._check_pages(engraving.page_count)
            joined = join(engraving.systems, [read_midi(file) for file in output.midi], name=self.name)
            resolution = PAGE_PX_PER_SPACE / engraving.space_mm * _MM_PER_INCH
            pages = rasterise(output.postscript, dots_per_inch=resolution, deadline=self.deadline, name=self.name)
        if len(pages) != engraving.page_count:
            raise ScoreError(f"LilyPond reports {engraving.page_count} pages of {self.name}, but draws {len(pages)}.")
        title = self.source.title or Path(self.name).stem
        return assemble(title, engraving.systems, pages, joined=joined)

    def _check_pages(self, count: int) -> None:
        if count > self.max_pages:
            raise ScoreError(
                f"The score has {count} pages; at most {self.max_pages} are followed; raise --max-pages or split it."
            )
