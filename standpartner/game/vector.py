"""The batched game as Gymnasium's vector environment; needs ``pip install "standpartner[game]"``."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from standpartner.agent.find import DEFAULT_AGENT
from standpartner.errors import GameError
from standpartner.game.batched import BatchedGame, StepResult
from standpartner.game.environment import check_loudness, toy_tracks
from standpartner.game.rules import PIANO, GameConfig, IntArray, find_config
from standpartner.game.senses import Observations, make_senses
from standpartner.game.tracks import Track

Infos = dict[str, Any]
_INFO = ("track", "position_px", "target_px", "error_px", "speed", "frame")


class ScoreFollowingVectorEnv(VectorEnv[Observations, IntArray, np.ndarray]):
    """Plays ``num_envs`` games at once, each as `ScoreFollowingEnv` alone would with the same seed and actions.

    ``gymnasium.make_vec("standpartner/ScoreFollowing-v0", num_envs=256)`` makes it. Actions, rewards, ends and info are
    those of the single environment, which describes them, as arrays with one entry a game.

    Args:
        num_envs: The number of games.
        tracks: What to play on; default: a few artificial tracks.
        config: The rules: ``"piano"``, ``"nottingham"`` or a `GameConfig`.
        observe: What agents observe: ``"windows"``, as the single environment does, or ``"features"``: the columns of
            the score around the agent, (64, features + 2), and the embedding of the sound, (features,), by the
            encoders of ``agent``.
        agent: The name or folder of the read-once agent whose features are observed.
        autoreset_mode: When a game that has ended begins again: in the next step (then this step's action is ignored
            and its reward is 0), in the same step (then info has the last observation as ``final_obs`` and its info as
            ``final_info``), or disabled (``reset(options={"reset_mask": mask})`` does it).

    Raises:
        ConfigError: There are no such rules, or there is nothing of that name to observe.
        GameError: There is no track, or a spectrogram is out of range.
        AgentError: There is no such agent, or it is of another kind.
    """

    def __init__(
        self,
        num_envs: int = 1,
        tracks: Sequence[Track] | None = None,
        *,
        config: GameConfig | str = PIANO,
        observe: str = "windows",
        agent: str = DEFAULT_AGENT,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
    ) -> None:
        self.num_envs = num_envs
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = {"autoreset_mode": self.autoreset_mode}
        self.config = config = find_config(config) if isinstance(config, str) else config
        self.tracks = tuple(toy_tracks() if tracks is None else tracks)
        check_loudness(self.tracks)
        self._game = BatchedGame(self.tracks, config, n_episodes=num_envs)
        self._senses = make_senses(observe, self.tracks, config=config, agent=agent)
        self._before_px = np.zeros(num_envs)
        self._first = np.ones(num_envs, dtype=bool)
        self._over = np.zeros(num_envs, dtype=bool)
        self._result: StepResult | None = None
        self._generators: list[np.random.Generator] = []
        self.single_observation_space = self._senses.space
        self.observation_space = batch_space(self._senses.space, num_envs)
        self.single_action_space = spaces.Discrete(len(config.actions))
        self.action_space = batch_space(self.single_action_space, num_envs)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observations, Infos]:
        """Start all games, or some.

        Args:
            seed: The seed of the first game's generator, which the others' count on from, or one seed for each.
            options: The options; ``{"track": index}`` chooses the track of all games, or an index for each;
                ``{"reset_mask": mask}``, bool (n,), resets these only.

        Returns:
            The observations of all games, and the info of those that were reset.

        Raises:
            GameError: An option is unknown or of a wrong shape, or a track's index is out of range.
        """
        options = dict(options or {})
        mask = np.asarray(options.pop("reset_mask", np.ones(self.num_envs, dtype=bool)))
        if mask.dtype != bool or mask.shape != (self.num_envs,):
            raise GameError(f"reset_mask must be bool ({self.num_envs},), got {mask.dtype} {mask.shape}")
        if unknown := set(options) - {"track"}:
            raise GameError(f"the only reset options are 'track' and 'reset_mask', got {sorted(unknown)}")
        which = np.flatnonzero(mask)
        self._seed(seed, which)
        self._begin(which, options.get("track"))
        return self._observe(), self._info(which)

    def step(self, actions: npt.ArrayLike) -> tuple[Observations, np.ndarray, np.ndarray, np.ndarray, Infos]:
        """Play one frame of every game; see the class for games that have ended.

        Args:
            actions: The indices of the changes of speed, (n,).

        Returns:
            The observations, the rewards, float64 (n,), terminated and truncated, bool (n,), and the info.

        Raises:
            GameError: A game has not begun, or has ended with autoreset disabled; or an action is out of range.
        """
        game, over = self._game, np.flatnonzero(self._over)
        idle = ~game.running & ~self._over
        if idle.any() or (self.autoreset_mode is AutoresetMode.DISABLED and len(over)):
            raise GameError(f"game {np.flatnonzero(~game.running)[0]} is not running; call reset() before step()")
        self._before_px, self._first = game.position_px.copy(), np.zeros(self.num_envs, dtype=bool)
        result = self._result = game.step(actions)
        self._over = result.terminated | result.truncated
        self._begin(over)
        infos: Infos = {}
        observations = self._observe()
        if self.autoreset_mode is AutoresetMode.SAME_STEP and self._over.any():
            observations, infos = self._begin_at_once(observations, np.flatnonzero(self._over))
        infos |= self._info(np.arange(self.num_envs))
        return observations, result.reward.astype(np.float64), result.terminated, result.truncated, infos

    def close_extras(self, **kwargs: Any) -> None:
        """Do nothing, as there is nothing to close."""

    def _seed(self, seed: int | Sequence[int | None] | None, which: IntArray) -> None:
        if seed is None:
            seed = [None] * self.num_envs
        elif isinstance(seed, int | np.integer):
            seed = [int(seed) + number for number in range(self.num_envs)]
        seeds = [None if own is None else int(own) for own in seed]
        if len(seeds) != self.num_envs:
            raise GameError(f"expected one seed or {self.num_envs}, got {len(seeds)}")
        if not self._generators:
            self._generators = [seeding.np_random(own)[0] for own in seeds]
        for number in which:
            if seeds[number] is not None:
                self._generators[number] = seeding.np_random(seeds[number])[0]

    def _begin(self, which: IntArray, track: npt.ArrayLike | None = None) -> None:
        """Start games, each on a track that its own generator draws, or on a given one."""
        if not len(which):
            return
        drawn = np.array([self._generators[number].integers(len(self.tracks)) for number in which])
        chosen = drawn if track is None else np.broadcast_to(np.asarray(track), (self.num_envs,))[which]
        self._game.reset(which, chosen)
        self._first[which], self._over[which] = True, False

    def _begin_at_once(self, observations: Observations, ended: IntArray) -> tuple[Observations, Infos]:
        """Start ended games again; return the new observations, and the last ones with their info."""
        last, final = self._info(ended), np.full(self.num_envs, None, dtype=object)
        for number in ended:
            final[number] = {name: seen[number].copy() for name, seen in observations.items()}
        self._begin(ended)
        for name, seen in self._observe(ended).items():
            observations[name][ended] = seen
        mask = np.zeros(self.num_envs, dtype=bool)
        mask[ended] = True
        return observations, {"final_obs": final, "_final_obs": mask, "final_info": last, "_final_info": mask.copy()}

    def _observe(self, which: IntArray | None = None) -> Observations:
        some = np.arange(self.num_envs) if which is None else which
        return self._senses.observe(self._game, some, before_px=self._before_px[some], first=self._first[some])

    def _info(self, which: IntArray) -> Infos:
        """Return the info of some games in Gymnasium's form: arrays that are 0 for the others, and masks."""
        mask = np.zeros(self.num_envs, dtype=bool)
        mask[which] = True
        values = {name: getattr(self._game, name) for name in _INFO}
        for name in ("lost", "finished"):
            ended = getattr(self._result, name, np.zeros_like(mask))
            values[name] = ended & ~self._first  # nothing has ended a game that has just begun
        infos: Infos = {}
        for name, array in values.items():
            infos[name], infos["_" + name] = np.where(mask, array, np.zeros_like(array)), mask.copy()
        return infos
