"""Second stage: the search head learns where in a whole score the music is, by supervision, encoders fixed.

What the logged numbers mean: ``loss/seek`` is the cross-entropy over all columns of the score, in nat;
``found/within_48_px`` the share of frames whose most probable column is that near to the truth: what `SearchConfig`
calls there.
"""

import numpy as np
import torch
from torch import Tensor

from standpartner.agent.config import COLUMN_STRIDE_PX, WINDOW_COLUMNS
from standpartner.follow.search import SearchConfig
from standpartner.learn.config import SeekConfig
from standpartner.learn.data import TrainingSet
from standpartner.learn.features import Features
from standpartner.learn.optimise import Optimiser
from standpartner.learn.pretrain import soft_target
from standpartner.networks.read_once import ReadOnceNetwork


class Seek:
    """The stage: one call of ``step`` draws frames of some performances and seeks each in its whole score.

    Args:
        network: whose search head learns.
        data: what is drawn from.
        features: what the fixed encoders make of it.
        settings: see SeekConfig.
        seed: every random draw is a function of (seed, stage, step).
    """

    name = "seek"

    def __init__(
        self, network: ReadOnceNetwork, data: TrainingSet, *, features: Features, settings: SeekConfig, seed: int
    ) -> None:
        self.network, self.settings, self.seed, self.steps = network, settings, seed, settings.steps
        self.drawn = _Drawn(data, features, settings)
        named = [(f"search.{name}", parameter) for name, parameter in network.search.named_parameters()]
        self.optimiser = Optimiser(named, settings.optimiser, steps=settings.steps)

    def step(self, number: int) -> dict[str, float]:
        """Learn from batch ``number``; the first one begins with what locate has learned."""
        if number == 0:
            self.network.search.begin_with(self.network.locate)
        self.network.train()
        loss, within = self._look(self.drawn, np.random.default_rng([self.seed, 10, number]))
        rate = self.optimiser.learning_rate()
        norm = self.optimiser.step(loss)
        measured = {"loss/seek": float(loss.detach()), "found/within_48_px": within}
        return {**measured, "gradient_norm": norm, "learning_rate": rate}

    def validate(self, data: TrainingSet, features: Features, *, batches: int = 40) -> dict[str, float]:
        """The same measures on other pieces; always the same batches."""
        self.network.eval()
        drawn = _Drawn(data, features, self.settings)
        with torch.no_grad():
            found = [self._look(drawn, np.random.default_rng([self.seed, 11, number])) for number in range(batches)]
        losses, within = zip(*found, strict=True)
        return {"loss/seek": float(torch.stack(losses).mean()), "found/within_48_px": float(np.mean(within))}

    def _look(self, drawn: "_Drawn", rng: np.random.Generator) -> tuple[Tensor, float]:
        """Loss of a batch, and the share of its frames that is found."""
        losses, near = [], []
        for _ in range(self.settings.segments):
            keys, embeddings, column = drawn.frames(rng)
            logits = self.network.search.over(keys, embeddings)
            losses.append(-(soft_target(column, len(keys)) * logits.log_softmax(-1)).sum(-1).mean())
            error_px = (logits.detach().argmax(-1) - column).abs() * COLUMN_STRIDE_PX
            near.append(float((error_px <= SearchConfig().reach_px).float().mean()))
        return torch.stack(losses).mean(), float(np.mean(near))

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint needs beside the network."""
        return self.optimiser.state()

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Go on from ``state``."""
        self.optimiser.load(tensors)


class _Drawn:
    """Draws frames of performances."""

    def __init__(self, data: TrainingSet, features: Features, settings: SeekConfig) -> None:
        self.data, self.features, self.count = data, features, settings.frames
        playing = np.array([p.track.last_frame - p.track.first_frame + 1 for p in data.performances], np.float64)
        weight = playing**settings.by_length
        self.weight = weight / weight.sum()

    def frames(self, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Of one performance: keys (P, features) of its score, embeddings (T, features), true columns (T,)."""
        number = int(rng.choice(len(self.weight), p=self.weight))
        performance, features = self.data.performances[number], self.features
        track, piece = performance.track, performance.piece
        frame = rng.integers(track.first_frame, track.last_frame + 1, size=self.count)
        first = features.view_start[piece] + WINDOW_COLUMNS
        keys = features.view[first : first + features.column_count[piece], : features.embeddings.shape[1]]
        embeddings = features.embeddings[torch.as_tensor(features.frame_start[number] + frame)]
        target_px = performance.target_x_px[np.minimum(frame, len(performance.target_x_px) - 1)]
        return keys.float(), embeddings.float(), torch.as_tensor(target_px / COLUMN_STRIDE_PX - 0.5)
