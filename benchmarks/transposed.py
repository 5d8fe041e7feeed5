"""Whether an agent reads keys: how well its search finds music in the score when the sound is moved by semitones.

    python benchmarks/transposed.py AGENT... [--corpus asap] [--split valid] [--seconds 120]

A band of the spectrogram is a semitone wide, so a sound is transposed by moving its bands. An agent that knows what the
notes mean finds music best as it is played. One that does not see the key signature finds music in A flat major best
when it sounds in A major, whose notes stand on the same lines.

A number is the share of frames whose most probable column in the whole score, by this frame's embedding alone, is
within 48 strip px of the truth. Of each piece the first performance is heard, in a room.
"""

import argparse

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.bundle import Agent, load_agent
from standpartner.agent.config import COLUMN_STRIDE_PX
from standpartner.agent.listening import hear_recording
from standpartner.constants import FRAME_RATE_HZ
from standpartner.corpus.store import open_corpus
from standpartner.evaluate.sound import piece_in_setting
from standpartner.follow.search import SearchConfig
from standpartner.game.tracks import Track
from standpartner.hear import transposed

SEMITONES = (-3, -2, -1, 0, 1, 2, 3)
EVERY_FRAMES = 10


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("agents", nargs="+", help="names or folders")
    parser.add_argument("--corpus", default="asap")
    parser.add_argument("--split", choices=("valid", "train"), default="valid")
    parser.add_argument("--seconds", type=float, default=120.0, help="of each piece")
    options = parser.parse_args()
    agents = {name: load_agent(name) for name in options.agents}
    print("| piece | agent |", *(f" {semitones:+d} |" for semitones in SEMITONES), sep="")
    print("|---|---|" + "---:|" * len(SEMITONES))
    found: dict[str, list[list[float]]] = {name: [] for name in agents}
    for piece in open_corpus(options.corpus).pieces(options.split):
        track = piece_in_setting(piece, "room").tracks()[0]
        for name, agent in agents.items():
            found[name].append(shares_found(agent, track, seconds=options.seconds))
            show(piece.name, name, found[name][-1])
    for name, rows in found.items():
        show("mean", name, np.mean(rows, axis=0))


def show(piece: str, agent: str, shares: list[float] | NDArray[np.float64]) -> None:
    """Print a row."""
    print(f"| {piece} | `{agent}` |", *(f" {share:.2f} |" for share in shares), sep="", flush=True)


def shares_found(agent: Agent, track: Track, *, seconds: float) -> list[float]:
    """Return the share of frames of the first seconds that are found in the whole score, for each of ``SEMITONES``."""
    stop = min(track.last_frame, track.first_frame + round(seconds * FRAME_RATE_HZ))
    keys = agent.search_keys(agent.read(track.strip))
    frames = np.arange(track.first_frame, stop, EVERY_FRAMES)
    shares = []
    for semitones in SEMITONES:
        embeddings, _ = hear_recording(agent, transposed(track.spectrogram[:stop], semitones))
        column = np.array([agent.search(keys, embeddings[[frame]]).argmax() for frame in frames])
        error_px = (column + 0.5) * COLUMN_STRIDE_PX - track.targets_at(frames)
        shares.append(float((np.abs(error_px) <= SearchConfig().reach_px).mean()))
    return shares


if __name__ == "__main__":
    main()
