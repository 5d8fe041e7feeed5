"""The learners: their losses by hand, their rollouts, what they teach either kind of network."""

import dataclasses

import numpy as np
import pytest
import torch

from standpartner.agent.config import Convolution, WindowNetworkConfig
from standpartner.game import CONFIGS
from standpartner.learn.a2c import A2c, A2cConfig
from standpartner.learn.features import encode
from standpartner.learn.fixed_encoders import FixedEncoders
from standpartner.learn.learner import Batch, explained, policy_gradient_loss, weigh
from standpartner.learn.learning_encoders import LearningEncoders
from standpartner.learn.optimise import OptimiserConfig
from standpartner.learn.ppo import Ppo, PpoConfig, ppo_loss
from standpartner.learn.reinforce import Reinforce, ReinforceConfig
from standpartner.learn.rollout import EpisodeConfig, Episodes, Rollout, shuffled
from standpartner.learn.window_actor import WindowActor
from standpartner.networks.read_once import ReadOnceNetwork
from standpartner.networks.windows import WindowNetwork
from standpartner.perform import AugmentConfig

SMALL = WindowNetworkConfig(
    game="nottingham",
    score=(Convolution(4, kernel=5, stride=(4, 4), dropout=0.2),),
    spectrogram=(Convolution(4, kernel=5, stride=(4, 4)),),
    joint=16,
    head=16,
)
QUICK = OptimiserConfig(learning_rate=1e-3, warmup_steps=0, decay=False, average=0.0)
ACTORS = ("windows", "fixed", "learning")


@pytest.fixture
def actor_of(tiny_network_config, tiny_data):
    """Makes an actor of a kind on the tiny pieces, with weights of a seed."""

    def make(kind: str, *, seed: int = 0, frames: int = 12):
        torch.manual_seed(seed)
        if kind == "windows":
            return WindowActor(WindowNetwork(SMALL), tiny_data.train.tracks)
        network = ReadOnceNetwork(tiny_network_config)
        if kind == "learning":
            return LearningEncoders(network, tiny_data.train, frames=frames)
        features = encode(network, tiny_data.train, settings=AugmentConfig.none(), seed=0)
        return FixedEncoders(network, features, tracker=False)

    return make


def learner_of(name: str, actor, tracks, *, seed: int = 0):
    episodes = EpisodeConfig(episodes=6, frames=12, game="nottingham")
    if name == "a2c":
        return A2c(actor, tracks, A2cConfig(steps=4, episode=episodes, optimiser=QUICK), seed=seed)
    samples = 16 if actor.stands_alone else 0
    if name == "ppo":
        return Ppo(actor, tracks, PpoConfig(steps=4, samples=samples, episode=episodes, optimiser=QUICK), seed=seed)
    whole = dataclasses.replace(episodes, episodes=2, frames=0)
    return Reinforce(actor, tracks, ReinforceConfig(samples=samples, episode=whole, optimiser=QUICK), seed=seed)


@pytest.mark.parametrize("kind", ACTORS)
def test_a_replay_gives_the_probabilities_and_values_that_played(kind, actor_of, tiny_data):
    """Also over episodes that end inside the rollout, and with a network that has dropout: ratios start at one."""
    actor = actor_of(kind)
    episodes = Episodes(actor, tiny_data.train.tracks, EpisodeConfig(episodes=16, frames=12, game="nottingham"))
    rng = np.random.default_rng(0)
    for _ in range(3):
        rollout = episodes.collect(rng)
        logits, values = actor.replay(rollout)
        chosen = logits.log_softmax(-1).gather(-1, rollout.action.unsqueeze(-1)).squeeze(-1)
        torch.testing.assert_close(chosen, rollout.log_probability, atol=1e-4, rtol=0)
        torch.testing.assert_close(values, rollout.value, atol=1e-4, rtol=0)
    assert rollout.fresh[1:].any()


