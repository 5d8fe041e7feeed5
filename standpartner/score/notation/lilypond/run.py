"""Runs LilyPond, convert-ly and Ghostscript in a folder of their own, each within the rest of a time limit."""

import shutil
import time
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image as PilImage

from standpartner.errors import MissingExtraError, ScoreError, TimeLimitError
from standpartner.score.model import Image
from standpartner.score.notation.lilypond.source import LilyPondSource, play_as_printed
from standpartner.support.children import Limits
from standpartner.support.programs import run_program

_INSTALL: Final = "apt-get install lilypond"
_LAST_WORDS: Final = 300
_MEMORY_BYTES: Final = 8 * 1024**3


@dataclass(frozen=True)
class LilyPondOutput:
    """The output of LilyPond: the hook's report, MIDI files in the order of the scores, and pages as PostScript."""

    report: str
    midi: tuple[Path, ...]
    postscript: Path


class Deadline:
    """The time until which programs may run."""

    def __init__(self, seconds: float) -> None:
        self._limit_s = seconds
        self._end_s = time.monotonic() + seconds

    def run(self, command: list[str], folder: Path, *, name: str) -> str:
        """Run a program to its end and return its output and standard error.

        The exit code is ignored, as LilyPond also fails on warnings. The program and all it started are killed at the
        deadline.

        Raises:
            ScoreError: The program took too long.
            ToolError: The program cannot be started.
            MissingExtraError: The program is not installed.
        """
        program = shutil.which(command[0])
        if program is None:
            raise MissingExtraError("LilyPond", _INSTALL)
        limits = Limits(time_s=self._end_s - time.monotonic(), memory_bytes=_MEMORY_BYTES)
        surroundings = {"TMPDIR": str(folder), "LC_ALL": "C.UTF-8"}
        try:
            done = run_program(
                [program, *command[1:]], limits=limits, folder=folder, environment=surroundings, check=False
            )
        except TimeLimitError as error:
            raise ScoreError(
                f"Engraving {name} took longer than {self._limit_s:g} s; split the score or raise the time limit."
            ) from error
        said = done.errors + done.output
        return said if done.exit_code >= 0 else f"{said}\n{command[0]} broke off (signal {-done.exit_code})."


def run_lilypond(
    source: LilyPondSource, folder: Path, *, deadline: Deadline, name: str, play_print: bool
) -> LilyPondOutput:
    """Engrave a source.

    Args:
        source: The source to engrave.
        folder: The folder for the output, which is empty.
        deadline: The deadline of the programs.
        name: The name of the file for messages.
        play_print: Whether to make MIDI of the print instead of the file's own.

    Raises:
        ScoreError: LilyPond draws nothing or takes too long.
        MissingExtraError: LilyPond is not installed.
    """
    for file, text in source.texts.items():
        (folder / file).write_text(text, encoding="utf-8")
    deadline.run(["convert-ly", "--edit", *source.texts], folder, name=name)
    for file in source.texts:  # this comes after convert-ly, which knows the older spellings
        text = (folder / file).read_text(encoding="utf-8")
        (folder / file).write_text(play_as_printed(text), encoding="utf-8")
    hooks = ["hook.ily", "sound.ily"] if play_print else ["hook.ily"]
    for hook in hooks:
        text = (resources.files("standpartner.score.notation.lilypond") / hook).read_text(encoding="utf-8")
        (folder / hook).write_text(text, encoding="utf-8")
    (folder / "hooks.ily").write_text("\n".join(f'\\include "{hook}"' for hook in hooks), encoding="utf-8")
    options = ["--ps", "-dinclude-settings=hooks.ily", "-dno-point-and-click", "--loglevel=WARNING"]
    words = deadline.run(["lilypond", *options, next(iter(source.texts))], folder, name=name)
    report, postscript = folder / "engraving.txt", sorted(folder.glob("*.ps"))
    if not report.is_file() or not postscript:
        raise ScoreError(
            f"LilyPond draws nothing for {name}; open the file in LilyPond and mend it. "
            f"Its words: {_gist(words) or 'none'}"
        )
    if len(postscript) > 1:
        raise ScoreError(f"{name} makes {len(postscript)} documents; keep one \\book in the file.")
    midi = sorted((*folder.glob("*.midi"), *folder.glob("*.mid")), key=_number)
    return LilyPondOutput(report.read_text(encoding="utf-8"), tuple(midi), postscript[0])


def rasterise(postscript: Path, *, dots_per_inch: float, deadline: Deadline, name: str) -> list[Image]:
    """Turn pages into grey images.

    Raises:
        ScoreError: Ghostscript fails or takes too long.
        MissingExtraError: Ghostscript is not installed.
    """
    folder = postscript.parent
    command = ["gs", "-q", "-dBATCH", "-dNOPAUSE", "-dSAFER", "-sDEVICE=pnggray", f"-r{dots_per_inch:.5f}"]
    command += ["-dTextAlphaBits=4", "-dGraphicsAlphaBits=4", "-sOutputFile=page-%04d.png", postscript.name]
    words = deadline.run(command, folder, name=name)
    files = sorted(folder.glob("page-*.png"))
    if not files:
        raise ScoreError(f"Ghostscript cannot draw the pages of {name}. Its words: {_gist(words) or 'none'}")
    pages = []
    for file in files:
        with PilImage.open(file) as image:
            pages.append(np.asarray(image.convert("L")))
    return pages


def _number(path: Path) -> tuple[int, str]:
    """Return the sorting key of MIDI files: part-0.midi, part-0-1.midi, ..., part-0-10.midi."""
    return len(path.stem), path.stem


def _gist(words: str) -> str:
    """Return the first error of a program, else its last line."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    errors = [line for line in lines if "error:" in line.lower()]
    return (errors[0] if errors else " ".join(lines[-2:]))[:_LAST_WORDS]
