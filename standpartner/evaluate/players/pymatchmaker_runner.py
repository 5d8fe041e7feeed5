"""Runs pymatchmaker's online time warping in a Python of its own without standpartner: python THIS FOLDER.

Follows every ``job-*.npz`` of the folder (``reference`` and ``performance``, mono float32 samples, and their
``sample_rate_hz``) and writes ``path-*.npy`` beside it: float64 (2, n), second of the performance and second of the
reference at which the follower then was. See `standpartner.evaluate.players.online_time_warping`.

The follower is fed frame by frame as pymatchmaker's own stream feeds it, with its own settings for audio: chroma of
two hops, 30 hops a second, W. Arzt's online time warping.
"""

import sys
from pathlib import Path

sys.modules["fluidsynth"] = None  # type: ignore[assignment]  # with it, partitura fetches a soundfont when imported

import numpy as np
from matchmaker.dp import OnlineTimeWarpingArztFrame
from matchmaker.features.audio import FRAME_RATE, ChromagramProcessor
from matchmaker.matchmaker import DEFAULT_KWARGS


def follow(reference: np.ndarray, performance: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    """Return the seconds of the performance and of the reference, (2, n), until the reference's end is reached."""
    hop = sample_rate_hz // FRAME_RATE
    features = ChromagramProcessor(sample_rate=sample_rate_hz, hop_length=hop)
    expected, _ = features((reference, 0.0))
    reference_s = np.arange(len(expected)) * hop / sample_rate_hz
    follower = OnlineTimeWarpingArztFrame(
        reference_features=expected,
        score_positions=reference_s,
        ref_frame_to_beat=reference_s,
        frame_rate=sample_rate_hz / hop,
        **DEFAULT_KWARGS["audio"]["arzt"],
    )
    path = []
    for start in range(0, len(performance) - 2 * hop + 1, hop):
        heard, time_s = features((performance[start : start + 2 * hop], start / sample_rate_hz))
        path.append((time_s, follower(heard, time_s)))
        if not follower.is_still_following():
            break
    return np.array(path, dtype=np.float64).reshape(-1, 2).T


def main() -> None:
    """Follow all jobs of the folder that is named on the command line."""
    for job in sorted(Path(sys.argv[1]).glob("job-*.npz")):
        with np.load(job, allow_pickle=False) as arrays:
            path = follow(arrays["reference"], arrays["performance"], int(arrays["sample_rate_hz"]))
        np.save(job.with_name(job.stem.replace("job", "path") + ".npy"), path)


if __name__ == "__main__":
    main()
