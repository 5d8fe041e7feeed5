"""Finds agents by the name of a bundled one or by their folder."""

from pathlib import Path
from typing import Final

from standpartner.agent.description import DESCRIPTION
from standpartner.errors import AgentError

DEFAULT_AGENT: Final = "piano"


def bundled_agents() -> dict[str, Path]:
    """Return the folders of the agents that come with standpartner, by name."""
    package = Path(__file__).parents[1]
    roots = (package / "models", package.parent / "models")  # the first in a wheel, the second in a checkout
    return {
        description.parent.name: description.parent
        for root in roots
        for description in sorted(root.glob(f"*/{DESCRIPTION}"))
    }


def find_agent(name_or_path: str) -> Path:
    """Return the folder of an agent, found by the name of a bundled one or by its path.

    Raises:
        AgentError: There is no such agent.
    """
    known = bundled_agents()
    folder = known.get(name_or_path, Path(name_or_path))
    if not (folder / DESCRIPTION).is_file():
        raise AgentError(f"no agent {name_or_path!r}: give a folder with an {DESCRIPTION} or one of {', '.join(known)}")
    return folder
