"""Music that a test can reckon with: a ramp, and silence to hear."""

import numpy as np
import pytest

from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.game import NOTTINGHAM, ramp_track
from standpartner.play import AudibleTrack


@pytest.fixture
def music() -> AudibleTrack:
    """Three seconds; the target moves 2 px a frame for 48 frames, bound 50 px: who stands still is lost after 26."""
    track = ramp_track(2.0, 7, frames_per_onset=8)
    audio = np.zeros(len(track.spectrogram) * SAMPLE_RATE_HZ // 20, np.float32)
    return AudibleTrack("A <ramp>", track, NOTTINGHAM, audio, "silence")
