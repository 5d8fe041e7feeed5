"""Divides ABC music without bar lines, which would be one endless system."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from standpartner.score.notation.abc.music import Event, Measure, sounding_quarters
from standpartner.score.notation.abc.voice import Tune

LONGEST_QUARTERS: Final = 32  # of a measure that is left whole
_PIECE_QUARTERS: Final = 8  # the least length of a piece of a longer one


def divide_long_measures(tune: Tune) -> None:
    """Divide measures that are longer than any usual one, by bar lines that are not drawn.

    All voices are divided at times at which each of them begins a note outside tuplets.
    """
    index = 0
    while index < max(len(voice.measures) for voice in tune.voices):
        here = [voice.measures[index] for voice in tune.voices if index < len(voice.measures)]
        cuts = _cuts(here) if max(measure.quarters for measure in here) > LONGEST_QUARTERS else []
        for voice in tune.voices:
            if cuts and index < len(voice.measures):
                voice.measures[index : index + 1] = _divided(voice.measures[index], cuts)
        index += 1 + len(cuts)


def _cuts(measures: list[Measure]) -> list[Fraction]:
    """Choose the times at which all layers may be divided, at least a piece apart."""
    layers = [layer for measure in measures for layer in measure.layers]
    longest = max(measure.quarters for measure in measures)
    possible = set.intersection(*({*_starts(layer), *_after(layer, longest)} for layer in layers))
    cuts: list[Fraction] = []
    for time in sorted(possible):
        if time - (cuts[-1] if cuts else 0) >= _PIECE_QUARTERS and time < longest:
            cuts.append(time)
    return cuts


def _starts(layer: list[Event]) -> Iterator[Fraction]:
    """Yield the times at which events begin that do not go on with a tuplet."""
    time, tuplet = Fraction(0), None
    for event in layer:
        if event.tuplet is None or event.tuplet is not tuplet:
            yield time
        time, tuplet = time + sounding_quarters(event), event.tuplet


def _after(layer: list[Event], longest: Fraction) -> Iterator[Fraction]:
    """Yield the times behind a layer, at which it does not mind, in whole quarters."""
    end = sum((sounding_quarters(event) for event in layer), Fraction(0))
    yield end
    for quarter in range(int(end) + 1, int(longest) + 1):
        yield Fraction(quarter)


def _divided(measure: Measure, cuts: list[Fraction]) -> list[Measure]:
    bounds = [*cuts, None]
    pieces = [Measure(layers=[[] for _ in measure.layers], right="invis") for _ in bounds]
    pieces[0].left, pieces[0].changes, pieces[-1].right = measure.left, measure.changes, measure.right
    for number, layer in enumerate(measure.layers):
        time = Fraction(0)
        for event in layer:
            place = next(at for at, bound in enumerate(bounds) if bound is None or time < bound)
            pieces[place].layers[number].append(event)
            time += sounding_quarters(event)
    return pieces
