"""Encodes sound with an agent's frame encoder, on a stream or on a whole recording."""

import numpy as np

from standpartner.agent.bundle import Agent, Floats
from standpartner.agent.config import FRONT_FRAMES
from standpartner.constants import BAND_COUNT


class Ear:
    """Encodes spectrogram frames as they come, for N performances in step.

    Args:
        agent: The agent whose encoder listens.
        count: The number N of performances that are heard side by side.
    """

    def __init__(self, agent: Agent, count: int = 1) -> None:
        self.agent = agent
        self._frames = np.zeros((count, FRONT_FRAMES, BAND_COUNT), np.float32)
        self._fronts = np.tile(agent.silent_front[None, :, None], (count, 1, agent.config.history_frames + 1))

    def hear(self, frames: Floats) -> tuple[Floats, Floats]:
        """Take in the next frame of each performance.

        Args:
            frames: The newest spectrogram frame of each performance, float32 (N, 78).

        Returns:
            The embeddings, (N, features), and the logits of starting keys, (N, 88).
        """
        self._frames = np.concatenate([self._frames[:, 1:], frames[:, None]], axis=1)
        front = self.agent.fronts(self._frames)
        self._fronts = np.concatenate([self._fronts[:, :, 1:], front[:, :, None]], axis=2)
        return self.agent.listen(self._fronts)


def hear_recording(agent: Agent, spectrogram: Floats, *, batch: int = 256) -> tuple[Floats, Floats]:
    """Encode all frames of a recording at once; an `Ear` gives the same numbers one by one.

    Args:
        agent: The agent whose encoder listens.
        spectrogram: The spectrogram of the recording, float32 (frames, 78).
        batch: The number of frames that are encoded at a time, which bounds the memory.

    Returns:
        The embeddings, (frames, features), and the logits of starting keys, (frames, 88).
    """
    lead = np.zeros((FRONT_FRAMES - 1, BAND_COUNT), np.float32)
    views = np.lib.stride_tricks.sliding_window_view(np.concatenate([lead, spectrogram]), FRONT_FRAMES, axis=0)
    views = views.transpose(0, 2, 1)
    parts = [agent.fronts(np.ascontiguousarray(views[i : i + batch])) for i in range(0, len(views), batch)]
    history = np.tile(agent.silent_front, (agent.config.history_frames, 1))
    fronts = np.concatenate([history, *parts])
    views = np.lib.stride_tricks.sliding_window_view(fronts, agent.config.history_frames + 1, axis=0)
    heard = [agent.listen(np.ascontiguousarray(views[i : i + batch])) for i in range(0, len(views), batch)]
    embeddings, pressed = (np.concatenate(column) for column in zip(*heard, strict=True))
    return embeddings, pressed
