"""Reads a score from a notation file or from pictures of its pages."""

from pathlib import Path
from typing import Final

from standpartner.score.model import Score
from standpartner.score.notation.choice import EVERYTHING, MusicChoice
from standpartner.score.notation.engraving_style import EngravingStyle
from standpartner.score.notation.read import read_score as read_notation_score
from standpartner.score.print.files import is_print
from standpartner.score.print.read import PrintOptions, read_print

DEFAULT_STYLE: Final = EngravingStyle()


def read_score(
    path: str | Path,
    *,
    time_limit_s: float = 120,
    max_pages: int = 60,
    trusted: bool = False,
    style: EngravingStyle = DEFAULT_STYLE,
    choice: MusicChoice = EVERYTHING,
) -> Score:
    """Read a score from notation or from pictures of its pages, by the ending of the file's name.

    MusicXML (.musicxml, .xml, .mxl), MEI (.mei), Humdrum (.krn) and ABC (.abc) are engraved by Verovio, LilyPond (.ly)
    by LilyPond if it is installed. Repeats are taken as printed. Of several parts the piano is taken unless another is
    chosen. PDF, PNG, JPEG, TIFF, WebP and HEIC, and folders of them, are pictures: their systems and bars are found in
    the image, and their notes stay unknown.

    Args:
        path: The file, or a folder of pictures.
        time_limit_s: The seconds after which engraving, or reading one file of pages, is ended.
        max_pages: The number of pages above which a score is refused.
        trusted: Whether LilyPond files are read: they can hold code that runs with the user's rights. Never say so of a
            file that a stranger sent, for example through a web page.
        style: The style in which Verovio draws; LilyPond and pictures have their own.
        choice: The part, movement or tune to take of notation.

    Raises:
        ScoreError: The file is missing, damaged, holds no music, is too long, or the engraver fails.
        MissingExtraError: It needs LilyPond or what reads HEIC photos, which is not installed.
    """
    if is_print(Path(path)):
        options = PrintOptions(max_pages=max_pages, time_limit_s=time_limit_s)
        return read_print([path], options).score
    return read_notation_score(
        path, time_limit_s=time_limit_s, max_pages=max_pages, trusted=trusted, style=style, choice=choice
    )
