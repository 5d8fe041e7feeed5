"""How pages are turned over whole pieces played by people: turns in time, early and late, and false ones an hour.

    python benchmarks/page_turns.py [--corpus asap] [--split valid] [--lead 0.5] [--pieces N]

Each performance of the split is followed as `standpartner serve` does, from its first note to its last. A turn ahead is
in time if the music was then on the last system of the page before; it is early if it was before that, late if
it was on the next page already, and false if the page that was turned to was neither. A turn that
mends a false one is counted as a mended one. A page whose end was played through without a turn is missed.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from standpartner.agent.bundle import Agent, load_agent
from standpartner.agent.find import DEFAULT_AGENT
from standpartner.agent.listening import hear_recording
from standpartner.constants import FRAME_RATE_HZ
from standpartner.corpus.store import open_corpus
from standpartner.follow import FollowerConfig
from standpartner.follow.position import FramePosition, place_all
from standpartner.follow.pursuit import Pursuit
from standpartner.game.tracks import Track
from standpartner.live.sessions.turns import TurnConfig, TurnPlanner
from standpartner.piece import Piece
from standpartner.score import Score

KINDS = ("in time", "early", "late", "false", "missed")


@dataclass
class Turned:
    """The turns of one performance.

    Attributes:
        kinds: How many turns there were of each kind.
        hours: The length of the performance in hours.
        lead_s: The seconds from each turn in time to the end of the page.
    """

    kinds: Counter[str]
    hours: float
    lead_s: list[float]


def positions(agent: Agent, track: Track, score: Score) -> Iterator[tuple[int, FramePosition]]:
    """Follow a performance; yield each frame and its position, with doubt as a follower tells it."""
    settings = FollowerConfig()
    embeddings = hear_recording(agent, track.spectrogram[: track.last_frame + 1])[0][track.first_frame :]
    pursuit = Pursuit(agent, agent.read(track.strip), width_px=score.width_px, start_px=float(track.onset_x_px[0]))
    below, lost = 0, False
    for number in range(len(embeddings)):
        step = pursuit.step(embeddings[number : number + 1])
        confidence = pursuit.confidence
        below = below + 1 if confidence < settings.lost_below else 0
        if below >= settings.lost_after_s * FRAME_RATE_HZ:
            lost = True
        elif confidence >= settings.found_above:
            lost = False
        frame = track.first_frame + number
        yield frame, FramePosition(frame, step.position_px, confidence, lost, jumped_from_px=step.jumped_from_px)


def turns_of(agent: Agent, score: Score, track: Track, config: TurnConfig) -> Turned:
    """Follow a performance and judge its page turns by the truth."""
    planner = TurnPlanner(score, config=config)
    told = list(positions(agent, track, score))
    places = place_all(score, [position for _, position in told])
    true_px = track.targets[[frame for frame, _ in told]]
    true_page = score.place(true_px).page + 1
    true_system = score.place(true_px).system
    last_system = {int(page) + 1: int(np.flatnonzero(score.systems.page == page)[-1]) for page in score.systems.page}
    kinds: Counter[str] = Counter()
    lead_s: list[float] = []
    turned = {1}
    for index, position in enumerate(places):
        turn = planner.take(position)
        if turn is None or (turn.reason == "arrived" and turn.page in turned):
            continue
        page, system = int(true_page[index]), int(true_system[index])
        if turn.page == page + 1 and turn.page not in turned:
            kinds["in time" if system == last_system[page] else "early"] += 1
            if system == last_system[page]:
                lead_s.append(float(np.argmax(true_page >= turn.page) - index) / FRAME_RATE_HZ)
        elif turn.page == page:
            kinds["late" if turn.page not in turned else "mended"] += 1
        else:
            kinds["false"] += 1
            continue
        turned.add(turn.page)
    kinds["missed"] = len(set(true_page.tolist()) - turned)
    return Turned(kinds, len(told) / FRAME_RATE_HZ / 3600, lead_s)


def report(name: str, turned: list[Turned]) -> str:
    """A row of the table."""
    total: Counter[str] = sum((one.kinds for one in turned), Counter())
    hours = sum(one.hours for one in turned)
    due = sum(total[kind] for kind in ("in time", "early", "late", "missed"))
    share = 100 * total["in time"] / due if due else float("nan")
    lead = np.median([lead for one in turned for lead in one.lead_s] or [np.nan])
    cells = [f"{total[kind]}" for kind in ("in time", "early", "late", "missed")]
    return (
        f"| {name} | {60 * hours:.0f} | {due} | {share:.0f} % | {' | '.join(cells[1:])} | "
        f"{total['false'] / hours:.1f} | {lead:.1f} |"
    )


def several_pages(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """The pieces that have a page to turn."""
    return (piece for piece in pieces if len(piece.score.pages) > 1)


def main() -> None:
    """Print a Markdown table: a row for each piece, and one for all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", default="asap")
    parser.add_argument("--split", default="valid", choices=("train", "valid"))
    parser.add_argument("--lead", type=float, default=TurnConfig().lead_systems)
    parser.add_argument("--pieces", type=int)
    arguments = parser.parse_args()
    config = TurnConfig(lead_systems=arguments.lead)
    print("| piece | minutes | turns due | in time | early | late | missed | false an hour | seconds ahead |")
    print("|---|---|---|---|---|---|---|---|---|")
    every: list[Turned] = []
    corpus, agent = open_corpus(arguments.corpus), load_agent(DEFAULT_AGENT)
    for piece in several_pages(corpus.pieces(arguments.split, limit=arguments.pieces)):
        turned = [turns_of(agent, piece.score, track, config) for track in piece.tracks()]
        every += turned
        print(report(piece.name, turned), flush=True)
    print(report("all", every))


if __name__ == "__main__":
    main()
