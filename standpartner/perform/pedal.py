"""Holds notes with the pedal: what sounds when the pedal is down lasts until the pedal changes."""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from standpartner.perform.played import PlayedNotes
from standpartner.perform.style import PerformanceChoices

_SPREAD: Final = (0.5, 1.5)  # of the time between changes, relative to its mean


def pedalled(
    played: PlayedNotes, choices: PerformanceChoices, *, onset_s: NDArray[np.float64], rng: np.random.Generator
) -> PlayedNotes:
    """Use the pedal during a share of the playing time.

    The pedal changes at onsets. From one change to the next it is down or up. A note whose key comes up while the pedal
    is down ends with the next change.

    Args:
        played: The notes as the keys are held.
        choices: The choices of the performance, which give the share and the mean time between changes.
        onset_s: The seconds of the onsets, (onsets,), ascending.
        rng: The generator.

    Returns:
        The notes as they sound, in the same order.
    """
    if not choices.pedal_share:
        return played
    span_s = onset_s[-1] - onset_s[0]
    count = int(span_s / (_SPREAD[0] * choices.pedal_length_s)) + 1
    wished_s = onset_s[0] + np.cumsum(choices.pedal_length_s * rng.uniform(*_SPREAD, count))
    place = np.searchsorted(onset_s, wished_s)
    inner_s = onset_s[np.unique(place[place < len(onset_s)])]
    change_s = np.concatenate([[-np.inf], inner_s, [onset_s[-1] + choices.pedal_length_s, np.inf]])
    down = rng.random(len(change_s) - 1) < choices.pedal_share
    down[-1] = False
    key_up_s = played.onset_s + played.duration_s
    between = np.searchsorted(change_s, key_up_s, side="right") - 1
    end_s = np.where(down[between], change_s[between + 1], key_up_s)
    return replace(played, duration_s=end_s - played.onset_s)
