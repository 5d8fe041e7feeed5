"""Finds the folder of built corpora and fetched sounds."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder of built corpora and fetched sounds: $STANDPARTNER_CACHE, else the user's cache folder."""
    moved = os.environ.get("STANDPARTNER_CACHE")
    if moved:
        return Path(moved)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "standpartner"
