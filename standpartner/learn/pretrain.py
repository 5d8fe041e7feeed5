"""Trains the encoders by supervision to read, to outline, to listen, to locate and to search; this is the first stage.

The data holds every notehead, every score time and every key press, so the helper tasks cost no annotation. With them
the encoders learn in minutes what reward alone teaches in hours (measured in docs/appendix/diary.md).
"""

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from standpartner.agent.columns import located_px
from standpartner.agent.config import COLUMN_STRIDE_PX, WINDOW_COLUMNS
from standpartner.learn.bounds import Amount, Count
from standpartner.learn.data import TrainingSet
from standpartner.learn.device import precision
from standpartner.learn.optimise import Optimiser, OptimiserConfig
from standpartner.learn.reading import NEVER, Reading, read_columns, reading_losses, right_pitches
from standpartner.learn.segments import SegmentBatch, SegmentConfig, SegmentSampler
from standpartner.learn.stage import Stage, StageConfig
from standpartner.networks.heads import interpolate_window, soft_target
from standpartner.networks.read_once import ReadOnceNetwork
from standpartner.perform import AugmentConfig

LISTEN_POSITIVE_WEIGHT = 10.0


@dataclass(frozen=True)
class PretrainConfig(SegmentConfig, StageConfig):
    """The settings of the supervised learning of the encoders; see SegmentConfig for the batches.

    Attributes:
        steps: The number of gradient steps.
        locate_weight: The weight of the locate loss.
        read_weight: The weight of the read loss.
        pitch_weight: The weight of the pitch loss, if the network carries something along the strip.
        search_weight: The weight of the search loss. With 0 the search head does not learn here.
        listen_weight: The weight of the listen loss.
        outline_weight: The weight of the outline loss.
        optimiser: The settings of the optimiser.
    """

    steps: Count = 3000
    locate_weight: Amount = 1.0
    read_weight: Amount = 1.0
    pitch_weight: Amount = 1.0
    search_weight: Amount = 0.0
    listen_weight: Amount = 1.0
    outline_weight: Amount = 1.0
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)

    @property
    def changes_encoders(self) -> bool:
        """Whether a read-once network's encoders learn."""
        return True


@dataclass(frozen=True)
class PretrainOutput:
    """The output of the network for one batch, all float32.

    Attributes:
        locate: The logits over the window's columns, (B, T, 64).
        reading: What is read in each column.
        search: The logits of the search head for the middle frame of each segment, over the columns of all segments,
            (B, B, C); None if it does not learn.
        listen: The logits of the keys that start, (B, T, 88).
    """

    locate: Tensor
    reading: Reading
    search: Tensor | None
    listen: Tensor


