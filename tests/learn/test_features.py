"""Tests of features that fixed encoders computed, and of what is misheard."""

import numpy as np
import pytest
import torch

from standpartner.learn.features import Features, encode, mishear
from standpartner.networks.read_once import ReadOnceNetwork
from standpartner.perform import AugmentConfig


def _numbered(*frames: int) -> Features:
    """Features of performances of so many frames, in which the embedding of a frame is its index."""
    start = np.cumsum([0, *frames])
    embeddings = torch.arange(start[-1], dtype=torch.float32)[:, None]
    nothing = np.zeros(len(frames), np.int64)
    return Features(torch.zeros(0, 1), nothing, nothing, embeddings, start[:-1], nothing)


def _heard(features: Features) -> np.ndarray:
    ends = [*features.frame_start[1:], len(features.embeddings)]
    lengths = np.diff([*features.frame_start, ends[-1]])
    rows = [features.embedding(number, np.arange(length))[:, 0] for number, length in enumerate(lengths)]
    return torch.cat(rows).numpy()


def test_frames_are_heard_by_their_own_embeddings(tiny_network_config, tiny_data):
    features = encode(ReadOnceNetwork(tiny_network_config), tiny_data.train, settings=AugmentConfig.none(), seed=0)
    last = len(features.frame_start) - 1
    heard = features.embedding(np.array([last, 0]), np.array([3, 5]))
    own = features.embeddings[[features.frame_start[last] + 3, 5]].float()
    torch.testing.assert_close(heard, own)


@pytest.mark.parametrize("share", [0.0, 0.15, 0.6])
def test_the_share_is_misheard(share):
    heard = _heard(mishear(_numbered(40_000, 60_000), share, seed=1))
    assert (heard != np.arange(100_000)).mean() == pytest.approx(share, abs=0.02)


def test_what_is_misheard_is_another_stretch_of_the_same_performance():
    heard = _heard(mishear(_numbered(5000, 5000), 0.3, seed=2))
    assert heard[:5000].max() < 5000 <= heard[5000:].min()
    steps = np.diff(heard)
    assert (steps == 1).mean() > 0.85  # time goes on within a stretch
    assert np.abs(heard - np.arange(10_000)).max() > 1000


def test_the_seed_decides_what_is_misheard():
    one, same, other = (_heard(mishear(_numbered(5000), 0.2, seed=seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()
