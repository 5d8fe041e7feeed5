"""The paper's networks, layer by layer, counted by hand."""

import dataclasses
import json

import pytest

torch = pytest.importorskip("torch")

from standpartner.agent.config import Convolution, NetworkConfig, WindowNetworkConfig, network_config  # noqa: E402
from standpartner.errors import AgentError, ConfigError  # noqa: E402
from standpartner.networks.paper import PAPER_NETWORKS, PAPER_NOTTINGHAM, PAPER_PIANO  # noqa: E402
from standpartner.networks.windows import WindowNetwork  # noqa: E402


def convolution(inputs: int, outputs: int, kernel: int) -> int:
    return outputs * inputs * kernel * kernel + outputs


def dense(inputs: int, outputs: int) -> int:
    return inputs * outputs + outputs


HEADS = dense(256, 3) + dense(256, 1)
NOTTINGHAM_TOWERS = (
    convolution(2, 16, 5) + convolution(16, 32, 3) + convolution(32, 32, 3) + convolution(32, 64, 3)  # score
    + convolution(2, 16, 3) + convolution(16, 32, 3) + convolution(32, 32, 3) + convolution(32, 64, 3)
)  # fmt: skip
NOTTINGHAM = NOTTINGHAM_TOWERS + dense(64 * 6 * 8 + 64 * 6 * 2, 256) + 2 * dense(256, 256) + HEADS
PIANO_TOWERS = (
    convolution(2, 16, 5) + convolution(16, 16, 3) + convolution(16, 32, 3) + convolution(32, 32, 3)  # score
    + convolution(32, 32, 3) + convolution(32, 64, 3) + convolution(64, 96, 3) + convolution(96, 96, 1)
    + dense(1728, 512)
    + convolution(2, 16, 3) + convolution(16, 16, 3) + convolution(16, 32, 3) + convolution(32, 32, 3)
    + convolution(32, 64, 3) + convolution(64, 96, 3) + convolution(96, 96, 1)
    + dense(2016, 512)
)  # fmt: skip
PIANO = PIANO_TOWERS + dense(1024, 512) + 2 * dense(512, 256) + HEADS


def count(network) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("config", "expected", "total"), [(PAPER_NOTTINGHAM, NOTTINGHAM, 1_181_796), (PAPER_PIANO, PIANO, 2_915_620)]
)
def test_parameters_are_as_many_as_the_layer_table_makes(config, expected, total):
    assert expected == total
    assert count(WindowNetwork(config)) == expected


def test_the_locators_have_the_same_towers_without_differences():
    for name, config in PAPER_NETWORKS.items():
        if config.bins:
            agent = dataclasses.replace(PAPER_NETWORKS[name.removesuffix("-mmloc")])
            outputs = dense(config.head, config.bins) - HEADS - dense(config.joint, config.head)
            one_channel_less = 16 * 25 + 16 * 9
            assert count(WindowNetwork(config)) == count(WindowNetwork(agent)) + outputs - one_channel_less


@pytest.mark.parametrize("config", [PAPER_NOTTINGHAM, PAPER_PIANO])
def test_outputs_have_their_shapes_and_gradients_reach_every_layer(config):
    network = WindowNetwork(config)
    game = network.game
    logits, value = network(torch.rand(3, 2, game.shown_height_px, game.shown_width_px), torch.rand(3, 2, 78, 40))
    assert logits.shape == (3, 3)
    assert value.shape == (3,)
    (logits.sum() + value.sum()).backward()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in network.parameters())


def test_dropout_is_where_the_table_has_it():
    shares = [module.p for module in WindowNetwork(PAPER_PIANO).modules() if isinstance(module, torch.nn.Dropout)]
    assert shares == [0.2] * (3 + 2 + 2)  # score, spectrogram, policy and value
    assert not any(isinstance(module, torch.nn.Dropout) for module in WindowNetwork(PAPER_NOTTINGHAM).modules())


def test_weights_begin_orthogonal_and_biases_zero():
    network = WindowNetwork(PAPER_NOTTINGHAM)
    for module in network.modules():
        if isinstance(module, torch.nn.Linear | torch.nn.Conv2d):
            rows = module.weight.detach().flatten(1)
            short = rows if rows.shape[0] <= rows.shape[1] else rows.T
            torch.testing.assert_close(short @ short.T, torch.eye(len(short)), atol=1e-4, rtol=0)
            assert not module.bias.any()


def test_a_configuration_survives_json():
    for config in (PAPER_PIANO, NetworkConfig(memory=7)):
        assert network_config(json.loads(json.dumps(config.to_json()))) == config
    with pytest.raises(AgentError, match="depth"):
        network_config(PAPER_PIANO.to_json() | {"depth": 3})


def test_windows_that_do_not_fit_are_refused():
    with pytest.raises(ConfigError, match="piano, nottingham"):
        WindowNetwork(dataclasses.replace(PAPER_NOTTINGHAM, game="chess"))
    many = (Convolution(4, stride=(2, 2)),) * 6
    with pytest.raises(ConfigError, match="leave nothing"):
        WindowNetwork(WindowNetworkConfig(game="nottingham", score=many, spectrogram=many))
