"""Agents that follow and play with ONNX Runtime alone: found by name or path, checked, loaded."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from standpartner.agent.calibration import Calibration
from standpartner.agent.config import FRONT_FRAMES, WINDOW_COLUMNS, NetworkConfig, WindowNetworkConfig, network_config
from standpartner.agent.views import ink, pad_columns
from standpartner.constants import BAND_COUNT
from standpartner.errors import AgentError

BUNDLE_VERSION = 1
DEFAULT_AGENT = "tunes"
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Decision:
    """What an agent makes of one frame for N episodes.

    Attributes:
        action: (N, 3) logits of the speed changes -1, 0, +1.
        value: (N,) mean reward expected.
        locate: (N, 64) logits over the window's columns: where the music is, by the last seconds alone.
        track: (N, 64) the same by all that was heard since the start.
        memory: (N, memory_size) to be handed in with the next frame.
    """

    action: Floats
    value: Floats
    locate: Floats
    track: Floats
    memory: Floats


class _Bundle:
    """A bundle of either kind: described, checked, its graphs ready to run."""

    def __init__(self, folder: Path, *, threads: int) -> None:
        self.folder = folder
        content = _read_description(folder)
        self.about: dict[str, Any] = content["about"]
        self.calibration = Calibration.from_json(content.get("calibration"))
        self.network = network_config(content["network"])
        graphs = [name for name in content["sha256"] if name.endswith(".onnx")]
        for name in graphs:
            _check_file(folder / name, content["sha256"][name])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._run = {
            Path(name).stem: onnxruntime.InferenceSession(
                str(folder / name), options, providers=["CPUExecutionProvider"]
            )
            for name in graphs
        }

    @property
    def name(self) -> str:
        """The agent's name."""
        return str(self.about.get("name", self.folder.name))


class Agent(_Bundle):
    """A read-once network's bundle, loaded: it follows and plays.

    Args:
        folder: with ``agent.json`` and the graphs.
        threads: CPU threads of ONNX Runtime.

    Raises:
        AgentError: a file is missing, damaged, of another version, or holds a window network.
    """

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        super().__init__(folder, threads=threads)
        if not isinstance(self.network, NetworkConfig):
            raise AgentError(
                f"{folder} holds a network that sees windows of the game: it can be evaluated, but not follow; "
                "choose another agent"
            )
        self.config: NetworkConfig = self.network

    def read(self, strip: NDArray[np.uint8]) -> Floats:
        """Read a strip once.

        Args:
            strip: (160, width) uint8, 255 is white.

        Returns:
            (columns + 128, features + 2) what the agent sees of each column, padded by a window at both ends
            (``views.window_index`` counts in it).
        """
        _, view = self._run["strip"].run(None, {"ink": ink(strip)[None, None]})
        return pad_columns(view)

    def fronts(self, frames: Floats) -> Floats:
        """(N, 5, 78) spectrogram -> (N, features): the newest frame with its four predecessors."""
        return self._run["front"].run(None, {"frames": frames})[0]

    def listen(self, fronts: Floats) -> tuple[Floats, Floats]:
        """(N, features, history + 1) -> embeddings (N, features), logits of starting keys (N, 88)."""
        embedding, pressed = self._run["frame"].run(None, {"fronts": fronts})
        return embedding, pressed

    def decide(self, view: Floats, embedding: Floats, *, speed_px: Floats, memory: Floats) -> Decision:
        """Decide for N episodes: view (N, 64, features + 2) of their windows, embedding, speed, memory."""
        inputs = {"view": view, "embedding": embedding, "speed_px": speed_px, "memory": memory}
        return Decision(*self._run["policy"].run(None, inputs))

    def search_keys(self, view: Floats) -> Floats:
        """What a search compares frames with: (columns + 128, features + 2) from ``read`` -> (heads, size, columns)."""
        keys = view[WINDOW_COLUMNS:-WINDOW_COLUMNS, : self.config.features]
        split = keys.reshape(len(keys), self.config.heads, -1)
        return np.ascontiguousarray(split.transpose(1, 2, 0))

    def search(self, keys: Floats, embedding: Floats) -> Floats:
        """How well every column of a score fits one frame: its keys, embedding (1, features) -> logits (columns,).

        Raises:
            AgentError: the agent was exported without the graph that searches.
        """
        if "search" not in self._run:
            raise AgentError(f"{self.folder} cannot search a score: it has no search.onnx; export the agent again")
        logits: Floats = self._run["search"].run(None, {"keys": keys, "embedding": embedding})[0]
        return logits

    def empty_memory(self, count: int) -> Floats:
        """Recurrent state at the start of N episodes."""
        return np.zeros((count, self.config.memory_size), np.float32)

    @cached_property
    def silent_front(self) -> Floats:
        """(features,) front of silence, which is what came before a recording began."""
        silent: Floats = self.fronts(np.zeros((1, FRONT_FRAMES, BAND_COUNT), np.float32))[0]
        return silent


