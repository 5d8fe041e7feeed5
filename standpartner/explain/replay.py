"""Every frame of episodes as PyTorch networks played them, with what a closer look at them needs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from standpartner.agent.bundle import Floats
from standpartner.agent.columns import ink
from standpartner.agent.config import WINDOW_COLUMNS
from standpartner.agent.find import find_agent
from standpartner.errors import AgentError, ConfigError
from standpartner.explain.traces.trace import PLAYED_AT_ONCE, Trace
from standpartner.game.batched import BatchedGame
from standpartner.game.rules import GameConfig, IntArray
from standpartner.game.tracks import Track
from standpartner.learn.data import frames_between
from standpartner.learn.features import Features
from standpartner.learn.fixed_encoders import FixedEncoders
from standpartner.learn.rollout import Actor
from standpartner.learn.window_actor import WindowActor
from standpartner.networks.checkpoint import AnyNetwork, load_checkpoint
from standpartner.networks.read_once import ReadOnceNetwork

_ALIKE: Final = 0.001  # probabilities of PyTorch and ONNX Runtime, which round differently, are nearer than this


@dataclass(frozen=True, eq=False)
class Moments:
    """Frames of an episode of one track, and what the agent made of each: n frames, one after the other or chosen.

    Attributes:
        track: what was followed.
        frame: int64 (n,) of the performance.
        position_px: float64 (n,) where the agent was, in strip px.
        speed: float64 (n,) in strip px a frame, before the action.
        memory: float (n, memory_size) all that it remembered from the frame before. A read-once network: the state of
            its policy and tracker; a window network: its position in the state before, and 1 if there was one.
        embedding: float32 (n, size) what the policy and value heads stand on.
        logits: float32 (n, 3) of the speed changes.
        value: float32 (n,) what it expects: a read-once network the mean reward to come, a window network its
            discounted sum.
    """

    track: Track
    frame: IntArray
    position_px: npt.NDArray[np.float64]
    speed: npt.NDArray[np.float64]
    memory: npt.NDArray[np.floating]
    embedding: Floats
    logits: Floats
    value: Floats

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def error_px(self) -> npt.NDArray[np.float64]:
        """(n,) position minus truth in strip px."""
        return self.position_px - self.track.targets[self.frame]

    @property
    def action(self) -> IntArray:
        """(n,) index of the action that was taken."""
        return np.argmax(self.logits, axis=1)

    def part(self, which: IntArray | slice) -> "Moments":
        """Only some of the frames."""
        columns = [field.name for field in fields(self) if field.name != "track"]
        return Moments(self.track, *(getattr(self, name)[which] for name in columns))


def load_network(agent: str) -> AnyNetwork:
    """The PyTorch network of an agent that acts, by the agent's name or folder, in evaluation mode.

    Raises:
        AgentError: there is no such agent, its weights are missing or damaged, or it takes no actions.
    """
    network = load_checkpoint(find_agent(agent) / "weights.safetensors")[0]
    if not isinstance(network, ReadOnceNetwork) and network.config.bins:
        raise AgentError(f"agent {agent} says where the music is but takes no actions; choose one that acts")
    return network.eval().requires_grad_(False)


def play_moments(network: AnyNetwork, tracks: Sequence[Track], *, game: GameConfig) -> Iterator[Moments]:
    """Let a network play every track once, taking the most probable action, until it is lost or has finished.

    Args:
        network: of an agent that acts.
        tracks: one episode each.
        game: the rules.

    Yields:
        The moments of each track, in the tracks' order.

    Raises:
        ConfigError: the network sees other windows than the game shows.
    """
    for start in range(0, len(tracks), PLAYED_AT_ONCE):
        some = tracks[start : start + PLAYED_AT_ONCE]
        yield from _play(network, BatchedGame(some, game, n_episodes=len(some)))


def retrace(network: AnyNetwork, trace: Trace, *, decisions: int) -> Moments:
    """Go the way of a trace again, with its actions, so that the network is just where the trace's agent was.

    Args:
        network: that of the trace's agent.
        trace: also where it is lost.
        decisions: how many, from the first on.

    Raises:
        AgentError: the network decides otherwise than the trace's agent did.
        ConfigError: the network sees other windows than the game shows.
    """
    game = BatchedGame([trace.track], trace.game, stop_when_lost=False)
    (moments,) = _play(network, game, taken=trace.taken[:decisions])
    said = torch.from_numpy(moments.logits).softmax(1).numpy()
    apart = np.abs(said - trace.action[:decisions]).max(axis=1)
    if apart.max() > _ALIKE:
        raise AgentError(
            f"expected weights that decide as the agent's ONNX graphs do, but their probabilities differ by up to "
            f"{apart.max():.2f}, most in frame {moments.frame[apart.argmax()]}; export the agent from its weights again"
        )
    return moments


def _actor(network: AnyNetwork, game: BatchedGame) -> Actor:
    if isinstance(network, ReadOnceNetwork):
        return FixedEncoders(network, _features(network, game.tracks))
    if network.game != game.config:
        raise ConfigError(
            f"this agent sees windows of {network.game.name!r}, these rules are {game.config.name!r}; "
            f"choose them with --game {network.game.name}"
        )
    return WindowActor(network, game.tracks)


def _features(network: ReadOnceNetwork, tracks: Sequence[Track]) -> Features:
    """What the encoders make of tracks, their strips seen as by the bundle; those of one strip share its reading."""
    strips = {id(track.strip): track.strip for track in tracks}
    piece = np.array([list(strips).index(id(track.strip)) for track in tracks])
    with torch.no_grad():
        read = [network.view(network.strip(torch.from_numpy(ink(strip))[None, None]))[0] for strip in strips.values()]
        heard = [network.frames(torch.from_numpy(_heard(network, track))[None])[0] for track in tracks]
    views = [functional.pad(view, (0, 0, WINDOW_COLUMNS, WINDOW_COLUMNS)) for view in read]
    return Features(
        view=torch.cat(views),
        view_start=np.cumsum([0, *map(len, views)])[:-1],
        column_count=np.array([len(view) for view in read]),
        embeddings=torch.cat(heard),
        frame_start=np.cumsum([0, *map(len, heard)])[:-1],
        piece=piece,
    )


def _heard(network: ReadOnceNetwork, track: Track) -> Floats:
    return frames_between(track.spectrogram, -network.frames.lead_frames, track.last_frame + 1)


def _play(network: AnyNetwork, game: BatchedGame, *, taken: IntArray | None = None) -> list[Moments]:
    """Play an episode of each of the game's tracks; ``taken`` (decisions,) are the actions of a single one."""
    actor, count = _actor(network, game), game.n_episodes
    game.reset(np.arange(count), np.arange(count))
    memory = actor.empty_memory(count)
    kept: list[tuple[npt.NDArray, ...]] = []
    before_heads: list[torch.Tensor] = []
    heads = network.policy.action if isinstance(network, ReadOnceNetwork) else network.policy
    hook = heads.register_forward_pre_hook(lambda _, inputs: before_heads.append(inputs[0]))
    actor.prepare()
    try:
        while game.running.any() and (taken is None or len(kept) < len(taken)):
            running = np.flatnonzero(game.running)
            now = running, game.frame[running], game.position_px[running], game.speed[running]
            acted = actor.act(game, memory[running], which=running)
            made = memory[running], before_heads.pop(), acted.logits, acted.value
            kept.append((*now, *(values.numpy() for values in made)))
            memory[running] = acted.memory
            actions = np.zeros(count, np.int64)
            actions[running] = acted.logits.argmax(1).numpy() if taken is None else taken[len(kept) - 1]
            game.step(actions)
    finally:
        hook.remove()
    episode, *columns = (np.concatenate(column) for column in zip(*kept, strict=True))
    return [Moments(track, *(column[episode == k] for column in columns)) for k, track in enumerate(game.tracks)]
