"""Comparing music: variants are found in any key, rhythm and length, other music is not."""

import numpy as np
import pytest

from standpartner.corpus.verify.music_comparison import Melody, align_locally, find_same_music, top_voice
from standpartner.score import Notes

RNG = np.random.default_rng(5)
TUNES = [60 + np.cumsum(RNG.choice([-4, -3, -2, -1, 0, 1, 2, 3, 5], 80)) for _ in range(12)]


def notes(*rows: tuple[float, int, float], grace: tuple[int, ...] = (), hidden: tuple[int, ...] = ()) -> Notes:
    """A table of notes from rows of quarter, pitch and length."""
    quarter, pitch, length = (np.array(column) for column in zip(*rows, strict=True))
    places = np.arange(len(rows))
    return Notes(
        pitch=pitch,
        onset=places * 0,
        quarter=quarter,
        duration_quarter=length,
        time_s=quarter,
        duration_s=length,
        grace=np.isin(places, grace),
        hidden=np.isin(places, hidden),
    )


def melodies(*pitches: np.ndarray) -> list[Melody]:
    """Melodies that stand in the train split, the last one in the test split."""
    last = len(pitches) - 1
    return [
        Melody("tunes", str(index), "test" if index == last else "train", np.asarray(pitch))
        for index, pitch in enumerate(pitches)
    ]


def test_the_top_voice_goes_on_while_lower_notes_move_under_it() -> None:
    held = [(0.0, 72, 2.0), (0.0, 48, 1.0), (1.0, 60, 1.0), (2.0, 74, 1.0), (2.0, 50, 1.0), (3.0, 55, 1.0)]
    assert top_voice(notes(*held)).tolist() == [72, 74, 55]


def test_grace_and_hidden_notes_are_no_melody() -> None:
    rows = [(0.0, 72, 1.0), (0.9, 79, 0.1), (1.0, 74, 1.0), (1.5, 90, 0.1)]
    assert top_voice(notes(*rows, grace=(1,), hidden=(3,))).tolist() == [72, 74]


@pytest.mark.parametrize(
    ("first", "second", "score", "semitones"),
    [
        ([60, 64, 67, 72], [60, 64, 67, 72], 4.0, 0),
        ([60, 64, 67, 72], [65, 69, 72, 77], 4.0, 5),
        ([65, 69, 72, 77], [60, 64, 67, 72, 71], 4.0, -5),
        ([60, 64, 67, 72, 71, 67], [60, 64, 72, 71, 67], 5 - 0.8, 0),  # a note is left out
        ([60, 64, 67, 72, 79, 84], [60, 64, 67, 71, 79, 84], 5 + 0.3, 0),  # a semitone between two
        ([60, 64, 67, 72], [50, 60, 64, 67, 72, 50], 4.0, 0),  # a part of the other
    ],
)
def test_alignments_have_the_scores_that_hand_counting_gives(first, second, score, semitones) -> None:
    assert align_locally(np.array(first), np.array(second)) == (pytest.approx(score), semitones)


def test_a_transposed_tune_with_ornaments_is_found() -> None:
    variant = np.insert(TUNES[3] - 7, [10, 30, 50], TUNES[3][[10, 30, 50]] - 5)
    (same,) = find_same_music(melodies(*TUNES, variant))
    assert (same.first.piece, same.second.piece) == ("3", "12")
    assert same.semitones == -7
    assert same.score == pytest.approx(80 - 3 * 0.8)
    assert same.share == pytest.approx(same.score / 80)


def test_an_excerpt_is_found_in_a_long_piece() -> None:
    long = np.concatenate(TUNES[:4])
    (same,) = find_same_music(melodies(long, *TUNES[4:], long[100:160]))
    assert (same.first.piece, same.share) == ("0", 1.0)


def test_other_music_is_not_found() -> None:
    assert find_same_music(melodies(*TUNES)) == []


def test_half_a_tune_in_common_is_enough_and_a_quarter_is_not() -> None:
    for part, count in ((40, 1), (20, 0)):
        mixed = np.concatenate([TUNES[0][:part], TUNES[1][part:] + 9])
        found = find_same_music(melodies(TUNES[0], *TUNES[2:], mixed))
        assert len(found) == count, part


def test_within_a_split_music_may_come_again() -> None:
    tunes = melodies(TUNES[0], TUNES[0], TUNES[1])
    assert find_same_music(tunes) == []
    assert len(find_same_music(tunes, between_splits=False)) == 1


def test_what_is_found_does_not_depend_on_the_order() -> None:
    tunes = melodies(*TUNES, TUNES[7] + 2)
    pairs = [{pair.first.piece, pair.second.piece} for pair in find_same_music(tunes[::-1])]
    assert pairs == [{"7", "12"}]


def test_progress_is_told_for_every_alignment() -> None:
    told: list[int] = []
    find_same_music(melodies(*TUNES, TUNES[2]), report=told.append)
    assert told == [len(told)] * len(told)
    assert told
