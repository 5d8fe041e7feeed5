"""Onsets in the order in which they are played: repeats, endings and da capo, taken or left out."""

from pathlib import Path

import numpy as np
import pytest

from standpartner.align.played_onsets import PlayedChords, find_played_onsets, onsets_by_path
from standpartner.errors import PieceError
from standpartner.score import Score, read_score

MINUET = """X:1
T:A minuet with two endings, a trio and a da capo
M:4/4
L:1/4
K:C
|:CEGc|dBAF|1 DFAc:|2 BGED !fine!||:FAce|dcBG:|EGBd|cGEC !D.C.!|]
"""
FULL = (0, 1, 2, 0, 1, 3, 4, 5, 4, 5, 6, 7, 0, 1, 2, 0, 1, 3)


@pytest.fixture(scope="module")
def minuet(tmp_path_factory: pytest.TempPathFactory) -> Score:
    path: Path = tmp_path_factory.mktemp("minuet") / "minuet.abc"
    path.write_text(MINUET)
    return read_score(path)


def onsets_of(bars: tuple[int, ...]) -> np.ndarray:
    return np.concatenate([4 * bar + np.arange(4) for bar in bars])


def follow(score: Score, bars: tuple[int, ...], *, wrong: int = 0, rhythm: bool = False) -> np.ndarray:
    """Play bars with every ``wrong``-th note wrong, and find them again."""
    chords = np.zeros((4 * len(bars), 128), bool)
    pitch = score.notes.pitch[onsets_of(bars)].copy()
    if wrong:
        pitch[::wrong] += 1
    chords[np.arange(len(pitch)), pitch] = True
    at = np.arange(float(len(pitch)))
    return find_played_onsets(score, PlayedChords(chords, at, at if rhythm else None)).onset


def test_the_full_order_of_the_minuet(minuet):
    assert minuet.notation.orders[0].measures == FULL


@pytest.mark.parametrize(
    "bars",
    [
        FULL,
        tuple(range(8)),
        (0, 1, 3, 4, 5, 6, 7, 0, 1, 3),
        (0, 1, 2, 0, 1, 3, 4, 5, 6, 7, 0, 1, 3),
        (0, 1, 3, 4, 5, 4, 5, 6, 7, 0, 1, 3),
        (0, 1, 2, 0, 1, 3, 4, 5, 4, 5, 6, 7),
        (0, 1, 3, 4, 5, 6, 7),
    ],
)
@pytest.mark.parametrize(("wrong", "rhythm"), [(0, False), (5, False), (0, True)])
def test_each_possible_order_is_found(minuet, bars, wrong, rhythm):
    assert follow(minuet, bars, wrong=wrong, rhythm=rhythm).tolist() == onsets_of(bars).tolist()


def test_music_that_leaves_out_a_part_of_every_order_keeps_it(minuet):
    bars = (0, 1, 2, 0, 1, 3)
    found = follow(minuet, bars)
    assert set(range(32)) - set(onsets_of((2,))) <= set(found)  # so that its notes count as not found


def test_with_known_rhythm_music_is_found_where_no_sign_leads(minuet):
    bars = (*range(8), *range(2, 8))
    assert follow(minuet, bars, rhythm=True).tolist() == onsets_of(bars).tolist()


def test_a_path_with_known_rhythm_may_leap_anywhere():
    path = np.array([0, 1, 3, 4, 0, 1, 2, 6, 7])
    onset_at = np.arange(8.0)
    chord_at = np.array([0.0, 1, 3, 4, 5, 6, 7, 8, 9])  # 2 is missing, 3 to 5 are a first ending
    found = onsets_by_path(path, chord_at, quarters=(chord_at, onset_at))
    assert found.onset.tolist() == [0, 1, 2, 3, 4, 0, 1, 2, 6, 7]
    assert np.isnan(found.time[2])
    assert found.time[5] == 5.0


def test_other_music_is_refused():
    at = np.arange(4.0)
    with pytest.raises(PieceError, match="hardly a note"):
        _ = onsets_by_path(np.array([-1, -1, 3, -1]), at, quarters=(at, at)).known
