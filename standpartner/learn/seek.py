"""Trains the search head by supervision to find the music in a whole score, with fixed encoders; the second stage.

Of the logged numbers, ``loss/seek`` is the cross-entropy over all columns of the score, in nat;
``found/within_48_px`` is the share of frames whose most probable column is within 48 strip px of the truth, the reach
in `SearchConfig`.
"""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from standpartner.agent.config import COLUMN_STRIDE_PX, WINDOW_COLUMNS
from standpartner.follow.search import SearchConfig
from standpartner.learn.bounds import Amount, Count, Positive
from standpartner.learn.data import TrainingSet, chances
from standpartner.learn.features import Features
from standpartner.learn.optimise import Optimiser, OptimiserConfig
from standpartner.learn.stage import Stage, StageConfig
from standpartner.networks.heads import soft_target
from standpartner.networks.read_once import ReadOnceNetwork


@dataclass(frozen=True)
class SeekConfig(StageConfig):
    """The settings of the supervised learning of the search head over whole scores, encoders fixed.

    Attributes:
        steps: The number of gradient steps.
        segments: The performances in one batch.
        frames: The number of frames of each, drawn from all of it.
        by_length: The power of the playing time by which performances are drawn: with 0 each equally often, with 1 each
            second.
        afresh: Whether the search head begins with what locate has learned; if not, it goes on as it is.
        optimiser: The settings of the optimiser.
    """

    steps: Count = 1500
    segments: Positive = 6
    frames: Positive = 16
    by_length: Amount = 0.5
    afresh: bool = True
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)


class Seek(Stage):
    """The stage of the search head. One call of ``step`` draws frames of some performances and finds them in the score.

    Args:
        network: The network whose search head learns.
        data: The set to draw from.
        features: The features of the fixed encoders for this set.
        settings: The settings of the stage.
        seed: The seed; every random draw is a function of (seed, stage, step).
    """

    name = "seek"

    def __init__(
        self, network: ReadOnceNetwork, data: TrainingSet, *, features: Features, settings: SeekConfig, seed: int
    ) -> None:
        self.network, self.settings = network, settings
        self.drawn = _Drawn(data, features, settings)
        named = [(f"search.{name}", parameter) for name, parameter in network.search.named_parameters()]
        super().__init__(settings, Optimiser(named, settings.optimiser, steps=settings.steps), seed=seed)

    def step(self, number: int) -> dict[str, float]:
        """Learn from batch ``number``; afresh, the first one begins with what locate has learned."""
        if number == 0 and self.settings.afresh:
            self.network.search.begin_with(self.network.locate)
        self.network.train()
        loss, within = self._look(self.drawn, np.random.default_rng([self.seed, 10, number]))
        rate = self.optimiser.learning_rate()
        norm = self.optimiser.step(loss)
        measured = {"loss/seek": float(loss.detach()), "found/within_48_px": within}
        return {**measured, "gradient_norm": norm, "learning_rate": rate}

    def validate(self, data: TrainingSet, features: Features, *, batches: int = 40) -> dict[str, float]:
        """Measure the same on other pieces; the batches are always the same."""
        self.network.eval()
        drawn = _Drawn(data, features, self.settings)
        with torch.no_grad():
            found = [self._look(drawn, np.random.default_rng([self.seed, 11, number])) for number in range(batches)]
        losses, within = zip(*found, strict=True)
        return {"loss/seek": float(torch.stack(losses).mean()), "found/within_48_px": float(np.mean(within))}

    def _look(self, drawn: "_Drawn", rng: np.random.Generator) -> tuple[Tensor, float]:
        """Return the loss of a batch, and the share of its frames that is found."""
        losses, near = [], []
        for _ in range(self.settings.segments):
            keys, embeddings, column = drawn.frames(rng)
            logits = self.network.search.over(keys, embeddings)
            losses.append(-(soft_target(column, len(keys)) * logits.log_softmax(-1)).sum(-1).mean())
            error_px = (logits.detach().argmax(-1) - column).abs() * COLUMN_STRIDE_PX
            near.append(float((error_px <= SearchConfig().reach_px).float().mean()))
        return torch.stack(losses).mean(), float(np.mean(near))


class _Drawn:
    """Draws frames of performances."""

    def __init__(self, data: TrainingSet, features: Features, settings: SeekConfig) -> None:
        self.data, self.features, self.count = data, features, settings.frames
        self.chances = chances(data.performances, power=settings.by_length)

    def frames(self, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Draw a performance's score keys, (P, features), embeddings, (T, features), and true columns, (T,)."""
        number = int(rng.choice(len(self.chances), p=self.chances))
        performance, features = self.data.performances[number], self.features
        track, piece = performance.track, performance.piece
        frame = rng.integers(track.first_frame, track.last_frame + 1, size=self.count)
        first = features.view_start[piece] + WINDOW_COLUMNS
        keys = features.view[first : first + features.column_count[piece], : features.embeddings.shape[1]]
        embeddings = features.embeddings[torch.as_tensor(features.frame_start[number] + frame)]
        target_px = performance.target_x_px[np.minimum(frame, len(performance.target_x_px) - 1)]
        return keys.float(), embeddings.float(), torch.as_tensor(target_px / COLUMN_STRIDE_PX - 0.5)
