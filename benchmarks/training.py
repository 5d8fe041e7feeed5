"""What learning from reward costs: the paper's network, stepped the paper's way, beside the read-once network.

    python benchmarks/training.py [--seconds S] [--cpu]

Piano rules on artificial tracks, so it needs no corpus; PPO with one pass over each rollout everywhere. A sample is one
frame of one episode. "forward+backward" judges a batch and computes its gradients, "whole loop" plays and learns. An
agent that learns as a whole reads anew when it is lost, so its cost is shown untaught on the artificial tracks, where
it is lost all the time, and as `tunes` on the bundled piece, which it follows.
"""

import argparse
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

import numpy as np
import torch
from follower import processor

from standpartner.agent.config import NetworkConfig
from standpartner.agent.find import DEFAULT_AGENT, find_agent
from standpartner.demo.bundled import load_menuet
from standpartner.game import PIANO, random_track
from standpartner.game.environment import ScoreFollowingEnv
from standpartner.game.tracks import Track
from standpartner.hear import read_audio, spectrogram
from standpartner.learn.data import TrainingSet, bare_set
from standpartner.learn.features import encode
from standpartner.learn.fixed_encoders import FixedEncoders
from standpartner.learn.learner import judge
from standpartner.learn.learning_encoders import LearningEncoders
from standpartner.learn.optimise import PAPER_OPTIMISER, Optimiser, OptimiserConfig
from standpartner.learn.ppo import Ppo, PpoConfig
from standpartner.learn.returns import generalised_advantages
from standpartner.learn.rollout import PAPER_EPISODES, Actor, EpisodeConfig, shuffled
from standpartner.learn.window_actor import WindowActor
from standpartner.networks.checkpoint import load_checkpoint
from standpartner.networks.paper import PAPER_PIANO
from standpartner.networks.read_once import ReadOnceNetwork
from standpartner.networks.windows import WindowNetwork
from standpartner.perform import AugmentConfig
from standpartner.score import read_score

MANY = EpisodeConfig(episodes=128, frames=64, anywhere=0.5)
PAPER_PPO = PpoConfig(
    steps=1, mean_values=False, epochs=1, samples=32, value_weight=0.25, entropy=0.05, episode=PAPER_EPISODES,
    optimiser=PAPER_OPTIMISER,
)  # fmt: skip
READ_ONCE_PPO = PpoConfig(
    steps=1, epochs=1, minibatches=4, episode=MANY, optimiser=OptimiserConfig(learning_rate=1e-5, decay=False)
)  # so small a rate that an agent that follows goes on to follow


class Clock:
    """Samples a second, by the clock or by processor time."""

    def __init__(self, seconds: float, cpu: bool) -> None:
        self.seconds, self.cpu = seconds, cpu

    def now(self) -> float:
        """Seconds."""
        return time.process_time() / torch.get_num_threads() if self.cpu else time.perf_counter()

    def rate(self, work: Callable[[], int]) -> float:
        """``work`` returns how many samples it went through; it is called once to warm up, then for some seconds."""
        work()
        done, start = 0, self.now()
        while self.now() < start + self.seconds:
            done += work()
        return done / (self.now() - start)


class PaperLoop:
    """Eight environments of their own, stepped one after the other; observations are stacked and kept."""

    def __init__(self, tracks: Sequence[Track], settings: PpoConfig) -> None:
        self.settings, self.rng = settings, np.random.default_rng(0)
        self.network = WindowNetwork(PAPER_PIANO)
        self.optimiser = Optimiser(self.network.named_parameters(), settings.optimiser, steps=1)
        self.environments = [ScoreFollowingEnv(tracks, PIANO) for _ in range(settings.episode.episodes)]
        self.seen = [environment.reset(seed=k)[0] for k, environment in enumerate(self.environments)]

    def judged(self) -> tuple[torch.Tensor, ...]:
        """Score windows, excerpts, logits and values of the present states."""
        score, spectrogram = (
            torch.from_numpy(np.stack([one[key] for one in self.seen])) for key in ("score", "spectrogram")
        )
        self.network.eval()
        with torch.no_grad():
            return score, spectrogram, *self.network(score, spectrogram)

    def step(self) -> int:
        """Play 15 frames of all and learn from them."""
        rows = [self._frame() for _ in range(self.settings.episode.frames)]
        score, spectrogram, value, action, old, reward, ended = (
            torch.stack(column) for column in zip(*rows, strict=True)
        )
        following = torch.cat([value[1:], self.judged()[3][None]])
        advantages = generalised_advantages(
            reward, value, next_values=following * ~ended, ended=ended, discount=0.9, gae_lambda=0.95
        )
        returns = (advantages + value).flatten()
        advantages = ((advantages - advantages.mean()) / (advantages.std() + 1e-8)).flatten()
        score, spectrogram = score.flatten(0, 1), spectrogram.flatten(0, 1)
        action, old = action.flatten(), old.flatten()
        self.network.train()
        for part in shuffled(len(action), self.rng, size=self.settings.samples):
            logits, values = self.network(score[part], spectrogram[part])
            chosen, entropy = judge(logits, action[part])
            ratio = (chosen - old[part]).exp()
            better = torch.minimum(ratio * advantages[part], ratio.clamp(0.8, 1.2) * advantages[part])
            self.optimiser.step(0.25 * (values - returns[part]).square().mean() - (better + 0.05 * entropy).mean())
        return len(action)

    def _frame(self) -> tuple[torch.Tensor, ...]:
        score, spectrogram, logits, value = self.judged()
        action = torch.from_numpy(np.argmax(logits.numpy() + self.rng.gumbel(size=logits.shape), axis=1))
        chosen, _ = judge(logits, action)
        rewards, ends = [], []
        for k, environment in enumerate(self.environments):
            self.seen[k], reward, terminated, truncated, _ = environment.step(int(action[k]))
            rewards.append(reward)
            ends.append(terminated or truncated)
            if ends[-1]:
                self.seen[k] = environment.reset()[0]
        return score, spectrogram, value, action, chosen, torch.tensor(rewards), torch.tensor(ends)


