"""Trains the encoders from rewards alone: a random walk plays, and its rewards tell how far away the music is.

This is the first stage of a training from reward. Two heads learn on top of the encoders: ``locate`` says where the
music is, and the outline says how often music is at a column at all, so that line ends and rests show in it. Both
learn by the likelihood of mirrored places (docs/algorithms/mirrored.md).
"""

from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from standpartner.agent.columns import window_index
from standpartner.agent.config import COLUMN_STRIDE_PX, WINDOW_COLUMNS
from standpartner.game.batched import BatchedGame
from standpartner.game.rules import CONFIGS
from standpartner.learn.bounds import Amount, Count
from standpartner.learn.data import TrainingSet, chances, frames_between, ink_between
from standpartner.learn.device import precision
from standpartner.learn.mirrored import MIDDLE, Places, distance_px, expected_loss, judged, pair_log_probability
from standpartner.learn.optimise import Optimiser, OptimiserConfig
from standpartner.learn.pretrain import PretrainConfig, accuracy, forward, locate_along
from standpartner.learn.segments import SegmentConfig, SegmentSampler
from standpartner.learn.stage import Stage, StageConfig
from standpartner.networks.heads import interpolate_window
from standpartner.networks.read_once import ReadOnceNetwork
from standpartner.perform import AugmentConfig, augment

_LEARNED = ("strip.", "frames.", "locate.", "outline.")
_NOWHERE = -30.0  # the logit of a column in which the music cannot be


@dataclass(frozen=True)
class ExploreConfig(SegmentConfig, StageConfig):
    """The settings of exploring; a walk is a segment whose window moves by chance (see SegmentConfig).

    Attributes:
        steps: The number of gradient steps.
        rules: The name of the game's rules, which give the bound.
        spread_px: The standard deviation of the distance from the music at which a walk starts, in strip px.
        joined: Whether the frames of a walk judge together which of the two places is the music's.
        outline_weight: The weight of the outline's loss.
        optimiser: The settings of the optimiser.
    """

    steps: Count = 3000
    rules: str = "nottingham"
    spread_px: Amount = 30.0
    joined: bool = True
    outline_weight: Amount = 1.0
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)

    @property
    def changes_encoders(self) -> bool:
        """Whether a read-once network's encoders learn."""
        return True


@dataclass(frozen=True)
class Walks:
    """T frames of N random walks through the game, arrays (T, N).

    Attributes:
        track: The index of the track, (N,).
        frame: The frame of the performance.
        position_px: The position on the strip, which the walker knows.
        reward: The reward of the step that led there.
        known: Whether the step was played and the walker is not lost.
        episode: The number of the episode; a walker that is lost starts a new one near the music.
    """

    track: NDArray[np.int64]
    frame: NDArray[np.int64]
    position_px: NDArray[np.float64]
    reward: NDArray[np.float32]
    known: NDArray[np.bool_]
    episode: NDArray[np.int64]

    def places(self, bound_px: float) -> Places:
        """Return the places that the rewards tell."""
        position = self.position_px - self.position_px[:1]  # small numbers, which float32 holds exactly
        told = distance_px(torch.as_tensor(self.reward), bound_px)
        return Places(
            torch.as_tensor(position.astype(np.float32)),
            told,
            torch.as_tensor(self.known),
            torch.as_tensor(self.episode),
        )