def locate_along(
    network: ReadOnceNetwork,
    ink: NDArray[np.float32],
    frames: NDArray[np.float32],
    *,
    window_index: Tensor,
    window_fraction: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """Encode score and sound once, and compute for every frame where in its window the music is.

    Args:
        network: The network.
        ink: The score, (B, 1, 80, 4 C).
        frames: The spectrogram, (B, T + lead, 78).
        window_index: The first column of each frame's window in padded columns, (B, T).
        window_fraction: The fraction of a column by which it begins after that column, (B, T).

    Returns:
        The columns, (B, C, features), the embeddings, (B, T, features), and the logits of locate, (B, T, 64).
    """
    columns = network.strip(torch.as_tensor(ink).to(memory_format=torch.channels_last))
    embeddings = network.frames(torch.as_tensor(frames))
    keys = functional.pad(network.locate.keys(columns), (0, 0, WINDOW_COLUMNS, WINDOW_COLUMNS))
    maps = network.locate.correlate(keys, embeddings)
    seen = interpolate_window(maps, window_index, window_fraction).transpose(1, 2)  # (B, T, heads, 64)
    locate = network.locate(seen.flatten(0, 1), embeddings.flatten(0, 1)).unflatten(0, window_index.shape)
    return columns, embeddings, locate


def forward(network: ReadOnceNetwork, batch: SegmentBatch, *, search: bool = False) -> PretrainOutput:
    """Encode score and audio of a batch once, and compute the outputs for every frame's window."""
    index, fraction = torch.as_tensor(batch.window_index), torch.as_tensor(batch.window_fraction)
    columns, embeddings, locate = locate_along(
        network, batch.score.ink, batch.frames, window_index=index, window_fraction=fraction
    )
    middle = embeddings[:, embeddings.shape[1] // 2]
    return PretrainOutput(
        locate=locate.float(),
        reading=read_columns(network, columns),
        search=network.search.among(network.locate.keys(columns), middle).float() if search else None,
        listen=network.listen(embeddings).float(),
    )


def losses(output: PretrainOutput, batch: SegmentBatch) -> dict[str, Tensor]:
    """Return mean losses by name.

    The losses of locate and search are cross-entropies in nat, that of listen a weighted binary cross-entropy; for the
    others see `reading_losses`.
    """
    seen = torch.as_tensor(batch.seen)
    target = soft_target(torch.as_tensor(batch.target_column))
    locate = -(target * output.locate.log_softmax(-1)).sum(-1)
    more = {} if output.search is None else {"search": search_loss(output.search, batch)}
    listen = functional.binary_cross_entropy_with_logits(
        output.listen, torch.as_tensor(batch.keys), pos_weight=torch.tensor(LISTEN_POSITIVE_WEIGHT)
    )
    return {"locate": locate[seen].mean(), "listen": listen, **reading_losses(output.reading, batch.score), **more}


def search_loss(logits: Tensor, batch: SegmentBatch) -> Tensor:
    """Return the mean cross-entropy, in nat, of the middle frames' places among the columns of all segments.

    A place that several segments show is right in each of them.

    Args:
        logits: The logits of each middle frame, (B, B, C).
        batch: The batch.
    """
    score, middle = batch.score, batch.score_column.shape[1] // 2
    column = score.first_column[:, None] + np.arange(logits.shape[2])
    near = 1 - np.abs(column - batch.score_column[:, middle, None, None])
    right = near.clip(min=0) * (score.piece == score.piece[:, None])[..., None] * score.in_strip
    right *= (batch.seen[:, middle] / right.sum((1, 2)).clip(min=1e-6))[:, None, None]
    target = torch.as_tensor(right, dtype=torch.float32).flatten(1)
    found = logits.masked_fill(~torch.as_tensor(score.in_strip), NEVER).flatten(1).log_softmax(-1)
    return -(target * found).sum() / target.sum().clamp(min=1)


class Pretrain(Stage):
    """The stage of pre-training. One call of ``step`` draws a batch, learns from it, and returns measures.

    Args:
        network: The network, of which all but the policy learns, and the search head only if it has a weight.
        data: The set to draw from.
        settings: The settings of the stage.
        augment: The augmentation of the spectrograms.
        seed: The seed; every random draw is a function of (seed, stage, step).
        mixed_precision: The precision; see `precision`.
    """

    name = "pretrain"

    def __init__(
        self,
        network: ReadOnceNetwork,
        data: TrainingSet,
        settings: PretrainConfig,
        *,
        augment: AugmentConfig,
        seed: int,
        mixed_precision: str = "off",
    ) -> None:
        self.network, self.settings, self.mixed_precision = network, settings, mixed_precision
        self.sampler = self._sampler(data, augment)
        left_out = ("policy.",) if settings.search_weight else ("policy.", "search.")
        named = [(n, p) for n, p in network.named_parameters() if not n.startswith(left_out)]
        super().__init__(settings, Optimiser(named, settings.optimiser, steps=settings.steps), seed=seed)

    def _sampler(self, data: TrainingSet, augment: AugmentConfig) -> SegmentSampler:
        return SegmentSampler(data, self.settings, lead_frames=self.network.frames.lead_frames, augment=augment)

    def _forward(self, batch: SegmentBatch) -> PretrainOutput:
        return forward(self.network, batch, search=self.settings.search_weight > 0)

    def step(self, number: int) -> dict[str, float]:
        """Learn from batch ``number``, which depends on it and the seed alone."""
        batch = self.sampler.batch(np.random.default_rng([self.seed, 1, number]))
        self.network.train()
        with precision(self.mixed_precision):
            output = self._forward(batch)
        parts = losses(output, batch)
        loss = torch.stack([getattr(self.settings, f"{name}_weight") * part for name, part in parts.items()]).sum()
        rate = self.optimiser.learning_rate()
        norm = self.optimiser.step(loss)
        found = {f"loss/{name}": float(value.detach()) for name, value in parts.items()}
        within = accuracy(output, batch)
        return {"loss/total": float(loss.detach()), **found, **within, "gradient_norm": norm, "learning_rate": rate}

    def validate(self, data: TrainingSet, *, batches: int = 12) -> dict[str, float]:
        """Measure the same on other pieces, without augmentation; the batches are always the same."""
        sampler = self._sampler(data, AugmentConfig.none())
        self.network.eval()
        rows = []
        with torch.no_grad(), precision(self.mixed_precision):
            for number in range(batches):
                batch = sampler.batch(np.random.default_rng([self.seed, 2, number]))
                output = self._forward(batch)
                rows.append({f"loss/{k}": float(v) for k, v in losses(output, batch).items()} | accuracy(output, batch))
        return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def accuracy(output: PretrainOutput, batch: SegmentBatch) -> dict[str, float]:
    """Return how much is right by name.

    ``located/within_8_px`` is the share of frames located within 8 strip px, ``located/median_px`` the median error;
    see also `right_pitches`.
    """
    truth_px = (batch.target_column + 0.5) * COLUMN_STRIDE_PX
    located = located_px(output.locate.numpy(force=True), WINDOW_COLUMNS * COLUMN_STRIDE_PX)
    error_px = torch.as_tensor(np.abs(located - truth_px)[batch.seen])
    return {
        "located/within_8_px": float((error_px <= 8).float().mean()),
        "located/median_px": float(error_px.median()),
        **right_pitches(output.reading, batch.score),
    }
