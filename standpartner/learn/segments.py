"""Draws batches of short segments of performances with the score around them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.columns import window_index
from standpartner.agent.config import COLUMN_STRIDE_PX, WINDOW_COLUMNS
from standpartner.constants import KEY_COUNT
from standpartner.game.tracks import Track
from standpartner.learn.bounds import Amount, Positive, Share
from standpartner.learn.data import TrainingPerformance, TrainingSet, chances, frames_at
from standpartner.learn.scores import ScoreBatch, Stretch, StretchMaker, score_batch
from standpartner.perform import AugmentConfig, augment

SILENCE = -(10**6)  # a frame far outside any recording


@dataclass(frozen=True)
class SegmentConfig:
    """The settings of drawing segments.

    Attributes:
        segments: The stretches of performances in one batch; many short ones teach more than few long ones.
        frames: The frames of a stretch.
        by_length: The power of the playing time by which performances are drawn: with 0 each equally often, with 1 each
            second.
        columns: The feature columns of score that come with a stretch.
        offset_px: The largest distance of the window's centre from the truth in strip px.
        printed: The share of stretches whose score looks like print from a scanner; see `StripLook`.
        joined: The share of stretches that begin somewhere in the recording after something else: half of them after
            silence, half after another place of the same recording, as when a player jumps.
    """

    segments: Positive = 32
    frames: Positive = 48
    by_length: Amount = 0.5
    columns: Positive = 144
    offset_px: Amount = 220.0
    printed: Share = 0.0
    joined: Share = 0.0


@dataclass(frozen=True)
class SegmentBatch:
    """Short stretches of performances with the score around them: B segments, T frames, C columns.

    Attributes:
        score: The score around them.
        frames: The augmented spectrogram, float32 (B, T + lead, 78).
        window_index: The first column of each frame's window, in columns padded by 64 at both ends, int64 (B, T).
        window_fraction: The fraction of a column by which the window begins after that column, float32 (B, T).
        target_column: The true position in columns of that window, float32 (B, T).
        seen: Whether the true position is inside the window and the stretch is played, bool (B, T).
        score_column: The true position in columns of the whole score, float64 (B, T).
        keys: The starting keys, float32 (B, T, 88), 1 where a key starts.
    """

    score: ScoreBatch
    frames: NDArray[np.float32]
    window_index: NDArray[np.int64]
    window_fraction: NDArray[np.float32]
    target_column: NDArray[np.float32]
    seen: NDArray[np.bool_]
    score_column: NDArray[np.float64]
    keys: NDArray[np.float32]


class SegmentSampler:
    """Draws batches of segments.

    Args:
        data: The set to draw from.
        config: The settings of drawing.
        lead_frames: The frames before a stretch that the encoder needs.
        augment: The augmentation of the spectrograms.
    """

    def __init__(self, data: TrainingSet, config: SegmentConfig, *, lead_frames: int, augment: AugmentConfig) -> None:
        self.data, self.config, self.lead_frames, self.augment = data, config, lead_frames, augment
        self.chances = chances(data.performances, power=config.by_length)
        self.scores = StretchMaker(data, columns=config.columns, printed=config.printed)

    def batch(self, rng: np.random.Generator) -> SegmentBatch:
        """Draw one batch."""
        config = self.config
        chosen = rng.choice(len(self.chances), size=config.segments, p=self.chances)
        stretches, heard = zip(*(self._segment(self.data.performances[i], rng) for i in chosen), strict=True)
        frames, *others = (np.stack(column) for column in zip(*heard, strict=True))
        score = score_batch(list(stretches))
        return SegmentBatch(score, augment(frames, config=self.augment, rng=rng), *others)

    def _segment(
        self, performance: TrainingPerformance, rng: np.random.Generator
    ) -> tuple[Stretch, tuple[NDArray, ...]]:
        config, track = self.config, performance.track
        latest = max(track.first_frame, track.last_frame - config.frames + 1)
        start = int(rng.integers(track.first_frame - 4, latest + 1))
        heard, joint = self._heard(track, start, rng)
        at = heard[self.lead_frames :]
        target = performance.target_x_px[np.clip(at, 0, len(performance.target_x_px) - 1)].astype(np.float64)
        first = round(target[len(target) // 2] / COLUMN_STRIDE_PX) - config.columns // 2
        first += int(rng.integers(-8, 9))

        position = target + rng.uniform(-config.offset_px, config.offset_px) + rng.uniform(-8, 8, len(target))
        local = position - first * COLUMN_STRIDE_PX
        index, fraction = window_index(local, np.full(len(local), config.columns))
        column = (target - position) / COLUMN_STRIDE_PX + (WINDOW_COLUMNS - 1) / 2
        # Zeros in clipped windows mean that there is no score, so the truth must not lie there.
        clipped = (local < 0) | (local > config.columns * COLUMN_STRIDE_PX)
        inside = target - first * COLUMN_STRIDE_PX
        seen = (column >= 0) & (column <= WINDOW_COLUMNS - 1) & ~clipped
        seen &= (inside >= 4) & (inside < config.columns * COLUMN_STRIDE_PX - 4) & (at >= 0)
        seen &= (at <= track.last_frame + 2) & (np.arange(len(heard)) >= joint)[self.lead_frames :]
        stretch = self.scores.stretch(performance.piece, first, rng)
        frames, keys = frames_at(track.spectrogram, heard), self._keys(performance, at)
        in_score = target / COLUMN_STRIDE_PX - 0.5
        return stretch, (frames, index, fraction, column.astype(np.float32), seen, in_score, keys)

    def _heard(self, track: Track, start: int, rng: np.random.Generator) -> tuple[NDArray[np.int64], int]:
        """Return the frames of the recording that are heard, lead and stretch, and how many come before a joint."""
        heard = np.arange(start - self.lead_frames, start + self.config.frames)
        if rng.random() >= self.config.joined:
            return heard, 0
        joint = int(rng.integers(1, self.lead_frames + self.config.frames // 2))
        elsewhere = int(rng.integers(track.first_frame, track.last_frame + 1)) if rng.random() < 0.5 else SILENCE
        heard[:joint] = elsewhere - np.arange(joint, 0, -1)
        return heard, joint

    @staticmethod
    def _keys(performance: TrainingPerformance, at: NDArray[np.int64]) -> NDArray[np.float32]:
        keys = np.zeros((len(at), KEY_COUNT), np.float32)
        begin, end = (np.searchsorted(performance.key_frame, at, side=side) for side in ("left", "right"))
        for row in np.flatnonzero(end > begin):
            keys[row, performance.key[begin[row] : end[row]]] = 1.0
        return keys
