"""Reads the fields of ABC tunes: keys, clefs, meters and lengths.

Source: "The abc music standard 2.1" (abcnotation.com), sections 3, 4.4 and 4.6.
"""

import re
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

_TONICS: Final = {"F": -1, "C": 0, "G": 1, "D": 2, "A": 3, "E": 4, "B": 5}
_MODES: Final = {
    "maj": 0, "ion": 0, "mix": -1, "dor": -2, "m": -3, "min": -3, "aeo": -3, "phr": -4, "loc": -5, "lyd": 1,
}  # fmt: skip
_KEY: Final = re.compile(r"([A-G])([#b]?)(?:\s*([A-Za-z]*))")
_SHARPS: Final = "fcgdaeb"
_OWN_ACCIDENTAL: Final = re.compile(r"(?:^|\s)(\^\^|\^|__|_|=)([a-gA-G])(?=\s|$|[_^=])")
ACCIDENTALS: Final = {"^": "s", "^^": "x", "_": "f", "__": "ff", "=": "n", "^/": "1qs", "_/": "1qf"}
_CLEF: Final = re.compile(
    r"(?:clef\s*=\s*\"?|(?<![\w=-]))(treble|alto|tenor|bass|perc|none|[GCF](?=\d))([1-5](?!\d))?([+-](?:8|15))?"
)
_NAME: Final = re.compile(r'\b(?:sub|s)?(?:name|nm)\s*=\s*"[^"]*"')  # of a voice, which may be "bass"
_CLEFS: Final = {
    "treble": ("G", 2), "alto": ("C", 3), "tenor": ("C", 4), "bass": ("F", 4), "perc": ("perc", 3), "none": ("G", 2),
    "G": ("G", 2), "C": ("C", 3), "F": ("F", 4),
}  # fmt: skip
_MIDDLE_STEPS: Final = {"G": 34, "C": 28, "F": 24}  # the step on the line of each clef shape, 28 is middle c
_STEPS: Final = "cdefgab"
_COMPOUND: Final = (6, 9, 12)


@dataclass(frozen=True)
class Key:
    """A key signature: {step: accidental} in the order in which it is printed."""

    accidentals: dict[str, str] = field(default_factory=dict)

    @property
    def signature(self) -> str:
        """The signature as MEI writes it, "mixed" where it is not one of the usual ones."""
        for kind, order in (("s", _SHARPS), ("f", _SHARPS[::-1])):
            steps = order[: len(self.accidentals)]
            if self.accidentals == dict.fromkeys(steps, kind):
                return f"{len(steps)}{kind}" if steps else "0"
        return "mixed"


@dataclass(frozen=True)
class Clef:
    """A clef, and how far what is written and what sounds lie from what is typed.

    Attributes:
        shape: The shape as in MEI.
        line: The line it stands on.
        octaves: The octaves by which the music sounds higher than written; the clef shows an 8 or 15.
    """

    shape: str = "G"
    line: int = 2
    octaves: int = 0


@dataclass(frozen=True)
class Meter:
    """A meter; ``count`` and ``unit`` are 0 in music without one."""

    count: int = 4
    unit: int = 4
    symbol: str = ""
    printed_count: str = ""

    @property
    def quarters(self) -> Fraction:
        """The length of a measure in quarters; four without a meter."""
        return Fraction(4 * self.count, self.unit) if self.unit and self.count else Fraction(4)

    @property
    def compound(self) -> bool:
        """Whether beats have three parts, which decides how long some tuplets are."""
        return self.count in _COMPOUND and self.unit in (8, 16, 32)


def count_fifths(key: str) -> int:
    """Count the sharps (or, negative, flats) of an ABC key such as ``Bb``, ``F#m`` or ``D mixolydian``; -7 to 7.

    Keys without a tonic (``none``) have 0, the Highland pipes' ``HP`` and ``Hp`` 2.
    """
    key = key.strip()
    if key.lower().startswith("hp"):
        return 2
    found = _KEY.match(key)
    if found is None:
        return 0
    mode = found[3].lower()
    shift = _MODES.get(mode if mode == "m" else mode[:3], 0)
    return max(-7, min(7, _TONICS[found[1]] + {"#": 7, "b": -7, "": 0}[found[2]] + shift))


