"""Learns MM-Loc, the paper's comparison, which locates the music in a window (Dorfer et al. 2016).

Dorfer, Arzt, Widmer, "Towards Score Following in Sheet Music Images", ISMIR 2016, arXiv 1612.05050: the window is cut
into bins, the target is shared by the two bins nearest to the truth (linear in the distance), the loss is their
cross-entropy. Of the logged numbers, ``loss/locate`` is that cross-entropy in nat, ``located/within_8_px``
the share of frames located within 8 strip px, and ``located/median_px`` the median error.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from standpartner.agent.columns import located_px
from standpartner.game.tracks import Track
from standpartner.game.windows import Floats, Views, Windows
from standpartner.learn.bounds import Amount, Count, Positive
from standpartner.learn.device import precision
from standpartner.learn.optimise import Optimiser, OptimiserConfig
from standpartner.learn.stage import LOCATING, Stage, StageConfig
from standpartner.networks.heads import soft_target
from standpartner.networks.windows import WindowNetwork


@dataclass(frozen=True)
class MmlocConfig(StageConfig):
    """The settings of supervised localisation inside the window.

    Attributes:
        steps: The number of gradient steps.
        samples: The frames of one gradient step.
        offset_px: The largest distance of the window's centre from the truth in strip px.
        optimiser: The settings of the optimiser.
    """

    needs: ClassVar[str] = LOCATING

    steps: Count = 1_000_000
    samples: Positive = 100
    offset_px: Amount = 50.0
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)


class Mmloc(Stage):
    """The stage of MM-Loc. One call of ``step`` draws windows around the truth and learns where in them it is.

    Args:
        network: The network, which has bins.
        tracks: The tracks whose frames are drawn, each equally often.
        settings: The settings of the stage.
        seed: The seed; every random draw is a function of (seed, stage, step).
        mixed_precision: The precision; see `precision`.
    """

    name = "mmloc"

    def __init__(
        self,
        network: WindowNetwork,
        tracks: Sequence[Track],
        settings: MmlocConfig,
        *,
        seed: int,
        mixed_precision: str = "off",
    ) -> None:
        self.network, self.tracks, self.settings, self.mixed_precision = network, tracks, settings, mixed_precision
        self.windows = Windows(tracks, network.game, differences=network.config.differences)
        optimiser = Optimiser(network.named_parameters(), settings.optimiser, steps=settings.steps)
        super().__init__(settings, optimiser, seed=seed)
        self._first = np.array([track.first_frame for track in tracks])
        self._ends = np.cumsum([track.last_frame - track.first_frame + 1 for track in tracks])

    def step(self, number: int) -> dict[str, float]:
        """Learn from batch ``number``."""
        views, truth_px = self._draw(np.random.default_rng([self.seed, 7, number]))
        bins, width_px = self.network.config.bins, self.network.game.window_width_px
        self.network.train()
        logits = self._logits(*self.windows.cut(views))
        place = torch.as_tensor(np.clip(truth_px * bins / width_px - 0.5, 0, bins - 1).astype(np.float32))
        loss = -(soft_target(place, bins) * logits.log_softmax(-1)).sum(-1).mean()
        rate = self.optimiser.learning_rate()
        norm = self.optimiser.step(loss)
        error_px = np.abs(located_px(logits.detach().numpy(force=True), width_px) - truth_px)
        return {
            "loss/locate": float(loss.detach()),
            "located/within_8_px": float((error_px <= 8).mean()),
            "located/median_px": float(np.median(error_px)),
            "gradient_norm": norm,
            "learning_rate": rate,
        }

    def locate(self, score: Floats, spectrogram: Floats) -> Floats:
        """Return the logits of windows and excerpts, (n, bins), with dropout off."""
        self.network.eval()
        with torch.no_grad():
            return self._logits(score, spectrogram).numpy(force=True)

    def _logits(self, score: Floats, spectrogram: Floats) -> Tensor:
        with precision(self.mixed_precision):
            return self.network.locate(torch.as_tensor(score), torch.as_tensor(spectrogram)).float()

    def _draw(self, rng: np.random.Generator) -> tuple[Views, np.ndarray]:
        """Draw views around the truth, and return the truth's distance from each window's left edge in strip px."""
        drawn = rng.integers(self._ends[-1], size=self.settings.samples)
        track = np.searchsorted(self._ends, drawn, side="right")
        frame = self._first[track] + drawn - np.concatenate([[0], self._ends])[track]
        target = np.array([self.tracks[t].targets[f] for t, f in zip(track, frame, strict=True)], np.float64)
        offset = rng.uniform(-self.settings.offset_px, self.settings.offset_px, len(target))
        views = Views.alone(track, target + offset, frame)
        return views, target - (views.centre_px - self.network.game.window_width_px // 2)
