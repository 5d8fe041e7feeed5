"""Reads the lines of an ABC tune into its voices."""

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Final

from standpartner.score.notation.abc import fields
from standpartner.score.notation.abc.fields import Clef, Key, Meter
from standpartner.score.notation.abc.line import SHORT_SIGNS, read_music, read_words
from standpartner.score.notation.abc.voice import Tune, Voice

_FIELD: Final = re.compile(r"([A-Za-z+]):(?!\|)(.*)")


class TuneReader:
    """Reads the lines of one tune in order."""

    def __init__(self) -> None:
        self.tune = Tune()
        self._meter = Meter(0, 0)
        self._unit: Fraction | None = None
        self._key = Key()
        self._clef = Clef()
        self._shift: tuple[int, int] = (0, 0)  # octaves and semitones of the key's field
        self._in_header = True
        self._definitions: dict[str, str] = {}  # V: fields of the header
        self._signs = dict(SHORT_SIGNS)
        self._voice: Voice | None = None

    def read(self, text: str) -> Tune:
        """Read a whole tune."""
        for line in _outside_blocks(text.splitlines()):
            if line.startswith("%"):
                self._read_directive(line)
            elif found := _FIELD.match(line):
                self._read_field(found[1], found[2].strip(), inline=False)
            elif not self._in_header and line.strip():
                self._read_line(line)
        for voice in self.tune.voices:
            if voice.measure.empty:
                voice.measures.pop()
            else:
                voice.measure.right = "end"
        self.tune.voices = [voice for voice in self.tune.voices if voice.measures]
        return self.tune

    def _read_directive(self, line: str) -> None:
        found = re.match(r"%%(?:score|staves)\s+(.*)", line)
        if found is None:
            return
        self.tune.staves, self.tune.braces = [], []
        shared, brace = False, -1
        for word in re.findall(r"[(){}]|[^\s(){}\[\]|*]+", found[1]):
            if word == "(":
                self.tune.staves.append([])
            elif word == "{":
                brace = len(self.tune.staves)
            elif word == "}" and brace >= 0:
                self.tune.braces.append((brace, len(self.tune.staves) - 1))
            elif word not in "(){}" and shared:
                self.tune.staves[-1].append(word)
            elif word not in "(){}":
                self.tune.staves.append([word])
            shared = word == "(" or (shared and word != ")")

    def _read_field(self, name: str, text: str, *, inline: bool) -> None:
        if name == "T" and not self.tune.title:
            self.tune.title = text.split("%")[0].strip()
        elif name == "U" and (found := re.match(r"([~H-Wh-w])\s*=\s*[!+]?([^!+\s]+)[!+]?", text)):
            self._signs[found[1]] = found[2]
        elif name == "V":
            self._read_voice(text)
        elif self._in_header:
            self._read_header(name, text)
        elif name in "KLMQ":
            self._change(self._current(), name, text)
        elif name == "w" and not inline:
            read_words(self._current(), text)

    def _read_line(self, line: str) -> None:
        """Read a line of music; a V: field inside it changes the voice."""
        self._current().line, self._current().verse = [], 0
        for part in re.split(r"(\[[A-Za-z]:[^\]]*\])", _without_comment(line)):
            if re.fullmatch(r"\[[A-Za-z]:[^\]]*\]", part):
                self._read_field(part[1], part[3:-1].strip(), inline=True)
            else:
                read_music(self._current(), part, self._signs)
        if not line.rstrip().endswith("\\"):
            self._current().upcoming.apart = True

    def _change(self, voice: Voice, name: str, text: str) -> None:
        if name == "L":
            voice.unit = fields.read_fraction(text) or voice.unit
        elif name == "M":
            voice.change(meter=fields.read_meter(text))
        elif name == "Q":
            voice.changes.tempo = fields.read_tempo(text, voice.unit)
        else:
            key, clef = fields.read_key(text), fields.read_clef(text)
            if key is not None:
                voice.change(key=key)
            if clef is not None:
                voice.change(clef=clef)
            self._shift_by(voice, text)

    def _read_header(self, name: str, text: str) -> None:
        if name == "M":
            self._meter = fields.read_meter(text)
        elif name == "L":
            self._unit = fields.read_fraction(text) or self._unit
        elif name == "Q":
            self.tune.tempo = fields.read_tempo(text, self._unit or fields.unit_length(self._meter))
        elif name == "K":
            self._key = fields.read_key(text) or Key()
            self._clef = fields.read_clef(text) or Clef()
            octaves = fields.read_number(text, "octave") or 0
            octaves += fields.read_middle(text, self._clef) or 0
            self._shift = (octaves, fields.read_number(text, "transpose") or 0)
            self._in_header = False
            for voice, definition in self._definitions.items():
                self._define(self._voice_named(voice), definition)
            self._voice = self.tune.voices[0] if self.tune.voices else None

    def _read_voice(self, text: str) -> None:
        name, _, rest = text.split("%")[0].strip().partition(" ")
        if not name:
            return
        if self._in_header:
            self._definitions[name] = f"{self._definitions.get(name, '')} {rest}"
        else:
            self._voice = self._voice_named(name)
            self._voice.line = []
            self._define(self._voice, rest)

    def _voice_named(self, name: str) -> Voice:
        for voice in self.tune.voices:
            if voice.name == name:
                return voice
        alone = self.tune.voices[0] if len(self.tune.voices) == 1 else None
        if alone is not None and not alone.name and not alone.started:
            alone.name = name
            return alone
        unit = self._unit or fields.unit_length(self._meter)
        voice = Voice(name, self._key, self._meter, unit, self._clef)
        voice.octaves, voice.semitones = self._shift
        self.tune.voices.append(voice)
        return voice

    def _current(self) -> Voice:
        if self._voice is None:
            self._voice = self._voice_named("")
        return self._voice

    def _define(self, voice: Voice, text: str) -> None:
        clef = fields.read_clef(text)
        if clef is not None:
            voice.change(clef=clef)
        self._shift_by(voice, text)
        label = re.search(r'\b(?:name|nm)\s*=\s*"([^"]*)"', text)
        voice.label = label[1] if label else voice.label

    def _shift_by(self, voice: Voice, text: str) -> None:
        octave, middle = fields.read_number(text, "octave"), fields.read_middle(text, voice.clef)
        if octave is not None or middle is not None:
            voice.octaves = (octave or 0) + (middle or 0)
        semitones = fields.read_number(text, "transpose")
        voice.semitones = voice.semitones if semitones is None else semitones


def _outside_blocks(lines: Iterable[str]) -> Iterator[str]:
    """Yield the lines outside blocks of text or drawings, ``%%begintext`` to ``%%endtext``, which hold no music."""
    inside = False
    for line in lines:
        inside = line.startswith("%%begin") or (inside and not line.startswith("%%end"))
        if not inside:
            yield line


def _without_comment(line: str) -> str:
    found = re.match(r'(?:"[^"]*"|\\%|[^%"])*"?', line)
    return found[0] if found else line
