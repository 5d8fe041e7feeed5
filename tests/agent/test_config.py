"""Settings of networks, there and back through JSON."""

import json

import pytest

from standpartner.agent.config import Convolution, NetworkConfig, WindowNetworkConfig, kind_of_network, network_config
from standpartner.errors import AgentError

LAYERS = (Convolution(4, kernel=5, stride=(2, 3)), Convolution(8, dropout=0.25))
WINDOW = WindowNetworkConfig(game="piano", score=LAYERS, spectrogram=LAYERS[:1], bins=10)


@pytest.mark.parametrize("config", [NetworkConfig(), NetworkConfig(features=64, frame_dilations=(1, 2)), WINDOW])
def test_there_and_back(config):
    values = json.loads(json.dumps(config.to_json()))
    assert network_config(values) == network_config(config.to_json()) == config
    assert kind_of_network(values) == config.kind


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"kind": "transformer"}, "read-once or window, got 'transformer'"),
        ({"depth": 3}, r"got \['depth'\]; update"),
        ({"kind": "window", "game": "piano"}, "missing 2 required"),
        ({"kind": "window", "game": "piano", "score": [{"width": 3}], "spectrogram": []}, r"got \['width'\]"),
    ],
)
def test_settings_of_another_version_are_refused(values, said):
    with pytest.raises(AgentError, match=said):
        network_config(values)
