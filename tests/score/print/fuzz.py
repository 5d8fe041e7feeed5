"""Mutated PDFs and pictures, read in child processes with limits: each must be read or refused in one sentence.

    python -m tests.score.print.fuzz --files 3000 --whole 300

The same seed gives the same files. Files are read by the function that `read_print` calls, with its limits, many by one
child; every so-manieth goes through `read_print` itself, which starts a child of its own.
"""

import argparse
import io
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
from PIL import Image as PilImage

from standpartner.demo.bundled import load_canon
from standpartner.errors import MemoryLimitError, ScoreError, TimeLimitError
from standpartner.score import PrintOptions, read_print
from standpartner.score.print.files import open_pages
from standpartner.score.print.read import MEMORY_BYTES, READ_FILE
from standpartner.support.children import Limits, calls_apart

TIME_LIMIT_S = 60.0
HUGE = (0, 1, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFF)
BATCH = 50
Mutation = Callable[[bytes, np.random.Generator, list[bytes]], bytes]


def base_files() -> dict[str, bytes]:
    """Whole files of every kind that show one system of the bundled scan, by the ends of their names."""
    with closing(open_pages(load_canon().score, max_pages=60)) as pages:  # type: ignore[type-var]
        first = next(pages)
        page = first.draw(1_000 / first.size[0])
    picture = PilImage.fromarray(page[150:400])
    deep = PilImage.fromarray(np.asarray(picture).astype(np.uint16) * 257)
    colour = picture.convert("RGB")
    undated = {"creationDate": time.gmtime(0), "modDate": time.gmtime(0)}  # so that the same seed gives the same files
    ways: dict[str, tuple[PilImage.Image, dict]] = {
        "grey.png": (picture, {}),
        "bit.png": (picture.convert("1"), {}),
        "deep.png": (deep, {}),
        "alpha.png": (picture.convert("RGBA"), {}),
        "palette.png": (colour.quantize(16), {}),
        "grey.jpg": (picture, {}),
        "cmyk.jpg": (colour.convert("CMYK"), {}),
        "progressive.jpg": (colour, {"progressive": True}),
        "fax.tif": (picture.convert("1"), {"compression": "group4"}),
        "packed.tif": (colour, {"compression": "tiff_lzw"}),
        "float.tif": (picture.convert("F"), {}),
        "frames.tif": (picture, {"save_all": True, "append_images": [picture]}),
        "grey.webp": (picture, {}),
        "whole.webp": (colour, {"lossless": True}),
        "grey.bmp": (picture, {}),
        "picture.pdf": (picture, {"resolution": 100} | undated),
        "pages.pdf": (picture.convert("1"), {"save_all": True, "append_images": [picture]} | undated),
    }
    kinds = {"jpg": "JPEG", "tif": "TIFF"}
    files = {}
    for name, (image, options) in ways.items():
        data = io.BytesIO()
        ending = name.split(".")[1]
        image.save(data, format=kinds.get(ending, ending.upper()), **options)
        files[name] = data.getvalue()
    return files


def flip_bits(data: bytes, rng: np.random.Generator, _: list[bytes]) -> bytes:
    """Flip some bits, most of them near the beginning in half of the files."""
    changed = bytearray(data)
    end = len(data) if rng.random() < 0.5 else min(len(data), 400)
    for at in rng.integers(0, end, rng.integers(1, 40)):
        changed[at] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def cut_off(data: bytes, rng: np.random.Generator, _: list[bytes]) -> bytes:
    """Keep the beginning."""
    return data[: int(rng.integers(0, len(data)))]


def drop_part(data: bytes, rng: np.random.Generator, _: list[bytes]) -> bytes:
    """Leave out a part, or double it."""
    first, last = sorted(rng.integers(0, len(data), 2))
    return data[:first] + data[last:] if rng.random() < 0.5 else data[:last] + data[first:]


def splice(data: bytes, rng: np.random.Generator, others: list[bytes]) -> bytes:
    """Begin as another file does."""
    other = others[int(rng.integers(len(others)))]
    return other[: int(rng.integers(4, 200))] + data[int(rng.integers(0, 200)) :]


def set_huge(data: bytes, rng: np.random.Generator, _: list[bytes]) -> bytes:
    """Put numbers that are huge or nothing where headers hold sizes."""
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 4))):
        size = int(rng.choice((2, 4)))
        value = HUGE[int(rng.integers(len(HUGE)))] % (1 << 8 * size)
        at = int(rng.integers(4, min(len(data) - 8, 300)))
        changed[at : at + size] = value.to_bytes(size, str(rng.choice(("big", "little"))))  # type: ignore[arg-type]
    return bytes(changed)


