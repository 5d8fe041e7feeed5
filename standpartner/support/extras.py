"""What this room needs beyond the base install."""

from importlib.util import find_spec
from typing import Final

from standpartner.errors import MissingExtraError

_NEEDED: Final = {"torch": "PyTorch", "captum": "Captum", "sklearn": "scikit-learn", "matplotlib": "Matplotlib"}


def need_extra() -> None:
    """Find out before the work whether everything is there.

    Raises:
        MissingExtraError: something is not installed.
    """
    missing = [name for module, name in _NEEDED.items() if find_spec(module) is None]
    if missing:
        raise MissingExtraError(" and ".join(missing), 'pip install "standpartner[explain]"')
