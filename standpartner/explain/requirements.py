"""Checks that the packages are installed which explanations need beyond the base install."""

from importlib.util import find_spec
from typing import Final

from standpartner.errors import MissingExtraError

_NEEDED: Final = {"torch": "PyTorch", "captum": "Captum", "sklearn": "scikit-learn", "matplotlib": "Matplotlib"}


def check_installed() -> None:
    """Check that all packages of the extra [explain] are installed.

    Raises:
        MissingExtraError: A package is not installed.
    """
    missing = [name for module, name in _NEEDED.items() if find_spec(module) is None]
    if missing:
        raise MissingExtraError(" and ".join(missing), 'pip install "standpartner[explain]"')