@pytest.mark.parametrize("kind", ACTORS)
def test_no_ratio_is_clipped_before_the_first_update(kind, actor_of, tiny_data):
    actor = actor_of(kind)
    settings = PpoConfig(
        steps=1,
        epochs=1,
        minibatches=1,
        clip=1e-3,
        episode=EpisodeConfig(episodes=16, frames=12, game="nottingham"),
        optimiser=QUICK,
    )
    logged = Ppo(actor, tiny_data.train.tracks, settings, seed=0).step(0)
    assert logged["ppo/ratio_clipped"] == 0.0
    assert logged["ppo/kl"] == pytest.approx(0.0, abs=1e-6)


def test_dropout_is_off_while_playing_and_while_learning_from_reward(actor_of, tiny_data):
    actor = actor_of("windows")
    assert any(isinstance(module, torch.nn.Dropout) for module in actor.network.modules())
    episodes = Episodes(actor, tiny_data.train.tracks, EpisodeConfig(episodes=4, frames=3, game="nottingham"))
    rollout = episodes.collect(np.random.default_rng(0))
    actor.network.train()  # as a supervised stage leaves it
    first, second = (actor.act(episodes.game, episodes.memory).logits for _ in range(2))
    assert torch.equal(first, second)
    actor.network.train()
    first, second = (actor.replay(rollout)[0] for _ in range(2))
    assert torch.equal(first, second)


@pytest.mark.parametrize("kind", ACTORS)
@pytest.mark.parametrize("name", ["reinforce", "a2c", "ppo"])
def test_every_learner_teaches_every_kind_of_network_the_same_way_twice(kind, name, actor_of, tiny_data):
    weights = []
    for seed in (0, 0, 1):
        actor = actor_of(kind)
        before = {key: value.clone() for key, value in actor.network.named_parameters()}
        learner = learner_of(name, actor, tiny_data.train.tracks, seed=seed)
        for number in range(2):
            logged = learner.step(number)
        weights.append({key: value.detach().clone() for key, value in actor.network.named_parameters()})
        assert all(np.isfinite(value) for key, value in logged.items() if key != "episode/finished_share")
    changed = {key for key in before if not torch.equal(before[key], weights[0][key])}
    assert changed == {key for key, _ in actor.learned()}
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in before)
    assert any(not torch.equal(weights[0][key], weights[2][key]) for key in before)


def test_only_what_the_reward_may_teach_is_learned(actor_of):
    fixed, learning = ({name for name, _ in actor_of(kind).learned()} for kind in ("fixed", "learning"))
    assert all(name.startswith("policy.") for name in fixed)
    assert not any(name.startswith(("policy.tracker.", "read.", "listen.")) for name in fixed | learning)
    assert {name.split(".")[0] for name in learning} == {"strip", "frames", "locate", "outline", "policy"}


def test_whole_episodes_end_and_wait_for_each_other(actor_of, tiny_data):
    actor = actor_of("windows")
    episodes = Episodes(actor, tiny_data.train.tracks, EpisodeConfig(episodes=5, frames=0, game="nottingham"))
    for seed in range(2):
        rollout = episodes.collect(np.random.default_rng(seed))
        assert rollout.ended.sum(0).tolist() == [1] * 5
        for k in range(5):
            last = int(rollout.ended[:, k].nonzero())
            assert rollout.played[: last + 1, k].all()
            assert not rollout.played[last + 1 :, k].any()
        assert rollout.fresh[0].all()
        assert rollout.played.all(1)[:1].all()
        assert rollout.ended[-1].any()
        alone = rollout.alone()
        assert alone.fresh.shape == (1, int(rollout.played.sum()))
        torch.testing.assert_close(alone.reward[0], rollout.reward[rollout.played])


class Judge:
    """An actor that always judges in the same way."""

    stands_alone = True

    def __init__(self, logits, values):
        self.logits, self.values = torch.tensor(logits, requires_grad=True), torch.tensor(values, requires_grad=True)

    def replay(self, rollout):
        return self.logits, self.values