def walk(
    game: BatchedGame, track: NDArray[np.int64], *, frames: int, spread_px: float, rng: np.random.Generator
) -> Walks:
    """Play random actions from random moments on, each walker on its track; one that is lost starts again at once.

    Args:
        game: The game, with as many episodes as there are walkers.
        track: The index of each walker's track, (N,).
        frames: The number of frames.
        spread_px: The standard deviation of the distance from the music at which walkers start, in strip px.
        rng: The generator of moments, distances and actions.
    """
    everyone = np.arange(len(track))
    first, last = game.first_frames[track], game.last_frames[track]
    begin = rng.integers(first, np.maximum(last - frames, first) + 1)

    def start(which: NDArray[np.int64], frame: NDArray[np.int64]) -> None:
        anywhere = np.ones(len(which), dtype=bool)
        game.reset_near_music(which, track[which], start_frame=frame, anywhere=anywhere, spread_px=spread_px, rng=rng)

    start(everyone, begin)
    episode, rows = np.zeros(len(track), np.int64), []
    for _ in range(frames):
        played = game.running.copy()
        result = game.step(rng.integers(len(game.config.actions), size=len(track)))
        known = played & ~result.lost
        rows.append((game.frame.copy(), game.position_px.copy(), result.reward, known, episode.copy()))
        again = np.flatnonzero(result.lost & (game.frame < last))
        episode[again] += 1
        start(again, game.frame[again])
    return Walks(track, *(np.stack(column) for column in zip(*rows, strict=True)))


@dataclass(frozen=True)
class WalkBatch:
    """The score and sound around N walks, T frames each, of C columns.

    Attributes:
        ink: The score, float32 (N, 1, 80, 4 C), 1 is black.
        frames: The augmented spectrogram, float32 (N, T + lead, 78).
        window_index: The first column of each frame's window in padded columns, int64 (N, T).
        window_fraction: The fraction of a column by which it begins after that column, float32 (N, T).
        places: The places that the rewards tell, with arrays (T, N).
    """

    ink: NDArray[np.float32]
    frames: NDArray[np.float32]
    window_index: NDArray[np.int64]
    window_fraction: NDArray[np.float32]
    places: Places


class Explorer:
    """Draws batches of random walks.

    Args:
        data: The set to draw from, of which pictures and sound are used, and the game.
        config: The settings.
        lead_frames: The frames before a walk that the encoder needs.
        augment: The augmentation of the spectrograms.
    """

    def __init__(self, data: TrainingSet, config: ExploreConfig, *, lead_frames: int, augment: AugmentConfig) -> None:
        self.data, self.config, self.lead_frames, self.augment = data, config, lead_frames, augment
        self.chances = chances(data.performances, power=config.by_length)
        self.game = BatchedGame(data.tracks, CONFIGS[config.rules], n_episodes=config.segments)

    def batch(self, rng: np.random.Generator) -> WalkBatch:
        """Draw one batch."""
        config = self.config
        track = rng.choice(len(self.chances), size=config.segments, p=self.chances)
        walks = walk(self.game, track, frames=config.frames, spread_px=config.spread_px, rng=rng)
        middle = np.median(walks.position_px, axis=0) / COLUMN_STRIDE_PX
        first = np.round(middle).astype(np.int64) - config.columns // 2 + rng.integers(-8, 9, size=len(track))
        local_px = walks.position_px - first * COLUMN_STRIDE_PX
        index, fraction = window_index(local_px.T, np.full(config.frames, config.columns))
        performances = [self.data.performances[number] for number in track]
        ink = [
            ink_between(self.data.pieces[performance.piece], column, column + config.columns)
            for performance, column in zip(performances, first.tolist(), strict=True)
        ]
        heard = [
            frames_between(performance.track.spectrogram, frame - self.lead_frames, frame + config.frames)
            for performance, frame in zip(performances, walks.frame[0].tolist(), strict=True)
        ]
        bound_px = CONFIGS[config.rules].bound_px
        covered = (local_px >= bound_px) & (local_px < config.columns * COLUMN_STRIDE_PX - bound_px)
        places = replace(walks, known=walks.known & covered).places(bound_px)
        sound = augment(np.stack(heard), config=self.augment, rng=rng)
        return WalkBatch(np.stack(ink)[:, None], sound, index, fraction, places)


