"""Defines what was taken of a notation file, and what else is in it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True)
class Selection:
    """The music of a notation file that a score holds, beside what it leaves out.

    Attributes:
        part: The name of the part or parts that were taken, which may be empty.
        parts: The names of all parts.
        staves_left_out: The number of staves of the chosen parts that the strip has no room for.
        movement: The index of the movement that was taken.
        movements: The names of all movements, which may be empty.
    """

    part: str = ""
    parts: tuple[str, ...] = ()
    staves_left_out: int = 0
    movement: int = 0
    movements: tuple[str, ...] = ("",)

    def sentences(self) -> list[str]:
        """Say what was taken where there is a choice, and how to choose otherwise; without a choice nothing."""
        said = []
        if len(self.parts) > 1:
            said.append(f'part taken: "{self.part}"; there are {list_names(self.parts)} (--part N, NAME or all)')
        if self.staves_left_out:
            staves = "staff" if self.staves_left_out == 1 else "staves"
            said.append(f"left out, as the strip has no room: the last {self.staves_left_out} {staves} of the part")
        if len(self.movements) > 1:
            names = list_names(self.movements)
            said.append(f"movement taken: {self.movement + 1}; there are {names} (--movement N or NAME)")
        return said

    def to_json(self) -> str:
        """Return the selection as JSON text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a selection from JSON text.

        Raises:
            ValueError: The text is no selection.
        """
        values: dict[str, Any] = json.loads(text)
        values |= {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
        return cls(**values)


def list_names(names: Sequence[str], *, numbers: Sequence[str] | None = None, most: int = 12) -> str:
    """List names with their numbers: '1 "Flute", 2 "Piano"'; after `most` of them only the count of the others."""
    counted = numbers or [str(number) for number in range(1, len(names) + 1)]
    listed = [f'{number} "{name}"' if name else number for number, name in zip(counted, names, strict=True)]
    more = len(listed) - most
    return ", ".join(listed[:most]) + (f" and {more} more" if more > 0 else "")
