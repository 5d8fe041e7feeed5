"""When to take smaller steps and when to stop: by validations in a row that were not better than the best before."""

from standpartner.learn.config import OptimiserConfig


class Patience:
    """Counts validations without improvement (see ``OptimiserConfig.patience``).

    Args:
        config: how long to wait and how often to refine.
        state: of an earlier ``state``, to go on from; empty at the start.
    """

    def __init__(self, config: OptimiserConfig, state: dict[str, int] | None = None) -> None:
        self.config = config
        self.waited, self.refined = 0, 0
        if state:
            self.waited, self.refined = state["waited"], state["refined"]

    def goes_on(self, *, improved: bool) -> bool:
        """Take note of a validation; False when patience has run out: then refine, or stop if ``is_over``."""
        self.waited = 0 if improved else self.waited + 1
        if not self.config.patience or self.waited < self.config.patience:
            return True
        self.waited = 0
        self.refined += 1
        return False

    @property
    def is_over(self) -> bool:
        """Whether patience has run out once more than there are refinements."""
        return self.refined > self.config.refinements

    def state(self) -> dict[str, int]:
        """For a checkpoint."""
        return {"waited": self.waited, "refined": self.refined}
