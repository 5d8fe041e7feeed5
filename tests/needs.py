"""System programs that some tests need, and the packages of Debian that install them.

A test names what it needs with ``@pytest.mark.needs("lilypond")``. Where something is missing, `tests/conftest.py`
leaves all such tests out and reports them as one skipped test that says what to install.
"""

import shutil
from collections.abc import Callable
from typing import Final

from standpartner.perform import backends, soundfonts

BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
_SYNTHESISER: Final = 'pip install "standpartner[synth]"'


def find_browser() -> str | None:
    """The command of a browser, or None where none is installed."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def _soundfont(name: str) -> Callable[[], bool]:
    return lambda: name in soundfonts()


# What a test may need: how to find it, and what installs it.
NEEDS: Final[dict[str, tuple[Callable[[], bool], str]]] = {
    "browser": (lambda: find_browser() is not None, "apt-get install chromium"),
    "lilypond": (lambda: shutil.which("lilypond") is not None, "apt-get install lilypond"),
    "fluidsynth": (lambda: "fluidsynth" in backends(), "apt-get install fluidsynth"),
    "synthesiser": (lambda: bool(backends() and soundfonts()), _SYNTHESISER),
    "fluidr3": (_soundfont("fluidr3"), "apt-get install fluid-soundfont-gm"),
    "musescore": (_soundfont("musescore"), "apt-get install musescore-general-soundfont-small"),
    "timgm6mb": (_soundfont("timgm6mb"), _SYNTHESISER),
}


def missing_needs() -> dict[str, str]:
    """What is missing on this machine, with the command that installs it."""
    return {name: command for name, (found, command) in NEEDS.items() if not found()}
