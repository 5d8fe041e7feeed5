"""Compares the onsets of notation files with those that independent readers find.

usage: python benchmarks/independent_onsets.py --reader NAME=PYTHON... FOLDER... [--most N] [--seed N]

NAME is music21 or partitura, PYTHON an interpreter that has it, FOLDER a folder of notation files, such as the reader's
own test data in its installed package. Files count as comparable if a reader and we read them, they have at most four
staves, and a single tune and movement. A file agrees if at least 95 % of its notes have their onset and pitch in ours
and in one of the readers; times count from the first note.
"""

import argparse
import json
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Final

from standpartner.score import MusicChoice, Score, read_scores
from standpartner.score.notation.text import FORMATS

AGREEING: Final = 0.95  # of the notes of a file
LARGEST_BYTES: Final = 300_000  # larger files would take the other reader minutes
_STEPS: Final = 48  # a quarter is divided into these to compare times


def main() -> int:
    """Compare, print a line for each file that differs, and the share of files that agree."""
    parser = argparse.ArgumentParser(description="compare onsets with independent readers")
    parser.add_argument("--reader", action="append", required=True, metavar="NAME=PYTHON")
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--most", type=int, default=400, help="the most files that are compared, drawn by the seed")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    paths = _choose(args.folders, args.most, args.seed)
    others = [_ask(name, python, paths) for name, _, python in (each.partition("=") for each in args.reader)]
    counts: Counter[str] = Counter()
    scores = read_scores(paths, max_pages=200, choice=MusicChoice(part="all"))
    for path, score in zip(paths, scores, strict=True):
        found = [answers[str(path)]["notes"] for answers in others if answers.get(str(path), {}).get("notes")]
        counts[_compare(path, score, found)] += 1
    comparable = counts["agrees"] + counts["differs"]
    print(dict(counts))
    print(f"{counts['agrees']} of {comparable} comparable files agree: {counts['agrees'] / max(1, comparable):.1%}")
    return 0


def _choose(folders: list[Path], most: int, seed: int) -> list[Path]:
    found = sorted({path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in FORMATS})
    found = [path for path in found if path.stat().st_size <= LARGEST_BYTES and not _is_collection(path)]
    if not found:
        sys.exit(f"There are no notation files in {', '.join(map(str, folders))}.")
    return sorted(random.Random(seed).sample(found, min(most, len(found))))


def _is_collection(path: Path) -> bool:
    return path.suffix.lower() == ".abc" and path.read_bytes().count(b"\nX:") > 0


def _ask(reader: str, python: str, paths: list[Path]) -> dict[str, dict]:
    script = Path(__file__).with_name("independent_reader.py")
    run = subprocess.run(
        [python, str(script), reader],
        input="\n".join(map(str, paths)),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    answers = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    return {answer["path"]: answer for answer in answers}


def _compare(path: Path, score: Score | Exception, found: list[list[list[float]]]) -> str:
    if not found:
        return "read by no other"
    if not isinstance(score, Score):
        print(f"refused {path}: {score}")
        return "refused"
    selection = score.notation.selection
    if selection.staves_left_out or len(selection.movements) > 1:
        return "more than four staves or one movement"
    notes = score.notes
    own = [
        (quarter, pitch)
        for quarter, pitch, grace in zip(
            notes.quarter.tolist(), notes.pitch.tolist(), notes.grace.tolist(), strict=True
        )
        if not grace
    ]
    share = max(_agreement(own, [(quarter, int(pitch)) for quarter, pitch in notes]) for notes in found)
    if share < AGREEING:
        print(f"differs {share:.2f} {path}: {len(own)} notes, the others {[len(notes) for notes in found]}")
    return "agrees" if share >= AGREEING else "differs"


def _agreement(own: list[tuple[float, int]], other: list[tuple[float, int]]) -> float:
    """Return the share of notes that both have, of the longer list; a note of two voices counts once."""
    first, second = (_from_first(notes) for notes in (own, other))
    return len(first & second) / max(len(first), len(second), 1)


def _from_first(notes: list[tuple[float, int]]) -> set[tuple[int, int]]:
    start = min((quarter for quarter, _ in notes), default=0.0)
    return {(round((quarter - start) * _STEPS), pitch) for quarter, pitch in notes}


if __name__ == "__main__":
    sys.exit(main())
