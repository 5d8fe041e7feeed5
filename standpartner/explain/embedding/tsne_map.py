"""Maps embeddings by t-SNE (scikit-learn) and draws the map in six colourings."""

import warnings
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from standpartner.agent.bundle import Floats
from standpartner.errors import ConfigError, OutputError
from standpartner.explain.embedding.points import Points

_COMPONENTS: Final = 50  # the number of principal components that t-SNE sees
_PERPLEXITY: Final = 30.0
COLOURINGS: Final = {
    "value": "value (what the agent expects)",
    "place": "place in piece (0 first onset, 1 last)",
    "system_px": "distance to nearest system start, strip px",
    "error_cm": "tracking error, cm (position minus truth)",
    "speed": "reading speed, strip px a frame",
    "onsets": "onsets in view",
}


def place_on_map(embedding: Floats, *, seed: int) -> npt.NDArray[np.float64]:
    """Place embeddings on a plane so that neighbours stay neighbours.

    Args:
        embedding: The embeddings, (N, size), at least 4.
        seed: The seed. On one machine the same seed gives the same map.

    Returns:
        The places, (N, 2).

    Raises:
        ConfigError: There are too few embeddings.
    """
    if len(embedding) < 4:
        raise ConfigError(f"a map needs at least 4 frames, got {len(embedding)}; give more pieces or points")
    components = min(_COMPONENTS, *embedding.shape)
    reduced = PCA(components, random_state=seed).fit_transform(embedding)
    perplexity = min(_PERPLEXITY, (len(embedding) - 1) / 3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of empty distances between equal points
        return np.asarray(TSNE(perplexity=perplexity, init="pca", random_state=seed).fit_transform(reduced), np.float64)


def draw_map(places: npt.NDArray[np.float64], points: Points, *, title: str, paths: list[Path]) -> None:
    """Draw the map in all colourings.

    Args:
        places: The places on the map, (N, 2).
        points: The N points at these places.
        title: The title of the picture.
        paths: The files to write, PNG or SVG by their names.

    Raises:
        OutputError: A file cannot be written.
    """
    figure = Figure(figsize=(13, 8.5), layout="constrained")
    for axes, (name, label) in zip(figure.subplots(2, 3).flat, COLOURINGS.items(), strict=True):
        low, high, colours = colour_range(name, getattr(points, name))
        drawn = axes.scatter(
            *places.T, c=getattr(points, name), s=4, cmap=colours, vmin=low, vmax=high, linewidths=0, rasterized=True
        )
        figure.colorbar(drawn, ax=axes, shrink=0.9, extend="both")
        axes.set(title=label, xticks=(), yticks=())
        axes.title.set_fontsize(10)
    figure.suptitle(title)
    try:
        for path in paths:
            figure.savefig(path, dpi=100)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error}; choose another folder") from error


def colour_range(name: str, values: npt.NDArray[np.floating]) -> tuple[float, float, str]:
    """Return the lowest and highest value of a colouring without the outermost 2 %, and the name of its colours."""
    low, high = (float(end) for end in np.percentile(values, (2, 98)))
    if name == "error_cm":
        most = max(abs(low), abs(high), 1e-6)
        return -most, most, "PuOr_r"
    return low, max(high, low + 1e-6), "cividis"