class Explore(Stage):
    """The stage of exploring. One call of ``step`` walks, and learns from the rewards.

    Args:
        network: The network, of which encoders, locate head and outline learn.
        data: The set to walk through.
        settings: The settings of the stage.
        augment: The augmentation of the spectrograms.
        seed: The seed; every random draw is a function of (seed, stage, step).
        mixed_precision: The precision; see `precision`.
    """

    name = "explore"

    def __init__(
        self,
        network: ReadOnceNetwork,
        data: TrainingSet,
        settings: ExploreConfig,
        *,
        augment: AugmentConfig,
        seed: int,
        mixed_precision: str = "off",
    ) -> None:
        self.network, self.settings, self.mixed_precision = network, settings, mixed_precision
        self.explorer = Explorer(data, settings, lead_frames=network.frames.lead_frames, augment=augment)
        named = [(name, p) for name, p in network.named_parameters() if name.startswith(_LEARNED)]
        super().__init__(settings, Optimiser(named, settings.optimiser, steps=settings.steps), seed=seed)

    def step(self, number: int) -> dict[str, float]:
        """Walk and learn with the random draws of ``number``."""
        batch = self.explorer.batch(np.random.default_rng([self.seed, 10, number]))
        self.network.train()
        locate, outline, sure = self.losses(batch)
        rate = self.optimiser.learning_rate()
        norm = self.optimiser.step(locate + self.settings.outline_weight * outline)
        return {
            "loss/locate": float(locate.detach()),
            "loss/outline": float(outline.detach()),
            "places/sure": sure,
            "gradient_norm": norm,
            "learning_rate": rate,
        }

    def losses(self, batch: WalkBatch) -> tuple[Tensor, Tensor, float]:
        """Return the losses of locate and outline in nat, and the mean probability of the likelier place."""
        places = batch.places
        index, fraction = torch.as_tensor(batch.window_index), torch.as_tensor(batch.window_fraction)
        with precision(self.mixed_precision):
            columns, _, logits = locate_along(
                self.network, batch.ink, batch.frames, window_index=index, window_fraction=fraction
            )
            outline = self.network.outline(columns)[..., 0]
        pair = pair_log_probability(logits.float().transpose(0, 1), places.columns)
        locate, probable = judged(pair, places, joined=self.settings.joined)
        visits = visit_logits(outline.float(), index, fraction, bound_px=CONFIGS[self.settings.rules].bound_px)
        visited = expected_loss(pair_log_probability(visits.transpose(0, 1), places.columns), probable)
        sure = probable.amax(-1).sum() / places.known.sum().clamp(min=1)
        return locate, visited, float(sure)

    def validate(self, data: TrainingSet, *, batches: int = 12) -> dict[str, float]:
        """Measure on other pieces, by the truth, how well ``locate`` finds the music in windows within the bound."""
        settings = self.settings
        nearby = PretrainConfig(
            segments=settings.segments, frames=settings.frames, columns=settings.columns,
            offset_px=max(CONFIGS[settings.rules].bound_px - 8.0, 0.0),
        )  # fmt: skip
        lead = self.network.frames.lead_frames
        sampler = SegmentSampler(data, nearby, lead_frames=lead, augment=AugmentConfig.none())
        self.network.eval()
        rows = []
        with torch.no_grad(), precision(self.mixed_precision):
            for number in range(batches):
                batch = sampler.batch(np.random.default_rng([self.seed, 2, number]))
                rows.append(accuracy(forward(self.network, batch), batch))
        return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def visit_logits(outline: Tensor, index: Tensor, fraction: Tensor, *, bound_px: float) -> Tensor:
    """Return logits over a window's columns for where music is at all, whatever is heard.

    Args:
        outline: The logits of the outline's first number, (N, C).
        index: The first column of each frame's window in padded columns, (N, T).
        fraction: The fraction of a column by which it begins after that column, (N, T).
        bound_px: The bound; columns further from the window's middle cannot hold the music.

    Returns:
        The logits, (N, T, 64).
    """
    padded = functional.pad(outline, (WINDOW_COLUMNS, WINDOW_COLUMNS), value=_NOWHERE)
    rows = padded[:, None, None, :].expand(-1, 1, index.shape[1], -1)
    seen = interpolate_window(rows, index, fraction)[:, 0]
    away_px = (torch.arange(WINDOW_COLUMNS) - MIDDLE).abs() * COLUMN_STRIDE_PX
    return seen.masked_fill(away_px > bound_px + COLUMN_STRIDE_PX, _NOWHERE)
