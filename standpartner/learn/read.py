"""Trains the strip encoder by supervision to read scores, without sound; a stage before pre-training.

What a notehead means depends on a key signature that may be printed a system's length before it. With sound to locate
in the same step an agent hardly learns this, as the gradients of locate are many times larger; alone it learns it in
minutes. Of the logged numbers, the losses are those of `reading_losses`.
"""

from dataclasses import dataclass, field

import numpy as np
import torch

from standpartner.learn.bounds import Count, Positive, Share
from standpartner.learn.data import TrainingSet
from standpartner.learn.device import precision
from standpartner.learn.optimise import Optimiser, OptimiserConfig
from standpartner.learn.reading import Reading, read_columns, reading_losses, right_pitches
from standpartner.learn.scores import ScoreBatch, StretchMaker, score_batch
from standpartner.learn.stage import Stage, StageConfig
from standpartner.networks.read_once import ReadOnceNetwork

_LEARNS = ("strip.", "read.", "pitch.", "outline.")


@dataclass(frozen=True)
class ReadConfig(StageConfig):
    """The settings of learning to read scores.

    Attributes:
        steps: The number of gradient steps.
        samples: The stretches of scores in one batch.
        columns: The feature columns of a stretch.
        printed: The share of stretches that look like print from a scanner; see `StripLook`.
        optimiser: The settings of the optimiser.
    """

    steps: Count = 4000
    samples: Positive = 32
    columns: Positive = 176
    printed: Share = 0.3
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)

    @property
    def changes_encoders(self) -> bool:
        """Whether a read-once network's encoders learn."""
        return True


class Read(Stage):
    """The stage of reading. One call of ``step`` draws stretches of scores and learns from them.

    Args:
        network: The network, of which the strip encoder learns, with the heads that read, name pitches and outline.
        data: The set to draw from; pieces are drawn by the square roots of their lengths.
        settings: The settings of the stage.
        seed: The seed; every random draw is a function of (seed, stage, step).
        mixed_precision: The precision; see `precision`.
    """

    name = "read"

    def __init__(
        self,
        network: ReadOnceNetwork,
        data: TrainingSet,
        settings: ReadConfig,
        *,
        seed: int,
        mixed_precision: str = "off",
    ) -> None:
        self.network, self.data, self.settings, self.mixed_precision = network, data, settings, mixed_precision
        named = [(name, parameter) for name, parameter in network.named_parameters() if name.startswith(_LEARNS)]
        super().__init__(settings, Optimiser(named, settings.optimiser, steps=settings.steps), seed=seed)

    def step(self, number: int) -> dict[str, float]:
        """Learn from batch ``number``, which depends on it and the seed alone."""
        batch = self._batch(self.data, self.settings.printed, np.random.default_rng([self.seed, 12, number]))
        self.network.train()
        reading = self._read(batch)
        parts = reading_losses(reading, batch)
        rate = self.optimiser.learning_rate()
        norm = self.optimiser.step(torch.stack(list(parts.values())).sum())
        found = {f"loss/{name}": float(value.detach()) for name, value in parts.items()}
        return {**found, **right_pitches(reading, batch), "gradient_norm": norm, "learning_rate": rate}

    def validate(self, data: TrainingSet, *, batches: int = 12) -> dict[str, float]:
        """Measure the same on other pieces, clean; the batches are always the same."""
        self.network.eval()
        rows = []
        for number in range(batches):
            batch = self._batch(data, 0.0, np.random.default_rng([self.seed, 13, number]))
            with torch.no_grad():
                reading = self._read(batch)
                found = {f"loss/{name}": float(value) for name, value in reading_losses(reading, batch).items()}
            rows.append(found | right_pitches(reading, batch))
        return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}

    def _batch(self, data: TrainingSet, printed: float, rng: np.random.Generator) -> ScoreBatch:
        columns = self.settings.columns
        maker = StretchMaker(data, columns=columns, printed=printed)
        weight = np.sqrt([piece.column_count for piece in data.pieces])
        chosen = rng.choice(len(weight), size=self.settings.samples, p=weight / weight.sum())
        latest = [max(0, data.pieces[number].column_count - columns) for number in chosen]
        firsts = rng.integers(0, np.array(latest) + 1)
        return score_batch([maker.stretch(int(n), int(first), rng) for n, first in zip(chosen, firsts, strict=True)])

    def _read(self, batch: ScoreBatch) -> Reading:
        with precision(self.mixed_precision):
            ink = torch.as_tensor(batch.ink).to(memory_format=torch.channels_last)
            return read_columns(self.network, self.network.strip(ink))
