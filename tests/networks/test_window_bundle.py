"""Window agents without PyTorch: the same numbers, and no confusion with agents that follow."""

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from standpartner.agent.bundle import Agent, WindowAgent, load_agent  # noqa: E402
from standpartner.errors import AgentError  # noqa: E402
from standpartner.networks.checkpoint import load_checkpoint  # noqa: E402
from standpartner.networks.export import export_bundle  # noqa: E402
from standpartner.networks.paper import PAPER_NETWORKS  # noqa: E402
from standpartner.networks.windows import WindowNetwork  # noqa: E402


@pytest.mark.parametrize("name", PAPER_NETWORKS)
def test_onnx_equals_pytorch(name, tmp_path):
    torch.manual_seed(0)
    network = WindowNetwork(PAPER_NETWORKS[name])
    export_bundle(network, tmp_path, about={"name": name})
    agent = WindowAgent(tmp_path)
    assert (agent.name, agent.config) == (name, network.config)
    channels, game = 2 if network.config.differences else 1, network.game
    rng = np.random.default_rng(0)
    score = rng.random((5, channels, game.shown_height_px, game.shown_width_px), dtype=np.float32)
    spectrogram = rng.random((5, channels, 78, 40), dtype=np.float32)
    with torch.no_grad():
        inputs = torch.from_numpy(score), torch.from_numpy(spectrogram)
        expected = [network.locate(*inputs)] if network.config.bins else list(network(*inputs))
    found = [agent.locate(score, spectrogram)] if network.config.bins else agent.decide(score, spectrogram)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b.numpy(), atol=1e-4)


def test_a_bundle_keeps_its_weights(tmp_path):
    network = WindowNetwork(PAPER_NETWORKS["paper-nottingham"])
    export_bundle(network, tmp_path, about={"name": "x"})
    loaded, _, _ = load_checkpoint(tmp_path / "weights.safetensors")
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), loaded.parameters(), strict=True))


def test_each_kind_is_told_from_the_other(tmp_path, tiny_bundle):
    config = PAPER_NETWORKS["paper-nottingham"]
    small = dataclasses.replace(config, score=config.score[:2], spectrogram=config.spectrogram[:2], joint=8, head=8)
    export_bundle(WindowNetwork(small), tmp_path, about={"name": "x"})
    with pytest.raises(AgentError, match="one that can follow a recording, found a window network"):
        load_agent(str(tmp_path))
    with pytest.raises(AgentError, match="one that sees windows of the game, found a read-once network"):
        WindowAgent(tiny_bundle)
    assert Agent(tiny_bundle).config.kind == "read-once"
