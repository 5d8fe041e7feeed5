"""Reads notation files that were damaged at random, and tells whether the reader keeps its promises.

usage: python benchmarks/fuzz_notation.py FOLDER... [--count N] [--seed N]

FOLDER is a folder of whole notation files. Each damaged file must give a score or one sentence within the time limit,
and the reading process must neither end nor grow beyond its limit. What fails is kept in the folder `--keep`.
"""

import argparse
import random
import re
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

from standpartner.errors import ScoreError
from standpartner.score import Score, read_scores
from standpartner.score.notation.text import FORMATS

TIME_LIMIT_S: Final = 20.0
_SLACK_S: Final = 10.0  # to start the next child after one was ended
_TOKENS: Final = (
    *(b"\x00", b"\xff\xfe", b"<", b"</note>", b"<chord/>", b"<!--", b"]]>", b"&amp;", b"-1", b"999999999", b"1/0"),
    *(b"[", b"]", b"(3", b"{", b"|:", b"::", b"V:2\n", b"K:\n", b"&", b"\n\n"),
    *(b"*^\t", b"*v\t*v\n", b"=\t=\n", b"**kern\t", b"*-\n", b"\t"),
)
Mutation = Callable[[bytes, random.Random], bytes]


def main() -> int:
    """Damage, read and count; the exit code is 1 if a promise was broken."""
    parser = argparse.ArgumentParser(description="read damaged notation files")
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="a folder for the files that break a promise")
    args = parser.parse_args()
    whole = sorted({path for folder in args.folders for path in folder.rglob("*") if path.suffix.lower() in FORMATS})
    if not whole:
        sys.exit(f"There are no notation files in {', '.join(map(str, args.folders))}.")
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        paths = [
            damage(whole, Path(folder), number=number, rng=random.Random(f"{args.seed}-{number}"))
            for number in range(args.count)
        ]
        before_s = time.perf_counter()
        for path, result in zip(paths, read_scores(paths, time_limit_s=TIME_LIMIT_S), strict=True):
            now_s = time.perf_counter()
            verdict = judge(result, now_s - before_s)
            before_s = now_s
            counts[verdict] += 1
            if verdict.startswith("BROKEN"):
                print(f"{verdict} {path.name}: {result if isinstance(result, Exception) else ''}")
                if args.keep:
                    args.keep.mkdir(parents=True, exist_ok=True)
                    (args.keep / path.name).write_bytes(path.read_bytes())
    peak_mib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(dict(sorted(counts.items())))
    print(f"{args.count} files; the largest child had {peak_mib:.0f} MiB")
    return int(any(verdict.startswith("BROKEN") for verdict in counts))


def damage(whole: list[Path], folder: Path, *, number: int, rng: random.Random) -> Path:
    """Write a copy of one of the whole files with one to four mutations, and return its path."""
    source = rng.choice(whole)
    data = source.read_bytes()
    for _ in range(rng.randint(1, 4)):
        data = rng.choice(MUTATIONS)(data, rng)
    path = folder / f"{number:04d}{source.suffix}"
    path.write_bytes(data)
    return path


def judge(result: Score | Exception, took_s: float) -> str:
    """Tell how a reading ended; broken promises begin with BROKEN."""
    if took_s > TIME_LIMIT_S + _SLACK_S:
        return "BROKEN: took too long"
    if isinstance(result, Score):
        return "read"
    text = str(result)
    if not isinstance(result, ScoreError) or "\n" in text.strip() or "Traceback" in text:
        return "BROKEN: not one sentence"
    if "please report" in text:
        return "BROKEN: an error that is not foreseen"
    if "broke off" in text:
        return "the engraver broke off, said in a sentence"
    return "ended by its limit, said in a sentence" if "raise the time limit" in text else "refused"


def _flip(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        if changed:
            changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def _span(data: bytes, rng: random.Random) -> tuple[int, int]:
    start = rng.randrange(len(data) + 1)
    return start, min(len(data), start + rng.choice((1, 4, 30, 300)))


def _delete(data: bytes, rng: random.Random) -> bytes:
    start, end = _span(data, rng)
    return data[:start] + data[end:]


def _repeat(data: bytes, rng: random.Random) -> bytes:
    start, end = _span(data, rng)
    return data[:end] + data[start:end] * rng.choice((1, 2, 40)) + data[end:]


def _move(data: bytes, rng: random.Random) -> bytes:
    start, end = _span(data, rng)
    rest = data[:start] + data[end:]
    at = rng.randrange(len(rest) + 1)
    return rest[:at] + data[start:end] + rest[at:]


def _cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _insert(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice(_TOKENS) * rng.choice((1, 1, 3)) + data[at:]


def _renumber(data: bytes, rng: random.Random) -> bytes:
    found = list(re.finditer(rb"\d+", data))
    if not found:
        return data
    number = rng.choice(found)
    new = rng.choice((b"0", b"-1", b"7", b"128", b"100000", b"99999999999999999999", b"1e9", b"nan"))
    return data[: number.start()] + new + data[number.end() :]


def _shuffle_lines(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    first, second = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    return b"\n".join(lines)


MUTATIONS: Final[tuple[Mutation, ...]] = (_flip, _delete, _repeat, _move, _cut, _insert, _renumber, _shuffle_lines)


if __name__ == "__main__":
    sys.exit(main())
