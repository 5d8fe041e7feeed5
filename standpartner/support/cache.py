"""Where standpartner keeps what it builds and what users fetch for it."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """Folder of built corpora and fetched sounds: $STANDPARTNER_CACHE, else the user's cache folder."""
    moved = os.environ.get("STANDPARTNER_CACHE")
    if moved:
        return Path(moved)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "standpartner"