def window_batch() -> Callable[[], int]:
    """Forward and backward of the paper's network on a minibatch."""
    network, count = WindowNetwork(PAPER_PIANO), PAPER_PPO.samples
    score, spectrogram = torch.rand(count, 2, 80, 256), torch.rand(count, 2, 78, 40)

    def work() -> int:
        logits, value = network(score, spectrogram)
        (logits.square().mean() + value.square().mean()).backward()
        return count

    return work


def read_once(
    data: TrainingSet, *, learning: bool, episode: EpisodeConfig = MANY, network: ReadOnceNetwork | None = None
) -> Ppo:
    """PPO of the read-once network, its encoders learning or fixed; untaught without ``network``."""
    torch.manual_seed(0)
    network, settings = network or ReadOnceNetwork(NetworkConfig()), replace(READ_ONCE_PPO, episode=episode)
    if learning:
        actor: Actor = LearningEncoders(network, data, frames=episode.frames, mixed_precision="auto")
    else:
        features = encode(network, data, settings=AugmentConfig.none(), seed=0)
        actor = FixedEncoders(network, features, tracker=False)
    return Ppo(actor, data.tracks, settings, seed=0)


def whole_loop(stage: Ppo) -> Callable[[], int]:
    number = iter(range(1_000_000))
    return lambda: int(stage.step(next(number))["episode/frames"])


def replayed(stage: Ppo) -> Callable[[], int]:
    """Forward and backward over one rollout, again and again."""
    rollout = stage.episodes.collect(np.random.default_rng(0))

    def work() -> int:
        logits, value = stage.actor.replay(rollout)
        (logits.square().mean() + value.square().mean()).backward()
        return value.numel()

    return work


def compare(clock: Clock, data: TrainingSet) -> None:
    """The table of the four ways, for one and two threads."""
    print("| | threads | forward+backward, samples/s | whole loop, samples/s | times (a) |\n|---|---:|---:|---:|---:|")
    for threads in (1, 2):
        torch.set_num_threads(threads)
        paper = PaperLoop(data.tracks, PAPER_PPO)
        actor = WindowActor(WindowNetwork(PAPER_PIANO), data.tracks)
        windows = Ppo(actor, data.tracks, PAPER_PPO, seed=0)
        learning, fixed = read_once(data, learning=True), read_once(data, learning=False)
        following = read_once(bundled_data(), learning=True, network=bundled_network())
        rows = {
            "(a) paper's network, 8 single environments": (window_batch(), paper.step),
            "(a') paper's network, batched game": (replayed(windows), whole_loop(windows)),
            "(b) read-once network, everything learns, untaught": (replayed(learning), whole_loop(learning)),
            "(b) read-once network, everything learns, follows": (replayed(following), whole_loop(following)),
            "(b) read-once network, encoders fixed": (replayed(fixed), whole_loop(fixed)),
        }
        base = 0.0
        for name, (both, loop) in rows.items():
            gradients, whole = clock.rate(both), clock.rate(loop)
            base = base or whole
            print(f"| {name} | {threads} | {gradients:.0f} | {whole:.0f} | {whole / base:.1f} |", flush=True)


def vary(clock: Clock, data: TrainingSet) -> None:
    """What the read-once network's loop costs when one thing changes at a time."""
    torch.set_num_threads(1)
    print("\n| changed | | everything learns, samples/s | encoders fixed, samples/s |\n|---|---:|---:|---:|")
    cases = [
        (f"strip of {toy.tracks[0].strip.shape[1]} px", "", toy, MANY)
        for toy in (toy_data(onsets) for onsets in (50, 400, 1600))
    ]
    cases += [("episodes", str(count), data, replace(MANY, episodes=count)) for count in (16, 64, 256)]
    cases += [("frames of a segment", str(count), data, replace(MANY, frames=count)) for count in (8, 16, 32, 64)]
    for name, value, toy, episode in cases:
        rates = [
            clock.rate(whole_loop(read_once(toy, learning=learning, episode=episode))) for learning in (True, False)
        ]
        print(f"| {name} | {value} | {rates[0]:.0f} | {rates[1]:.0f} |", flush=True)


def toy_data(onsets: int) -> TrainingSet:
    return bare_set([random_track(seed, onsets) for seed in range(4)])


def bundled_data() -> TrainingSet:
    """The bundled menuet, four times."""
    menuet = load_menuet()
    score, heard = read_score(menuet.score), spectrogram(read_audio(menuet.recording))
    track = Track(
        name="menuet", strip=score.strip, spectrogram=heard, onset_s=menuet.onset_s, onset_x_px=score.onsets.x_px
    )
    return bare_set([track] * 4)


def bundled_network() -> ReadOnceNetwork:
    """The agent that follows it."""
    network, _, _ = load_checkpoint(find_agent(DEFAULT_AGENT) / "weights.safetensors")
    return cast(ReadOnceNetwork, network)


def main() -> None:
    """Measure and print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="for each number")
    parser.add_argument("--cpu", action="store_true", help="count processor time: for machines that do other work, too")
    options = parser.parse_args()
    clock, data = Clock(options.seconds, options.cpu), toy_data(200)
    way = "processor time / threads" if options.cpu else "the clock"
    print(f"{processor()}, PyTorch {torch.__version__}, load {os.getloadavg()[0]:.1f}, samples a second of {way}\n")
    compare(clock, data)
    vary(clock, data)


if __name__ == "__main__":
    main()
