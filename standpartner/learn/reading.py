"""What the strip encoder learns by supervision: where heads are, what pitches they mean, where onsets are, how fast."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from standpartner.learn.scores import ScoreBatch
from standpartner.networks.read_once import ReadOnceNetwork

READ_POSITIVE_WEIGHT = 20.0  # noteheads are rare among the 80 rows of a column
PACE_WEIGHT = 0.25
NEVER = -1e4  # the logit of what cannot be


@dataclass(frozen=True)
class Reading:
    """What a network reads in each column, all float32.

    Attributes:
        read: The logits of noteheads on the half-px rows, (B, C, 80).
        outline: The logit of an onset, and the pace, (B, C, 2).
        pitch: The logits of the keys that the noteheads mean, (B, C, 88); None if the network carries nothing along.
    """

    read: Tensor
    outline: Tensor
    pitch: Tensor | None


def read_columns(network: ReadOnceNetwork, columns: Tensor) -> Reading:
    """Read columns, (B, C, features)."""
    pitch = network.pitch(columns).float() if network.pitch else None
    return Reading(network.read(columns).float(), network.outline(columns).float(), pitch)


def reading_losses(reading: Reading, score: ScoreBatch) -> dict[str, Tensor]:
    """Return mean losses by name.

    That of read is a weighted binary cross-entropy, that of outline a binary cross-entropy of the onsets and a quarter
    of the mean absolute (smooth) error of the pace in octaves; for pitch see `pitch_loss`.
    """
    in_strip = torch.as_tensor(score.in_strip)
    read = functional.binary_cross_entropy_with_logits(
        reading.read[in_strip],
        torch.as_tensor(score.heads)[in_strip],
        pos_weight=torch.tensor(READ_POSITIVE_WEIGHT),
    )
    onset, pace = reading.outline[in_strip].unbind(-1)
    true_onset, true_pace = torch.as_tensor(score.outline)[in_strip].unbind(-1)
    outline = functional.binary_cross_entropy_with_logits(onset, true_onset)
    found = {"read": read, "outline": outline + PACE_WEIGHT * functional.smooth_l1_loss(pace, true_pace)}
    if reading.pitch is not None:
        found["pitch"] = pitch_loss(reading.pitch, torch.as_tensor(score.pitches) > 0)
    return found


def pitch_loss(logits: Tensor, meant: Tensor) -> Tensor:
    """Return the mean cross-entropy, in nat, of each key that is meant against all that are not meant in its column.

    Args:
        logits: The logits of the keys, (B, C, 88).
        meant: Whether a notehead in the column means the key, bool (B, C, 88).
    """
    others = logits.masked_fill(meant, NEVER).logsumexp(-1, keepdim=True)
    return (functional.softplus(others - logits) * meant).sum() / meant.sum().clamp(min=1)


def named_right(logits: Tensor, meant: Tensor, *, semitones: int = 0) -> Tensor:
    """Tell which keys that are meant have logits above those of all others in their columns, bool (B, C, 88).

    Args:
        logits: The logits of the keys, (B, C, 88).
        meant: Whether a notehead in the column means the key, bool (B, C, 88).
        semitones: The distance from a key that is meant up to which others do not count.
    """
    near = functional.max_pool1d(meant.float(), 2 * semitones + 1, stride=1, padding=semitones) > 0
    return meant & (logits > logits.masked_fill(near, NEVER).amax(-1, keepdim=True))


def right_pitches(reading: Reading, score: ScoreBatch) -> dict[str, float]:
    """Return the share of the keys that are meant whose logits are above all others of their columns, by name."""
    if reading.pitch is None:
        return {}
    meant = torch.as_tensor(score.pitches) > 0
    return {"read/right_pitch": float(named_right(reading.pitch, meant).sum() / meant.sum().clamp(min=1))}
