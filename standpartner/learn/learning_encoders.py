"""Trains the whole read-once network from the reward: encoders, locate head and policy.

While it plays, each episode looks at a crop of its strip and some frames of sound that were encoded once with the
present weights; a crop is renewed when the window leaves it or its frames are used up. A replay encodes the same
crops again, with gradients. So a frame costs its share of a crop, not a crop.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from standpartner.agent.columns import window_index
from standpartner.agent.config import COLUMN_STRIDE_PX, WINDOW_COLUMNS
from standpartner.game.batched import BatchedGame
from standpartner.learn.data import TrainingSet, frames_between, ink_between
from standpartner.learn.device import precision
from standpartner.learn.features import look_through
from standpartner.learn.fixed_encoders import replay, said_by_name
from standpartner.learn.mirrored import judged, pair_log_probability, places_told
from standpartner.learn.rollout import Acted, Rollout
from standpartner.networks.heads import interpolate_window
from standpartner.networks.policy import OUTLINE
from standpartner.networks.read_once import ReadOnceNetwork

BEHIND = 4  # columns of a crop before its first window: 32 strip px
AHEAD_PX_PER_FRAME = 6  # its length after that window; music takes 3 strip px a frame on average
WHOLE_EPISODE_FRAMES = 32
_PARTS = ("strip.", "frames.", "locate.", "outline.", "policy.")
_KEPT = ("speed_px", "track", "ahead")
_CROP = ("crop", "performance", "first_column", "first_frame")


@dataclass
class _Crops:
    """The crops of the game's episodes, as arrays (episodes, ...).

    Attributes:
        crop: The number of the crop, one for each that was ever made.
        performance: The index of the performance.
        first_column: The first column of the strip.
        first_frame: The first frame of the sound.
        frame: The frame of the episode at its last observation.
        view: The views of the crops, (episodes, crop columns + 128, features + 2).
        embedding: The embeddings of the crops' frames, (episodes, frames of a crop, features).
    """

    crop: np.ndarray
    performance: np.ndarray
    first_column: np.ndarray
    first_frame: np.ndarray
    frame: np.ndarray
    view: Tensor
    embedding: Tensor


class LearningEncoders:
    """Plays and learns with all parts of a read-once network but the tracker and the supervised helpers.

    Args:
        network: The network, all of which is used.
        data: The data whose tracks are played, in their order.
        frames: The frames of a rollout; 0 for whole episodes.
        mixed_precision: The precision of the encoders; see `precision`.
    """

    stands_alone = False

    def __init__(
        self, network: ReadOnceNetwork, data: TrainingSet, *, frames: int, mixed_precision: str = "off"
    ) -> None:
        self.network, self.data, self.mixed_precision = network, data, mixed_precision
        self.frames = (frames or WHOLE_EPISODE_FRAMES) + 1  # one more, for the value after the last one
        self.crop_columns = BEHIND + WINDOW_COLUMNS + self.frames * AHEAD_PX_PER_FRAME // COLUMN_STRIDE_PX
        self._columns = np.array([data.pieces[p.piece].column_count for p in data.performances])
        self._crops: _Crops | None = None
        self._made = 0

    def learned(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Return the parameters that learn; see `Actor.learned`."""
        for name, parameter in self.network.named_parameters():
            if name.startswith(_PARTS) and not name.startswith("policy.tracker."):
                yield name, parameter

    def empty_memory(self, count: int) -> Tensor:
        """Return the memory at the start of episodes; see `Actor.empty_memory`."""
        return torch.zeros(count, self.network.config.memory_size)

    def prepare(self) -> None:
        """Drop the crops that were encoded with older weights; see `Actor.prepare`."""
        self._crops = None

    def act(self, game: BatchedGame, memory: Tensor, *, which: np.ndarray | None = None) -> Acted:
        """Judge the present states; see `Actor.act`."""
        episodes = np.arange(game.n_episodes) if which is None else which
        crops = self._renewed(game, episodes)
        place = game.frame[episodes] - crops.first_frame[episodes]
        index, fraction = self._window(game, crops, episodes)
        columns = index[:, None] + np.arange(WINDOW_COLUMNS + 1)
        speed_px = torch.as_tensor(game.speed[episodes].astype(np.float32))
        with torch.no_grad():
            embedding = crops.embedding[episodes, place]
            seen, located = look_through(
                self.network, crops.view[episodes[:, None], columns], embedding, torch.as_tensor(fraction)
            )
            decided = self.network.policy(seen, located, embedding, speed_px, memory)
        observed = {name: torch.as_tensor(getattr(crops, name)[episodes]) for name in _CROP} | {
            "place": torch.as_tensor(place),
            "index": torch.as_tensor(index),
            "fraction": torch.as_tensor(fraction),
            "speed_px": speed_px,
            **said_by_name(decided.said),
        }
        return Acted(observed, decided.action, decided.value, decided.memory)

    def replay(self, rollout: Rollout) -> tuple[Tensor, Tensor]:
        """Judge all states of a rollout again; see `Actor.replay`."""
        kept = {name: rollout.observed[name] for name in _KEPT if name in rollout.observed}
        return replay(self.network.policy, rollout, observed=self._look_again(rollout) | kept)

    def places_loss(self, rollout: Rollout, *, bound_px: float) -> Tensor:
        """Return the loss of the locate head, in nat, by the places that a rollout's rewards tell.

        Args:
            rollout: The rollout, of which the truth is not used.
            bound_px: The bound of the rules.
        """
        places = places_told(rollout, rollout.observed["speed_px"].cumsum(0), bound_px=bound_px)
        pair = pair_log_probability(self._look_again(rollout)["locate"], places.columns)
        return judged(pair, places)[0]

    def _look_again(self, rollout: Rollout) -> dict[str, Tensor]:
        """Encode the crops of a rollout again, and return maps, locate and embedding of all frames, (T, N, ...)."""
        observed, shape = rollout.observed, rollout.fresh.shape
        numbers = observed["crop"].flatten().numpy(force=True)
        _, first, crop = np.unique(numbers, return_index=True, return_inverse=True)
        view, embedding = self._encode(*(observed[name].flatten().numpy(force=True)[first] for name in _CROP[1:]))
        place = observed["place"].flatten().numpy(force=True)
        index = torch.zeros(len(first), self.frames, dtype=torch.int64)
        fraction = torch.zeros(len(first), self.frames)
        index[crop, place], fraction[crop, place] = observed["index"].flatten(), observed["fraction"].flatten()
        maps = interpolate_window(self.network.look(view, embedding), index, fraction)  # (crops, heads + 2, frames, 64)
        maps, embedding = maps.transpose(1, 2)[crop, place], embedding[crop, place]
        seen = {"maps": maps, "locate": self.network.locate(maps, embedding), "embedding": embedding}
        return {name: values.unflatten(0, shape) for name, values in seen.items()}

    def _window(self, game: BatchedGame, crops: _Crops, episodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where the episodes' windows begin in their crops, in padded columns; see ``columns.window_index``."""
        local_px = game.position_px[episodes] - crops.first_column[episodes] * COLUMN_STRIDE_PX
        return window_index(local_px, np.full(len(episodes), self.crop_columns))

    def _renewed(self, game: BatchedGame, episodes: np.ndarray) -> _Crops:
        """Return the crops, after renewing those that do not cover the present windows."""
        if self._crops is None:
            self._crops = self._nothing(game.n_episodes)
        crops = self._crops
        frame, place = game.frame[episodes], game.frame[episodes] - crops.first_frame[episodes]
        index, _ = self._window(game, crops, episodes)
        inside = (index >= WINDOW_COLUMNS) & (index < self.crop_columns)
        went_on = (crops.performance[episodes] == game.track[episodes]) & (frame == crops.frame[episodes] + 1)
        old = episodes[~(inside & went_on & (place < self.frames))]
        crops.frame[episodes] = frame
        if len(old):
            crops.performance[old], crops.first_frame[old] = game.track[old], game.frame[old]
            middle = np.floor(game.position_px[old] / COLUMN_STRIDE_PX).astype(np.int64)
            crops.first_column[old] = middle - WINDOW_COLUMNS // 2 - BEHIND
            crops.crop[old] = self._made + np.arange(len(old))
            self._made += len(old)
            with torch.no_grad():
                view, embedding = self._encode(crops.performance[old], crops.first_column[old], crops.first_frame[old])
            crops.view[old], crops.embedding[old] = view, embedding
        return crops

    def _nothing(self, episodes: int) -> _Crops:
        numbers = {name: np.full(episodes, -2, np.int64) for name in (*_CROP, "frame")}
        size = self.network.config.features
        view = torch.zeros(episodes, self.crop_columns + 2 * WINDOW_COLUMNS, size + OUTLINE)
        return _Crops(view=view, embedding=torch.zeros(episodes, self.frames, size), **numbers)

    def _encode(
        self, performance: np.ndarray, first_column: np.ndarray, first_frame: np.ndarray
    ) -> tuple[Tensor, Tensor]:
        """Encode n crops into views, (n, crop columns + 128, features + 2), and embeddings, (n, frames, features)."""
        tracks = [self.data.performances[number] for number in performance]
        ink = [
            ink_between(self.data.pieces[track.piece], column, column + self.crop_columns)
            for track, column in zip(tracks, first_column.tolist(), strict=True)
        ]
        lead = self.network.frames.lead_frames
        sound = [
            frames_between(track.track.spectrogram, frame - lead, frame + self.frames)
            for track, frame in zip(tracks, first_frame.tolist(), strict=True)
        ]
        with precision(self.mixed_precision):
            image = torch.as_tensor(np.stack(ink)[:, None]).to(memory_format=torch.channels_last)
            view = self.network.view(self.network.strip(image))
            embedding = self.network.frames(torch.as_tensor(np.stack(sound)))
        columns = first_column[:, None] + np.arange(self.crop_columns)
        on_strip = torch.as_tensor((columns >= 0) & (columns < self._columns[performance][:, None]))
        view = view.float() * on_strip.unsqueeze(-1)  # zeros beyond the strip's ends, as when it is read whole
        return functional.pad(view, (0, 0, WINDOW_COLUMNS, WINDOW_COLUMNS)), embedding.float()
