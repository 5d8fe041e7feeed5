"""Decides when to take smaller steps and when to stop, by validations in a row without improvement."""

from collections.abc import Mapping

from standpartner.learn.optimise import OptimiserConfig


class Patience:
    """Counts validations without improvement (see ``OptimiserConfig.patience``).

    Args:
        config: The settings, which give the patience and the number of refinements.
    """

    def __init__(self, config: OptimiserConfig) -> None:
        self.config = config
        self.waited, self.refined = 0, 0

    def goes_on(self, *, improved: bool) -> bool:
        """Count a validation, and return False when patience has run out: then refine, or stop if ``is_over``."""
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

    def state_dict(self) -> dict[str, int]:
        """Return the counts, for a checkpoint."""
        return {"waited": self.waited, "refined": self.refined}

    def load_state_dict(self, counts: Mapping[str, int]) -> None:
        """Go on from a ``state_dict``; an empty one, as in older checkpoints, is the start."""
        self.waited, self.refined = counts.get("waited", 0), counts.get("refined", 0)
