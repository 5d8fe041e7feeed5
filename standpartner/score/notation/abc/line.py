"""Reads lines of ABC music into a voice.

Source: "The abc music standard 2.1" (abcnotation.com), sections 4, 5 and 7.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Final

from standpartner.score.notation.abc.music import TOKEN, Event, Pitch, Tuplet, read_length, read_members
from standpartner.score.notation.abc.voice import Voice

SHORT_SIGNS: Final = {
    ".": "staccato", "~": "roll", "H": "fermata", "L": "accent", "M": "lowermordent", "O": "coda", "P": "uppermordent",
    "S": "segno", "T": "trill", "u": "upbow", "v": "downbow",
}  # fmt: skip
_QUARTERS: Final = 4  # of a whole note
_MOST_MEASURES: Final = 1_000  # of a rest; a larger number is surely a mistake
# How many notes of the usual time a tuplet takes where the tune does not say it; of others three in compound meters,
# else two.
_NORMAL: Final = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}
_WORDS: Final = re.compile(r"[^\s\-_*|]+-?|[-_*|]")


def read_music(voice: Voice, text: str, signs: Mapping[str, str]) -> None:
    """Read music without fields into a voice.

    Args:
        voice: The voice that it continues.
        text: The music.
        signs: The names of decorations of one letter.
    """
    for token in TOKEN.finditer(text):
        kind = token.lastgroup or ""
        if token["note"]:
            members = list(read_members(token["note"]))
            _add_note(voice, [pitch for pitch, _ in members], read_length(token["length"]))
        elif token["chord"]:
            members = list(read_members(token["chord"]))
            _add_note(voice, [pitch for pitch, _ in members], members[0][1] * read_length(token["span"]))
        elif token["rest"]:
            quarters = _QUARTERS * voice.unit * read_length(token["wait"])
            voice.add(Event(quarters=quarters, kind="rest" if token["rest"] == "z" else "space"))
        elif token["measures"]:
            _rest_for_measures(voice, token["measures"], int(token["count"][:5] or 1))
        elif token["bar"]:
            _read_bar(voice, token["bar"])
            _read_ending(voice, token["bar"], token["ending"] or "")
        elif token["number"] and voice.measure.empty:
            voice.ending = token["number"]
        elif token["tuplet"]:
            voice.tuplet = _read_tuplet(voice, token["tuplet"])
            voice.upcoming.apart = True
        elif kind in ("sign", "short"):
            sign = token[kind]
            voice.upcoming.signs.append(sign[1:-1] if kind == "sign" else signs.get(sign, ""))
        elif token["grace"] is not None:
            members = list(read_members(token["grace"]))
            voice.upcoming.graces += [[pitch] for pitch in _shifted(voice, [pitch for pitch, _ in members])]
        else:
            _read_mark(voice, kind, token[0])


def _add_note(voice: Voice, pitches: list[Pitch], length: Fraction) -> None:
    if pitches:
        quarters = _QUARTERS * voice.unit * (length or 1)
        voice.add(Event(pitches=_shifted(voice, pitches), quarters=quarters, tied=any(pitch.tied for pitch in pitches)))


def _shifted(voice: Voice, pitches: list[Pitch]) -> list[Pitch]:
    """Move typed pitches by the octaves of the voice and of its clef; MEI writes them as they sound."""
    octaves = voice.octaves + voice.clef.octaves
    return [replace(pitch, octave=pitch.octave + octaves) for pitch in pitches]


def _read_mark(voice: Voice, kind: str, text: str) -> None:
    """Read what stands between notes: spaces, ties, slurs, broken rhythm and overlays."""
    last = voice.last
    if kind == "space":
        voice.upcoming.apart = True
    elif kind == "tie" and (last or voice.line):
        (last or voice.line[-1]).tied = True
    elif kind == "slur":
        begins, ends = voice.upcoming.slurs
        voice.upcoming.slurs = (begins + 1, ends)
    elif kind == "unslur" and (last or voice.line):
        event = last or voice.line[-1]
        event.slurs = (event.slurs[0], event.slurs[1] + 1)
    elif kind == "broken" and last is not None and voice.broken is None:
        short = Fraction(1, 2 ** min(len(text), 3))
        first, second = (2 - short, short) if text[0] == ">" else (short, 2 - short)
        last.quarters *= first
        voice.broken = second
    elif kind == "overlay" and not voice.measure.empty:
        voice.measure.layers.append([])
        voice.layer = len(voice.measure.layers) - 1
        voice.upcoming.apart = True


def _read_tuplet(voice: Voice, text: str) -> Tuplet | None:
    actual, normal, count = (int(part or 0) for part in (text + "::").split(":")[:3])
    normal = normal or _NORMAL.get(actual, 3 if voice.meter.compound else 2)
    return Tuplet(actual, normal, count or actual) if actual > 0 and normal > 0 else None


def _read_bar(voice: Voice, text: str) -> None:
    """End the measure at a bar line; before anything else it stands at the left of the measure."""
    text = text.removeprefix(".")
    ends, starts = text.startswith(":"), text.endswith(":")
    double = "||" in text or text.startswith("[")
    bar = "rptend" if ends else "rptstart" if starts else "end" if "]" in text else "dbl" if double else "single"
    if voice.measure.empty:
        if ends and len(voice.measures) > 1:
            voice.measures[-2].right = bar
        elif starts or len(text) > 1 or not voice.started:
            voice.measure.left = bar
        return
    voice.end_measure(bar)
    if starts and ends:
        voice.measure.left = "rptstart"


def _read_ending(voice: Voice, bar: str, numbers: str) -> None:
    """Begin the ending whose numbers stand behind a bar line; any bar line but a single one ends the one before."""
    if numbers or bar.removeprefix(".") != "|":
        voice.ending = numbers


def _rest_for_measures(voice: Voice, kind: str, count: int) -> None:
    for number in range(min(count, _MOST_MEASURES)):
        if number:
            voice.end_measure("single")
        voice.add(Event(quarters=voice.meter.quarters, kind="measure-rest" if kind == "Z" else "measure-space"))


def read_words(voice: Voice, text: str) -> None:
    """Put a line of words under the notes of the line of music before it."""
    voice.verse += 1
    notes = iter(voice.line)
    for word in _WORDS.findall(text.split("%")[0].replace("\\-", "\u2011")):
        if word == "|":
            continue  # words do not skip to the next measure here; a note too many is no fault of the music
        note = next(notes, None)
        if note is None:
            return
        if word not in ("-", "_", "*"):
            note.syllables[voice.verse] = word.replace("~", " ")
