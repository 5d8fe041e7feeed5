"""Writes the log of a run to ``log.jsonl`` and TensorBoard."""

import json
from pathlib import Path

LOG = "log.jsonl"


class Log:
    """Writes the numbers of a stage's steps and validations, in the process that ``writes``.

    Args:
        folder: The folder of the run.
        stage: The name of the stage.
        steps_before: The steps of all stages before it, which TensorBoard counts on from.
        writes: Whether this process writes.
    """

    def __init__(self, folder: Path, stage: str, steps_before: int, *, writes: bool) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self.stage, self.steps_before, self.writes = stage, steps_before, writes
        if not writes:
            return
        self.board = SummaryWriter(str(folder / "tensorboard"))
        self.lines = (folder / LOG).open("a")

    def __enter__(self) -> "Log":
        return self

    def __exit__(self, *_: object) -> None:
        if self.writes:
            self.board.close()
            self.lines.close()

    def write(self, step: int, measured: dict[str, float]) -> None:
        """Write the numbers that were measured after ``step`` steps."""
        if not self.writes:
            return
        row = {"stage": self.stage, "step": step} | {k: round(v, 6) for k, v in measured.items()}
        self.lines.write(json.dumps(row) + "\n")
        self.lines.flush()
        for name, value in measured.items():
            self.board.add_scalar(f"{self.stage}/{name}", value, self.steps_before + step)
