"""Settings of the forward filter, tried on the validation split: python benchmarks/tune_filter.py [AGENT] [PIECES].

Prints a Markdown table, best first. The best line is what FilterConfig holds.
"""

import itertools
import sys

from standpartner.agent.bundle import load_agent
from standpartner.agent.find import DEFAULT_AGENT
from standpartner.corpus.store import open_corpus
from standpartner.evaluate.measures.measures import evaluate_episodes
from standpartner.evaluate.players.forward_filter import FilterConfig, filter_episodes
from standpartner.game.encoded import EncodedTracks
from standpartner.game.rules import NOTTINGHAM

SPREADS, JUMPS, TRUSTS, FLOORS = (0.2, 0.4, 0.8), (0.0, 0.002), (0.4, 0.8), (0.003, 0.01)


def main() -> None:
    agent = sys.argv[1] if len(sys.argv) > 1 else DEFAULT_AGENT
    limit = int(sys.argv[2]) if len(sys.argv) > 2 else 30
    tracks = [track for piece in open_corpus("nottingham").pieces("valid", limit=limit) for track in piece.tracks()]
    encoded = EncodedTracks(load_agent(agent), tracks)
    rows = []
    for spread, jump, trust, floor in itertools.product(SPREADS, JUMPS, TRUSTS, FLOORS):
        config = FilterConfig(speed_spread_px=spread, jump=jump, trust=trust, floor=floor)
        report = evaluate_episodes(filter_episodes(encoded, tracks, game=NOTTINGHAM, config=config))
        rows.append((report["r_on"], report["r_tue"], report["error_cm_mean"], spread, jump, trust, floor))
    print("| R_on | R_tue | error cm | speed spread px | jump | trust | floor |\n|---|---|---|---|---|---|---|")
    for row in sorted(rows, reverse=True):
        print("| " + " | ".join(f"{value:.3f}" for value in row) + " |")


if __name__ == "__main__":
    main()
