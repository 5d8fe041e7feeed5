"""How well a bundled piece was followed: its onsets on the strip that was read, and the measures."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from standpartner.demo.bundled import BundledPiece, PrintedPiece
from standpartner.errors import PieceError
from standpartner.evaluate.measures.episode import Episode
from standpartner.evaluate.measures.measures import evaluate_episodes
from standpartner.follow.offline import Following
from standpartner.game.rules import GameConfig, is_lost, onset_frame, target_x_px
from standpartner.score import PrintReading, Score


def printed_onsets(piece: PrintedPiece, reading: PrintReading) -> NDArray[np.float64]:
    """Find the onsets of a printed piece on the strip that was read from its pages.

    The reader knows where the corners of each of its systems are on the page as the file shows it; an onset is as far
    along its system's strip as it is along the system on the page.

    Args:
        piece: The piece.
        reading: Its pages, as read.

    Returns:
        (onsets,) strip px.

    Raises:
        PieceError: An onset is in none of the systems that were read, or they are in another order.
    """
    systems = reading.score.systems
    corners = np.array([system.corners for page in reading.pages for system in page.systems])
    picture = np.array([page.picture - 1 for page in reading.pages for _ in page.systems])
    top, bottom, left, right = (
        (corners[:, first] + corners[:, second]) / 2 for first, second in ((0, 1), (2, 3), (3, 0), (1, 2))
    )
    x_px = np.empty(len(piece.onset_s))
    for onset, (page, (x, y)) in enumerate(zip(piece.onset_page, piece.onset_place, strict=True)):
        lean = (right[:, 1] - left[:, 1]) * (x - top[:, 0]) / (right[:, 0] - left[:, 0])
        inside = np.flatnonzero((picture == page) & (top[:, 1] + lean < y) & (y < bottom[:, 1] + lean))
        if len(inside) != 1:
            raise PieceError(f"onset {onset + 1} is in {len(inside)} of the systems that were read, not in one")
        system = inside[0]
        along = (x - left[system, 0]) / (right[system, 0] - left[system, 0])
        x_px[onset] = np.interp(along, (0.0, 1.0), (systems.strip_left_px[system], systems.strip_right_px[system]))
    if np.any(np.diff(x_px) < 0):
        raise PieceError("the onsets go back on the strip that was read: its systems are in another order")
    return x_px


def measure_following(
    piece: BundledPiece, following: Following, *, score: Score, onset_x_px: NDArray[np.float64], rules: GameConfig
) -> dict[str, Any]:
    """Measure a following of a bundled piece as an evaluation would: see `standpartner.evaluate.measures.measures`.

    Args:
        piece: The piece.
        following: Its recording, followed.
        score: The score that was followed.
        onset_x_px: (onsets,) The strip px of its onsets.
        rules: Their bound is that beyond which the agent counts as lost.
    """
    first = int(onset_frame(piece.onset_s[0]))
    x_px = np.array([position.strip_x_px for position in following.positions[first:]])
    target = target_x_px(np.arange(first, first + len(x_px)), piece.onset_s, onset_x_px=onset_x_px)
    lost = np.flatnonzero(is_lost(x_px - target, rules.bound_px))
    episode = Episode(
        name=score.title,
        onset_s=piece.onset_s,
        onset_x_px=onset_x_px,
        position_px=x_px,
        lost_frame=first + int(lost[0]) if len(lost) else None,
        system_left_px=score.systems.strip_left_px,
    )
    return evaluate_episodes([episode])


def true_positions(piece: BundledPiece, onset_x_px: NDArray[np.float64], *, frames: int) -> NDArray[np.float64]:
    """Tell where the music of a bundled recording is on the strip in each of its frames.

    Args:
        piece: The piece.
        onset_x_px: (onsets,) The strip px of its onsets.
        frames: The number of frames from the recording's beginning.

    Returns:
        (frames,) strip px.
    """
    return np.asarray(target_x_px(np.arange(frames), piece.onset_s, onset_x_px=onset_x_px))
