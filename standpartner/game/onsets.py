"""The onsets of a performance: in which frames they are, and where on the strip the music is in between."""

from functools import cached_property

import numpy as np
import numpy.typing as npt

from standpartner.game.rules import onset_frame, target_x_px


class PlayedOnsets:
    """Computes the frames and targets of a performance from its onsets' times and their places on the strip.

    A class that holds a performance inherits from it and provides both arrays.

    Attributes:
        onset_s: The second at which each onset is played, (n,), never decreasing.
        onset_x_px: The strip x of each onset, (n,) px.
    """

    onset_s: npt.NDArray[np.floating]
    onset_x_px: npt.NDArray[np.floating]

    @cached_property
    def onset_frames(self) -> npt.NDArray[np.integer]:
        """The frame of each onset, int64 (n,)."""
        return onset_frame(self.onset_s)

    @property
    def first_frame(self) -> int:
        """The frame of the first onset, where an episode starts."""
        return int(self.onset_frames[0])

    @property
    def last_frame(self) -> int:
        """The frame of the last onset, where an episode is finished."""
        return int(self.onset_frames[-1])

    @property
    def start_px(self) -> float:
        """The strip x at which the music begins."""
        return float(self.onset_x_px[0])

    def targets_at(self, frames: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
        """Return the true strip x at frames in px, of the same shape.

        It is linear between onsets and constant before the first and after the last.
        """
        return np.asarray(target_x_px(frames, self.onset_s, onset_x_px=self.onset_x_px), dtype=np.float64)


class PlayedPassages(PlayedOnsets):
    """Computes the same for a performance in which the player jumps: passages of the score, one after the other.

    Attributes:
        starts: The index of the first onset of each passage, (passages,), increasing from 0.
    """

    starts: npt.NDArray[np.int64]

    def passage_at(self, frames: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
        """Return the index of the passage that is played in each frame, by the frame of its first onset.

        Before the first passage begins, the index is that of the first.
        """
        begins = self.onset_frames[self.starts]
        return np.maximum(np.searchsorted(begins, frames, side="right") - 1, 0)

    def targets_at(self, frames: npt.NDArray[np.integer]) -> npt.NDArray[np.float64]:
        """Return the true strip x in each frame in px, (n,); within a passage it is that of any performance.

        After a passage's last onset it stays there until the next passage begins.
        """
        passage, target = self.passage_at(frames), np.zeros(len(frames))
        ends = [*self.starts[1:], len(self.onset_s)]
        for number, own in enumerate(map(slice, self.starts, ends)):
            here = passage == number
            target[here] = target_x_px(frames[here], self.onset_s[own], onset_x_px=self.onset_x_px[own])
        return target
