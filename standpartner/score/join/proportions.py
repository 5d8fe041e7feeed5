"""Knows how an engraver spaces the measures of a score, and stretches them to the bars of a printed page."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from standpartner.score.model import Score
from standpartner.score.tables import Bars, Floats, Ints


@dataclass(frozen=True)
class PrintedBars:
    """The bars that were found in print.

    Attributes:
        left_px: The left end of each bar on the strip.
        right_px: Its right end.
        system: Its system.
        doubt: The probability that one of its ends is wrong.
        music_px: For the first bar of a system where its music begins, after clef, key and time; else not a number.
    """

    left_px: Floats
    right_px: Floats
    system: Ints
    doubt: Floats
    music_px: Floats

    @classmethod
    def of(cls, bars: Bars, begin_px: Floats) -> Self:
        """Take the bars of a picture.

        Args:
            bars: The bars.
            begin_px: The place on the strip where the music of each system begins.
        """
        first = np.append(True, np.diff(bars.system) > 0)
        music = np.where(first, begin_px[bars.system], np.nan)
        return cls(bars.strip_left_px, bars.strip_right_px, bars.system, bars.doubt, music)

    def __len__(self) -> int:
        return len(self.left_px)


@dataclass(frozen=True)
class Proportions:
    """The spacing of an engraved score, as if no measure began with a clef.

    Attributes:
        first: The first onset of each measure, and the number of onsets at the end, (measures + 1,).
        inside_px: The distance of each onset from the left end of its measure.
        width_px: The width of each measure.
    """

    first: Ints
    inside_px: Floats
    width_px: Floats

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
        left = measures.strip_left_px.copy()
        after_clef = filled[opens[filled]]
        left[after_clef] = np.maximum(left[after_clef], onsets.x_px[first[after_clef]] - usual)
        width = measures.strip_right_px - left
        empty = np.flatnonzero(opens & (first[1:] == first[:-1]))
        width[empty] = float(np.median(width))
        return cls(first, onsets.x_px - left[onsets.measure], np.maximum(width, 1.0))

    def onsets(self, start: int, stop: int) -> slice:
        """The onsets of some measures that follow each other."""
        return slice(int(self.first[start]), int(self.first[stop]))

    def stretched(self, start: int, stop: int, *, left_px: float, right_px: float, music_px: float) -> Floats:
        """Place the onsets of some measures that follow each other in a piece of a system.

        Args:
            start: The first measure.
            stop: The measure after the last one.
            left_px: The left end of the piece on the strip.
            right_px: Its right end.
            music_px: Where its music begins if it has a clef, else not a number.

        Returns:
            The strip px of each onset.
        """
        own = self.onsets(start, stop)
        begins = np.append(0.0, np.cumsum(self.width_px[start:stop]))
        measure = np.repeat(np.arange(stop - start), np.diff(self.first[start : stop + 1]))
        inside = begins[measure] + self.inside_px[own]
        if np.isnan(music_px):
            return left_px + inside * (right_px - left_px) / begins[-1]
        lead = inside[0] if len(inside) else 0.0
        return music_px + (inside - lead) * (right_px - music_px) / max(begins[-1] - lead, 1.0)

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
