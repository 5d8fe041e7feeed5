"""Training configurations: what is bundled, what builds on what, what is refused."""

import dataclasses

import pytest

from standpartner.agent.config import NetworkConfig
from standpartner.errors import ConfigError
from standpartner.learn.config import (
    PAPER_OPTIMISER,
    A2cConfig,
    EpisodeConfig,
    ReinforceConfig,
    TrainConfig,
    bundled_configs,
    load_config,
    parse_config,
)
from standpartner.networks.paper import PAPER_NETWORKS, PAPER_NOTTINGHAM, PAPER_PIANO
from standpartner.perform import AugmentConfig

PAPER = [name for name in bundled_configs() if name.startswith("paper-")]


@pytest.mark.parametrize("name", bundled_configs())
def test_bundled_configurations_load_and_are_named_as_their_files(name):
    assert load_config(name).name == name


def test_there_is_a_configuration_for_each_learner_of_the_paper_and_each_data_set():
    wanted = {f"paper-{data}-{how}" for data in ("nottingham", "piano") for how in ("reinforce", "a2c", "ppo", "mmloc")}
    assert set(PAPER) == wanted


@pytest.mark.parametrize("name", [name for name in PAPER if not name.endswith("mmloc")])
def test_paper_configurations_hold_the_papers_numbers(name):
    config = load_config(name)
    stage = name.rpartition("-")[2]
    settings = getattr(config, stage)
    assert config.stages == (stage,)
    assert config.network == (PAPER_PIANO if "piano" in name else PAPER_NOTTINGHAM)
    assert config.augment == AugmentConfig.none()
    assert not config.validate_greedy
    assert (settings.discount, settings.mean_values) == (0.9, False)
    assert settings.optimiser == PAPER_OPTIMISER
    assert settings.episode.game == config.network.game
    assert settings.episode.anywhere == 0.0
    workers, frames = (1, 0) if stage == "reinforce" else (8, 15)
    assert (settings.episode.episodes, settings.episode.frames) == (workers, frames)
    if stage == "ppo":
        assert (settings.clip, settings.gae_lambda, settings.epochs, settings.samples) == (0.2, 0.95, 1, 32)
        assert (settings.entropy, settings.value_weight) == (0.05, 0.25)
    else:
        defaults = {"a2c": A2cConfig, "reinforce": ReinforceConfig}[stage]()
        game = dataclasses.replace(defaults.episode, game=config.network.game)
        assert settings == dataclasses.replace(defaults, episode=game)


def test_locators_choose_among_bins_of_eight_to_ten_px():
    for name in ("nottingham", "piano"):
        config = load_config(f"paper-{name}-mmloc")
        assert config.network == PAPER_NETWORKS[f"paper-{name}-mmloc"]
        assert not config.network.differences


def test_a_file_holds_only_what_differs_from_its_base(tmp_path):
    (tmp_path / "below.toml").write_text('name = "a"\ncorpus = "c"\nseed = 3\n[ppo]\nclip = 0.1\nepochs = 7\n')
    (tmp_path / "above.toml").write_text(f'base = "{tmp_path}/below.toml"\nname = "b"\n[ppo]\nclip = 0.3\n')
    config = load_config(str(tmp_path / "above.toml"))
    assert (config.name, config.corpus, config.seed) == ("b", "c", 3)
    assert (config.ppo.clip, config.ppo.epochs) == (0.3, 7)


def test_a_network_is_sizes_or_a_name():
    assert parse_config({"name": "a", "corpus": "c", "network": {"memory": 7}}).network == NetworkConfig(memory=7)
    by_name = {"name": "a", "corpus": "c", "stages": ["mmloc"], "network": "paper-piano-mmloc"}
    config = parse_config(by_name)
    assert config.network.bins == 64
    assert parse_config(config.to_json()) == config  # as config.json in a run's folder
    with pytest.raises(ConfigError, match="no network 'paper-organ'"):
        parse_config(by_name | {"network": "paper-organ"})
    with pytest.raises(ConfigError, match="a table or a name"):
        parse_config(by_name | {"network": 7})


def test_stages_and_networks_have_to_fit():
    def config(**changes):
        return TrainConfig("a", "c", **changes)

    with pytest.raises(ConfigError, match="no stage 'sleep'"):
        config(stages=("sleep",))
    with pytest.raises(ConfigError, match="'pretrain' needs a network that is read-once"):
        config(network=PAPER_PIANO)
    with pytest.raises(ConfigError, match="'a2c' needs a network that is acting"):
        config(network=PAPER_NETWORKS["paper-piano-mmloc"], stages=("a2c",))
    with pytest.raises(ConfigError, match="sees windows of 'nottingham'"):
        config(network=PAPER_NOTTINGHAM, stages=("a2c",))
    with pytest.raises(ConfigError, match="set samples to 0"):
        config(stages=("reinforce",))
    with pytest.raises(ConfigError, match="belong to a read-once network"):
        config(network=PAPER_PIANO, stages=("a2c",), a2c=A2cConfig(encoders=True))


def test_reinforce_needs_whole_episodes():
    with pytest.raises(ConfigError, match=r"episode\.frames to 0, got 15"):
        ReinforceConfig(episode=EpisodeConfig(frames=15))
