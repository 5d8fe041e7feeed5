"""Loads agents that run on ONNX Runtime alone, and checks their files."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from standpartner.agent.calibration import Calibration
from standpartner.agent.columns import ink, pad_columns
from standpartner.agent.config import FRONT_FRAMES, WINDOW_COLUMNS, NetworkConfig, WindowNetworkConfig, kind_of_network
from standpartner.agent.description import check_file, read_description
from standpartner.agent.find import find_agent
from standpartner.agent.jump_policy import JumpPolicy
from standpartner.constants import BAND_COUNT
from standpartner.errors import AgentError

Floats = NDArray[np.float32]
ConfigT = TypeVar("ConfigT", NetworkConfig, WindowNetworkConfig)


@dataclass(frozen=True)
class Decision:
    """The outputs of an agent for one frame of N episodes.

    Attributes:
        action: The logits of the speed changes -1, 0, +1, (N, 3).
        value: The reward that the agent expects, (N,). A read-once network gives the mean reward, a window network the
            discounted sum.
        locate: The logits over the window's columns for where the music is, by the last seconds alone, (N, 64). They
            are (N, 0) for an agent that does not say.
        track: The same logits by all that was heard since the start, (N, 64).
        memory: The recurrent state, (N, memory_size), to be passed in with the next frame.
    """

    action: Floats
    value: Floats
    locate: Floats
    track: Floats
    memory: Floats


class Bundle(Generic[ConfigT]):
    """A folder with ``agent.json`` and ONNX graphs, loaded and checked.

    Args:
        folder: The folder of the agent.
        threads: The number of CPU threads of ONNX Runtime.

    Raises:
        AgentError: A file is missing, damaged, of another version, or the network is of another kind.
    """

    config_type: type[ConfigT]
    can: ClassVar[str]
    """The phrase that says what such a network can do, for the error about one of another kind."""

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        self.folder = folder
        content = read_description(folder)
        found = kind_of_network(content["network"])
        if found != self.config_type.kind:
            raise AgentError(
                f"expected a {self.config_type.kind} network in {folder}, one that {self.can}, found a {found} network;"
                " choose another agent"
            )
        self.about: dict[str, Any] = content["about"]
        self.calibration = Calibration.from_json(content.get("calibration"))
        self.jump_policy = JumpPolicy.from_json(content.get("jump_policy"))
        self.config: ConfigT = self.config_type.from_json(content["network"])
        graphs = [name for name in content["sha256"] if name.endswith(".onnx")]
        for name in graphs:
            check_file(folder / name, content["sha256"][name])
        self._run = {Path(name).stem: _session(folder / name, threads) for name in graphs}

    @property
    def name(self) -> str:
        """The agent's name."""
        return str(self.about.get("name", self.folder.name))