class WindowAgent(_Bundle):
    """A window network's bundle, loaded: it plays the game or, with bins, locates.

    Args:
        folder: with ``agent.json`` and the graph.
        threads: CPU threads of ONNX Runtime.

    Raises:
        AgentError: a file is missing, damaged, of another version, or holds a read-once network.
    """

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        super().__init__(folder, threads=threads)
        if not isinstance(self.network, WindowNetworkConfig):
            raise AgentError(f"expected a window network in {folder}, found a read-once network; choose another agent")
        self.config: WindowNetworkConfig = self.network

    def decide(self, score: Floats, spectrogram: Floats) -> tuple[Floats, Floats]:
        """Action logits (N, 3) and values (N,) for windows (N, c, h, w) and excerpts (N, c, 78, 40).

        c is 2, with differences, or 1.
        """
        action, value = self._run["window"].run(None, {"score": score, "spectrogram": spectrogram})
        return action, value

    def locate(self, score: Floats, spectrogram: Floats) -> Floats:
        """Logits (N, bins) over the window, left to right, for the same."""
        logits: Floats = self._run["window"].run(None, {"score": score, "spectrogram": spectrogram})[0]
        return logits


class Ear:
    """Turns spectrogram frames into embeddings as they come, for N performances in step.

    Args:
        agent: whose encoder listens.
        count: performances heard side by side.
    """

    def __init__(self, agent: Agent, count: int = 1) -> None:
        self.agent = agent
        self._frames = np.zeros((count, FRONT_FRAMES, BAND_COUNT), np.float32)
        self._fronts = np.tile(agent.silent_front[None, :, None], (count, 1, agent.config.history_frames + 1))

    def hear(self, frames: Floats) -> tuple[Floats, Floats]:
        """(N, 78) next frame of each performance -> embeddings (N, features), starting keys' logits (N, 88)."""
        self._frames = np.concatenate([self._frames[:, 1:], frames[:, None]], axis=1)
        front = self.agent.fronts(self._frames)
        self._fronts = np.concatenate([self._fronts[:, :, 1:], front[:, :, None]], axis=2)
        return self.agent.listen(self._fronts)


def hear_recording(agent: Agent, spectrogram: Floats, *, batch: int = 256) -> tuple[Floats, Floats]:
    """All frames of a recording at once, the same numbers as an ``Ear`` gives one by one.

    Args:
        agent: whose encoder listens.
        spectrogram: (frames, 78).
        batch: frames encoded at a time, which bounds the memory.

    Returns:
        Embeddings (frames, features) and logits of starting keys (frames, 88).
    """
    lead = np.zeros((FRONT_FRAMES - 1, BAND_COUNT), np.float32)
    views = np.lib.stride_tricks.sliding_window_view(np.concatenate([lead, spectrogram]), FRONT_FRAMES, axis=0)
    views = views.transpose(0, 2, 1)
    parts = [agent.fronts(np.ascontiguousarray(views[i : i + batch])) for i in range(0, len(views), batch)]
    history = np.tile(agent.silent_front, (agent.config.history_frames, 1))
    fronts = np.concatenate([history, *parts])
    views = np.lib.stride_tricks.sliding_window_view(fronts, agent.config.history_frames + 1, axis=0)
    heard = [agent.listen(np.ascontiguousarray(views[i : i + batch])) for i in range(0, len(views), batch)]
    embeddings, pressed = (np.concatenate(column) for column in zip(*heard, strict=True))
    return embeddings, pressed


def _read_description(folder: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads((folder / "agent.json").read_text())
    except (OSError, ValueError) as error:
        raise AgentError(f"expected an agent in {folder}, found no readable agent.json: {error}") from error
    if content.get("format") != BUNDLE_VERSION:
        raise AgentError(
            f"{folder} has agent format {content.get('format')}, this is {BUNDLE_VERSION}; export it again"
        )
    return content


def _check_file(path: Path, checksum: str) -> None:
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise AgentError(f"cannot read {path}: {error}; get the agent again") from error
    if found != checksum:
        raise AgentError(f"{path} is damaged: its checksum is not the one in agent.json; get the agent again")


def bundled_agents() -> dict[str, Path]:
    """Agents that come with standpartner, by name."""
    package = Path(__file__).parents[1]
    places = (package / "models", package.parent / "models")  # in a wheel; in a checkout
    return {
        description.parent.name: description.parent
        for place in places
        for description in sorted(place.glob("*/agent.json"))
    }


def find_agent(name_or_path: str) -> Path:
    """Folder of an agent, by the name it comes with or by path.

    Raises:
        AgentError: there is no such agent.
    """
    known = bundled_agents()
    folder = known.get(name_or_path, Path(name_or_path))
    if not (folder / "agent.json").is_file():
        raise AgentError(f"no agent {name_or_path!r}: give a folder with an agent.json or one of {', '.join(known)}")
    return folder


def load_agent(name_or_path: str, *, threads: int = 1) -> Agent:
    """Load an agent that follows, by the name it comes with or from a folder.

    Raises:
        AgentError: there is no such agent, it is damaged, or it cannot follow.
    """
    return Agent(find_agent(name_or_path), threads=threads)


def load_player(name_or_path: str, *, threads: int = 1) -> Agent | WindowAgent:
    """Load an agent of either kind, as the game's evaluation needs it.

    Raises:
        AgentError: there is no such agent, or it is damaged.
    """
    folder = find_agent(name_or_path)
    windows = isinstance(network_config(_read_description(folder)["network"]), WindowNetworkConfig)
    return WindowAgent(folder, threads=threads) if windows else Agent(folder, threads=threads)
