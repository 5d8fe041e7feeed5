"""Tests of features that fixed encoders computed."""

import numpy as np
import torch

from standpartner.learn.features import encode
from standpartner.networks.read_once import ReadOnceNetwork
from standpartner.perform import AugmentConfig


def test_frames_have_the_embeddings_of_their_performances(tiny_network_config, tiny_data):
    features = encode(ReadOnceNetwork(tiny_network_config), tiny_data.train, settings=AugmentConfig.none(), seed=0)
    last = len(features.frame_start) - 1
    found = features.embedding(np.array([last, 0]), np.array([3, 5]))
    own = features.embeddings[[features.frame_start[last] + 3, 5]].float()
    torch.testing.assert_close(found, own)
