"""The packages that explanations need beyond the base install."""

from typing import Final

from standpartner.support.requirements import check_installed

_PACKAGES: Final = {"torch": "PyTorch", "captum": "Captum", "sklearn": "scikit-learn", "matplotlib": "Matplotlib"}


def check_explain_installed() -> None:
    """Check that all packages of the extra [explain] are installed.

    Raises:
        MissingExtraError: A package is not installed.
    """
    check_installed("explain", _PACKAGES)
