"""Invents harmony: keys, chords spelled as they are printed, and phrases of chords."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

_NATURAL_SEMITONES: Final = (0, 2, 4, 5, 7, 9, 11)  # of C D E F G A B above C
_SHARPS: Final = (3, 0, 4, 1, 5, 2, 6)  # the letters in the order of sharps in a key signature: F C G D A E B
_MOST_ALTERED: Final = 2  # a double sharp or flat

_MAJOR, _MINOR, _DIMINISHED = (0, 4, 7), (0, 3, 7), (0, 3, 6)
_DOMINANT, _HALF_DIMINISHED, _DIMINISHED_SEVENTH = (0, 4, 7, 10), (0, 3, 6, 10), (0, 3, 6, 9)
# The chord on each degree, in semitones above its root.
_QUALITIES: Final = {
    False: (_MAJOR, _MINOR, _MINOR, _MAJOR, _DOMINANT, _MINOR, _DIMINISHED),
    True: (_MINOR, _HALF_DIMINISHED, _MAJOR, _MINOR, _DOMINANT, _MAJOR, _DIMINISHED_SEVENTH),
}
_TONIC, _DOMINANT_DEGREE, _LEADING = 0, 4, 6
# The degrees that may follow each degree; a degree that stands twice comes twice as often.
_FOLLOWING: Final = ((3, 4, 5, 1, 3, 4, 2), (4, 4, 6), (5, 3), (4, 0, 1, 4), (0, 0, 5), (1, 3, 4), (0,))
_CAN_BE_APPROACHED: Final = (1, 3, 4, 5)  # degrees before which their own dominant may stand


@dataclass(frozen=True, order=True)
class SpelledPitch:
    """A pitch as it is written.

    Attributes:
        step: The number of the white key: seven times the octave and the letter, C is 0; middle C is 28.
        alter: The semitones by which it is raised.
    """

    step: int
    alter: int

    @property
    def key(self) -> int:
        """The MIDI number."""
        octave, letter = divmod(self.step, 7)
        return 12 * (octave + 1) + _NATURAL_SEMITONES[letter] + self.alter


@dataclass(frozen=True)
class Key:
    """A key.

    Attributes:
        fifths: The sharps of its signature, -7 to 7; flats are negative.
        minor: Whether it is minor.
    """

    fifths: int
    minor: bool

    @property
    def tonic(self) -> int:
        """The letter of its first degree; C is 0."""
        return (4 * self.fifths + (5 if self.minor else 0)) % 7

    def alter(self, letter: int) -> int:
        """Return the semitones by which the signature raises a letter."""
        place = _SHARPS.index(letter)
        return int(self.fifths > place) - int(self.fifths <= place - 7)


@dataclass(frozen=True)
class Chord:
    """A chord, spelled in a key.

    Attributes:
        key: The key.
        alters: The semitones by which each of its letters is raised, in thirds from the root.
    """

    key: Key
    alters: dict[int, int]

    def pitch(self, step: int) -> SpelledPitch:
        """Return a pitch of the chord or, between its notes, of the key."""
        letter = step % 7
        return SpelledPitch(step, self.alters.get(letter, self.key.alter(letter)))

    def steps(self, low: int, high: int) -> list[int]:
        """List the steps of its notes between two, both included."""
        return [step for step in range(low, high + 1) if step % 7 in self.alters]


def _semitone(letter: int, alter: int) -> int:
    return _NATURAL_SEMITONES[letter] + alter


def _spell(key: Key, root: int, alter: int, semitones: Sequence[int]) -> Chord:
    """Spell a chord in thirds."""
    alters = {}
    for number, distance in enumerate(semitones):
        letter = (root + 2 * number) % 7
        away = _semitone(root, alter) + distance - _NATURAL_SEMITONES[letter]
        alters[letter] = (away + 6) % 12 - 6
    return Chord(key, alters)


def chord_on(key: Key, degree: int) -> Chord:
    """Return the chord on a degree of a key, 0 to 6; the seventh degree of minor is raised."""
    root = (key.tonic + degree) % 7
    raised = key.minor and degree == _LEADING
    return _spell(key, root, key.alter(root) + raised, _QUALITIES[key.minor][degree])


def dominant_of(key: Key, degree: int) -> Chord:
    """Return the dominant seventh chord of a degree, or the key's own where it needs more than double accidentals."""
    target = (key.tonic + degree) % 7
    root = (target + 4) % 7
    alter = (_semitone(target, key.alter(target)) + 7 - _NATURAL_SEMITONES[root] + 6) % 12 - 6
    chord = _spell(key, root, alter, _DOMINANT)
    return chord if max(map(abs, chord.alters.values())) <= _MOST_ALTERED else chord_on(key, _DOMINANT_DEGREE)


def invent_phrase(key: Key, length: int, *, chromatic: float, rng: np.random.Generator) -> list[Chord]:
    """Invent a phrase of at least three chords that begins with the tonic and ends with dominant and tonic.

    Args:
        key: The key.
        length: The number of chords.
        chromatic: The share of chords that give way to the dominant of the next one, where that can be.
        rng: The source of chance.
    """
    degrees = [_TONIC]
    while len(degrees) < length - 2:
        degrees.append(int(rng.choice(_FOLLOWING[degrees[-1]])))
    degrees += [_DOMINANT_DEGREE, _TONIC]
    chords = [chord_on(key, degree) for degree in degrees]
    for number, following in enumerate(degrees[1:]):
        if number and following in _CAN_BE_APPROACHED and rng.random() < chromatic:
            chords[number] = dominant_of(key, following)
    return chords