class Agent(Bundle[NetworkConfig]):
    """A read-once network's bundle: it follows and plays. See `Bundle` for arguments and errors."""

    config_type = NetworkConfig
    can = "can follow a recording"

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        super().__init__(folder, threads=threads)
        self._decide_one = _session(folder / "policy.onnx", threads, count=1)  # it has a fifth fewer operations

    def read(self, strip: NDArray[np.uint8]) -> Floats:
        """Read a strip once.

        Args:
            strip: The strip, uint8 (160, width), 255 is white.

        Returns:
            The view of the strip, (columns + 128, features + 2): what the agent sees of each column, padded by a window
            at both ends (``columns.window_index`` counts in it).
        """
        _, view = self._run["strip"].run(None, {"ink": ink(strip)[None, None]})
        return pad_columns(view)

    def fronts(self, frames: Floats) -> Floats:
        """Encode spectrogram frames, (N, 5, 78), the newest with its four predecessors, as fronts, (N, features)."""
        return self._run["front"].run(None, {"frames": frames})[0]

    def listen(self, fronts: Floats) -> tuple[Floats, Floats]:
        """Turn (N, features, history + 1) fronts into embeddings (N, features) and logits of starting keys (N, 88)."""
        embedding, pressed = self._run["frame"].run(None, {"fronts": fronts})
        return embedding, pressed

    def decide(self, view: Floats, embedding: Floats, *, speed_px: Floats, memory: Floats) -> Decision:
        """Decide for N episodes.

        Args:
            view: The windows of their strips, (N, 64, features + 2).
            embedding: The embeddings of their frames, (N, features).
            speed_px: The reading speeds in strip px a frame, (N,).
            memory: The recurrent states of the frame before, (N, memory_size).
        """
        inputs = {"view": view, "embedding": embedding, "speed_px": speed_px, "memory": memory}
        graph = self._decide_one if len(view) == 1 else self._run["policy"]
        return Decision(*graph.run(None, inputs))

    def search_keys(self, view: Floats) -> Floats:
        """Return the keys of a score, which a search compares with frames.

        Args:
            view: The view of the score's strip from `read`, (columns + 128, features + 2).

        Returns:
            The keys, (heads, features / heads, columns).
        """
        keys = view[WINDOW_COLUMNS:-WINDOW_COLUMNS, : self.config.features]
        split = keys.reshape(len(keys), self.config.heads, -1)
        return np.ascontiguousarray(split.transpose(1, 2, 0))

    def search(self, keys: Floats, embedding: Floats) -> Floats:
        """Return how well every column of a score fits one frame.

        Args:
            keys: The score's keys from `search_keys`.
            embedding: The embedding of the frame, (1, features).

        Returns:
            The logits of the columns, (columns,).

        Raises:
            AgentError: The agent was exported without the graph that searches.
        """
        if "search" not in self._run:
            raise AgentError(
                f"{self.name} plays the game but cannot follow recordings: its search head was not trained "
                "(stage seek), so there is no search.onnx; choose another agent"
            )
        logits: Floats = self._run["search"].run(None, {"keys": keys, "embedding": embedding})[0]
        return logits

    def empty_memory(self, count: int) -> Floats:
        """Return the recurrent state at the start of N episodes."""
        return np.zeros((count, self.config.memory_size), np.float32)

    @cached_property
    def silent_front(self) -> Floats:
        """The front of silence, (features,), which stands for the time before a recording began."""
        silent: Floats = self.fronts(np.zeros((1, FRONT_FRAMES, BAND_COUNT), np.float32))[0]
        return silent


class WindowAgent(Bundle[WindowNetworkConfig]):
    """A window network's bundle: it plays the game or, with bins, locates. See `Bundle` for arguments and errors."""

    config_type = WindowNetworkConfig
    can = "sees windows of the game"

    def decide(self, score: Floats, spectrogram: Floats) -> tuple[Floats, Floats]:
        """Decide for N episodes.

        Args:
            score: The score windows, (N, c, h, w); c is 2 with differences, else 1.
            spectrogram: The spectrogram excerpts, (N, c, 78, 40).

        Returns:
            The action logits, (N, 3), and the values, (N,).
        """
        action, value = self._run["window"].run(None, {"score": score, "spectrogram": spectrogram})
        return action, value

    def locate(self, score: Floats, spectrogram: Floats) -> Floats:
        """Return the logits over the window's bins, left to right, (N, bins), for the same inputs as `decide`."""
        logits: Floats = self._run["window"].run(None, {"score": score, "spectrogram": spectrogram})[0]
        return logits


def load_agent(name_or_path: str, *, threads: int = 1) -> Agent:
    """Load an agent that follows recordings, by the name of a bundled one or from a folder.

    Raises:
        AgentError: There is no such agent, it is damaged, or it cannot follow.
    """
    return Agent(find_agent(name_or_path), threads=threads)


def _session(graph: Path, threads: int, *, count: int | None = None) -> onnxruntime.InferenceSession:
    """Load a graph, for a known number of episodes if one is given."""
    options = onnxruntime.SessionOptions()
    if count is not None:
        options.add_free_dimension_override_by_name("n", count)
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
