"""standpartner listens to a performance, reads the score and shows where the music is.

What following needs is imported when it is asked for::

    from standpartner import FileSource, Follower, load_agent, read_score
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from standpartner.errors import StandpartnerError

if TYPE_CHECKING:
    from standpartner.agent.bundle import load_agent
    from standpartner.follow import Follower
    from standpartner.hear import FileSource
    from standpartner.score import read_score

__version__ = "0.1.0"
__all__ = ["FileSource", "Follower", "StandpartnerError", "__version__", "load_agent", "read_score"]

_HOME: Final = {
    "FileSource": "standpartner.hear",
    "Follower": "standpartner.follow",
    "load_agent": "standpartner.agent.bundle",
    "read_score": "standpartner.score",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for from its room (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
