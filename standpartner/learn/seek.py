"""Trains the search head by supervision to find the music in a whole score, with fixed encoders.

Of the logged numbers, ``loss/seek`` is the cross-entropy over all columns of the score, in nat;
``found/within_48_px`` is the share of frames whose most probable column is within 48 strip px of the truth, the reach
in `SearchConfig`. With ``transposed`` the same frames are also heard some semitones higher or lower. Then they are not
where they were: ``loss/transposed`` is the cross-entropy of being elsewhere, ``found/transposed`` the share that is
found there all the same.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from standpartner.agent.config import COLUMN_STRIDE_PX, WINDOW_COLUMNS
from standpartner.follow.search import SearchConfig
from standpartner.hear import transposed
from standpartner.learn.bounds import Amount, Count, Positive
from standpartner.learn.data import TrainingPerformance, TrainingSet, chances, frames_between
from standpartner.learn.features import Features
from standpartner.learn.optimise import Optimiser, OptimiserConfig
from standpartner.learn.reading import NEVER
from standpartner.learn.stage import Stage, StageConfig
from standpartner.networks.heads import soft_target
from standpartner.networks.read_once import ReadOnceNetwork
from standpartner.perform import AugmentConfig
from standpartner.perform import augment as augmented_sound

SEMITONES = (-3, -2, -1, 1, 2, 3)


@dataclass(frozen=True)
class SeekConfig(StageConfig):
    """The settings of the supervised learning of the search head over whole scores, encoders fixed.

    Attributes:
        steps: The number of gradient steps.
        segments: The performances in one batch.
        frames: The number of frames of each, drawn from all of it.
        by_length: The power of the playing time by which performances are drawn: with 0 each equally often, with 1 each
            second.
        transposed: The weight of the loss of frames that are heard up to three semitones higher or lower.
        afresh: Whether the search head begins with what locate has learned; if not, it goes on as it is.
        optimiser: The settings of the optimiser.
    """

    steps: Count = 1500
    segments: Positive = 6
    frames: Positive = 16
    by_length: Amount = 0.5
    transposed: Amount = 0.0
    afresh: bool = True
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)


class Seek(Stage):
    """The stage of the search head. One call of ``step`` draws frames of some performances and finds them in the score.

    Args:
        network: The network whose search head learns.
        data: The set to draw from.
        features: The features of the fixed encoders for this set.
        settings: The settings of the stage.
        augment: The augmentation of what is heard transposed; ``features`` hold the rest.
        seed: The seed; every random draw is a function of (seed, stage, step).
    """

    name = "seek"

    def __init__(
        self,
        network: ReadOnceNetwork,
        data: TrainingSet,
        *,
        features: Features,
        settings: SeekConfig,
        augment: AugmentConfig,
        seed: int,
    ) -> None:
        self.network, self.settings, self.augment = network, settings, augment
        self.drawn = _Drawn(data, features, settings)
        named = [(f"search.{name}", parameter) for name, parameter in network.search.named_parameters()]
        super().__init__(settings, Optimiser(named, settings.optimiser, steps=settings.steps), seed=seed)

    def step(self, number: int) -> dict[str, float]:
        """Learn from batch ``number``; afresh, the first one begins with what locate has learned."""
        if number == 0 and self.settings.afresh:
            self.network.search.begin_with(self.network.locate)
        self.network.train()
        found = self._look(self.drawn, np.random.default_rng([self.seed, 10, number]), self.augment)
        rate = self.optimiser.learning_rate()
        norm = self.optimiser.step(found["loss/seek"] + self.settings.transposed * found.get("loss/transposed", 0.0))
        measured = {name: float(value.detach()) for name, value in found.items()}
        return {**measured, "gradient_norm": norm, "learning_rate": rate}

    def validate(self, data: TrainingSet, features: Features, *, batches: int = 40) -> dict[str, float]:
        """Measure the same on other pieces; the batches are always the same."""
        self.network.eval()
        drawn = _Drawn(data, features, self.settings)
        with torch.no_grad():
            rows = [
                self._look(drawn, np.random.default_rng([self.seed, 11, number]), AugmentConfig.none())
                for number in range(batches)
            ]
        return {name: float(torch.stack([row[name] for row in rows]).mean()) for name in rows[0]}

    def _look(self, drawn: "_Drawn", rng: np.random.Generator, augment: AugmentConfig) -> dict[str, Tensor]:
        """Return losses of a batch, and shares of its frames that are found, by name."""
        looks = []
        for _ in range(self.settings.segments):
            frames = drawn.frames(rng)
            look = _found(self.network.search.over(frames.keys, frames.embeddings), frames.column)
            if self.settings.transposed:
                heard = self._transposed(frames, rng, augment)
                look |= found_elsewhere(self.network.search.over(frames.keys, heard), frames.column)
            looks.append(look)
        return {name: torch.stack([look[name] for look in looks]).mean() for name in looks[0]}

    def _transposed(self, frames: "_Frames", rng: np.random.Generator, augment: AugmentConfig) -> Tensor:
        """Return the embeddings of frames that sound some semitones higher or lower, (T, features)."""
        lead, track = self.network.frames.lead_frames, frames.performance.track
        heard = np.stack([frames_between(track.spectrogram, frame - lead, frame + 1) for frame in frames.frame])
        moved = transposed(augmented_sound(heard, config=augment, rng=rng), int(rng.choice(SEMITONES)))
        with torch.no_grad():
            return self.network.frames(torch.as_tensor(moved))[:, 0]


def _near(logits: Tensor, column: Tensor) -> Tensor:
    """Tell which columns, (T, P), are within reach of the true ones, (T,)."""
    distance = (torch.arange(logits.shape[1], device=logits.device) - column[:, None]).abs()
    return distance * COLUMN_STRIDE_PX <= SearchConfig().reach_px


def _share_near(logits: Tensor, near: Tensor) -> Tensor:
    return near.gather(1, logits.argmax(-1, keepdim=True)).float().mean()


def _found(logits: Tensor, column: Tensor) -> dict[str, Tensor]:
    """Return loss and share of frames that are searched for where they are."""
    loss = -(soft_target(column, logits.shape[1]) * logits.log_softmax(-1)).sum(-1).mean()
    return {"loss/seek": loss, "found/within_48_px": _share_near(logits, _near(logits, column))}


def found_elsewhere(logits: Tensor, column: Tensor) -> dict[str, Tensor]:
    """Return loss and share of transposed frames, which are anywhere but where they were."""
    near = _near(logits, column)
    elsewhere = logits.masked_fill(near, NEVER).logsumexp(-1) - logits.logsumexp(-1)
    return {"loss/transposed": -elsewhere.mean(), "found/transposed": _share_near(logits, near)}


class _Frames(NamedTuple):
    """Frames of a performance with its score: keys (P, features), embeddings (T, features), true columns (T,)."""

    performance: TrainingPerformance
    frame: NDArray[np.int64]
    keys: Tensor
    embeddings: Tensor
    column: Tensor


class _Drawn:
    """Draws frames of performances."""

    def __init__(self, data: TrainingSet, features: Features, settings: SeekConfig) -> None:
        self.data, self.features, self.count = data, features, settings.frames
        self.chances = chances(data.performances, power=settings.by_length)

    def frames(self, rng: np.random.Generator) -> _Frames:
        """Draw a performance and frames of it."""
        number = int(rng.choice(len(self.chances), p=self.chances))
        performance, features = self.data.performances[number], self.features
        track, piece = performance.track, performance.piece
        frame = rng.integers(track.first_frame, track.last_frame + 1, size=self.count)
        first = features.view_start[piece] + WINDOW_COLUMNS
        keys = features.view[first : first + features.column_count[piece], : features.embeddings.shape[1]]
        target_px = performance.target_x_px[np.minimum(frame, len(performance.target_x_px) - 1)]
        column = torch.as_tensor(target_px / COLUMN_STRIDE_PX - 0.5)
        return _Frames(performance, frame, keys.float(), features.embedding(number, frame), column)
