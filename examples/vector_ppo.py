"""PPO in one file on the vector environment: an agent learns from reward to follow, on features that are read once.

    python examples/vector_ppo.py                         # a toy piece
    python examples/vector_ppo.py --corpus nottingham     # tunes: learns on training pieces, judged on validation ones
    standpartner evaluate --agent policy:examples/vector_ppo.py --corpus nottingham --split test --game nottingham

It prints R_on, the share of onsets that are reached before the agent is lost, and keeps its weights in
`vector_ppo.safetensors`, which the last command plays. The agent sees the score's columns around it and the sound as
the encoders of `piano` give them, compares the two, and knows its own speed.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import gymnasium
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from standpartner.corpus.store import open_corpus
from standpartner.game import ENVIRONMENT_ID, Track, ramp_track

OBSERVE = "features"  # what `standpartner evaluate` shows this policy
WEIGHTS = "vector_ppo.safetensors"
MAX_SPEED = 24  # strip px a frame, beyond which the agent does not tell speeds apart


@dataclass
class Settings:
    """All that a result depends on, beside the tracks."""

    rollouts: int = 40
    games: int = 64
    frames: int = 32
    learning_rate: float = 1e-3
    discount: float = 0.95
    gae_lambda: float = 0.95
    clip: float = 0.2
    epochs: int = 3
    minibatches: int = 4
    entropy: float = 0.005
    value_weight: float = 0.5
    seed: int = 0


class Agent(nn.Module):
    """Compares the sound with every column, and decides on what fits, what is printed and how fast it reads."""

    def __init__(self, features: int, columns: int = 64, heads: int = 4, hidden: int = 128) -> None:
        super().__init__()
        self.features, self.heads = features, heads
        self.question = nn.Linear(features, features)
        self.key = nn.Linear(features, features)
        self.dense = nn.Sequential(
            nn.Linear((heads + 2) * columns + 2 * MAX_SPEED + 1, hidden),
            nn.ReLU(),
            nn.Linear(hidden, hidden),
            nn.ReLU(),
        )
        self.action, self.value = nn.Linear(hidden, 3), nn.Linear(hidden, 1)

    def forward(self, score: Tensor, sound: Tensor, speed: Tensor) -> tuple[Tensor, Tensor]:
        """Return action logits, (N, 3), and values, (N,)."""
        size = self.features // self.heads
        keys, outline = self.key(score[..., : self.features]), score[..., self.features :]
        asked = self.question(sound).unflatten(-1, (self.heads, size))
        fits = torch.einsum("nchs,nhs->nhc", keys.unflatten(-1, (self.heads, size)), asked) / size**0.5
        fits = fits.softmax(-1) * 8  # brings 64 shares to the size of the other inputs
        level = functional.one_hot(speed.clamp(-MAX_SPEED, MAX_SPEED) + MAX_SPEED, 2 * MAX_SPEED + 1).float()
        hidden = self.dense(torch.cat([fits.flatten(1), outline.flatten(1), level], 1))
        return self.action(hidden), self.value(hidden).squeeze(-1)


class Player:
    """Plays all games of a vector environment, and keeps what the agent knows: what it sees and its own speed."""

    def __init__(self, envs: gymnasium.vector.VectorEnv, seed: int) -> None:
        self.envs, (self.seen, self.info) = envs, envs.reset(seed=seed)
        self.speed = torch.zeros(envs.num_envs, dtype=torch.int64)

    def state(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return the inputs of the agent."""
        return torch.from_numpy(self.seen["score"]), torch.from_numpy(self.seen["spectrogram"]), self.speed.clone()

    def act(self, action: Tensor) -> tuple[Tensor, Tensor]:
        """Step, and return rewards and ends; a game that ends begins again in the same step."""
        self.seen, reward, terminated, truncated, self.info = self.envs.step(action.numpy())
        ended = torch.from_numpy(terminated | truncated)
        self.speed = torch.where(ended, 0, self.speed + action - 1)
        return torch.from_numpy(reward).float(), ended


def collect(agent: Agent, player: Player, settings: Settings) -> list[Tensor]:
    """Play a rollout; return inputs, actions, log-probabilities, advantages and returns of its frames, in one row."""
    rows, ends = [], []
    for _ in range(settings.frames):
        state = player.state()
        with torch.no_grad():
            logits, value = agent(*state)
        chosen = torch.distributions.Categorical(logits=logits)
        action = chosen.sample()
        reward, ended = player.act(action)
        rows.append((*state, action, chosen.log_prob(action), value, reward))
        ends.append(ended)
    with torch.no_grad():
        following = agent(*player.state())[1]
    *inputs, action, log_probability, value, reward = (torch.stack(column) for column in zip(*rows, strict=True))
    advantage, kept = torch.zeros_like(value), torch.zeros_like(following)
    for k in reversed(range(settings.frames)):
        goes_on = (~ends[k]).float()
        surprise = reward[k] * (1 - settings.discount) + settings.discount * following * goes_on - value[k]
        kept = surprise + settings.discount * settings.gae_lambda * goes_on * kept
        advantage[k], following = kept, value[k]
    return [column.flatten(0, 1) for column in (*inputs, action, log_probability, advantage, advantage + value)]


