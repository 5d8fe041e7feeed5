from pathlib import Path

import pytest

from standpartner.score import Score, read_scores

DATA = Path(__file__).parent / "data"
NAMES = ("piano.musicxml", "tune.abc", "voices.krn", "small.mei")


@pytest.fixture(scope="session")
def scores() -> dict[str, Score]:
    """Every sample, engraved once in one child process."""
    results = dict(zip(NAMES, read_scores([DATA / name for name in NAMES]), strict=True))
    for name, result in results.items():
        assert isinstance(result, Score), f"{name}: {result}"
    return results


@pytest.fixture(scope="session")
def piano(scores: dict[str, Score]) -> Score:
    return scores["piano.musicxml"]


@pytest.fixture(scope="session")
def tune(scores: dict[str, Score]) -> Score:
    return scores["tune.abc"]
