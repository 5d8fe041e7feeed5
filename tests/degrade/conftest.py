from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest

from standpartner.degrade import old_print_style
from standpartner.score import Score, read_score

MEASURES = 16
TREBLE = ("8ddL\n8eeJ\n4ff\n4gg", "4aa\n8ggL\n8ffJ\n4ee", "4dd\n4cc#\n8ddL\n8eeJ", "2ff\n4ee")
BASS = ("4D\n4A\n4d", "4A\n4c#\n4e", "4B-\n4G\n4g", "4A\n2AA")


def kern() -> Iterator[str]:
    """Lines of a piece on two staves; eighths of one staff stand against rests of tokens on the other."""
    yield from ("**kern\t**kern", "*clefF4\t*clefG2", "*k[b-]\t*k[b-]", "*M3/4\t*M3/4")
    for measure in range(MEASURES):
        yield f"={measure + 1}\t={measure + 1}"
        yield from rows(BASS[measure % 4].split(), TREBLE[measure % 4].split())
    yield from ("==\t==", "*-\t*-")


def rows(bass: list[str], treble: list[str]) -> Iterator[str]:
    """Tokens of a measure by their time, in eighths."""
    starts = [{}, {}]
    for start, tokens in zip(starts, (bass, treble), strict=True):
        at = 0
        for token in tokens:
            start[at] = token
            at += 8 // int(token[0])
    for at in sorted(starts[0].keys() | starts[1].keys()):
        yield "\t".join(start.get(at, ".") for start in starts)


@pytest.fixture(scope="session")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Score:
    """Sixteen measures on two staves, engraved with heavy lines in narrow systems."""
    path = tmp_path_factory.mktemp("printed") / "two-staves.krn"
    path.write_text("\n".join(kern()) + "\n")
    return read_score(path, style=replace(old_print_style(3), line_spaces=60, page_scale=2))


@pytest.fixture(scope="session")
def dots() -> tuple[np.ndarray, np.ndarray]:
    """A page of round dots and their centres, (n, 2) x and y in px."""
    centres = np.stack(np.meshgrid(np.arange(60, 590, 132), np.arange(70, 830, 126)), axis=-1).reshape(-1, 2)
    page = np.full((840, 600), 255, np.uint8)
    for x, y in centres:
        cv2.circle(page, (int(x), int(y)), 6, 0, -1)
    return page, centres + 0.5
