"""A score, and an agent whose every decision a test can write down."""

from types import SimpleNamespace

import numpy as np
import pytest

from standpartner.agent.bundle import Decision
from standpartner.agent.calibration import Calibration
from standpartner.agent.columns import pad_columns


class ScriptedAgent:
    """Has the interface that a follower needs of an agent; does as it is told.

    Attributes:
        action: index of the action it always takes, or a function of the speed that gives one.
        music_px: where it hears the music, in strip px; None: anywhere alike.
        pressed: logit of every key.
    """

    def __init__(self, action=1, music_px=None, pressed=-9.0):
        self.config = SimpleNamespace(history_frames=2, memory=1)
        self.calibration = Calibration()
        self.jump_policy = None
        self.silent_front = np.zeros(4, np.float32)
        self.action, self.music_px, self.pressed = action, music_px, pressed
        self.decisions = 0

    def read(self, strip):
        return pad_columns(np.zeros((-(-strip.shape[1] // 8), 4), np.float32))

    def fronts(self, frames):
        return np.zeros((len(frames), 4), np.float32)

    def listen(self, fronts):
        return np.zeros((len(fronts), 4), np.float32), np.full((len(fronts), 88), self.pressed, np.float32)

    def empty_memory(self, count):
        return np.zeros((count, 1), np.float32)

    def decide(self, keys, embedding, *, speed_px, memory):
        assert keys.shape == (1, 64, 4)
        self.decisions += 1
        action = np.zeros((1, 3), np.float32)
        action[0, self.action(float(speed_px[0])) if callable(self.action) else self.action] = 1.0
        nowhere = np.zeros((1, 64), np.float32)
        return Decision(action, np.zeros(1, np.float32), locate=nowhere, track=nowhere, memory=memory)

    def search_keys(self, view):
        keys = view[64:-64].T[None].copy()
        keys[0, 0] = 8 * np.arange(keys.shape[2]) + 4
        return keys

    def search(self, keys, embedding):
        logits = np.zeros(keys.shape[2], np.float32)
        if self.music_px is not None:
            near = np.abs(keys[0, 0] - self.music_px) <= 8
            logits[near] = 12.0
        return logits


@pytest.fixture
def scripted():
    return ScriptedAgent
