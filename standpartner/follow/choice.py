"""Chooses the bundled agent that suits a score."""

import numpy as np

from standpartner.score import Score

SINGLE_LINE, PIANO = "tunes", "piano"
_SEVERAL_AT_ONCE = 0.02  # the share of onsets with several notes; a line may end in a chord


def agent_for(score: Score) -> str:
    """Return the name of the agent that suits a score: the one for single-line music or the one for piano.

    Notation is single-line if notes start one at a time. A picture is single-line if each of its systems has one staff;
    where the staves were not counted it is taken for piano music.
    """
    if not score.has_notation:
        return SINGLE_LINE if np.all(score.systems.staves == 1) else PIANO
    heads = score.noteheads
    own = heads.onset[(heads.onset >= 0) & ~heads.grace]
    several = np.bincount(own, minlength=len(score.onsets)) > 1
    return PIANO if np.mean(several) > _SEVERAL_AT_ONCE else SINGLE_LINE
