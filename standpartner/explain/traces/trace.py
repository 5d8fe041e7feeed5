"""Records greedy episodes frame by frame: the agent's position, its beliefs and its actions.

Videos, pages and the failure atlas show traces; none of them needs PyTorch.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from standpartner.agent.bundle import Decision, Floats
from standpartner.agent.config import COLUMN_STRIDE_PX, WINDOW_COLUMNS
from standpartner.evaluate.players import AgentPlayer, AgentPolicy, DecisionMaker
from standpartner.game.batched import BatchedGame
from standpartner.game.rules import BoolArray, GameConfig, IntArray, is_lost
from standpartner.game.tracks import Track

PLAYED_AT_ONCE = 32  # episodes; this bounds the memory of what is kept of each frame


@dataclass(frozen=True, eq=False)
class Trace:
    """A greedy episode from the first onset to the last, which continues when the agent is lost.

    State k is that of frame ``first_frame + k``; decision k is made there and leads to state k + 1. The last state
    has no decision.

    Attributes:
        track: The track that was followed.
        game: The rules.
        position_px: The agent's strip x, float64 (states,) px.
        speed: The reading speed in strip px per frame, float64 (states,).
        action: The probability of each change of speed, float32 (decisions, actions).
        value: The reward that the agent expects, float32 (decisions,). A read-once network gives the mean reward, a
            window network the discounted sum of rewards.
        reward: The reward of the step that the decision led to, float32 (decisions,).
        locate: The probability of each of the window's columns, by the last seconds alone, float32 (decisions, 64);
            (decisions, 0) for agents that do not say.
        belief: The same probabilities by all that was heard since the start, of the same shape.
        lost_frame: The frame at which the agent was lost first; None if it never was.
        seen_px: The width and height in strip px of the part of the strip, around the position and the strip's middle
            row, that the agent sees.
    """

    track: Track
    game: GameConfig
    position_px: npt.NDArray[np.float64]
    speed: npt.NDArray[np.float64]
    action: Floats
    value: Floats
    reward: Floats
    locate: Floats
    belief: Floats
    lost_frame: int | None
    seen_px: tuple[int, int]

    @property
    def first_frame(self) -> int:
        """The frame of state 0."""
        return self.track.first_frame

    @property
    def states(self) -> int:
        """The number of states."""
        return len(self.position_px)

    @cached_property
    def target_px(self) -> npt.NDArray[np.float64]:
        """The true strip x, (states,) px."""
        return self.track.targets[self.first_frame : self.first_frame + self.states].astype(np.float64)

    @cached_property
    def error_px(self) -> npt.NDArray[np.float64]:
        """The position minus the target in strip px, (states,)."""
        return self.position_px - self.target_px

    @cached_property
    def lost(self) -> BoolArray:
        """Whether the agent is further than the bound from the target, bool (states,)."""
        return is_lost(self.error_px, self.game.bound_px)

    @cached_property
    def taken(self) -> IntArray:
        """The index of the action that was taken, (decisions,)."""
        return np.argmax(np.diff(self.speed)[:, None] == np.array(self.game.actions), axis=1)

    def centre_px(self, state: int) -> int:
        """Return the strip px in the middle of the view: the position, rounded half up."""
        return int(np.floor(self.position_px[state] + 0.5))

    def state_at(self, frame: int) -> int:
        """Return the state of a frame: the first one before the first onset, the last one after the last."""
        return min(max(frame - self.first_frame, 0), self.states - 1)

    def decision_at(self, state: int) -> int:
        """Return the decision of a state; of the last state it is the one that led to it."""
        return min(state, self.states - 2)

    def columns_px(self, decision: int) -> npt.NDArray[np.float64]:
        """Return the strip x of the columns' left edges and of the last one's right edge, (65,) px."""
        columns = np.arange(WINDOW_COLUMNS + 1) - WINDOW_COLUMNS / 2
        return self.position_px[decision] + columns * COLUMN_STRIDE_PX


@dataclass(frozen=True, eq=False)
class Overlay:
    """Attributions of score and spectrogram at some decisions, which are laid over pictures of them.

    The map of a decision is shown until the next decision that has a map, and moves along with its notes and sounds.
    `standpartner.explain.gradients.trace_overlay.explain_trace` makes it.

    Attributes:
        decision: The decisions that have a map, int64 (n,), rising.
        score: The attributions of the score in strip px, float32 (n, height, width), around the agent's position
            rounded half up and the strip's middle row; positive for, negative against.
        spectrogram: The attributions of the last frames, the decision's own last, float32 (n, frames, 78).
        what: A short description of each map's target.
    """

    decision: IntArray
    score: Floats
    spectrogram: Floats
    what: tuple[str, ...]

    def map_at(self, state: int) -> int | None:
        """Return the number of the map that is shown in a state; None if there is none yet."""
        found = int(np.searchsorted(self.decision, state, side="right"))
        return found - 1 if found else None


def record_traces(player: AgentPlayer, tracks: Sequence[Track], *, game: GameConfig) -> Iterator[Trace]:
    """Let an agent play every track once, greedily, and record its trace.

    Args:
        player: The agent.
        tracks: The tracks. Performances of one strip should stand together, as they share its reading.
        game: The rules.

    Yields:
        One trace per track, in the tracks' order.

    Raises:
        AgentError: The agent locates and does not act.
        ConfigError: The agent sees other windows than the game shows.
    """
    for start in range(0, len(tracks), PLAYED_AT_ONCE):
        yield from _play(player, tracks[start : start + PLAYED_AT_ONCE], game)


def _play(player: AgentPlayer, tracks: Sequence[Track], rules: GameConfig) -> list[Trace]:
    kept = _KeptDecisions(player.decision_maker(tracks, game=rules, episodes=len(tracks)), episodes=len(tracks))
    policy = AgentPolicy(kept)
    game = BatchedGame(tracks, rules, n_episodes=len(tracks), stop_when_lost=False)
    game.reset(np.arange(len(tracks)), np.arange(len(tracks)))
    moved, rewards = [(game.position_px.copy(), game.speed.copy())], []
    while game.running.any():
        rewards.append(game.step(policy.act(game)).reward)
        moved.append((game.position_px.copy(), game.speed.copy()))
    position, speed = (np.stack(column) for column in zip(*moved, strict=True))
    reward = np.stack(rewards)
    traces = []
    for k, track in enumerate(tracks):
        action, value, locate, belief = (np.stack(column) for column in zip(*kept.decided[k], strict=True))
        made = len(action)
        traces.append(
            Trace(
                track=track,
                game=rules,
                position_px=position[: made + 1, k],
                speed=speed[: made + 1, k],
                action=_softmax(action),
                value=value,
                reward=reward[:made, k],
                locate=_softmax(locate),
                belief=_softmax(belief),
                lost_frame=int(game.lost_frame[k]) if game.lost_frame[k] >= 0 else None,
                seen_px=player.seen_px(rules),
            )
        )
    return traces


class _KeptDecisions:
    """Keeps the decisions of an agent in a game by episode and frame: action, value, locate and track."""

    def __init__(self, decisions: DecisionMaker, *, episodes: int) -> None:
        self.decisions = decisions
        self.decided: list[list[tuple[Floats, np.float32, Floats, Floats]]] = [[] for _ in range(episodes)]

    def decide(self, game: BatchedGame, episodes: IntArray) -> Decision:
        decision = self.decisions.decide(game, episodes)
        made = zip(decision.action, decision.value, decision.locate, decision.track, strict=True)
        for episode, of_it in zip(episodes, made, strict=True):
            self.decided[episode].append(of_it)
        return decision


def _softmax(logits: Floats) -> Floats:
    """Return probabilities along the last axis, which may be empty."""
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True, initial=-np.inf))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)