def rollout_of(**columns) -> Rollout:
    frames, episodes = columns["action"].shape
    nothing = torch.zeros(frames, episodes)
    plain = {
        field.name: nothing for field in dataclasses.fields(Rollout) if field.name not in ("observed", "first_memory")
    }
    plain |= {"played": torch.ones(frames, episodes, dtype=torch.bool), "ended": nothing.bool()} | columns
    return Rollout(observed={}, first_memory=torch.zeros(episodes, 0), **plain)


def test_the_policy_gradient_by_hand():
    """Two frames, even odds of three actions: d loss / d logit = -advantage (one_hot - 1/3) / 2, and the baseline's."""
    judge = Judge([[[0.0, 0.0, 0.0]], [[0.0, 0.0, 0.0]]], [[1.0], [2.0]])
    rollout = rollout_of(action=torch.tensor([[0], [2]]))
    batch = Batch(rollout, advantages=torch.zeros(2, 1), returns=torch.tensor([[4.0], [0.0]]))  # advantages 3, -2
    loss, logged = policy_gradient_loss(judge, batch, A2cConfig(entropy=0.0, value_weight=0.5))
    loss.backward()
    expected = torch.tensor([[[-1.0, 0.5, 0.5]], [[-1 / 3, -1 / 3, 2 / 3]]])
    torch.testing.assert_close(judge.logits.grad, expected)
    torch.testing.assert_close(judge.values.grad, torch.tensor([[-1.5], [1.0]]))
    assert logged["loss/value"] == pytest.approx((9 + 4) / 2)
    assert logged["loss/entropy"] == pytest.approx(np.log(3))
    assert logged["loss/policy"] == pytest.approx((3 - 2) * np.log(3) / 2)


def test_frames_after_an_episodes_end_teach_nothing():
    judge = Judge([[[0.0, 0.0, 0.0]], [[0.0, 0.0, 0.0]]], [[1.0], [2.0]])
    played = torch.tensor([[True], [False]])
    rollout = rollout_of(action=torch.tensor([[0], [2]]), played=played)
    batch = Batch(rollout, advantages=torch.zeros(2, 1), returns=torch.tensor([[4.0], [100.0]]))
    policy_gradient_loss(judge, batch, ReinforceConfig())[0].backward()
    assert not judge.logits.grad[1].any()
    assert judge.values.grad.flatten().tolist() == [-3.0, 0.0]


def test_ppo_stops_pushing_once_the_ratio_is_clipped():
    """Ratios 1.5 and 1: with positive advantages the first is beyond 1.2 and gets no gradient, the second does."""
    logits = torch.tensor([[[0.0, 0.0, 0.0]], [[0.0, 0.0, 0.0]]])
    old = np.log(1 / 3) - np.log([[1.5], [1.0]])
    rollout = rollout_of(action=torch.tensor([[0], [0]]), log_probability=torch.tensor(old, dtype=torch.float32))
    judge = Judge(logits.tolist(), [[0.0], [0.0]])
    batch = Batch(rollout, advantages=torch.ones(2, 1), returns=torch.zeros(2, 1))
    loss, logged = ppo_loss(judge, batch, PpoConfig(clip=0.2, entropy=0.0))
    loss.backward()
    assert not judge.logits.grad[0].any()
    torch.testing.assert_close(judge.logits.grad[1, 0], -torch.tensor([2 / 3, -1 / 3, -1 / 3]) / 2)
    assert logged["ppo/ratio_clipped"] == 0.5
    assert logged["loss/policy"] == pytest.approx(-(1.2 + 1.0) / 2)


