"""Judges whether what is followed is the music: a start has to prove right.

Talk, a count-in and applause can sound like a first note for a moment. What follows them is not what stands in the
score, so the follower is soon lost. It then goes back to where the music is expected and listens with the search alone,
until that is sure that the music moves on from there, or has found it elsewhere. Until a start is likely to be right,
the position that is given stays in the bar where the music is expected.
"""

from standpartner.constants import FRAME_RATE_HZ
from standpartner.follow.config import FollowerConfig
from standpartner.follow.search import Found

_MOST_AGO_S = 2.0
_BLIND_S = 0.5  # the belief right after a start is that it is right


class Proof:
    """Tells whether the follower has been confident for long enough since it began.

    Args:
        config: The settings of the follower.
        needed: Whether a proof is needed at all; it is not where the music may begin anywhere, or at once.

    Attributes:
        ever: Whether a start has ever proved right.
    """

    def __init__(self, config: FollowerConfig, *, needed: bool) -> None:
        self._config, self._needed = config, needed
        self._followed = self._confident = self._near = 0
        self._wrong = False  # whether a start has proved wrong, and none right since
        self.ever = not needed

    @property
    def given(self) -> bool:
        """Whether this start has proved right."""
        return not self._needed or self._confident >= self._config.proved_after_s * FRAME_RATE_HZ

    @property
    def likely(self) -> bool:
        """Whether the start is likely to be right; after one that proved wrong only a proof tells."""
        confident = self._confident >= self._config.likely_after_s * FRAME_RATE_HZ
        return self.given or (confident and not self._wrong)

    def begin(self) -> None:
        """Ask for a proof again, as the start proved wrong."""
        self._followed = self._confident = self._near = 0
        self._wrong = True

    def take(self, confidence: float) -> None:
        """Take in the confidence of a frame that was followed."""
        self._followed += 1
        if self._followed > _BLIND_S * FRAME_RATE_HZ:
            self._confident += confidence >= self._config.found_above
        self.ever = self.ever or self.given

    def found_at_home(self, found: Found, home_px: float) -> int | None:
        """Take in what the search found in a frame of waiting.

        Args:
            found: The place that the search found.
            home_px: The place on the strip in px where the music is expected.

        Returns:
            None as long as the search is not sure that the music moves on from there; else the number of frames ago
            that it must have begun.
        """
        config = self._config.pursuit
        behind_px = found.x_px - home_px
        near = -config.search.reach_px <= behind_px <= config.away_px
        sure = found.probability >= config.sure and found.speed_px >= config.slowest_px
        self._near = self._near + 1 if near and sure else 0
        if self._near < self._config.sure_at_home_s * FRAME_RATE_HZ:
            return None
        self.begin()
        return max(0, min(round(behind_px / found.speed_px), round(_MOST_AGO_S * FRAME_RATE_HZ)))