def improve(agent: Agent, optimiser: torch.optim.Optimizer, batch: list[Tensor], settings: Settings) -> None:
    """Make the gradient steps of a rollout."""
    for _ in range(settings.epochs):
        for part in torch.randperm(len(batch[0])).chunk(settings.minibatches):
            score, sound, speed, action, before, advantage, returns = (column[part] for column in batch)
            logits, value = agent(score, sound, speed)
            policy = torch.distributions.Categorical(logits=logits)
            advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
            ratio = (policy.log_prob(action) - before).exp()
            gain = torch.minimum(ratio * advantage, ratio.clamp(1 - settings.clip, 1 + settings.clip) * advantage)
            value_loss = functional.mse_loss(value, returns)
            loss = settings.value_weight * value_loss - gain.mean() - settings.entropy * policy.entropy().mean()
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(agent.parameters(), 0.5)
            optimiser.step()


def make_envs(tracks: list[Track], games: int) -> gymnasium.vector.VectorEnv:
    """Make the games, by the rules for single-line music."""
    return gymnasium.make_vec(
        ENVIRONMENT_ID,
        num_envs=games,
        tracks=tracks,
        config="nottingham",
        observe="features",
        autoreset_mode="SameStep",
    )


def onsets_reached(agent: Agent, envs: gymnasium.vector.VectorEnv, tracks: list[Track]) -> float:
    """Play every track once with the most probable actions; return R_on. There has to be one game for each track."""
    player = Player(envs, seed=0)
    player.seen, _ = envs.reset(options={"track": np.arange(len(tracks))})
    reached = np.array([np.sum(track.onset_frames <= track.first_frame) for track in tracks])
    running = np.ones(len(tracks), dtype=bool)
    while running.any():
        with torch.no_grad():
            action = agent(*player.state())[0].argmax(1)
        _, ended = player.act(action)
        info = player.info.get("final_info", {})
        for k in np.flatnonzero(running):
            if not ended[k]:
                reached[k] = np.sum(tracks[k].onset_frames <= player.info["frame"][k])
            elif info["finished"][k]:
                reached[k] = len(tracks[k].onset_frames)
        running &= ~ended.numpy()
    return float(reached.sum() / sum(len(track.onset_frames) for track in tracks))


def train(train_tracks: list[Track], judged_tracks: list[Track], settings: Settings) -> list[float]:
    """Train an agent; return R_on on the tracks that judge, before and after every tenth of the training."""
    torch.manual_seed(settings.seed)
    envs, judges = make_envs(train_tracks, settings.games), make_envs(judged_tracks, len(judged_tracks))
    player = Player(envs, settings.seed)
    agent = Agent(player.seen["spectrogram"].shape[1])
    optimiser = torch.optim.Adam(agent.parameters(), lr=settings.learning_rate, eps=1e-5)
    curve = [onsets_reached(agent, judges, judged_tracks)]
    for number in range(1, settings.rollouts + 1):
        improve(agent, optimiser, collect(agent, player, settings), settings)
        if number % max(settings.rollouts // 10, 1) == 0:
            curve.append(onsets_reached(agent, judges, judged_tracks))
            print(f"{number * settings.games * settings.frames} frames: R_on {curve[-1]:.3f}")
            save_file(agent.state_dict(), WEIGHTS)
    return curve


def make_policy(num_envs: int, seed: int) -> Callable[[dict[str, np.ndarray]], np.ndarray]:
    """Return the trained agent for `standpartner evaluate`: a function from what games show to their actions."""
    weights = load_file(WEIGHTS)
    agent = Agent(weights["key.weight"].shape[1])
    agent.load_state_dict(weights)
    speed = torch.zeros(num_envs, dtype=torch.int64)

    def act(seen: dict[str, np.ndarray]) -> np.ndarray:
        with torch.no_grad():
            action = agent(torch.from_numpy(seen["score"]), torch.from_numpy(seen["spectrogram"]), speed)[0].argmax(1)
        speed.add_(action - 1)
        return action.numpy()

    return act


def main() -> None:
    """Train as the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", help="a built corpus; default: a toy piece")
    parser.add_argument("--rollouts", type=int, default=Settings.rollouts)
    parser.add_argument("--pieces", type=int, default=50, help="training pieces of the corpus")
    options = parser.parse_args()
    if not options.corpus:
        train([ramp_track()], [ramp_track()], Settings(rollouts=options.rollouts))
        return
    corpus = open_corpus(options.corpus)
    tracks, judged = (
        [track for piece in corpus.pieces(split, limit=options.pieces) for track in piece.tracks()]
        for split in ("train", "valid")
    )
    train(tracks, judged, Settings(rollouts=options.rollouts))


if __name__ == "__main__":
    main()