def change_numbers(data: bytes, rng: np.random.Generator, _: list[bytes]) -> bytes:
    """Change numbers that are written in decimal, as in PDF: sizes, counts, references, offsets."""
    found = list(re.finditer(rb"\d+", data[:2_000] + data[-1_500:]))
    if not found:
        return set_huge(data, rng, [])
    texts = {found[int(k)].group() for k in rng.integers(0, len(found), rng.integers(1, 5))}
    for text in texts:
        new = str(int(rng.choice((0, -1, 1, 7, 99_999, 2**31, 2**40)))).encode()
        data = data.replace(text, new, int(rng.integers(1, 4)))
    return data


MUTATIONS: tuple[Mutation, ...] = (flip_bits, cut_off, drop_part, splice, set_huge, change_numbers)


def mutated_files(count: int, seed: int, *, first: int = 0) -> Iterator[tuple[str, bytes]]:
    """Yield files from some number on: the name tells the kind they claim to be, now and then a wrong one."""
    bases = base_files()
    names, whole = list(bases), list(bases.values())
    for number in range(first, first + count):
        rng = np.random.default_rng((seed, number))
        name = names[int(rng.integers(len(names)))]
        data = bases[name]
        for _ in range(int(rng.integers(1, 3))):
            data = MUTATIONS[int(rng.integers(len(MUTATIONS)))](data, rng, whole) if data else data
        ending = name if rng.random() < 0.95 else names[int(rng.integers(len(names)))]
        yield f"{number}-{ending}", data


def is_sentence(words: str) -> bool:
    """Whether words for a user are one line that says what to do and show nothing of the program."""
    return words.endswith(".") and "\n" not in words and "Traceback" not in words and ", line " not in words


def read_all(files: Iterator[tuple[str, bytes]], *, whole_every: int) -> tuple[Counter[str], list[str]]:
    """Read files; count what became of them, and list what must not be."""
    outcomes: Counter[str] = Counter()
    faults: list[str] = []
    batch: list[Path] = []
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, data) in enumerate(files):
            path = Path(folder) / name
            path.write_bytes(data)
            if number % whole_every == 0:
                _note(_read_whole(path), path, outcomes, faults)
            else:
                batch.append(path)
            if len(batch) == BATCH:
                _read_batch(batch, outcomes, faults)
                batch = []
        _read_batch(batch, outcomes, faults)
    return outcomes, faults


def _read_whole(path: Path) -> object:
    try:
        return read_print([path], PrintOptions(time_limit_s=TIME_LIMIT_S)).score.title
    except Exception as error:
        return error


def _read_batch(batch: list[Path], outcomes: Counter[str], faults: list[str]) -> None:
    with tempfile.TemporaryDirectory() as target:
        calls = [{"path": str(path), "folder": target, "max_pages": 60} for path in batch]
        with closing(calls_apart(READ_FILE, calls, limits=Limits(TIME_LIMIT_S, MEMORY_BYTES))) as answers:
            for path, answer in zip(batch, answers, strict=True):
                _note(answer, path, outcomes, faults)
    for path in batch:
        path.unlink()


def _note(answer: object, path: Path, outcomes: Counter[str], faults: list[str]) -> None:
    if not isinstance(answer, Exception):
        outcomes["read"] += 1
    elif isinstance(answer, ScoreError) and is_sentence(str(answer)):
        outcomes["refused in a sentence"] += 1
    elif isinstance(answer, (MemoryLimitError, TimeLimitError)):  # read_print makes a sentence of it
        outcomes["stopped at a limit"] += 1
    else:
        outcomes[type(answer).__name__] += 1
        faults.append(f"{path.name}: {type(answer).__name__}: {answer}")


def main() -> None:
    """Read mutated files and print what became of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=3_000)
    parser.add_argument("--whole", type=int, default=300, help="files that read_print itself reads")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first file, to read a part of them")
    options = parser.parse_args()
    began_s = time.perf_counter()
    every = max(1, options.files // max(1, options.whole))
    outcomes, faults = read_all(mutated_files(options.files, options.seed, first=options.first), whole_every=every)
    took_s = time.perf_counter() - began_s
    lines = [*faults, f"{options.files} files in {took_s:.0f} s: {dict(outcomes)}"]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
