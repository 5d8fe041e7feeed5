"""Measures how soon a follower finds the music again when the player jumps."""

from standpartner.evaluate.jumps.performances import JumpPerformance, perform_passages, plan_passages
from standpartner.evaluate.jumps.recovery import evaluate_recovery
from standpartner.evaluate.jumps.run import JumpEvaluationConfig, evaluate_jumps, performances_with_jumps

__all__ = [
    "JumpEvaluationConfig",
    "JumpPerformance",
    "evaluate_jumps",
    "evaluate_recovery",
    "perform_passages",
    "performances_with_jumps",
    "plan_passages",
]
