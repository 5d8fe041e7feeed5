"""The score following game: rules, batched play, policies, toy tracks and a Gymnasium environment.

Importing this room registers ``standpartner/ScoreFollowing-v0`` and, with jumps, ``-v1`` where Gymnasium is installed;
without it everything but the environments works.
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
from standpartner.game.toy import jumping_track, marked_track, ramp_track, random_track
from standpartner.game.tracks import JumpingTrack, Track
from standpartner.game.windows import score_windows, spectrogram_excerpts

if TYPE_CHECKING:
    from standpartner.game.environment import ScoreFollowingEnv
    from standpartner.game.jumping_environment import JumpingScoreFollowingEnv
    from standpartner.game.vector import ScoreFollowingVectorEnv

__all__ = [
    "CONFIGS",
    "ENVIRONMENT_ID",
    "JUMPING_ENVIRONMENT_ID",
    "NOTTINGHAM",
    "PIANO",
    "BatchedGame",
    "ConstantSpeedPolicy",
    "GameConfig",
    "JumpingScoreFollowingEnv",
    "JumpingTrack",
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
    "jumping_track",
    "marked_track",
    "onset_frame",
    "oracle_actions",
    "ramp_track",
    "random_track",
    "score_windows",
    "spectrogram_excerpts",
]

ENVIRONMENT_ID = "standpartner/ScoreFollowing-v0"
JUMPING_ENVIRONMENT_ID = "standpartner/ScoreFollowing-v1"


def __getattr__(name: str) -> Any:
    if name == "ScoreFollowingEnv":  # its module needs Gymnasium
        from standpartner.game.environment import ScoreFollowingEnv

        return ScoreFollowingEnv
    if name == "JumpingScoreFollowingEnv":
        from standpartner.game.jumping_environment import JumpingScoreFollowingEnv

        return JumpingScoreFollowingEnv
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
        gymnasium.register(
            JUMPING_ENVIRONMENT_ID, entry_point="standpartner.game.jumping_environment:JumpingScoreFollowingEnv"
        )
        # Gymnasium calls v0 out of date if it knows a higher version of it. But v0 is the paper's game, v1 another one.
        gymnasium.registry[JUMPING_ENVIRONMENT_ID].version = None


_register()
