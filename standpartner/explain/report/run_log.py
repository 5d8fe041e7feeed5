"""Reads the configuration and the log of a training run."""

import json
from pathlib import Path
from typing import Any

from standpartner.errors import ConfigError
from standpartner.learn.config import TrainConfig, parse_config

Row = dict[str, Any]


def read_run(folder: Path) -> tuple[TrainConfig, list[Row]]:
    """Read the configuration and the log of a run. A last line that was cut off is left out.

    Raises:
        ConfigError: The folder holds no run, or the run has logged nothing yet.
    """
    try:
        settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    except (OSError, ValueError) as error:
        raise ConfigError(f"expected a training run in {folder}, found none: {error}") from error
    rows = [json.loads(line) for line in lines if line.endswith("\n")]
    if not rows:
        raise ConfigError(f"the run in {folder} has logged nothing yet; wait for its first step")
    return parse_config(settings, where=str(folder / "config.json")), rows
