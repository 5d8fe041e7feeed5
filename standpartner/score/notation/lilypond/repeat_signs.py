r"""Finds in which orders the bars that LilyPond draws may be played: by repeat bar lines, volta brackets and words.

All is taken from the drawing, so it does not matter how the file makes it (``\repeat volta``, ``\bar ":|."``). Each
\\score block is a piece of its own; the music of a file is all of them, one after the other.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby, pairwise

from standpartner.score.notation.lilypond.engraving import DrawnSystem, MarkedWords, VoltaBracket
from standpartner.score.notation.sign_words import marks_in, read_numbers
from standpartner.score.played_order import MeasureSigns, PlayedOrder, full_order


def read_orders(systems: Sequence[DrawnSystem]) -> tuple[PlayedOrder, ...]:
    """Find the orders in which the bars of some systems may be played besides the printed one.

    Args:
        systems: The systems of the whole file. Their bars are counted in the order of `DrawnSystem.bar_starts`.

    Returns:
        One full order; none where nothing is repeated, or where a repeat sign is not at the edge of a bar.
    """
    measures: list[int] = []
    endings: list[int] = []
    count = 0
    for _, own in groupby(systems, key=lambda system: system.score):
        signs = _signs(list(own))
        if signs is None:
            return ()
        order = full_order(signs)
        measures += [count + measure for measure in order.measures]
        endings += [count + measure for measure in order.endings]
        count += len(signs)
    return () if measures == list(range(count)) else (PlayedOrder(tuple(measures), tuple(endings)),)


def _signs(systems: Sequence[DrawnSystem]) -> list[MeasureSigns] | None:
    """Return the signs of each bar of a score; None where a repeat sign is not at the edge of a bar."""
    starts = [bar.moment for system in systems for bar in system.bar_starts()]
    lines = [bar for system in systems for bar in system.bars]
    begins = {bar.moment for bar in lines if bar.begins_repeat}
    ends = {bar.moment for bar in lines if bar.ends_repeat}
    end = max((bar.moment for bar in lines), default=starts[-1])
    edges = [*starts, end if end > starts[-1] else starts[-1] + 1]
    if not begins | ends <= set(edges):
        return None
    endings = _endings([volta for system in systems for volta in system.voltas])
    marks = _marks([words for system in systems for words in system.words], starts)
    return [
        MeasureSigns(
            repeat_begins=start in begins,
            repeat_ends=end in ends,
            ending=next((numbers for first, last, numbers in endings if first <= start < last), ()),
            **dict.fromkeys(marks.get(index, ()), True),
        )
        for index, (start, end) in enumerate(pairwise(edges))
    ]


def _endings(brackets: Sequence[VoltaBracket]) -> list[tuple[Fraction, Fraction, tuple[int, ...]]]:
    """Return where endings begin and end, with their numbers; a bracket goes on in the next system without a number."""
    found: list[tuple[Fraction, Fraction, tuple[int, ...]]] = []
    for moment, end, text in sorted(brackets):
        numbers = read_numbers(text)
        if not numbers and found and found[-1][1] == moment:
            numbers = found[-1][2]
        found.append((moment, end, numbers))
    return found


def _marks(words: Sequence[MarkedWords], starts: Sequence[Fraction]) -> dict[int, set[str]]:
    """Return the names of the signs that words make, by bar."""
    named = [(word, name) for word in sorted(set(words)) for name in marks_in(word.text.removeprefix("scripts."))]
    names = [name for _, name in named]
    if names.count("coda") == 2 and "to_coda" not in names:
        names[names.index("coda")] = "to_coda"  # of two such signs the first is where the music goes to the coda
    found: dict[int, set[str]] = {}
    for (word, _), name in zip(named, names, strict=True):
        ends_before = word.at_bar and name not in ("segno", "coda")
        at = bisect_left(starts, word.moment) if ends_before else bisect_right(starts, word.moment)
        found.setdefault(max(0, at - 1), set()).add(name)
    return found
