"""Turns pieces into arrays for training."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.columns import ink
from standpartner.agent.config import COLUMN_STRIDE_PX
from standpartner.constants import BAND_COUNT, FRAME_RATE_HZ, KEY_COUNT, LOWEST_KEY, STRIP_HEIGHT_PX
from standpartner.degrade import StripLook, print_strip
from standpartner.errors import CorpusError
from standpartner.game.tracks import Track
from standpartner.perform import AugmentConfig, augment
from standpartner.piece import Performance, Piece
from standpartner.score import Onsets

ROWS = STRIP_HEIGHT_PX // 2
INK_PER_COLUMN = COLUMN_STRIDE_PX // 2
USUAL_PACE_PX = 32.0  # strip px that a quarter commonly takes
SHORTEST_QUARTERS = 1 / 16


@dataclass(frozen=True)
class TrainingPiece:
    """One score as input and targets of the encoders.

    Attributes:
        name: The name of the piece.
        ink: The strip at half size, uint8 (80, 4 * columns), 255 is black.
        head_row: The half-px row of each notehead, (heads,).
        head_column: The feature column of each notehead, (heads,), ascending.
        head_key: The key of the piano that each notehead means, (heads,), 0 to 87.
        outline: The target of the network's outline, float32 (columns, 2): each onset shared by the two columns nearest
            to it, and the binary logarithm of the ratio of the local px a quarter to the usual 32.
    """

    name: str
    ink: NDArray[np.uint8]
    head_row: NDArray[np.int64]
    head_column: NDArray[np.int64]
    head_key: NDArray[np.int64]
    outline: NDArray[np.float32]

    @property
    def column_count(self) -> int:
        """The number of feature columns of the strip."""
        return self.ink.shape[1] // INK_PER_COLUMN


@dataclass(frozen=True)
class TrainingPerformance:
    """One performance as input and targets of the encoders.

    Attributes:
        piece: The index of its TrainingPiece.
        track: The track for the game.
        target_x_px: The true position in strip px, float32 (frames,).
        key_frame: The frame in which each key starts, (notes,), ascending.
        key: The key, (notes,), 0 to 87.
    """

    piece: int
    track: Track
    target_x_px: NDArray[np.float32]
    key_frame: NDArray[np.int64]
    key: NDArray[np.int64]


@dataclass(frozen=True)
class TrainingSet:
    """All pieces and performances of a split, in memory."""

    pieces: tuple[TrainingPiece, ...]
    performances: tuple[TrainingPerformance, ...]

    @property
    def tracks(self) -> list[Track]:
        """Return the tracks of all performances."""
        return [performance.track for performance in self.performances]


def _training_piece(piece: Piece) -> TrainingPiece:
    heads = piece.score.noteheads
    order = np.argsort(heads.x_px, kind="stable")
    row = np.clip(np.round(heads.y_px[order] / 2), 0, ROWS - 1).astype(np.int64)
    column = np.floor(heads.x_px[order] / COLUMN_STRIDE_PX).astype(np.int64)
    key = np.clip(heads.pitch[order] - LOWEST_KEY, 0, KEY_COUNT - 1).astype(np.int64)
    image = np.round(ink(piece.score.strip) * 255).astype(np.uint8)
    outline = outline_truth(piece.score.onsets, image.shape[1] // INK_PER_COLUMN)
    return TrainingPiece(piece.name, image, row, column, key, outline)


def outline_truth(onsets: Onsets, column_count: int) -> NDArray[np.float32]:
    """Make ``TrainingPiece.outline``; before the first onset and after the last the pace is that of its neighbours."""
    place = onsets.x_px / COLUMN_STRIDE_PX - 0.5
    before = np.floor(place).astype(np.int64)
    presence = np.zeros(column_count + 2)  # with one more column at both ends
    np.add.at(presence, np.clip(before + 1, 0, column_count + 1), 1 - (place - before))
    np.add.at(presence, np.clip(before + 2, 0, column_count + 1), place - before)
    pace = np.zeros(column_count)
    if len(onsets) > 1:
        px_per_quarter = np.diff(onsets.x_px) / np.maximum(np.diff(onsets.quarter), SHORTEST_QUARTERS)
        centre_px = (np.arange(column_count) + 0.5) * COLUMN_STRIDE_PX
        stretch = np.clip(np.searchsorted(onsets.x_px, centre_px, side="right") - 1, 0, len(px_per_quarter) - 1)
        pace = np.log2(px_per_quarter / USUAL_PACE_PX)[stretch]
    return np.stack([np.minimum(presence[1:-1], 1.0), pace], axis=1).astype(np.float32)


def _training_performance(index: int, performance: Performance, begin: int, track: Track) -> TrainingPerformance:
    frames = len(track.spectrogram)
    targets = np.interp(np.arange(frames) / FRAME_RATE_HZ, track.onset_s, track.onset_x_px).astype(np.float32)
    frame = np.floor(performance.note_onset_s * FRAME_RATE_HZ + 0.5).astype(np.int64) - begin
    key = performance.note_pitch - LOWEST_KEY
    kept = (key >= 0) & (key < KEY_COUNT) & (frame >= 0) & (frame < frames)
    order = np.argsort(frame[kept], kind="stable")
    return TrainingPerformance(index, track, targets, frame[kept][order], key[kept][order])


def training_set(pieces: Iterable[Piece]) -> TrainingSet:
    """Load pieces into memory.

    Raises:
        CorpusError: There is no performance in the pieces.
    """
    scores: list[TrainingPiece] = []
    performances: list[TrainingPerformance] = []
    for piece in pieces:
        for performance in piece.performances:
            for begin, track in piece.tracks_of(performance):
                performances.append(_training_performance(len(scores), performance, begin, track))
        scores.append(_training_piece(piece))
    if not performances:
        raise CorpusError("expected at least one performance to train on, found none; build the corpus first")
    return TrainingSet(tuple(scores), tuple(performances))


def bare_set(tracks: Iterable[Track]) -> TrainingSet:
    """Make a set of tracks without noteheads and notes, such as toy tracks, which suffices for learning from reward."""
    pieces, performances, nothing = [], [], np.zeros(0, np.int64)
    for number, track in enumerate(tracks):
        image = np.round(ink(track.strip) * 255).astype(np.uint8)
        outline = np.zeros((image.shape[1] // INK_PER_COLUMN, 2), np.float32)
        pieces.append(TrainingPiece(track.name, image, nothing, nothing, nothing, outline))
        performances.append(TrainingPerformance(number, track, track.targets, nothing, nothing))
    return TrainingSet(tuple(pieces), tuple(performances))


def augmented(data: TrainingSet, settings: AugmentConfig, *, seed: int) -> TrainingSet:
    """Return the same pieces, each performance heard through one draw of an augmentation."""
    if settings == AugmentConfig.none():
        return data
    performances = []
    for number, performance in enumerate(data.performances):
        track, rng = performance.track, np.random.default_rng([seed, number])
        heard = augment(track.spectrogram[None], config=settings, rng=rng)[0]
        performances.append(replace(performance, track=replace(track, spectrogram=heard)))
    return TrainingSet(data.pieces, tuple(performances))


def roughened(data: TrainingSet, settings: AugmentConfig, *, seed: int) -> TrainingSet:
    """Return a set as people meet it: every performance is augmented, and every second score looks printed."""
    scores = [piece if number % 2 else _printed(piece, [seed, number]) for number, piece in enumerate(data.pieces)]
    return TrainingSet(tuple(scores), augmented(data, settings, seed=seed).performances)


def _printed(piece: TrainingPiece, seed: list[int]) -> TrainingPiece:
    printed = print_strip(ink_between(piece, 0, piece.column_count), StripLook(), rng=np.random.default_rng(seed))
    return replace(piece, ink=np.round(printed * 255).astype(np.uint8))


def frames_between(spectrogram: NDArray[np.float32], start: int, stop: int) -> NDArray[np.float32]:
    """Return frames start to stop of a spectrogram, with silence outside the recording."""
    return frames_at(spectrogram, np.arange(start, stop))


def frames_at(spectrogram: NDArray[np.float32], frame: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return frames of a spectrogram by their numbers, (n,), as (n, 78), with silence outside the recording."""
    taken = np.zeros((len(frame), BAND_COUNT), np.float32)
    inside = (frame >= 0) & (frame < len(spectrogram))
    taken[inside] = spectrogram[frame[inside]]
    return taken


def ink_between(piece: TrainingPiece, first: int, stop: int) -> NDArray[np.float32]:
    """Return the ink, (80, 4 * (stop - first)), of feature columns first to stop; 1 is black, outside is white."""
    image = np.zeros((ROWS, (stop - first) * INK_PER_COLUMN), np.float32)
    low, high = max(first, 0), min(stop, piece.column_count)
    if high > low:
        pixels = piece.ink[:, low * INK_PER_COLUMN : high * INK_PER_COLUMN]
        image[:, (low - first) * INK_PER_COLUMN : (high - first) * INK_PER_COLUMN] = pixels * np.float32(1 / 255)
    return image


def chances(performances: Sequence[TrainingPerformance], *, power: float) -> NDArray[np.float64]:
    """Return the probability of drawing each performance, by its playing time to a power, (performances,), sum 1."""
    playing = np.array([p.track.last_frame - p.track.first_frame + 1 for p in performances], np.float64)
    weight = playing**power
    return weight / weight.sum()
