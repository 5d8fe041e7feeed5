"""The evaluation's follower is the follower that a musician runs, given the beginning."""

from dataclasses import replace

import numpy as np
import pytest

from standpartner.agent.bundle import load_agent
from standpartner.agent.listening import hear_recording
from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.demo.bundled import load_menuet
from standpartner.evaluate.players.follower import follow_frames
from standpartner.follow import Follower, FollowerConfig, settled_positions
from standpartner.follow.pursuit import PursuitConfig
from standpartner.hear import read_audio, spectrogram


def with_a_jump():
    """The bundled recording from its first note on, which goes from second 10 to second 40."""
    audio = read_audio(load_menuet().recording)[round(1.2 * SAMPLE_RATE_HZ) :]
    return np.concatenate([audio[: 10 * SAMPLE_RATE_HZ], audio[40 * SAMPLE_RATE_HZ : 52 * SAMPLE_RATE_HZ]])


@pytest.mark.parametrize("jump", [True, False])
@pytest.mark.parametrize("name", ["piano", "piano-human"])
def test_both_are_at_the_same_places(jump, name, menuet):
    agent, audio = load_agent(name), with_a_jump()
    config = replace(PursuitConfig(), jump=jump)
    evaluated = follow_frames(
        agent,
        agent.read(menuet.strip),
        hear_recording(agent, spectrogram(audio))[0],
        start_px=menuet.begin_px,
        width_px=menuet.width_px,
        config=config,
    )
    follower = Follower(menuet, agent, config=FollowerConfig(wait=False, pursuit=config, end_after_s=1e9))
    positions = list(settled_positions([*follower.push(audio), *follower.finish()]))
    assert np.array_equal([position.strip_x_px for position in positions], evaluated.position_px)
    assert np.array_equal([position.jumped_from_px is not None for position in positions], evaluated.jumped)
    confidence = [
        agent.calibration.confidence(searched, tracked)
        for searched, tracked in zip(evaluated.searched, evaluated.tracked, strict=True)
    ]
    assert [position.confidence for position in positions] == confidence
    assert evaluated.jumped.any() == jump
