"""Lets a run begin where another one ended: a configuration names the one whose run comes before its own."""

from pathlib import Path

from standpartner.agent.description import DESCRIPTION
from standpartner.errors import ConfigError
from standpartner.learn.config import TrainConfig, load_config

AGENT = "agent"
"""The folder in a run's folder that holds the finished agent."""


def begins_with(config: TrainConfig, folder: Path) -> str:
    """Return the name or folder of the agent whose weights a run begins with, "" for fresh weights.

    Args:
        config: The configuration of the run.
        folder: The folder of the run. The run that comes before it stands beside it.
    """
    if not config.after:
        return config.start
    return str(folder.parent / load_config(config.after).name / AGENT)


def runs_before(config: TrainConfig, folder: Path) -> list[tuple[str, Path]]:
    """Return the runs that have to be finished before a run, in their order.

    Args:
        config: The configuration of the run.
        folder: The folder of the run.

    Returns:
        The name or path of each configuration, and the folder of its run. A run with an agent is finished.

    Raises:
        ConfigError: A configuration does not parse, or comes before itself.
    """
    missing: list[tuple[str, Path]] = []
    while config.after and not (Path(begins_with(config, folder)) / DESCRIPTION).is_file():
        before = config.after
        if before in (name for name, _ in missing):
            raise ConfigError(f"{before}: after: expected another configuration, got one that leads back to {before}")
        config = load_config(before)
        missing.insert(0, (before, folder.parent / config.name))
    return missing
