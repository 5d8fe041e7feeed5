"""A score, and an agent whose every decision a test can write down."""

from types import SimpleNamespace

import numpy as np
import pytest

from standpartner.agent.bundle import Decision
from standpartner.agent.views import pad_columns
from standpartner.follow.demo import load_demo
from standpartner.score import Score, read_score


class ScriptedAgent:
    """Has the interface that a follower needs of an agent; does as it is told.

    Attributes:
        action: index of the action it always takes, or a function of the speed that gives one.
        locate_px: where it locates the music, in strip px from the middle of its window; None: anywhere alike.
        pressed: logit of every key.
    """

    def __init__(self, action=1, locate_px=0.0, pressed=-9.0):
        self.config = SimpleNamespace(history_frames=2, memory=1)
        self.silent_front = np.zeros(4, np.float32)
        self.action, self.locate_px, self.pressed = action, locate_px, pressed
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
        locate = np.zeros((1, 64), np.float32)
        if self.locate_px is not None:
            locate[0, round(31.5 + self.locate_px / 8)] = 20.0
        return Decision(action, np.zeros(1, np.float32), locate=locate, track=locate, memory=memory)


@pytest.fixture
def scripted():
    return ScriptedAgent


@pytest.fixture(scope="session")
def menuet() -> Score:
    """The bundled score: 48 measures, 8 systems on 2 pages."""
    return read_score(load_demo().score)
