"""Training configurations: what is bundled, what builds on what, what is refused."""

import dataclasses

import pytest

from standpartner.agent.config import NetworkConfig
from standpartner.errors import ConfigError
from standpartner.learn.a2c import A2cConfig
from standpartner.learn.config import TrainConfig, bundled_configs, load_config, parse_config
from standpartner.learn.imitate import ImitateConfig
from standpartner.learn.optimise import PAPER_OPTIMISER
from standpartner.learn.ppo import PpoConfig
from standpartner.learn.reinforce import ReinforceConfig
from standpartner.learn.rollout import EpisodeConfig
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
    with pytest.raises(ConfigError, match="pretrain needs a network that is read-once"):
        config(network=PAPER_PIANO)
    with pytest.raises(ConfigError, match="a2c needs a network that is acting"):
        config(network=PAPER_NETWORKS["paper-piano-mmloc"], stages=("a2c",))
    with pytest.raises(ConfigError, match="expected 'nottingham', whose windows the network sees"):
        config(network=PAPER_NOTTINGHAM, stages=("a2c",))
    with pytest.raises(ConfigError, match=r"ppo\.episode\.game: expected one of .*, got 'organ'"):
        config(ppo=PpoConfig(episode=EpisodeConfig(game="organ")))
    with pytest.raises(ConfigError, match="set samples to 0"):
        config(stages=("reinforce",))
    with pytest.raises(ConfigError, match="belong to a read-once network"):
        config(network=PAPER_PIANO, stages=("a2c",), a2c=A2cConfig(encoders=True))


def test_reinforce_needs_whole_episodes():
    with pytest.raises(ConfigError, match=r"episode\.frames to 0, got 15"):
        ReinforceConfig(episode=EpisodeConfig(frames=15))


WHOLE = EpisodeConfig(frames=0)


@pytest.mark.parametrize("kind", [PpoConfig, ImitateConfig])
def test_whole_episodes_are_refused_where_all_frames_teach(kind):
    """Frames after an episode's end would teach, and would be among those that advantages are normalised with."""
    with pytest.raises(ConfigError, match=r"episode\.frames: expected 1 or more, got 0"):
        kind(episode=WHOLE)
    assert A2cConfig(episode=WHOLE).episode.frames == 0  # it leaves them out


BASE = {"name": "a", "corpus": "c"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ppo": {"steps": "many"}}, "x.ppo.steps: expected int, got 'many'"),
        ({"ppo": {"steps": 3.5}}, "x.ppo.steps: expected int, got 3.5"),
        ({"ppo": {"steps": True}}, "x.ppo.steps: expected int, got True"),
        ({"ppo": {"steps": -1}}, "x.ppo.steps: expected int >= 0, got -1"),
        ({"ppo": {"minibatches": 0}}, "x.ppo.minibatches: expected int >= 1, got 0"),
        ({"ppo": {"track": 1}}, "x.ppo.track: expected bool, got 1"),
        ({"ppo": {"discount": 1.5}}, "x.ppo.discount: expected float <= 1.0, got 1.5"),
        (
            {"ppo": {"optimiser": {"learning_rate": "fast"}}},
            "x.ppo.optimiser.learning_rate: expected float, got 'fast'",
        ),
        ({"ppo": {"episode": {"frames": 0}}}, "x.ppo: episode.frames: expected 1 or more, got 0"),
        ({"ppo": 7}, "x.ppo: expected a table, got 7"),
        ({"ppo": {"stepps": 7}}, "x.ppo: unknown setting stepps; expected some of steps, optimiser, "),
        ({"pp0": {}}, "x: unknown setting pp0; expected some of name, corpus, "),
        ({"also": ["a", 1]}, "x.also: expected str, got ['a', 1]"),
        ({"also": "abc"}, "x.also: expected array, got 'abc'"),
        ({"name": 3}, "x.name: expected str, got 3"),
        ({"threads": 0}, "x.threads: expected int >= 1, got 0"),
        ({"mixed_precision": "on"}, "x.mixed_precision: expected one of auto, off, got 'on'"),
        ({"augment": {"gain_db": [3.0]}}, "x.augment.gain_db: expected array of length 2, got [3.0]"),
        ({"augment": {"noise_probability": 2.0}}, "x.augment: expected noise_probability from 0 to 1, got 2.0"),
        ({"network": {"memory": "a lot"}}, "x.network.memory: expected int, got 'a lot'"),
        ({"network": {"depth": 3}}, "x.network: unknown setting depth; expected some of strip_channels, "),
        (
            {"network": {"kind": "window", "game": "piano", "score": [{"channels": "x"}], "spectrogram": []}},
            "x.network.score[0].channels: expected int, got 'x'",
        ),
        ({"stages": []}, "x: stages: expected at least one of read, pretrain, seek, imitate, ppo, explore, a2c, "),
    ],
)
def test_what_does_not_fit_is_named_with_what_was_expected_and_what_came(changes, message):
    with pytest.raises(ConfigError) as raised:
        parse_config(BASE | changes, where="x")
    assert str(raised.value).startswith(message)


def test_what_is_missing_is_named():
    with pytest.raises(ConfigError, match="x: expected a value for corpus, got none"):
        parse_config({"name": "a"}, where="x")


def test_a_whole_number_stands_for_a_float():
    assert parse_config(BASE | {"ppo": {"optimiser": {"learning_rate": 1}}}).ppo.optimiser.learning_rate == 1.0


def test_a_base_is_a_name_and_not_the_file_itself(tmp_path):
    path = tmp_path / "x.toml"
    path.write_text(f'base = "{path}"\n')
    with pytest.raises(ConfigError, match="is its own base"):
        load_config(str(path))
    path.write_text("base = 3\n")
    with pytest.raises(ConfigError, match="base: expected the name or path of a configuration, got 3"):
        load_config(str(path))


@pytest.mark.parametrize(
    "stages",
    [
        ("imitate",),
        ("seek",),  # of an agent that a run starts from
        ("pretrain", "seek", "imitate", "ppo"),
        ("pretrain", "imitate", "a2c", "ppo"),
        ("imitate", "a2c", "reinforce"),
        ("ppo", "imitate"),
    ],
)
def test_orders_of_stages_that_are_allowed(stages):
    whole = ReinforceConfig(samples=0)
    assert TrainConfig("a", "c", stages=stages, reinforce=whole).stages == stages


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        ((), "expected at least one of"),
        (("ppo", "ppo"), "expected .*each once, got ppo, ppo"),
        (("imitate", "pretrain"), "expected pretrain first.*got imitate, pretrain"),
        (("imitate", "seek", "ppo"), "expected seek before imitate.*got imitate, seek, ppo"),
        (("pretrain", "seek", "a2c"), "expected no seek beside stages that change the encoders"),
        (("a2c", "seek"), "expected no seek beside stages that change the encoders"),
    ],
)
def test_orders_of_stages_that_are_refused(stages, message):
    with pytest.raises(ConfigError, match=f"^stages: {message}"):
        TrainConfig("a", "c", stages=stages, a2c=A2cConfig(encoders=True))


def test_encoders_that_carry_something_along_do_not_learn_from_cuts_of_the_strip():
    learning = {"stages": ["a2c"], "a2c": {"encoders": True}}
    parse_config(BASE | learning)
    with pytest.raises(ConfigError, match=r"a2c\.encoders: they learn from cuts of the strip"):
        parse_config(BASE | learning | {"network": {"carried": 8}})
