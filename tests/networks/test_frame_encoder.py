"""The encoder of sound: for one frame it gives what it gives for a whole stretch, computing only what that needs."""

import pytest
import torch

from standpartner.agent.config import NetworkConfig
from standpartner.networks.encoders import FrameEncoder


@pytest.mark.parametrize("dilations", [(1, 2, 4, 8), (1, 3, 2), (2, 6), (5,), (4, 1)])
def test_one_embedding_is_the_last_of_the_stretch(dilations):
    torch.manual_seed(0)
    encoder = FrameEncoder(NetworkConfig(features=16, heads=2, frame_dilations=dilations))
    fronts = torch.randn(3, 16, encoder.history_frames + 1)
    with torch.no_grad():
        expected = encoder.remember(fronts)
        assert expected.shape == (3, 1, 16)
        torch.testing.assert_close(encoder.remember_one(fronts), expected[:, 0])
