"""Holds the notes of a performance as a synthesiser needs them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from standpartner.errors import AudioError


@dataclass(frozen=True, eq=False)
class PlayedNotes:
    """The notes of a performance as equally long arrays, in any order.

    Attributes:
        pitch: The MIDI numbers, (n,), 0-127.
        onset_s: The seconds at which the keys go down, (n,), not negative.
        duration_s: The seconds until the keys come up, (n,), positive.
        velocity: The MIDI velocities, (n,), 1-127.
        program: The General MIDI program of the instrument, 0-127; 0 is the acoustic grand piano.
        tuning_cents: The tuning of the whole instrument relative to a' = 440 Hz, within 100 cents.

    Raises:
        AudioError: The arrays differ in length or hold values outside these ranges.
    """

    pitch: NDArray[np.int64]
    onset_s: NDArray[np.float64]
    duration_s: NDArray[np.float64]
    velocity: NDArray[np.int64]
    program: int = 0
    tuning_cents: float = 0.0

    def __post_init__(self) -> None:
        kinds = {"pitch": np.int64, "onset_s": np.float64, "duration_s": np.float64, "velocity": np.int64}
        for name, kind in kinds.items():
            object.__setattr__(self, name, np.asarray(getattr(self, name), kind))
        shapes = {name: getattr(self, name).shape for name in kinds}
        if self.pitch.ndim != 1 or len(set(shapes.values())) > 1:
            raise AudioError(f"expected equally long 1-D arrays of played notes, got {shapes}")
        _check_range("pitch", self.pitch, 0, 127)
        _check_range("velocity", self.velocity, 1, 127)
        _check_range("onset_s", self.onset_s, 0.0, np.inf)
        _check_range("duration_s", self.duration_s, 1e-6, np.inf)
        _check_range("program", np.array([self.program]), 0, 127)
        _check_range("tuning_cents", np.array([self.tuning_cents]), -100.0, 100.0)

    def __len__(self) -> int:
        return len(self.pitch)

    @property
    def end_s(self) -> float:
        """The second at which the last key comes up, 0 without notes."""
        return float((self.onset_s + self.duration_s).max(initial=0.0))


def _check_range(name: str, values: NDArray[np.generic], lowest: float, highest: float) -> None:
    """Raise an error for values that are outside [lowest, highest], infinite or not a number."""
    numbers = values.astype(np.float64)
    wrong = ~(np.isfinite(numbers) & (numbers >= lowest) & (numbers <= highest))
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        raise AudioError(
            f"expected {name} of played notes from {lowest:g} to {highest:g}, "
            f"got {numbers[first]:g} at note {first} ({int(wrong.sum())} such notes)"
        )
