"""Plays with a policy of the user's own, as trained in the Gymnasium environment, from a Python file."""

import sys
from collections.abc import Callable, Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from standpartner.agent.find import DEFAULT_AGENT
from standpartner.errors import ConfigError, StandpartnerError
from standpartner.evaluate.measures.episode import Episode
from standpartner.evaluate.players.episodes import play_runs
from standpartner.evaluate.players.player import PlayConfig, TrackPlayer
from standpartner.game.batched import BatchedGame
from standpartner.game.tracks import Track
from standpartner.support.requirements import check_installed

if TYPE_CHECKING:
    from standpartner.game.senses import Senses

GAMES_AT_ONCE: Final = 128  # their windows are a few MB
Act = Callable[[dict[str, NDArray[np.float32]]], Any]
_MADE: Final = "make_policy"
_MODULE: Final = "standpartner_own_policy"


class OwnPolicyPlayer(TrackPlayer):
    """Plays by a function that sees what the vector environment shows.

    The file is run as a program. It defines ``make_policy(num_envs, seed)``, which is called for each group of games
    and returns a function from the observations of that many games, a dictionary of arrays, to their actions. It may
    say ``OBSERVE = "features"``, and with ``AGENT`` whose; as a default it sees windows. Games that have ended are
    shown as they ended, and their actions are ignored.

    Args:
        path: The file.

    Raises:
        ConfigError: The file is missing, fails, or defines no ``make_policy``.
        MissingExtraError: Gymnasium is not installed.
    """

    def __init__(self, path: Path) -> None:
        check_installed("game", {"gymnasium": "Gymnasium"})
        self.name = f"policy:{path}"
        module = _run(path)
        self.make: Callable[[int, int], Act] = getattr(module, _MADE)
        self.observe: str = getattr(module, "OBSERVE", "windows")
        self.agent: str = getattr(module, "AGENT", DEFAULT_AGENT)

    def play_tracks(self, tracks: Sequence[Track], config: PlayConfig) -> list[list[Episode]]:
        """Play all runs, `GAMES_AT_ONCE` tracks side by side; see `Player.play`."""
        seeds = config.drawn_seeds or [config.seed]
        starts = range(0, len(tracks), GAMES_AT_ONCE)
        return [
            [one for start in starts for one in self._play(tracks[start : start + GAMES_AT_ONCE], config, seed)]
            for seed in seeds
        ]

    def _play(self, tracks: Sequence[Track], config: PlayConfig, seed: int) -> list[Episode]:
        from standpartner.game.senses import make_senses

        senses = make_senses(self.observe, tracks, config=config.game, agent=self.agent)
        policy = _Observing(self.make(len(tracks), seed), senses, self.name)
        return play_runs(policy, tracks, config=config.game)[0]


class _Observing:
    """Acts by a function of observations; see `Policy`."""

    def __init__(self, choose: Act, senses: "Senses", name: str) -> None:
        self.choose, self.senses, self.name = choose, senses, name
        self._before_px: NDArray[np.float64] | None = None

    def act(self, game: BatchedGame) -> NDArray[np.int64]:
        everyone = np.arange(game.n_episodes)
        first = game.frame == game.start_frame
        before_px = game.position_px if self._before_px is None else self._before_px
        seen = self.senses.observe(game, everyone, before_px=before_px, first=first)
        self._before_px = game.position_px.copy()
        actions, expected = np.asarray(self.choose(seen)), len(game.config.actions)
        whole = np.issubdtype(actions.dtype, np.integer) and actions.shape == everyone.shape
        if not whole or actions.min() < 0 or actions.max() >= expected:
            raise ConfigError(
                f"{self.name}: expected {len(everyone)} actions, whole numbers from 0 to {expected - 1}, got "
                f"{actions.dtype} {actions.shape}; the function that {_MADE} returns gives one action a game"
            )
        return actions.astype(np.int64)


def _run(path: Path) -> ModuleType:
    """Run a file as a module and return it."""
    if not path.is_file() or path.suffix != ".py":
        raise ConfigError(f"expected a Python file with a function {_MADE}(num_envs, seed), got {path}")
    module = sys.modules[_MODULE] = ModuleType(_MODULE)  # dataclasses look for it there
    try:
        SourceFileLoader(_MODULE, str(path)).exec_module(module)
    except StandpartnerError:
        raise
    except Exception as error:
        raise ConfigError(f"{path} could not be run: {type(error).__name__}: {error}; mend it") from error
    if not callable(getattr(module, _MADE, None)):
        raise ConfigError(f"{path} defines no function {_MADE}(num_envs, seed); docs/environment.md shows one")
    return module
