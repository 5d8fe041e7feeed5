"""The tracker's belief stays with its place in the score, however the window moves."""

import pytest
import torch

from standpartner.networks.policy import Tracker


@pytest.fixture
def tracker(tiny_network_config):
    torch.manual_seed(0)
    return Tracker(tiny_network_config)


def observed(tracker, count=1):
    torch.manual_seed(1)
    maps = torch.randn(count, tracker.of_window.in_channels - 1, 64)
    return maps, torch.randn(count, 64), torch.randn(count, tracker.of_frame.in_features)


def empty(tracker, count=1):
    return torch.zeros(count, tracker.channels * 64 + 1)


def test_untaught_it_says_what_locate_says(tracker):
    maps, locate, embedding = observed(tracker, 3)
    said, _ = tracker(maps, locate, embedding, torch.tensor([0.0, 3.0, -5.0]), empty(tracker, 3))
    torch.testing.assert_close(said.track.softmax(1), locate.softmax(1))


def only_remembering(tracker):
    """Nothing new is taken in; what channel 0 remembers is read out as it is."""
    with torch.no_grad():
        tracker.of_frame.weight.zero_()
        tracker.of_frame.bias.fill_(-1e4)  # closes the update gate
        tracker.readout.bias.zero_()
        tracker.readout.weight[0, 0, tracker.readout.kernel_size[0] // 2] = 1.0
    return tracker


@torch.no_grad()
def test_what_is_remembered_moves_with_the_score_and_is_not_blurred(tracker):
    only_remembering(tracker)
    maps, locate, embedding = observed(tracker)
    belief = empty(tracker)
    belief[0, 40] = 1.0
    for speed_px in (5.0, 6.0, 9.0, -4.0, 4.0):  # 20 px, which are 2.5 columns
        said, belief = tracker(maps, locate, embedding, torch.tensor([speed_px]), belief)
    expected = torch.zeros(64)
    expected[37] = expected[38] = 0.5
    torch.testing.assert_close((said.track - locate)[0], expected, atol=1e-5, rtol=0)
    assert float(belief[0, -1]) == 0.5
    said, _ = tracker(maps, locate, embedding, torch.tensor([-20.0]), belief)
    expected = torch.zeros(64)
    expected[40] = 1.0
    torch.testing.assert_close((said.track - locate)[0], expected, atol=1e-5, rtol=0)


@torch.no_grad()
@pytest.mark.parametrize("speed_px", [600.0, -600.0])
def test_what_leaves_the_window_is_forgotten(tracker, speed_px):
    only_remembering(tracker)
    maps, locate, embedding = observed(tracker)
    belief = empty(tracker)
    belief[0, :64] = 1.0
    said, belief = tracker(maps, locate, embedding, torch.tensor([speed_px]), belief)
    torch.testing.assert_close(said.track, locate)
    assert not belief[0, :-1].any()
