"""Which bundled agent suits a score."""

import numpy as np

from standpartner.score import Score

SINGLE_LINE, PIANO = "tunes", "piano"
_SEVERAL_AT_ONCE = 0.02  # share of onsets; a line may end in a chord


def agent_for(score: Score) -> str:
    """Name of the agent for single-line music if notes start one at a time in the score, else of that for piano."""
    heads = score.noteheads
    own = heads.onset[(heads.onset >= 0) & ~heads.grace]
    several = np.bincount(own, minlength=len(score.onsets)) > 1
    return PIANO if np.mean(several) > _SEVERAL_AT_ONCE else SINGLE_LINE
