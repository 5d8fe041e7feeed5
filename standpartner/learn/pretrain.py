"""First stage: the encoders learn by supervision to read, to outline, to listen and to locate.

The data builder knows every notehead, every score time and every key press, so the helper tasks are free; with them the
encoders learn in minutes what reward alone teaches in hours (measured in docs/experiments.md).
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from standpartner.agent.config import COLUMN_STRIDE_PX, WINDOW_COLUMNS
from standpartner.learn.config import TrainConfig
from standpartner.learn.data import SegmentBatch, SegmentSampler, TrainingSet
from standpartner.learn.device import precision
from standpartner.learn.optimise import Optimiser
from standpartner.networks.read_once import ReadOnceNetwork, interpolate_window
from standpartner.perform import AugmentConfig

READ_POSITIVE_WEIGHT = 20.0  # noteheads are rare among the 80 rows of a column
LISTEN_POSITIVE_WEIGHT = 10.0
PACE_WEIGHT = 0.25


@dataclass(frozen=True)
class PretrainOutput:
    """Of one batch, all float32: logits of locate (B, T, 64), read (B, C, 80), listen (B, T, 88); outline (B, C, 2)."""

    locate: Tensor
    read: Tensor
    listen: Tensor
    outline: Tensor


def forward(network: ReadOnceNetwork, batch: SegmentBatch) -> PretrainOutput:
    """Encode score and audio of a batch once and look through every frame's window."""
    columns = network.strip(torch.as_tensor(batch.ink).to(memory_format=torch.channels_last))
    embeddings = network.frames(torch.as_tensor(batch.frames))
    keys = functional.pad(network.locate.keys(columns), (0, 0, WINDOW_COLUMNS, WINDOW_COLUMNS))
    maps = network.locate.correlate(keys, embeddings)
    index, fraction = torch.as_tensor(batch.window_index), torch.as_tensor(batch.window_fraction)
    seen = interpolate_window(maps, index, fraction).transpose(1, 2)  # (B, T, heads, 64)
    locate = network.locate(seen.flatten(0, 1), embeddings.flatten(0, 1)).unflatten(0, index.shape)
    helpers = network.read(columns), network.listen(embeddings), network.outline(columns)
    return PretrainOutput(locate.float(), *(helper.float() for helper in helpers))


def soft_target(column: Tensor, columns: int = WINDOW_COLUMNS) -> Tensor:
    """(...,) fractional column -> (..., columns) weights of its two neighbours, linear as a window's interpolation."""
    places = torch.arange(columns, device=column.device)
    return (1 - (column.unsqueeze(-1) - places).abs()).clamp(min=0)


def losses(output: PretrainOutput, batch: SegmentBatch) -> dict[str, Tensor]:
    """Mean losses by name.

    locate is a cross-entropy in nat, read and listen are weighted binary cross-entropies, outline is a binary
    cross-entropy of the onsets and a quarter of the mean absolute (smooth) error of the pace in octaves.
    """
    seen = torch.as_tensor(batch.seen)
    target = soft_target(torch.as_tensor(batch.target_column))
    locate = -(target * output.locate.log_softmax(-1)).sum(-1)
    in_strip = torch.as_tensor(batch.in_strip)
    read = functional.binary_cross_entropy_with_logits(
        output.read[in_strip],
        torch.as_tensor(batch.heads)[in_strip],
        pos_weight=torch.tensor(READ_POSITIVE_WEIGHT),
    )
    listen = functional.binary_cross_entropy_with_logits(
        output.listen, torch.as_tensor(batch.keys), pos_weight=torch.tensor(LISTEN_POSITIVE_WEIGHT)
    )
    onset, pace = output.outline[in_strip].unbind(-1)
    true_onset, true_pace = torch.as_tensor(batch.outline)[in_strip].unbind(-1)
    outline = functional.binary_cross_entropy_with_logits(onset, true_onset)
    outline = outline + PACE_WEIGHT * functional.smooth_l1_loss(pace, true_pace)
    return {"locate": locate[seen].mean(), "read": read, "listen": listen, "outline": outline}


def located_px(logits: Tensor) -> Tensor:
    """Expected column around the highest logit, as strip px from the window's centre: (..., 64) -> (...)."""
    best = logits.argmax(-1, keepdim=True)
    places = torch.arange(WINDOW_COLUMNS, device=logits.device)
    near = (places - best).abs() <= 1
    weights = logits.masked_fill(~near, -torch.inf).softmax(-1)
    return ((weights * places).sum(-1) - (WINDOW_COLUMNS - 1) / 2) * COLUMN_STRIDE_PX


class Pretrain:
    """The stage: one call of ``step`` draws a batch, learns from it, and says how well it went."""

    name = "pretrain"

    def __init__(self, network: ReadOnceNetwork, data: TrainingSet, config: TrainConfig) -> None:
        self.network, self.config, self.steps = network, config, config.pretrain.steps
        self.sampler = SegmentSampler(
            data, config.pretrain, lead_frames=network.frames.lead_frames, augment=config.augment
        )
        named = [(n, p) for n, p in network.named_parameters() if not n.startswith(("policy.", "search."))]
        self.optimiser = Optimiser(named, config.pretrain.optimiser, steps=self.steps)

    def step(self, number: int) -> dict[str, float]:
        """Learn from batch ``number``, which depends on it and the seed alone."""
        batch = self.sampler.batch(np.random.default_rng([self.config.seed, 1, number]))
        self.network.train()
        with precision(self.config.mixed_precision):
            output = forward(self.network, batch)
        parts = losses(output, batch)
        settings = self.config.pretrain
        loss = torch.stack([getattr(settings, f"{name}_weight") * part for name, part in parts.items()]).sum()
        rate = self.optimiser.learning_rate()
        norm = self.optimiser.step(loss)
        found = {f"loss/{name}": float(value.detach()) for name, value in parts.items()}
        within = accuracy(output, batch)
        return {"loss/total": float(loss.detach()), **found, **within, "gradient_norm": norm, "learning_rate": rate}

    def validate(self, data: TrainingSet, *, batches: int = 12) -> dict[str, float]:
        """The same measures on other pieces, without augmentation; always the same batches."""
        sampler = SegmentSampler(
            data, self.config.pretrain, lead_frames=self.network.frames.lead_frames, augment=AugmentConfig.none()
        )
        self.network.eval()
        rows = []
        with torch.no_grad(), precision(self.config.mixed_precision):
            for number in range(batches):
                batch = sampler.batch(np.random.default_rng([self.config.seed, 2, number]))
                output = forward(self.network, batch)
                rows.append({f"loss/{k}": float(v) for k, v in losses(output, batch).items()} | accuracy(output, batch))
        return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint needs beside the network."""
        return self.optimiser.state()

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Go on from ``state``."""
        self.optimiser.load(tensors)


def accuracy(output: PretrainOutput, batch: SegmentBatch) -> dict[str, float]:
    """Share of frames located within 8 strip px, and the median error in px."""
    with torch.no_grad():
        truth = (torch.as_tensor(batch.target_column) - (WINDOW_COLUMNS - 1) / 2) * COLUMN_STRIDE_PX
        error = (located_px(output.locate) - truth).abs()[torch.as_tensor(batch.seen)]
        return {"located/within_8_px": float((error <= 8).float().mean()), "located/median_px": float(error.median())}
