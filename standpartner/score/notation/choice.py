"""Defines what a user chooses of a notation file that holds several parts, movements or tunes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from standpartner.errors import ScoreError
from standpartner.score.selection import list_names


@dataclass(frozen=True)
class MusicChoice:
    """The music to take where a notation file holds several; each is a name, a part of one, or a number from 1.

    Attributes:
        part: The part, "all" for all together; empty for the piano, or else the widest part.
        movement: The movement; empty for the first.
        tune: The tune of a collection by its title or the number behind ``X:``.
    """

    part: str = ""
    movement: str = ""
    tune: str = ""


EVERYTHING: Final = MusicChoice()  # what is taken when nothing is chosen


def find_choice(
    wanted: str, names: Sequence[str], *, kind: str, file: str, numbers: Sequence[str] | None = None
) -> int:
    """Find the index of the music that a user names.

    A number counts from 1 unless it is a name itself. Capitals do not matter; a part of a name will do where it fits
    only one.

    Args:
        wanted: The name or number.
        names: The names to choose from.
        kind: What is chosen, "part", "movement" or "tune", which is also the name of the command's option.
        file: The name of the file for messages.
        numbers: The numbers that messages list beside the names, where these do not count from 1.

    Raises:
        ScoreError: Nothing or more than one fits.
    """
    plain = wanted.strip().casefold()
    same = [index for index, name in enumerate(names) if name.casefold() == plain]
    if same:
        return same[0]
    if plain.isdecimal() and 1 <= int(plain) <= len(names):
        return int(plain) - 1
    like = [index for index, name in enumerate(names) if plain and plain in name.casefold()]
    if len(like) == 1:
        return like[0]
    problem = f"has no {kind} {wanted!r}" if not like else f"has {len(like)} {kind}s like {wanted!r}"
    raise ScoreError(f"{file} {problem}; choose with --{kind} one of {list_names(names, numbers=numbers)}.")
