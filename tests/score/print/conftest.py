"""Pages whose truth is known: the bundled score as engraved, as pictures and as PDF."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PilImage

from standpartner.score import Score


@pytest.fixture(scope="session")
def first_page(menuet: Score) -> np.ndarray:
    """The first engraved page: 6 systems of one staff."""
    return menuet.pages[0]


@pytest.fixture(scope="session")
def menuet_pdf(menuet: Score, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The engraved pages as a PDF of pictures."""
    path = tmp_path_factory.mktemp("print") / "menuet.pdf"
    first, *others = [PilImage.fromarray(page) for page in menuet.pages]
    first.save(path, save_all=True, append_images=others, resolution=100)
    return path
