"""Model cards: written from ``agent.json``, so that card and file never differ; evaluations are recorded in both."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from standpartner.agent.calibration import Calibration
from standpartner.agent.description import read_description, write_description
from standpartner.support.files import write_text

_HEAD = """# Agent {name}

For {purpose}. Runs on ONNX Runtime (`*.onnx`); `weights.safetensors` are the same weights for PyTorch.

| | |
|---|---|
| trained on | {corpus}, train split only (SHA-256 over its built files: {data}) |
| seed | {seed} |
| code | commit {commit} |
| command | `{command}` |
| training | {minutes:.0f} minutes on {machine} |
| chosen | stage {stage}, step {step}: the most onsets followed on the validation split |
| confidence | {confidence} |

"""
_TABLE = """## Results

Each row was printed by `standpartner evaluate --agent AGENT --corpus CORPUS --split SPLIT --sound SOUND --game GAME
--runs RUNS --record`; one run plays greedily, more draw their actions. Intervals: 95 %, bootstrap over pieces.

"""
_HEADINGS = (
    *("agent", "corpus, split", "sound", "game", "runs", "pieces", "onsets"),
    *("R_tue", "R_on", "R_on as published", "error cm", "within 0.5 s"),
)

_KEPT = (
    *("agent", "corpus", "split", "sound", "game", "runs", "pieces", "onsets", "r_tue", "r_on", "r_on_as_published"),
    *("error_cm_mean", "error_cm_std", "within_s", "spread"),
)


def write_card(folder: Path) -> None:
    """Write ``MODEL_CARD.md`` from ``agent.json``.

    Raises:
        AgentError: The folder holds no agent.
        OutputError: The card cannot be written.
    """
    about = read_description(folder)["about"]
    known = {"purpose": "-", "minutes": float("nan"), "machine": "-", "data": "-", "seed": "-", "commit": "-"}
    known |= {"command": "-", "stage": "-", "step": "-", "corpus": "-", "name": folder.name}
    known |= {"confidence": "not calibrated"}
    text = _HEAD.format(**(known | about))
    rows = [_row(measured) for measured in about.get("measures", [])]
    if rows:
        text += _TABLE + "\n".join([_line(_HEADINGS), "|---" * len(_HEADINGS) + "|", *rows]) + "\n"
    if about.get("limits"):
        text += "\n## Limits\n\n" + "\n".join(f"- {limit}" for limit in about["limits"])
    write_text(folder / "MODEL_CARD.md", text.rstrip() + "\n")


def record_measures(folder: Path, report: dict[str, Any]) -> None:
    """Add an evaluation to ``agent.json`` and the card; one of the same kind is replaced.

    Args:
        folder: The folder of the agent.
        report: The report that ``evaluate.run.evaluate`` gave.

    Raises:
        AgentError: The folder holds no agent or cannot be written.
    """
    content = read_description(folder)
    row = {name: report[name] for name in _KEPT}
    row["intervals"] = {name: report["intervals"][name] for name in ("r_tue", "r_on", "error_cm_mean")}
    if Path(row["agent"]).resolve() == folder.resolve():  # no path of this machine in the card
        row["agent"] = content["about"].get("name", folder.name)
    others = [old for old in content["about"].get("measures", []) if _kind(old) != _kind(row)]
    content["about"]["measures"] = [*others, row]
    _rewrite(folder, content)


def record_calibration(folder: Path, calibration: Calibration, *, how: str) -> None:
    """Write an agent's calibration into ``agent.json``, replacing an earlier one, and how it was made into the card.

    Raises:
        AgentError: The folder holds no agent or cannot be written.
    """
    content = read_description(folder)
    content["about"]["confidence"] = how
    _rewrite(folder, content | {"calibration": calibration.to_json()})


def _rewrite(folder: Path, content: dict[str, Any]) -> None:
    """Write ``agent.json`` and the card that belongs to it."""
    write_description(folder, content)
    write_card(folder)


def _kind(measured: dict[str, Any]) -> list[Any]:
    """Return what two evaluations have in common of which the later replaces the earlier."""
    return [_sound(measured), *(measured[name] for name in ("agent", "corpus", "split", "game", "runs"))]


def _sound(measured: dict[str, Any]) -> str:
    return str(measured.get("sound", "as-built"))  # which was the only one once


def _row(measured: dict[str, Any]) -> str:
    within = (measured["within_s"] or {}).get("0.5")
    cells = [
        measured["agent"],
        f"{measured['corpus']} {measured['split']}",
        _sound(measured),
        measured["game"],
        measured["runs"],
        measured["pieces"],
        measured["onsets"],
        _with_interval(measured, "r_tue"),
        _with_interval(measured, "r_on"),
        f"{measured['r_on_as_published']:.3f}",
        _with_interval(measured, "error_cm_mean"),
        "-" if within is None else f"{within:.3f}",
    ]
    return _line(cells)


def _line(cells: Sequence[object]) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def _with_interval(measured: dict[str, Any], name: str) -> str:
    low, high = measured["intervals"][name]
    return f"{measured[name]:.3f} ({low:.3f}-{high:.3f})"
