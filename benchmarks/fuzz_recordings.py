"""Recordings with random damage: each is read, or refused in one sentence, by a child that keeps to its limits.

    python benchmarks/fuzz_recordings.py [--count 3000] [--seed 0]

Bytes are changed, cut out, doubled, or the file is cut off. Prints how many were read whole, in part, and refused, the
slowest one, and the greatest memory of a child. Exit code 1 if any error was not of this package.
"""

import argparse
import importlib
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

from standpartner.errors import AudioError
from standpartner.hear import FileSource


def mutated(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the bytes with one to four random changes."""
    changed = bytearray(content)
    for _ in range(rng.integers(1, 5)):
        at = (
            int(rng.integers(len(changed) or 1))
            if rng.random() < 0.6
            else int(rng.integers(min(len(changed), 200) or 1))
        )
        length = int(2 ** rng.uniform(0, 10))
        kind = rng.integers(5)
        if kind == 0:
            changed[at : at + length] = rng.bytes(len(changed[at : at + length]))
        elif kind == 1:
            del changed[at : at + length]
        elif kind == 2:
            changed[at:at] = changed[at : at + length]
        elif kind == 3:
            changed[at : at + 4] = bytes([rng.choice([0, 0x7F, 0x80, 0xFF])] * len(changed[at : at + 4]))
        else:
            del changed[max(at, 16) :]
    return bytes(changed)


def outcome(path: Path) -> str:
    """Read a file and return how that went: whole, in part, refused, or the unexpected error."""
    try:
        source = FileSource(path)
        for _ in source:
            pass
    except AudioError as error:
        return "refused" if "\n" not in str(error) else f"more than a sentence: {error}"
    except Exception as error:  # what must not happen is what is looked for
        return f"{type(error).__name__}: {error}"
    return "whole" if source.remark is None else "in part"


def fuzz(originals: list[Path], folder: Path, *, count: int, seed: int) -> tuple[Counter[str], float]:
    """Read mutated files; return the counts of outcomes and the seconds of the slowest."""
    rng, outcomes, slowest_s = np.random.default_rng(seed), Counter[str](), 0.0
    for number in range(count):
        original = originals[number % len(originals)]
        path = folder / f"mutated{original.suffix}"
        path.write_bytes(mutated(original.read_bytes(), rng))
        start_s = time.monotonic()
        outcomes[outcome(path)] += 1
        slowest_s = max(slowest_s, time.monotonic() - start_s)
    return outcomes, slowest_s


def main() -> int:
    """Fuzz recordings in the formats of the tests."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "hear"))
    formats = importlib.import_module("test_formats")
    with tempfile.TemporaryDirectory() as folder:
        originals = [Path(folder, f"{number}.{kind.ending}") for number, kind in enumerate(formats.FORMATS)]
        for path, kind in zip(originals, formats.FORMATS, strict=True):
            formats.write(path, kind, formats.bursts())
        outcomes, slowest_s = fuzz(originals, Path(folder), count=options.count, seed=options.seed)
    memory_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(dict(outcomes), f"slowest {slowest_s:.1f} s, greatest child {memory_mb:.0f} MB")
    return int(bool(set(outcomes) - {"whole", "in part", "refused"}))


if __name__ == "__main__":
    sys.exit(main())