def test_parts_are_a_shuffle_in_equal_numbers_or_of_equal_size():
    by_count = shuffled(10, np.random.default_rng(0), count=3)
    by_size = shuffled(120, np.random.default_rng(0), size=32)
    assert [len(part) for part in by_count] == [4, 3, 3]
    assert [len(part) for part in by_size] == [32, 32, 32, 24]  # as the paper's 8 workers of 15 frames in batches of 32
    assert sorted(torch.cat(by_size).tolist()) == list(range(120))
    assert torch.cat(by_size).tolist() != list(range(120))


def test_what_values_explain():
    returns = torch.tensor([1.0, 2.0, 3.0])
    assert explained(returns, returns) == pytest.approx(1)
    assert explained(torch.full((3,), 2.0), returns) == pytest.approx(0)


def test_rewards_can_count_as_they_are():
    rollout = rollout_of(action=torch.zeros(3, 1, dtype=torch.int64), reward=torch.tensor([[1.0], [2.0], [3.0]]))
    plain = weigh(rollout, discount=0.5, gae_lambda=1.0, mean_values=False)
    assert plain.returns[:, 0].tolist() == [1 + 0.5 * 2 + 0.25 * 3, 2 + 0.5 * 3, 3]
    torch.testing.assert_close(
        weigh(rollout, discount=0.5, gae_lambda=1.0, mean_values=True).returns, plain.returns / 2
    )


def test_crops_show_what_the_whole_strip_shows(actor_of, tiny_data):
    """The encoders make the same of columns away from the ends of crop and strip, and of every frame."""
    actor, data = actor_of("learning"), tiny_data.train
    whole = encode(actor.network, data, settings=AugmentConfig.none(), seed=0)
    count = int(whole.column_count[0])
    first_column, first_frame = np.array([-20, count - actor.crop_columns + 20]), np.array([0, 30])
    with torch.no_grad():
        view, embedding = actor._encode(np.array([0, 0]), first_column, first_frame)
    for crop, column, frame in zip(view, first_column, first_frame, strict=True):
        columns = np.arange(max(column, 0) + 8, min(column + actor.crop_columns, count) - 8)
        found, expected = crop[64 + columns - column], whole.view[64 + columns]
        torch.testing.assert_close(found, expected.float(), atol=4e-3, rtol=0)
        outside = [c for c in range(column, column + actor.crop_columns) if not 0 <= c < count]
        assert outside
        assert not crop[64 + np.array(outside) - column].any()  # as when it is read whole: nothing
        torch.testing.assert_close(
            embedding[list(first_frame).index(frame)],
            whole.embeddings[frame : frame + actor.frames].float(),
            atol=4e-3,
            rtol=0,
        )


def test_a_crop_is_renewed_when_the_window_leaves_it(actor_of, tiny_data):
    actor = actor_of("learning", frames=40)
    episodes = Episodes(actor, tiny_data.train.tracks, EpisodeConfig(episodes=1, frames=1, game="piano"))
    episodes.collect(np.random.default_rng(0))
    game, memory = episodes.game, actor.empty_memory(1)
    game.reset(0, 0)
    crop = int(actor.act(game, memory).observed["crop"])
    game.step(np.array([1]))
    assert int(actor.act(game, memory).observed["crop"]) == crop
    game.position_px += 400.0
    game.step(np.array([1]))
    assert int(actor.act(game, memory).observed["crop"]) == crop + 1


def test_truncated_episodes_go_on_in_value(actor_of, tiny_data, monkeypatch):
    monkeypatch.setitem(CONFIGS, "nottingham", dataclasses.replace(CONFIGS["nottingham"], time_limit_frames=5))
    actor = actor_of("windows")
    config = EpisodeConfig(episodes=4, frames=8, game="nottingham", anywhere=0.0)
    rollout = Episodes(actor, tiny_data.train.tracks, config).collect(np.random.default_rng(0))
    truncated = rollout.ended & ~rollout.lost & ~rollout.finished
    assert truncated[4].any()
    assert (rollout.next_value[truncated] != 0).all()
    assert (rollout.next_value[rollout.lost] == 0).all()
