"""Which code runs: the commit of this project's checkout, or the version of the package outside one."""

import os
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Final

from standpartner import __version__

_PACKAGE: Final = Path(__file__).parents[1]
_HASH_LENGTH: Final = 12


def code_version(package: Path = _PACKAGE) -> str:
    """Return the git commit of the code that runs, with "+" if files differ from it.

    Outside a checkout of this project it says so: a repository that happens to lie around the installed package, as
    that of a user's own project, says nothing about the code.

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
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}  # of a hook's repository
    done = subprocess.run([git, *words], cwd=folder, env=own, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None
