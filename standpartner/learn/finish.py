"""Turns the best checkpoint of a run into an agent that can be used and shipped."""

import json
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from standpartner.agent.card import write_card
from standpartner.agent.find import find_agent
from standpartner.learn.chain import begins_with
from standpartner.learn.config import parse_config
from standpartner.learn.log import LOG
from standpartner.networks.checkpoint import load_checkpoint
from standpartner.networks.export import export_bundle

Row = dict[str, Any]


def finish_run(checkpoint: Path, folder: Path, *, command: str) -> None:
    """Export a checkpoint as a bundle with a model card.

    Args:
        checkpoint: The checkpoint, usually the one that validated best; beside it is the log of its run.
        folder: The folder of the bundle.
        command: The command that trained the agent.
    """
    network, info, _ = load_checkpoint(checkpoint)
    settings = parse_config(info["config"])
    start = begins_with(settings, checkpoint.parent)
    before = settings.after or start
    config, rows = info["config"], _rows(checkpoint.parent / LOG)
    until = _rows_until(rows, stage=info["stage"], step=info["step"])
    stages = _stages(until)
    about = {
        "name": config["name"],
        "purpose": config["purpose"],
        "limits": config["limits"],
        "corpus": ", ".join([config["corpus"], *config.get("also", [])]),
        "start": f"the weights of {before}" if before else "fresh weights",
        "stages": stages,
        "left_out": _stages(rows[len(until) :]),
        "chosen": _chosen(checkpoint, info, rows),
        "command": command,
        "command_note": _command_note(config, info["commit"]),
        "seed": info["seed"],
        "commit": info["commit"],
        "stage": info["stage"],
        "step": info["step"],
        "valid": {name.removeprefix("valid/"): value for name, value in info["best"].items()},
        "data": info["data"],
        "minutes": sum(row.get("seconds", 0.0) for row in until) / 60,
        "machine": f"{config['threads']} thread(s), {_processor()}",
    }
    export_bundle(network, folder, about=about, untrained=() if _searches(config, stages, start=start) else ("search",))
    write_card(folder)


def _searches(config: dict[str, Any], stages: Sequence[Row], *, start: str) -> bool:
    """Return whether the search head was taught on the encoders: in this run, or before and nothing changed them."""
    ran, settings = [one["stage"] for one in stages], parse_config(config)
    if "seek" in ran or any(settings.stage(name).changes_encoders for name in ran):
        return "seek" in ran
    return bool(start) and (find_agent(start) / "search.onnx").is_file()


def _rows(log: Path) -> list[Row]:
    return [json.loads(line) for line in log.read_text().splitlines()]


def _rows_until(rows: Sequence[Row], *, stage: str, step: int) -> list[Row]:
    """Return the log's rows of all steps up to the chosen weights."""
    for number, row in enumerate(rows):
        if (row["stage"], row["step"]) == (stage, step):
            return list(rows[: number + 1])
    return list(rows)


def _stages(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the stages that ran, with their steps and minutes of processor time a thread."""
    steps = [row for row in rows if "seconds" in row]
    found = []
    for stage in dict.fromkeys(row["stage"] for row in steps):
        own = [row for row in steps if row["stage"] == stage]
        minutes = sum(row["seconds"] for row in own) / 60
        found.append({"stage": stage, "steps": len({row["step"] for row in own}), "minutes": round(minutes, 2)})
    return found


def _chosen(checkpoint: Path, info: dict[str, Any], rows: Sequence[Row]) -> str:
    """Return how a checkpoint was chosen: by the run's own ranking, or as the end of a stage."""
    place = f"stage {info['stage']}, step {info['step']}"
    if checkpoint.name != "best.safetensors":
        return f"{place}: where the stage ended"
    count = sum("valid/r_on" in row for row in rows)
    return f"{place}: of {count} validations the most onsets followed on the validation split, then the least error"


def _command_note(config: dict[str, Any], commit: str) -> str:
    notes = []
    if config.get("minutes"):
        notes.append("How far it comes in that time depends on the processor")
    if ", " in commit:
        notes.append("The code changed while it ran, so that today's may make other weights")
    return ". ".join(notes)


def _processor() -> str:
    cpus = Path("/proc/cpuinfo")
    if cpus.is_file():
        names = [
            line.split(":", 1)[1].strip() for line in cpus.read_text().splitlines() if line.startswith("model name")
        ]
        if names:
            return names[0]
    return platform.processor() or platform.machine()
