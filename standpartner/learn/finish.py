"""From the best checkpoint of a run to an agent that can be used and shipped."""

import json
import platform
from pathlib import Path

from standpartner.agent.card import write_card
from standpartner.networks.checkpoint import load_checkpoint
from standpartner.networks.export import export_bundle


def finish_run(checkpoint: Path, folder: Path, *, command: str) -> None:
    """Export a checkpoint as a bundle with a model card.

    Args:
        checkpoint: that validated best; beside it is the log of its run.
        folder: of the bundle.
        command: that trained it.
    """
    network, info, _ = load_checkpoint(checkpoint)
    config = info["config"]
    about = {
        "name": config["name"],
        "purpose": config["purpose"],
        "limits": config["limits"],
        "corpus": ", ".join([config["corpus"], *config.get("also", [])]),
        "seed": info["seed"],
        "commit": info["commit"],
        "command": command,
        "stage": info["stage"],
        "step": info["step"],
        "valid": {name.removeprefix("valid/"): value for name, value in info["best"].items()},
        "data": info["data"],
        "minutes": _minutes(checkpoint.parent / "log.jsonl", stage=info["stage"], step=info["step"]),
        "machine": f"{config['threads']} thread(s), {_processor()}",
    }
    export_bundle(network, folder, about=about)
    write_card(folder)


def _minutes(log: Path, *, stage: str, step: int) -> float:
    """Minutes that all steps took until the weights that were chosen."""
    seconds = 0.0
    for row in map(json.loads, log.read_text().splitlines()):
        seconds += row.get("seconds", 0.0)
        if (row["stage"], row["step"]) == (stage, step):
            break
    return seconds / 60


def _processor() -> str:
    cpus = Path("/proc/cpuinfo")
    if cpus.is_file():
        names = [
            line.split(":", 1)[1].strip() for line in cpus.read_text().splitlines() if line.startswith("model name")
        ]
        if names:
            return names[0]
    return platform.processor() or platform.machine()
