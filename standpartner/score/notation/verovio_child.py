"""Runs in the child process that engraves with Verovio: reads a file that is not trusted, and writes a score."""

from pathlib import Path
from typing import Any

from standpartner.score.files import save_score
from standpartner.score.notation.choice import MusicChoice
from standpartner.score.notation.engrave import engrave
from standpartner.score.notation.engraving_style import EngravingStyle


def engrave_file(source: str, target: str, *, max_pages: int, style: dict[str, Any], choice: dict[str, Any]) -> None:
    """Engrave a notation file into a score file.

    Args:
        source: The path of the notation file.
        target: The path of the score file.
        max_pages: The number of pages above which a score is refused.
        style: The engraving style as a dictionary, as it comes from another process.
        choice: The part, movement and tune to take as a dictionary.

    Raises:
        ScoreError: The file is not readable notation, has no notes, or is too long.
    """
    score = engrave(Path(source), max_pages=max_pages, style=EngravingStyle(**style), choice=MusicChoice(**choice))
    save_score(score, target)
