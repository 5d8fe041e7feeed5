"""Reads the sounding pitches of Humdrum with transposing instruments, as Verovio does not keep them.

Humdrum gives what sounds, and ``*ITrd1c2`` says that a step, two semitones, above it is written. Verovio takes only
the first of a spine's transpositions back for what sounds, and writes every interval beyond an octave as an octave.
"""

import re
from collections.abc import Iterator
from typing import Final

_TRANSPOSITION: Final = re.compile(r"\*ITrd(-?\d+)c(-?\d+)")
_NOTE: Final = re.compile(r"([a-g]+|[A-G]+)(#+|-+|n?)")
_STEPS: Final = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
_STEPS_AN_OCTAVE, _SEMITONES_AN_OCTAVE, _MIDDLE_C = 7, 12, 60


def take_pitches(text: str) -> tuple[str, dict[str, int]]:
    """Find what sounds in a text with transposing instruments.

    Args:
        text: The Humdrum text as Verovio loads it.

    Returns:
        The text, in which intervals beyond an octave are written by notes in other octaves and an interval within it;
        and the MIDI pitch that sounds, by the ids that Verovio gives to notes. Without transposing instruments there
        are no pitches.
    """
    if _TRANSPOSITION.search(text) is None:
        return text, {}
    pitches: dict[str, int] = {}
    written: list[str] = []
    octaves: list[int] = []  # by which the notes of each column are moved
    for number, line in enumerate(text.splitlines(), start=1):
        tokens = line.split("\t")
        if line.startswith("**"):
            octaves = [0] * len(tokens)
        if line.startswith("*"):
            octaves = [_octaves_of(token, before) for token, before in zip(tokens, octaves, strict=False)]
            tokens = [_within_octave(token) for token in tokens]
        elif line and not line.startswith(("!", "=")):
            pitches.update(_sounding(tokens, number))
            tokens = [_moved(token, octave) for token, octave in zip(tokens, octaves, strict=False)]
        written.append("\t".join(tokens))
        octaves = _next_columns(octaves, tokens) if line.startswith("*") else octaves
    return "\n".join(written) + "\n", pitches


def _octaves_of(token: str, before: int) -> int:
    found = _TRANSPOSITION.fullmatch(token)
    if found is None:
        return before
    steps = int(found[1])
    return (abs(steps) - 1) // _STEPS_AN_OCTAVE * (1 if steps > 0 else -1) if steps else 0


def _within_octave(token: str) -> str:
    """Write a transposition without its whole octaves; an octave itself stays one."""
    found, octaves = _TRANSPOSITION.fullmatch(token), _octaves_of(token, 0)
    if found is None or octaves == 0:
        return token
    steps, semitones = int(found[1]), int(found[2])
    return f"*ITrd{steps - octaves * _STEPS_AN_OCTAVE}c{semitones - octaves * _SEMITONES_AN_OCTAVE}"


def _sounding(tokens: list[str], line: int) -> Iterator[tuple[str, int]]:
    """Yield the ids and pitches of the notes of a line."""
    for column, token in enumerate(tokens, start=1):
        notes = token.split(" ")
        for place, note in enumerate(notes, start=1):
            found = _NOTE.search(note)
            if found is not None:
                part = f"S{place}" if len(notes) > 1 else ""
                yield f"note-L{line}F{column}{part}", _pitch(found)


def _pitch(note: re.Match[str]) -> int:
    name, accidentals = note[1], note[2]
    octave = len(name) - 1 if name.islower() else -len(name)
    altered = accidentals.count("#") - accidentals.count("-")
    return _MIDDLE_C + _SEMITONES_AN_OCTAVE * octave + _STEPS[name[0].lower()] + altered


def _moved(token: str, octaves: int) -> str:
    """Move the notes of a token by octaves."""
    return _NOTE.sub(lambda note: _named(note[1], octaves) + note[2], token) if octaves else token


def _named(name: str, octaves: int) -> str:
    octave = (len(name) - 1 if name.islower() else -len(name)) + octaves
    return name[0].lower() * (octave + 1) if octave >= 0 else name[0].upper() * -octave


def _next_columns(values: list[int], tokens: list[str]) -> list[int]:
    """Follow the values of columns through spines that split, join, change places, begin and end."""
    after: list[int] = []
    exchanged: list[int] = []
    for index, (value, move) in enumerate(zip(values, tokens, strict=False)):
        if move == "*x":
            exchanged.append(len(after))
        joins = move == "*v" and index > 0 and tokens[index - 1] == "*v"
        new = {"*^": [value, value], "*+": [value, 0], "*-": []}.get(move, [value])
        after += [] if joins else new
    if len(exchanged) == 2:
        first, second = exchanged
        after[first], after[second] = after[second], after[first]
    return after
