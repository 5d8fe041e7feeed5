"""Makes baselines of integrated gradients: empty inputs, or inputs too blurred to tell notes."""

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

BASELINES: Final = ("silence", "blur")
_BLUR_PX: Final = 14.0  # two staff spaces: no notehead can be told
_BLUR_FRAMES: Final = 8.0
_BLUR_BANDS: Final = 6.0  # half an octave


def make_baselines(score: Tensor, spectrogram: Tensor, *, kind: str, downscale: int) -> tuple[Tensor, Tensor]:
    """Make the baselines of score and spectrogram.

    Args:
        score: The ink, (n, c, h, w); a second channel is the difference to the state before.
        spectrogram: The spectrogram, (n, c, frames, 78); a second channel is its difference.
        kind: The kind of baseline. "silence" is all zero, which is white paper and silent audio. "blur" blurs with a
            Gaussian whose standard deviation is 14 strip px, 8 frames and 6 bands. Differences are zero either way.
        downscale: The number of strip px that a column or row of the score stands for.
    """
    if kind == "silence":
        return torch.zeros_like(score), torch.zeros_like(spectrogram)
    px = _BLUR_PX / downscale
    baselines = _blurred(score, px, px), _blurred(spectrogram, _BLUR_FRAMES, _BLUR_BANDS)
    for baseline in baselines:
        baseline[:, 1:] = 0
    return baselines


def _blurred(images: Tensor, deviation_rows: float, deviation_columns: float) -> Tensor:
    images = _blurred_rows(images, deviation_rows)
    return _blurred_rows(images.transpose(2, 3), deviation_columns).transpose(2, 3)


def _blurred_rows(images: Tensor, deviation: float) -> Tensor:
    """Blur along the rows' axis. Beyond the edges the outermost row is repeated."""
    reach = int(3 * deviation)
    steps = torch.arange(-reach, reach + 1, dtype=torch.float32)
    weights = torch.exp(-0.5 * (steps / deviation) ** 2)
    padded = functional.pad(images.flatten(0, 1).unsqueeze(1), (0, 0, reach, reach), mode="replicate")
    return functional.conv2d(padded, (weights / weights.sum()).view(1, 1, -1, 1)).view_as(images)
