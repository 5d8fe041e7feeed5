"""The search head: it begins as locate, and learns to tell columns of a whole score apart."""

import dataclasses

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from standpartner.agent.config import WINDOW_COLUMNS
from standpartner.learn.features import encode
from standpartner.learn.optimise import OptimiserConfig
from standpartner.learn.run import Run
from standpartner.learn.seek import Seek, SeekConfig, found_elsewhere
from standpartner.networks.read_once import ReadOnceNetwork
from standpartner.perform import AugmentConfig


def _stage(network, data, features, **settings):
    config = SeekConfig(
        segments=3, frames=12, optimiser=OptimiserConfig(learning_rate=1e-2, warmup_steps=1), **settings
    )
    return Seek(network, data, features=features, settings=config, augment=AugmentConfig.none(), seed=0)


def test_begins_with_what_locate_says(tiny_network_config):
    torch.manual_seed(0)
    network = ReadOnceNetwork(tiny_network_config)
    size = tiny_network_config.features
    keys, embeddings = torch.randn(70, size), torch.randn(5, size)
    maps = network.locate.correlate(keys[None], embeddings[None])[0].transpose(0, 1)
    with torch.no_grad():
        located = network.locate(maps, embeddings)
        assert not torch.allclose(network.search.over(keys, embeddings), located)
        network.search.begin_with(network.locate)
        torch.testing.assert_close(network.search.over(keys, embeddings), located)


def test_pieces_of_score_are_searched_each_by_itself(tiny_network_config):
    torch.manual_seed(0)
    network = ReadOnceNetwork(tiny_network_config)
    keys, embeddings = torch.randn(3, 40, tiny_network_config.features), torch.randn(5, tiny_network_config.features)
    with torch.no_grad():
        logits = network.search.among(keys, embeddings)
        alone = [network.search.over(each, embeddings) for each in keys]
    torch.testing.assert_close(logits, torch.stack(alone, 1))


def _telling(features, data):
    """Features in which a frame's embedding is the key of the column where the music is."""
    view = torch.randn(features.view.shape, generator=torch.Generator().manual_seed(1)).half()
    embeddings = features.embeddings.clone()
    for number, performance in enumerate(data.performances):
        column = torch.from_numpy(performance.target_x_px / 8).long()
        first = int(features.view_start[performance.piece]) + WINDOW_COLUMNS
        start = int(features.frame_start[number])
        count = min(len(column), performance.track.last_frame + 2)
        embeddings[start : start + count] = view[first + column[:count], : embeddings.shape[1]]
    return dataclasses.replace(features, view=view, embeddings=embeddings)


def test_learns_where_in_the_whole_score_and_changes_nothing_else(tiny_network_config, tiny_data):
    torch.manual_seed(0)
    network, data = ReadOnceNetwork(tiny_network_config), tiny_data.train
    before = {name: value.clone() for name, value in network.state_dict().items()}
    features = _telling(encode(network, data, settings=AugmentConfig.none(), seed=0), data)
    stage = _stage(network, data, features, steps=120)
    untaught = stage.validate(data, features)
    for number in range(stage.steps):
        stage.step(number)
    taught = stage.validate(data, features)
    assert taught["loss/seek"] < untaught["loss/seek"] - 1
    assert taught["found/within_48_px"] > max(0.8, 2 * untaught["found/within_48_px"])
    changed = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert changed
    assert all(name.startswith("search.") for name in changed)


def test_draws_true_places(tiny_network_config, tiny_data):
    """The column that is aimed at is where the track says that the music is."""
    network = ReadOnceNetwork(tiny_network_config)
    features = encode(network, tiny_data.train, settings=AugmentConfig.none(), seed=0)
    stage = _stage(network, tiny_data.train, features, steps=1)
    _, _, keys, embeddings, column = stage.drawn.frames(np.random.default_rng(3))
    (number,) = {
        k
        for k, performance in enumerate(tiny_data.train.performances)
        if np.isin(column.numpy(), performance.target_x_px / 8 - 0.5).all()
        and len(keys) == features.column_count[performance.piece]
    }
    own = features.embeddings[features.frame_start[number] :]
    performance = tiny_data.train.performances[number]
    for embedding, place in zip(embeddings, column.numpy(), strict=True):
        frame = int((own == embedding).all(1).nonzero()[0])
        assert performance.target_x_px[frame] / 8 - 0.5 == pytest.approx(place)


def test_transposed_frames_cost_what_is_given_to_where_they_were():
    nothing = found_elsewhere(torch.zeros(2, 60), torch.tensor([30.0, 30.0]))
    assert float(nothing["loss/transposed"]) == pytest.approx(-np.log(1 - 13 / 60))  # 48 px are six columns either way
    sure = torch.zeros(1, 60)
    sure[0, 33] = 10.0
    assert float(found_elsewhere(sure, torch.tensor([30.0]))["found/transposed"]) == 1.0
    assert float(found_elsewhere(sure, torch.tensor([10.0]))["loss/transposed"]) < 1e-2


def test_learns_that_transposed_music_is_elsewhere(tiny_network_config, tiny_data):
    """With much weight on it, the head gives less to the places of transposed frames."""
    torch.manual_seed(0)
    network, data = ReadOnceNetwork(tiny_network_config), tiny_data.train
    features = encode(network, data, settings=AugmentConfig.none(), seed=0)
    stage = _stage(network, data, features, steps=40, transposed=50.0)
    before = stage.validate(data, features, batches=10)
    for number in range(stage.steps):
        assert stage.step(number).keys() >= {"loss/transposed", "found/transposed"}
    assert stage.validate(data, features, batches=10)["loss/transposed"] < 0.8 * before["loss/transposed"]


def test_a_run_that_only_seeks_ends_with_its_last_weights(tiny_config, tiny_data, tmp_path):
    config = dataclasses.replace(tiny_config, stages=("seek",))
    assert Run(config, tmp_path / "run", data=tiny_data).train() == tmp_path / "run" / "seek.safetensors"
