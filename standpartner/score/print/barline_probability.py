"""How likely an upright stroke is a barline, by small networks that `tools/fit_barlines.py` fits.

A first network looks at the ink about the stroke on one staff. A second weighs what it said of each staff with how
the stroke runs through staves and gaps. Systems of one staff have a second network of their own: there a barline looks
much like a stem.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import numpy as np

from standpartner.score.print.arrays import Array
from standpartner.score.print.patch import SPACE_PX, Patch
from standpartner.score.print.strokes import Stroke

_CLEF_KEY_TIME: Final = 9.0  # spacings from the left end in which bars hardly end
_EDGE: Final = 1.5  # spacings from an end of the system within which a stroke is at that end
_MOST: Final = 30.0  # of a logit
_LEAST_STAFF: Final = -2  # which of all features is what the least sure staff says
_EVEN: Final = 2.0  # the logit of every staff above which a stroke with a broken gap is taken for a barline
_NOT_SURE: Final = 1.0  # the highest logit of such a stroke


@dataclass(frozen=True)
class Layers:
    """A network with one hidden layer: what scales its input, and weights and biases of both layers."""

    mean: Array
    deviation: Array
    hidden: tuple[Array, Array]
    last: tuple[Array, Array]

    def logit(self, values: Array) -> Array:
        """The logit of each row of values."""
        scaled = (values - self.mean) / self.deviation
        hidden = np.maximum(scaled @ self.hidden[0] + self.hidden[1], 0)
        return np.clip((hidden @ self.last[0] + self.last[1])[:, 0], -_MOST, _MOST)


@dataclass(frozen=True)
class Networks:
    """The networks: what looks at a staff, and what weighs all, for systems of one staff and of several.

    Each is several networks whose logits are averaged.
    """

    staff: Sequence[Layers]
    one: Sequence[Layers]
    several: Sequence[Layers]

    def staff_logits(self, views: Array) -> Array:
        """What each view of a stroke on a staff, (views, cells), says of its being a barline."""
        return np.asarray(np.mean([layers.logit(views) for layers in self.staff], axis=0))

    def logits(self, features: Array, *, single: bool) -> Array:
        """What all features of strokes, (strokes, features), say."""
        said = np.asarray(
            np.mean([layers.logit(features) for layers in (self.one if single else self.several)], axis=0)
        )
        return said if single else believe_staves(said, features[:, _LEAST_STAFF])


def barline_probabilities(strokes: Sequence[Stroke], patch: Patch, edges: tuple[int, int]) -> list[float]:
    """The probability of each stroke of a system that it is a barline; `edges` are the columns of its ends."""
    if not strokes:
        return []
    networks = loaded_networks()
    features = all_features(strokes, patch, edges, networks)
    logits = networks.logits(features, single=len(patch.staves) == 1)
    return [float(chance) for chance in 1 / (1 + np.exp(-logits))]


def believe_staves(logits: Array, least: Array) -> Array:
    """Take a stroke for a barline, but not surely, if it looks like one on every staff and only the gap speaks against.

    A word or a dynamic between the staves breaks barlines of old print.

    Args:
        logits: What is said of each stroke of a system of several staves.
        least: What its ink on each staff says of it, the least of all staves.
    """
    return np.where((logits < 0) & (least > _EVEN), np.minimum(least - _EVEN, _NOT_SURE), logits)


def all_features(strokes: Sequence[Stroke], patch: Patch, edges: tuple[int, int], networks: Networks) -> Array:
    """What the second networks get of each stroke."""
    views = np.stack([stroke.views for stroke in strokes])
    said = networks.staff_logits(views.reshape(-1, views.shape[-1])).reshape(len(strokes), -1)
    own = np.stack([stroke_features(stroke, patch, edges) for stroke in strokes])
    return np.column_stack([own, said.min(axis=1), said.mean(axis=1)])


def stroke_features(stroke: Stroke, patch: Patch, edges: tuple[int, int]) -> Array:
    """What speaks for and against a stroke being a barline, beside what is seen on each staff."""
    at_left, at_right = stroke.x < edges[0] + _EDGE * SPACE_PX, stroke.x > edges[1] - _EDGE * SPACE_PX
    at_edge = at_left or at_right
    weights = np.array([last - first for first, last in patch.zones], float)
    gaps = stroke.fill[1::2]
    single = len(patch.staves) == 1
    beside, head, outer = sorted(stroke.beside), sorted(stroke.head), sorted(stroke.outer)
    start = (stroke.x - edges[0]) / (_CLEF_KEY_TIME * SPACE_PX)
    return np.array(
        [
            float(stroke.fill[::2].min()),
            float(gaps.min()) if len(gaps) else 1.0,
            float((stroke.fill * weights).sum() / weights.sum()),
            sum(stroke.beyond),
            max(stroke.beyond),
            beside[0],
            0.0 if at_edge else beside[1],
            head[0],
            0.0 if at_edge else head[1],
            min(stroke.hole, 3.0),
            float(at_left),
            float(at_right),
            min(stroke.width, 1.0),
            stroke.bulge,
            float(single),
            0.0 if at_edge else outer[0],
            0.0 if at_edge else outer[1],
            max(0.0, 1 - start) * (not at_edge),
            max(stroke.ends),
            sum(stroke.ends),
        ]
    )


@cache
def loaded_networks() -> Networks:
    """The networks that come with the package."""
    text = (resources.files("standpartner.score.print") / "barlines.json").read_text(encoding="utf-8")
    return networks_of(json.loads(text))


def networks_of(data: Mapping[str, Any]) -> Networks:
    """Read the networks from what `tools/fit_barlines.py` writes."""
    return Networks(*(tuple(_layers_of(table) for table in data[name]) for name in ("staff", "one", "several")))


def _layers_of(table: Mapping[str, Any]) -> Layers:
    def layer(name: str) -> tuple[Array, Array]:
        return np.array(table[name]["weights"]), np.array(table[name]["bias"])

    return Layers(np.array(table["mean"]), np.array(table["deviation"]), layer("hidden"), layer("last"))
