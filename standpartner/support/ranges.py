"""Checks ranges (lowest, highest) and draws from them."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import numpy as np

from standpartner.errors import ConfigError

Range = tuple[float, float]


def check_ranges(config: Any, *, within: Mapping[str, Range]) -> None:
    """Check the ranges of a configuration.

    Args:
        config: The configuration, a dataclass.
        within: The lowest and highest value that can work, for every field to check.

    Raises:
        ConfigError: A range is not finite, goes backwards, or leaves the values that can work.
    """
    for entry in fields(config):
        if entry.name in within:
            lowest, highest = within[entry.name]
            low, high = value = getattr(config, entry.name)
            if not lowest <= low <= high <= highest:
                raise ConfigError(
                    f"expected {entry.name} as (lowest, highest) within {lowest:g} and {highest:g}, got {value}"
                )


def draw(ends: Range, rng: np.random.Generator) -> float:
    """Draw one value evenly from a range."""
    return float(rng.uniform(*ends))


def draw_log(ends: Range, rng: np.random.Generator) -> float:
    """Draw one value evenly on a logarithmic scale from a range of positive values."""
    return float(np.exp(rng.uniform(*np.log(ends))))
