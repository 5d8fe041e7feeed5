"""The score following game: rules, batched play, policies, toy tracks and a Gymnasium environment.

Importing this room registers ``standpartner/ScoreFollowing-v0`` where Gymnasium is installed; without it everything
but `ScoreFollowingEnv` and `ScoreFollowingVectorEnv` works.
"""

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from standpartner.game.batched import BatchedGame, StepResult
from standpartner.game.pacing import Pacer
from standpartner.game.policies import (
    ConstantSpeedPolicy,
    OraclePolicy,
    Policy,
    RandomPolicy,
    constant_speed,
    oracle_actions,
)
from standpartner.game.rules import CONFIGS, NOTTINGHAM, PIANO, GameConfig, find_config, onset_frame
from standpartner.game.toy import marked_track, ramp_track, random_track
from standpartner.game.tracks import Track
from standpartner.game.windows import score_windows, spectrogram_excerpts

if TYPE_CHECKING:
    from standpartner.game.environment import ScoreFollowingEnv
    from standpartner.game.vector import ScoreFollowingVectorEnv

__all__ = [
    "CONFIGS",
    "ENVIRONMENT_ID",
    "NOTTINGHAM",
    "PIANO",
    "BatchedGame",
    "ConstantSpeedPolicy",
    "GameConfig",
    "OraclePolicy",
    "Pacer",
    "Policy",
    "RandomPolicy",
    "ScoreFollowingEnv",
    "ScoreFollowingVectorEnv",
    "StepResult",
    "Track",
    "constant_speed",
    "find_config",
    "marked_track",
    "onset_frame",
    "oracle_actions",
    "ramp_track",
    "random_track",
    "score_windows",
    "spectrogram_excerpts",
]

ENVIRONMENT_ID = "standpartner/ScoreFollowing-v0"


def __getattr__(name: str) -> Any:
    if name == "ScoreFollowingEnv":  # its module needs Gymnasium
        from standpartner.game.environment import ScoreFollowingEnv

        return ScoreFollowingEnv
    if name == "ScoreFollowingVectorEnv":
        from standpartner.game.vector import ScoreFollowingVectorEnv

        return ScoreFollowingVectorEnv
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _register() -> None:
    if find_spec("gymnasium") is None:
        return
    import gymnasium

    if ENVIRONMENT_ID not in gymnasium.registry:
        gymnasium.register(
            ENVIRONMENT_ID,
            entry_point="standpartner.game.environment:ScoreFollowingEnv",
            vector_entry_point="standpartner.game.vector:ScoreFollowingVectorEnv",
        )


_register()
