"""Model cards: written from ``agent.json`` alone, so that card and file never differ.

What ``about`` in ``agent.json`` says of the training:

| key | what |
|---|---|
| start | the agent whose weights the first stage began with, or that there was none |
| stages | the stages that made the weights, first to last: stage, steps, minutes (where recorded), note |
| left_out | stages that ran, too, but whose result is not in these weights |
| chosen | how this checkpoint was chosen |
| command | the one command that makes the weights; empty if there is none |
| command_note | what is to be known about it, or why there is none |
| stage, step | where in the run the weights were taken |
| minutes | processor time a thread of all steps until then |

Evaluations, the calibration and the learned decision on jumps are recorded in both.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from standpartner.agent.calibration import Calibration
from standpartner.agent.description import read_description, write_description
from standpartner.agent.jump_policy import JumpPolicy
from standpartner.support.files import write_text

_HEAD = """# Agent {name}

For {purpose}. Runs on ONNX Runtime (`*.onnx`); `weights.safetensors` are the same weights for PyTorch.

| | |
|---|---|
| trained on | {corpus}, train split only (SHA-256 over its built files: {data}) |
| started from | {start} |
| stages | {stages} |
| ran, but not in these weights | {left_out} |
| chosen | {chosen} |
| command | {command} |
| seed | {seed} |
| code | {commit} |
| training | {minutes} on {machine} |
| confidence | {confidence} |
{jumps}
"""
_UNKNOWN: Final = "not recorded"
_TABLE = """## Results

Each row was printed by `standpartner evaluate --agent AGENT --corpus CORPUS --split SPLIT --sound SOUND --game GAME
--runs RUNS --record`; one run plays greedily, more draw their actions. Intervals: 95 %, bootstrap over pieces.

"""
_HEADINGS = (
    *("agent", "corpus, split", "sound", "game", "runs", "pieces", "onsets"),
    *("R_tue", "R_on", "R_on as published", "error cm", "within 0.5 s"),
)

_PLAIN = ("purpose", "corpus", "data", "start", "chosen", "seed", "commit", "machine")
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
    text = _HEAD.format(
        name=about.get("name", folder.name),
        stages=_stages(about.get("stages"), otherwise=_UNKNOWN),
        left_out=_stages(about.get("left_out"), otherwise="none"),
        command=_command(about),
        minutes=f"{about['minutes']:.0f} minutes" if "minutes" in about else _UNKNOWN,
        confidence=about.get("confidence", "not calibrated"),
        jumps=f"| jumps | {about['jumps']} |\n" if "jumps" in about else "",
        **{name: about.get(name, _UNKNOWN) for name in _PLAIN},
    )
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


def record_jump_policy(folder: Path, policy: JumpPolicy, *, how: str) -> None:
    """Write an agent's learned decision on jumps into ``agent.json``, and how it was learned into the card.

    Raises:
        AgentError: The folder holds no agent or cannot be written.
    """
    content = read_description(folder)
    content["about"]["jumps"] = how
    _rewrite(folder, content | {"jump_policy": policy.to_json()})


def _stages(stages: list[dict[str, Any]] | None, *, otherwise: str) -> str:
    """Tell which stages ran: the steps, the minutes where they were recorded, and what is worth a note."""
    told = []
    for stage in stages or []:
        parts = [f"{stage['steps']} steps"]
        parts += [f"{stage['minutes']:.0f} minutes"] if "minutes" in stage else []
        parts += [stage["note"]] if "note" in stage else []
        told.append(f"{stage['stage']} ({', '.join(parts)})")
    return "; ".join(told) or otherwise


def _command(about: dict[str, Any]) -> str:
    """Tell which command makes the weights, or that none does."""
    command, note = about.get("command", ""), about.get("command_note", "")
    return ". ".join(part for part in (f"`{command}`" if command else "", note) if part) or _UNKNOWN


def _rewrite(folder: Path, content: dict[str, Any]) -> None:
    """Write ``agent.json`` and the card that belongs to it."""
    write_description(folder, content)
    write_card(folder)


def _kind(measured: dict[str, Any]) -> list[Any]:
    """Return the values by which two evaluations are of the same kind, so that the later replaces the earlier."""
    return [_sound(measured), *(measured[name] for name in ("agent", "corpus", "split", "game", "runs"))]


def _sound(measured: dict[str, Any]) -> str:
    return str(measured.get("sound", "as-built"))  # older records do not name it


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
