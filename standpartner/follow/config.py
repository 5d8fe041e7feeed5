"""The settings of the follower: when it starts, when it calls itself lost and when it stops."""

from dataclasses import dataclass, field

from standpartner.errors import ConfigError
from standpartner.follow.pursuit import PursuitConfig


@dataclass(frozen=True, kw_only=True)
class StartConfig:
    """When music is taken to have begun; the rule is in ``start.StartDetector``.

    Attributes:
        above_floor: A band is loud when its magnitude is this many times its noise floor (4 is 12 dB).
        quietest: The magnitude below which nothing counts as sound; a full-scale sine has about 500.
        floor_memory_s: The time in which the noise floor follows the room.
        loud_memory_s: The time in which it follows a band that is loud, such as a fan that is switched on.
        tone_ratio: A tone's band has this many times the magnitude of the bands around it.
        key_probability: The probability that the agent's listening must give to a starting key.
        expected_probability: The same for a key that the score starts with, in any octave.
        confirm_s: The time after a tone within which a starting key must be heard. The follower catches up with what
            was played meanwhile.
        steady_s: The stretch of time which tones must fill to be taken for music without a starting key.
        steady_share: The part of it that they must fill.
    """

    above_floor: float = 4.0
    quietest: float = 0.3
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
    """How a follower behaves around the agent.

    Attributes:
        wait: Whether it waits for the first note; else music is taken to begin with the first sample.
        start: What counts as the first note.
        pursuit: How the search goes on beside the agent, and when it puts the agent elsewhere.
        lost_below: The confidence below which the follower may be lost.
        lost_after_s: The time for which it must be below for the follower to say so.
        found_above: The confidence from which it is found again.
        end_after_s: The time at or past the end of the music (the last onset, or a picture's last barline) after which
            it stays there.

    Raises:
        ConfigError: A value is out of range.
    """

    wait: bool = True
    start: StartConfig = field(default_factory=StartConfig)
    pursuit: PursuitConfig = field(default_factory=PursuitConfig)
    lost_below: float = 0.5
    lost_after_s: float = 0.5
    found_above: float = 0.7
    end_after_s: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.lost_below <= self.found_above <= 1:
            raise ConfigError(
                f"expected 0 <= lost_below <= found_above <= 1, got {self.lost_below} and {self.found_above}"
            )
