"""Reads and writes ``agent.json``, the description of a bundle, and checks a bundle's files against it."""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from standpartner.errors import AgentError
from standpartner.support.files import replacing

BUNDLE_VERSION: Final = 1
DESCRIPTION: Final = "agent.json"
_TABLES: Final = ("network", "about", "sha256")


def read_description(folder: Path) -> dict[str, Any]:
    """Read the description of a bundle.

    Args:
        folder: The folder of the agent.

    Returns:
        The content of ``agent.json``: ``format``, ``network``, ``about``, ``sha256``, once calibrated ``calibration``,
        and once learned ``jump_policy``.

    Raises:
        AgentError: The file is missing, damaged or of another version.
    """
    try:
        content: dict[str, Any] = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise AgentError(f"expected an agent in {folder}, found no readable {DESCRIPTION}: {error}") from error
    found = content.get("format") if isinstance(content, dict) else None
    if found != BUNDLE_VERSION:
        raise AgentError(f"{folder} has agent format {found}, this is {BUNDLE_VERSION}; export it again")
    missing = [name for name in _TABLES if not isinstance(content.get(name), dict)]
    if missing:
        raise AgentError(f"{folder / DESCRIPTION} is damaged: {', '.join(missing)} missing; get the agent again")
    return content


def describe_bundle(network: dict[str, Any], about: dict[str, Any], *, files: list[Path]) -> dict[str, Any]:
    """Compose the description of a new bundle.

    Args:
        network: The settings of the network as its ``to_json`` gives them.
        about: The facts of the agent's origin, as the model card shows them.
        files: The files of the bundle, whose checksums are kept.
    """
    return {
        "format": BUNDLE_VERSION,
        "network": network,
        "about": about,
        "sha256": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
    }


def write_description(folder: Path, content: dict[str, Any]) -> None:
    """Write ``agent.json``, whole or not at all.

    Raises:
        AgentError: The folder cannot be written to.
    """
    try:
        with replacing(folder / DESCRIPTION) as draft:
            draft.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise AgentError(f"cannot write {DESCRIPTION} in {folder}: {error}; free space or permit writing") from error


def check_file(path: Path, checksum: str) -> None:
    """Check that a file of a bundle is the one that was exported.

    Raises:
        AgentError: The file is missing or damaged.
    """
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise AgentError(f"cannot read {path}: {error}; get the agent again") from error
    if found != checksum:
        raise AgentError(f"{path} is damaged: its checksum is not the one in {DESCRIPTION}; get the agent again")
