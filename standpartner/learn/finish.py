"""From the best checkpoint of a run to an agent that can be used and shipped."""

from pathlib import Path

from standpartner.agent.checkpoint import load_checkpoint
from standpartner.agent.export import export_bundle

_CARD = """# Agent {name}

| | |
|---|---|
| corpus | {corpus}, train split; SHA-256 of its built files {data} |
| seed | {seed} |
| code | commit {commit} |
| command | `{command}` |
| chosen | stage {stage}, step {step}: best onsets followed on the validation split |
| validation | R_tue {r_tue:.3f}, R_on {r_on:.3f}, mean error {error:.3f} cm |
"""


def finish_run(checkpoint: Path, folder: Path, *, command: str) -> None:
    """Export a checkpoint as a bundle with a model card.

    Args:
        checkpoint: that validated best.
        folder: of the bundle.
        command: that trained it.
    """
    network, info, _ = load_checkpoint(checkpoint)
    best, config = info["best"], info["config"]
    about = {
        "name": config["name"],
        "corpus": config["corpus"],
        "seed": info["seed"],
        "commit": info["commit"],
        "command": command,
        "stage": info["stage"],
        "step": info["step"],
        "valid": {name.removeprefix("valid/"): value for name, value in best.items()},
        "data": info["data"],
    }
    export_bundle(network, folder, about=about)
    card = _CARD.format(
        name=config["name"],
        corpus=config["corpus"],
        data=info["data"],
        seed=info["seed"],
        commit=info["commit"],
        command=command,
        stage=info["stage"],
        step=info["step"],
        r_tue=best.get("valid/r_tue", float("nan")),
        r_on=best.get("valid/r_on", float("nan")),
        error=best.get("valid/error_cm", float("nan")),
    )
    (folder / "MODEL_CARD.md").write_text(card)
