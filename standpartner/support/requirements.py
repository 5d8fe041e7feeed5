"""Checks that the packages of an extra are installed."""

from collections.abc import Mapping
from importlib.util import find_spec

from standpartner.errors import MissingExtraError


def check_installed(extra: str, packages: Mapping[str, str]) -> None:
    """Check that the packages of an extra are installed, without importing them.

    Args:
        extra: The name of the extra, as in ``pip install "standpartner[EXTRA]"``.
        packages: The name that each package is known by, by the module that it is imported as.

    Raises:
        MissingExtraError: A package is not installed.
    """
    missing = [name for module, name in packages.items() if find_spec(module) is None]
    if missing:
        raise MissingExtraError(" and ".join(missing), f'pip install "standpartner[{extra}]"', several=len(missing) > 1)
