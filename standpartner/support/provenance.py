"""Reports which code runs: the commit of this project's checkout, or the version of the package outside one."""

import os
import shutil
import tomllib
from pathlib import Path
from typing import Final

from standpartner import __version__
from standpartner.support.children import Limits
from standpartner.support.programs import run_program

_PACKAGE: Final = Path(__file__).parents[1]
_HASH_LENGTH: Final = 12
_TIME_LIMIT_S: Final = 30.0


def code_version(package: Path = _PACKAGE) -> str:
    """Return the git commit of the code that runs, with "+" if files differ from it.

    Outside a checkout of this project the result says so. Another repository around the installed package, such as a
    user's own project, is ignored.

    Args:
        package: The folder of the package.
    """
    root = package.parent
    if not _is_this_project(root) or _git(root, "rev-parse", "--show-cdup") != "":
        return f"standpartner {__version__}, not a checkout"
    head = _git(root, "rev-parse", f"--short={_HASH_LENGTH}", "HEAD")
    if not head or _git(root, "ls-files", "--error-unmatch", f"{package.name}/__init__.py") is None:
        return f"standpartner {__version__}, not a checkout"
    return head + ("+" if _git(root, "status", "--porcelain", "--untracked-files=no") else "")


def _is_this_project(root: Path) -> bool:
    try:
        project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8")).get("project", {})
    except (OSError, ValueError):
        return False
    return isinstance(project, dict) and project.get("name") == "standpartner"


def _git(folder: Path, *words: str) -> str | None:
    """Return what git says, or None if it refuses or is not installed."""
    git = shutil.which("git")
    if git is None:
        return None
    others = {name: None for name in os.environ if name.startswith("GIT_")}  # these name a hook's repository
    done = run_program([git, *words], limits=Limits(_TIME_LIMIT_S), folder=folder, environment=others, check=False)
    return done.output.strip() if done.exit_code == 0 else None
