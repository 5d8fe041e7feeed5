"""Knows how an engraver spaces the measures of a score, and stretches them to the bars of a printed page."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from standpartner.score.model import Score
from standpartner.score.tables import Bars, Bools, Floats, Ints

_SYSTEMS_AROUND: Final = 2  # whose clefs and keys tell how much room they take
_MOST_CLEF: Final = 0.7  # of a bar


@dataclass(frozen=True)
class PrintedBars:
    """The bars that were found in print.

    Attributes:
        left_px: The left end of each bar on the strip.
        right_px: Its right end.
        system: Its system.
        doubt: The probability that one of its ends is wrong.
        opens: Whether it is the first bar of its system.
    """

    left_px: Floats
    right_px: Floats
    system: Ints
    doubt: Floats
    opens: Bools

    @classmethod
    def of(cls, bars: Bars) -> Self:
        """Take the bars of a picture."""
        opens = np.append(True, np.diff(bars.system) > 0)
        return cls(bars.strip_left_px, bars.strip_right_px, bars.system, bars.doubt, opens)

    def __len__(self) -> int:
        return len(self.left_px)


@dataclass(frozen=True)
class Proportions:
    """The spacing of an engraved score, as if no measure began with a clef.

    Attributes:
        first: The first onset of each measure, and the number of onsets at the end, (measures + 1,).
        inside_px: The distance of each onset from the left end of its measure.
        width_px: The width of each measure.
        clef_px: The width that clef, key and time take if the measure opens a system.
    """

    first: Ints
    inside_px: Floats
    width_px: Floats
    clef_px: Floats

    @classmethod
    def of(cls, score: Score) -> Self:
        """Measure an engraved score."""
        measures, onsets = score.measures, score.onsets
        count = len(measures)
        first = np.searchsorted(onsets.measure, np.arange(count + 1))
        filled = np.flatnonzero(first[1:] > first[:-1])
        opens = np.append(True, np.diff(measures.system) > 0)
        lead = np.zeros(count)
        lead[filled] = onsets.x_px[first[filled]] - measures.strip_left_px[filled]
        plain = filled[~opens[filled]]
        usual = float(np.median(lead[plain])) if len(plain) else 14.0
        clef = _clef_widths(lead - usual, filled[opens[filled]], count)
        left = measures.strip_left_px + np.where(opens, clef, 0.0)
        left[filled] = np.minimum(left[filled], onsets.x_px[first[filled]])
        return cls(first, onsets.x_px - left[onsets.measure], np.maximum(measures.strip_right_px - left, 1.0), clef)

    def onsets(self, start: int, stop: int) -> slice:
        """The onsets of some measures that follow each other."""
        return slice(int(self.first[start]), int(self.first[stop]))

    def stretched(self, start: int, stop: int, *, left_px: float, right_px: float, opens: bool) -> Floats:
        """Place the onsets of some measures that follow each other in a piece of a system.

        Args:
            start: The first measure.
            stop: The measure after the last one.
            left_px: The left end of the piece on the strip.
            right_px: Its right end.
            opens: Whether it begins with the clef.

        Returns:
            The strip px of each onset.
        """
        own = self.onsets(start, stop)
        begins = np.append(0.0, np.cumsum(self.width_px[start:stop]))
        measure = np.repeat(np.arange(stop - start), np.diff(self.first[start : stop + 1]))
        inside = begins[measure] + self.inside_px[own]
        if opens:
            left_px += min(float(self.clef_px[start]), _MOST_CLEF * (right_px - left_px))
        return left_px + inside * (right_px - left_px) / begins[-1]

    def borders(self, onset_px: Floats, start: int, stop: int, *, left_px: float, right_px: float) -> Floats:
        """Place the borders between some measures that share a bar: between the onsets beside them, in proportion.

        Args:
            onset_px: The strip px of all onsets.
            start: The first measure.
            stop: The measure after the last one.
            left_px: The left end of the bar.
            right_px: Its right end.

        Returns:
            The strip px of each border, (stop - start - 1,).
        """
        own = self.onsets(start, stop)
        begins = np.append(0.0, np.cumsum(self.width_px[start:stop]))
        measure = np.repeat(np.arange(stop - start), np.diff(self.first[start : stop + 1]))
        inside = begins[measure] + self.inside_px[own]
        marks = np.concatenate([[min(0.0, *inside, 0.0)], inside, [begins[-1]]])
        return np.interp(begins[1:-1], marks, np.concatenate([[left_px], onset_px[own], [right_px]]))


def _clef_widths(lead_px: Floats, opening: Ints, count: int) -> Floats:
    """Estimate the room that clef and key take at each measure, by the measures nearby that open a system.

    Args:
        lead_px: How much further from its left end than usual the first onset of each measure is, (measures,).
        opening: The measures that open a system, in order.
        count: The number of measures.
    """
    widths = np.zeros(count)
    if not len(opening):
        return widths
    later = opening[1:] if len(opening) > 1 else opening  # the first one has the time, too
    nearest = np.abs(later[None] - np.arange(count)[:, None]).argmin(axis=1)
    for measure, place in enumerate(nearest):
        around = later[max(0, place - _SYSTEMS_AROUND) : place + _SYSTEMS_AROUND + 1]
        widths[measure] = np.median(lead_px[around])
    widths[0] = lead_px[0]
    return widths.clip(min=0.0)
