from dataclasses import replace

import numpy as np
import pytest

from standpartner.degrade import old_print_style
from standpartner.score import Score, read_score

MUSIC = """X:1
T:Two staves
M:3/4
L:1/8
Q:1/4=100
%%score {1 2}
K:D
V:1
|: d2 ef ga | f4 e2 | d2 cd ed | c6 | A2 Bc de | f2 g2 a2 | b2 ag fe | d6 :|
|: f2 ga ba | g4 f2 | e2 de fe | d6 | c2 de fg | a2 f2 d2 | e2 dc Bc | d6 :|
V:2 clef=bass
|: D,2 A,2 D2 | A,4 C2 | B,2 G,2 G2 | A,6 | A,2 C2 E2 | D2 E2 F2 | G2 E2 A2 | D6 :|
|: D2 F2 D2 | E4 F2 | G2 E2 A2 | D6 | A,2 C2 E2 | F2 D2 B,2 | G,2 A,2 A,2 | D,6 :|
"""


@pytest.fixture(scope="session")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Score:
    """Sixteen measures on two staves, engraved with heavy lines in narrow systems."""
    path = tmp_path_factory.mktemp("printed") / "two.abc"
    path.write_text(MUSIC)
    return read_score(path, style=replace(old_print_style(3), line_spaces=60, page_scale=2))


@pytest.fixture(scope="session")
def dots() -> tuple[np.ndarray, np.ndarray]:
    """A page of round dots and their centres, (n, 2) x and y in px."""
    import cv2

    centres = np.stack(np.meshgrid(np.arange(60, 590, 132), np.arange(70, 830, 126)), axis=-1).reshape(-1, 2)
    page = np.full((840, 600), 255, np.uint8)
    for x, y in centres:
        cv2.circle(page, (int(x), int(y)), 6, 0, -1)
    return page, centres + 0.5