def read_key(text: str) -> Key | None:
    """Read the key signature of a K: field; None where the field names none, as in ``K: clef=bass``."""
    plain = text.split("%")[0].strip()
    named = _KEY.match(plain) is not None and not re.match(r"[GCF]\d", plain)
    if not named and not re.match(r"(?i)none|hp|exp|[_^=]|$", plain):
        return None
    explicit = re.search(r"\bexp\b", plain) is not None  # all accidentals are listed
    fifths = count_fifths(plain) if (named or plain.lower().startswith("hp")) and not explicit else 0
    order = _SHARPS[:fifths] if fifths > 0 else _SHARPS[::-1][:-fifths]
    accidentals = dict.fromkeys(order, "s" if fifths > 0 else "f")
    for sign, step in _OWN_ACCIDENTAL.findall(plain):
        accidentals[step.lower()] = ACCIDENTALS[sign]
        if sign == "=":
            del accidentals[step.lower()]
    return Key(accidentals)


def read_clef(text: str) -> Clef | None:
    """Read the clef that a K: or V: field names; None where it names none."""
    found = _CLEF.search(_NAME.sub("", text))
    if found is None:
        return None
    shape, line = _CLEFS[found[1]]
    octaves = {"8": 1, "15": 2}.get((found[3] or "")[1:], 0) * (-1 if (found[3] or "").startswith("-") else 1)
    return Clef(shape, int(found[2] or line), octaves)


def read_number(text: str, name: str) -> int | None:
    """Read a number such as that of ``octave=-1`` from a field; None where it is not given."""
    found = re.search(rf"\b{name}\s*=\s*([+-]?\d{{1,3}})", text)
    return int(found[1]) if found else None


def read_middle(text: str, clef: Clef) -> int | None:
    """Read the octaves by which ``middle=`` moves what is typed, so that it lies on the staff; None if not given."""
    found = re.search(r"\b(?:middle|m)\s*=\s*([A-Ga-g])([,']*)", text)
    if found is None or clef.shape not in _MIDDLE_STEPS:
        return None
    octave = (5 if found[1].islower() else 4) + found[2].count("'") - found[2].count(",")
    typed = 7 * octave + _STEPS.index(found[1].lower())
    return round((_MIDDLE_STEPS[clef.shape] + 2 * (3 - clef.line) - typed) / 7)


def read_meter(text: str) -> Meter:
    """Read a meter such as ``6/8``, ``C|``, ``2+3/8`` or ``none``."""
    plain = text.split("%")[0].strip()
    if plain.startswith("C|"):
        return Meter(2, 2, "cut")
    if plain.startswith("C"):
        return Meter(4, 4, "common")
    found = re.match(r"\(?([\d+ ]+)\)?\s*/\s*(\d+)", plain)
    parts = [int(part) for part in found[1].replace(" ", "").split("+") if part] if found else []
    if found is None or not sum(parts) or not 1 <= int(found[2]) <= 128:
        return Meter(0, 0)
    return Meter(sum(parts), int(found[2]), "", "+".join(map(str, parts)))


def read_fraction(text: str) -> Fraction | None:
    """Read a length such as ``1/8``, or None."""
    found = re.match(r"\s*(\d{1,4})\s*(?:/\s*(\d{1,4}))?", text)
    if found is None or int(found[2] or 1) == 0 or int(found[1]) == 0:
        return None
    return Fraction(int(found[1]), int(found[2] or 1))


def unit_length(meter: Meter) -> Fraction:
    """Return the length in whole notes that a note has by default: a sixteenth in short measures, else an eighth."""
    short = meter.count and Fraction(meter.count, meter.unit) < Fraction(3, 4)
    return Fraction(1, 16 if short else 8)


def read_tempo(text: str, unit: Fraction) -> float | None:
    """Read the quarters a minute of a Q: field such as ``1/4=90`` or ``120``; None where it gives none."""
    plain = re.sub(r'"[^"]*"', "", text.split("%")[0])
    found = re.search(r"((?:\d+/\d+\s*)+|[A-Za-z]\d*)?\s*=?\s*(\d+(?:\.\d+)?)\s*$", plain)
    if found is None:
        return None
    beats = [part for each in re.findall(r"\d+/\d+", found[1] or "") if (part := read_fraction(each)) is not None]
    quarters = 4 * (sum(beats, Fraction(0)) or unit)
    rate = float(found[2]) * float(quarters)
    return rate if 1 <= rate <= 2000 else None
