"""Bundles: ONNX equals PyTorch, a stream equals the whole, damage is noticed."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from standpartner.agent.bundle import Agent, load_agent  # noqa: E402
from standpartner.agent.columns import ink, pad_columns, window, window_index  # noqa: E402
from standpartner.agent.config import NetworkConfig  # noqa: E402
from standpartner.agent.find import bundled_agents  # noqa: E402
from standpartner.agent.listening import Ear, hear_recording  # noqa: E402
from standpartner.errors import AgentError  # noqa: E402
from standpartner.networks.checkpoint import load_checkpoint  # noqa: E402
from standpartner.networks.export import export_bundle  # noqa: E402
from standpartner.networks.heads import interpolate_window  # noqa: E402
from standpartner.networks.read_once import ReadOnceNetwork  # noqa: E402


@pytest.fixture(params=["tiny", "default", "forgets", "ahead", "carries"])
def both(request, tmp_path, tiny_network_config):
    """A network with random weights and its bundle."""
    torch.manual_seed(3)
    kinds = {
        "tiny": tiny_network_config,
        "default": NetworkConfig(),
        "forgets": replace(tiny_network_config, remembers=False),
        "ahead": replace(tiny_network_config, ahead_frames=10),
        "carries": replace(tiny_network_config, carried=8, carried_units=32),
    }
    network = ReadOnceNetwork(kinds[request.param])
    export_bundle(network, tmp_path, about={"name": request.param})
    return network, Agent(tmp_path)


def test_onnx_equals_pytorch(both):
    network, agent = both
    rng = np.random.default_rng(0)
    strip = rng.integers(0, 256, (160, 1003), dtype=np.uint8)
    frames = rng.random((60, 78), dtype=np.float32)
    memory = rng.standard_normal((3, agent.config.memory_size)).astype(np.float32)
    speed = np.array([0.0, 5.0, -40.0], np.float32)
    with torch.no_grad():
        view = network.view(network.strip(torch.from_numpy(ink(strip))[None, None]))[0]
        lead = torch.zeros(network.frames.lead_frames, 78)
        embeddings = network.frames(torch.cat([lead, torch.from_numpy(frames)])[None])[0]
    read = agent.read(strip)
    np.testing.assert_allclose(read[64:-64], view.numpy(), atol=1e-4)
    heard, pressed = hear_recording(agent, frames, batch=17)
    np.testing.assert_allclose(heard, embeddings.numpy(), atol=1e-4)
    np.testing.assert_allclose(pressed, network.listen(embeddings).detach().numpy(), atol=1e-4)

    index, fraction = window_index(np.array([10.0, 500.3, 999.0]), np.array([126] * 3))
    views = window(read, index, fraction)
    decision = agent.decide(views, heard[:3], speed_px=speed, memory=memory)
    with torch.no_grad():
        maps = network.look(torch.from_numpy(views), torch.from_numpy(heard[:3, None]))[:, :, 0]
        locate = network.locate(maps, torch.from_numpy(heard[:3]))
        expected = network.policy(
            maps, locate, torch.from_numpy(heard[:3]), torch.from_numpy(speed), torch.from_numpy(memory)
        )
    for name, value in (expected._asdict() | {"track": expected.said.track}).items():
        if name != "said":
            np.testing.assert_allclose(getattr(decision, name), value.numpy(), atol=1e-4, err_msg=name)
    np.testing.assert_allclose(decision.locate, locate.numpy(), atol=1e-4)


def test_an_ear_hears_what_the_whole_recording_holds(both):
    _, agent = both
    frames = np.random.default_rng(1).random((2, 45, 78), dtype=np.float32)
    ear = Ear(agent, 2)
    stream = np.stack([ear.hear(frames[:, t])[0] for t in range(45)], axis=1)
    for k in range(2):
        np.testing.assert_allclose(stream[k], hear_recording(agent, frames[k])[0], atol=1e-5)


def test_a_bundle_keeps_its_weights(both):
    network, agent = both
    loaded, info, _ = load_checkpoint(agent.folder / "weights.safetensors")
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), loaded.parameters(), strict=True))
    assert info["name"] == agent.name


def test_windows_are_the_same_in_numpy_and_pytorch():
    rng = np.random.default_rng(2)
    columns = rng.standard_normal((30, 5)).astype(np.float32)
    padded = pad_columns(columns)
    positions = np.array([-3.0, 0.0, 17.3, 120.0, 239.9, 400.0])
    index, fraction = window_index(positions, np.full(6, 30))
    expected = window(padded, index, fraction)
    values = torch.from_numpy(padded.T[None, :, None].repeat(6, axis=2))
    found = interpolate_window(values, torch.from_numpy(index)[None], torch.from_numpy(fraction)[None])
    np.testing.assert_allclose(found[0].permute(1, 2, 0).numpy(), expected, atol=1e-6)


def test_a_window_is_centred_on_its_position():
    padded = pad_columns(np.arange(100, dtype=np.float32)[:, None] * 8 + 4)  # every column holds its own centre in px
    index, fraction = window_index(np.array([400.0]), np.array([100]))
    view = window(padded, index, fraction)[0, :, 0]
    np.testing.assert_allclose(view, 400 + (np.arange(64) - 31.5) * 8, atol=1e-3)


def test_ink_is_black_on_white_and_padded_to_whole_columns():
    strip = np.full((160, 13), 255, np.uint8)
    strip[0:2, 0:2] = 0
    image = ink(strip)
    assert image.shape == (80, 8)
    assert image[0, 0] == 1.0
    assert image.sum() == 1.0


def test_damaged_missing_and_foreign_agents_are_refused(tiny_bundle, tmp_path):
    with pytest.raises(AgentError, match="no agent 'nobody'"):
        load_agent("nobody")
    shutil.copytree(tiny_bundle, tmp_path / "cut")
    graph = tmp_path / "cut" / "policy.onnx"
    graph.write_bytes(graph.read_bytes()[:-10])
    with pytest.raises(AgentError, match="damaged"):
        load_agent(str(tmp_path / "cut"))
    graph.unlink()
    with pytest.raises(AgentError, match="cannot read"):
        load_agent(str(tmp_path / "cut"))
    description = json.loads((tmp_path / "cut" / "agent.json").read_text())
    (tmp_path / "cut" / "agent.json").write_text(json.dumps(description | {"format": 99}))
    with pytest.raises(AgentError, match="format 99"):
        load_agent(str(tmp_path / "cut"))
    (tmp_path / "cut" / "agent.json").write_text(json.dumps({"format": 1, "network": [], "about": {}}))
    with pytest.raises(AgentError, match=r"agent\.json is damaged: network, sha256 missing"):
        load_agent(str(tmp_path / "cut"))


@pytest.mark.parametrize("name", sorted(bundled_agents()))
def test_shipped_agents_load_and_are_small(name):
    agent = load_agent(name)
    assert agent.name == name
    assert sum(path.stat().st_size for path in agent.folder.iterdir()) < 14_000_000
    assert (agent.folder / "MODEL_CARD.md").is_file()
