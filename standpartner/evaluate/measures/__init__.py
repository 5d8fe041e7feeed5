"""Measures of score following and their intervals."""

from standpartner.evaluate.measures.episode import Episode
from standpartner.evaluate.measures.measures import error_cm, evaluate_episodes, evaluate_runs, r_on, r_tue

__all__ = ["Episode", "error_cm", "evaluate_episodes", "evaluate_runs", "r_on", "r_tue"]
