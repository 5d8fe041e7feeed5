"""Defines the command ``standpartner piece add``, which imports what it needs when it runs."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from standpartner.cli.follow import AudioPath, Movement, Part, ScorePath, Trust, Tune, read_any_score, say_selection
from standpartner.cli.read import NotationFile
from standpartner.errors import ConfigError, PieceError

if TYPE_CHECKING:
    from standpartner.align import Alignment
    from standpartner.piece import Piece
    from standpartner.score import Score

app = typer.Typer(help="Make pieces of your own from a score and a recording.", no_args_is_help=True)


@app.callback()  # keeps `add` a command of its own while it is the only one
def _pieces() -> None:
    """Make pieces of your own from a score and a recording."""


@app.command()
def add(
    score: ScorePath,
    audio: AudioPath,
    *,
    midi: Annotated[Path | None, typer.Option(metavar="FILE", help="The MIDI file of this very performance.")] = None,
    match: Annotated[Path | None, typer.Option(metavar="FILE", help="The match file of this performance.")] = None,
    beats: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="A file of lines with a second and a measure: '12.35 7', or '13.02 7+1.5' quarters on."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The folder for the piece; default: its name.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="The name of the piece; default: that of the score file.")] = None,
    offset: Annotated[float, typer.Option(help="The seconds by which the recording is later than FILE.")] = 0.0,
    notation: NotationFile = None,
    trust: Trust = False,
    part: Part = "",
    movement: Movement = "",
    tune: Tune = "",
) -> None:
    """Make a piece from a real recording and a file that gives the times at which its notes or beats are played.

    The recording may be as printed, or take repeats that the score says or leave them out. The times are checked
    against the sound.
    """
    from standpartner.piece import save_piece
    from standpartner.score import MusicChoice, PrintOptions

    given = [path for path in (midi, match, beats) if path is not None]
    if len(given) != 1:
        raise ConfigError(f"expected one of --midi, --match and --beats, got {len(given)} of them")
    name = name or _plain(score.stem)
    if name != _plain(name):
        raise ConfigError(f"a piece cannot be called {name!r}; use letters, digits, dots, hyphens and underscores")
    folder = out or Path(name)
    if (folder / "piece.json").exists():
        raise PieceError(f"{folder} holds a piece already; choose another folder with --out")
    engraved, words, _ = read_any_score(
        score, PrintOptions(), notation=notation, choice=MusicChoice(part, movement, tune), trusted=trust
    )
    piece = _make(name, engraved, audio, alignment=_align(engraved, midi=midi, match=match, beats=beats), offset=offset)
    save_piece(piece, folder)
    _say(piece, folder)
    if words:
        typer.echo(words)
    say_selection(engraved)


def _align(score: Score, *, midi: Path | None, match: Path | None, beats: Path | None) -> Alignment:
    from standpartner import align

    if midi is not None:
        return align.align_midi(score, align.read_performed_midi(midi))
    if match is not None:
        return align.align_match(score, align.read_match(match))
    if beats is not None:
        return align.align_annotated_positions(score, align.read_annotated_positions(beats))
    raise ConfigError("expected one of --midi, --match and --beats")


def _make(name: str, score: Score, audio: Path, *, alignment: Alignment, offset: float) -> Piece:
    from standpartner.corpus.audio_recordings import Recording, make_recorded_piece
    from standpartner.hear import read_audio

    samples = read_audio(audio)
    with audio.open("rb") as file:  # a video may be larger than the memory
        checksum = hashlib.file_digest(file, "sha256").hexdigest()
    recording = Recording(_plain(audio.stem), samples, checksum)
    return make_recorded_piece(name, score, recording, alignment=alignment, offset_s=offset)


def _plain(name: str) -> str:
    """Make a name that is safe as a file name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-") or "piece"


def _say(piece: Piece, folder: Path) -> None:
    performance = piece.performances[0]
    typer.echo(
        f"{piece.name} is in {folder}: {len(performance.onset)} onsets in {performance.duration_s:.0f} s, aligned by "
        f"{performance.made_by['aligned_by']}; the sound fits."
    )
    if len(performance.passages) > 1:
        typer.echo(f"Measures in the order in which they are played: {_measures(piece)}.")


def _measures(piece: Piece) -> str:
    """Name the first and last measure of each passage of the performance."""
    measure, performance = piece.score.onsets.measure, piece.performances[0]
    spans = [measure[performance.onset[passage]][[0, -1]] for passage in performance.passages]
    return ", ".join("-".join(str(piece.score.measure_number(int(number))) for number in span) for span in spans)
