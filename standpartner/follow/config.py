"""Holds the settings of the follower: when it starts, when it is lost and when it stops."""

from dataclasses import dataclass, field
from typing import Final

from standpartner.errors import ConfigError
from standpartner.follow.pursuit import IN_PICTURES, Caution, PursuitConfig

NEAR_HOME: Final = Caution(times=3.0, steady_px=64.0)
FAR_FROM_HOME: Final = Caution(times=5.0, steady_px=64.0, most=4.0)  # the place must be steady for 3 s


@dataclass(frozen=True, kw_only=True)
class StartConfig:
    """The thresholds by which music has begun; the rule is in ``start.StartDetector``.

    Attributes:
        above_floor: The ratio of magnitude to noise floor above which a band is loud (4 is 12 dB).
        quietest: The magnitude below which nothing counts as sound; a full-scale sine has about 500.
        floor_memory_s: The time in s in which the noise floor follows the room.
        loud_memory_s: The time in s in which it follows a band that is loud, such as a fan that is switched on.
        tone_ratio: The ratio of the magnitude of a tone's band to that of the bands around it.
        key_probability: The probability that the agent's listening must give to a starting key.
        expected_probability: The same probability for a key that the score starts with, in any octave.
        confirm_s: The time in s after a tone within which a starting key must be heard. The follower catches up with
            what was played meanwhile.
        steady_s: The stretch of time in s which tones must fill to be taken for music without a starting key.
        steady_share: The share of it that they must fill.
    """

    above_floor: float = 3.0
    quietest: float = 0.015
    floor_memory_s: float = 1.0
    loud_memory_s: float = 4.0
    tone_ratio: float = 4.0
    key_probability: float = 0.95
    expected_probability: float = 0.6
    confirm_s: float = 0.2
    steady_s: float = 1.5
    steady_share: float = 0.6


@dataclass(frozen=True, kw_only=True)
class FollowerConfig:
    """The settings of a follower.

    Attributes:
        wait: Whether the follower waits for the first note; else music begins with the first sample.
        start: The thresholds by which the first note is heard.
        pursuit: The settings of the search beside the agent, which say when it moves the agent.
        pursuit_in_pictures: The same for a score that is a picture.
        lost_below: The confidence below which the follower may be lost.
        lost_after_s: The time in s for which the confidence must be below for the follower to be lost.
        found_above: The confidence from which it is found again.
        proved_after_s: The time in s for which the follower must have been at least ``found_above`` confident for a
            start to prove right; the first half second does not count. Until then it goes back and waits when it is
            lost.
        likely_after_s: The same time for the position that is given to leave the bar where the music is expected. After
            a start that proved wrong it stays there until one proves right.
        heard_at_home: The least probability that the search must give to the place where the music is expected, for
            what sounds like a first note to be taken for one after a start that proved wrong.
        near_px: The greatest distance in strip px from that place that is near.
        caution_near: The further conditions of a jump to a place near, until a start proves right.
        caution_far: The same for a place further away, where talk and humming are found more often than music.
        sure_at_home_s: The time in s for which the search must be sure that the music moves on from where it is
            expected, after a start that did not prove right.
        pause_after_s: The time in s without any tone after which the follower waits at the next onset.
        notes_after_end: The number of notes that must have begun near the end of the score before a jump from there.
        end_after_s: The time in s at or past the end of the music (the last onset, or a picture's last barline) after
            which the follower stays there.

    Raises:
        ConfigError: A value is out of range.
    """

    wait: bool = True
    start: StartConfig = field(default_factory=StartConfig)
    pursuit: PursuitConfig = field(default_factory=PursuitConfig)
    pursuit_in_pictures: PursuitConfig = IN_PICTURES
    lost_below: float = 0.5
    lost_after_s: float = 0.5
    found_above: float = 0.7
    proved_after_s: float = 1.0
    likely_after_s: float = 0.25
    heard_at_home: float = 0.3
    near_px: float = 2000.0
    caution_near: Caution = NEAR_HOME
    caution_far: Caution = FAR_FROM_HOME
    sure_at_home_s: float = 0.25
    pause_after_s: float = 2.5
    notes_after_end: int = 5
    end_after_s: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.lost_below <= self.found_above <= 1:
            raise ConfigError(
                f"expected 0 <= lost_below <= found_above <= 1, got {self.lost_below} and {self.found_above}"
            )
