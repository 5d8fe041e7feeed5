"""Agents that run on ONNX Runtime alone: their graphs, checked and loaded."""

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
from standpartner.constants import BAND_COUNT
from standpartner.errors import AgentError

Floats = NDArray[np.float32]
ConfigT = TypeVar("ConfigT", NetworkConfig, WindowNetworkConfig)


@dataclass(frozen=True)
class Decision:
    """What an agent makes of one frame of N episodes.

    Attributes:
        action: (N, 3) are the logits of the speed changes -1, 0, +1.
        value: (N,) is the reward that the agent expects: a read-once network the mean one, a window network the
            discounted sum.
        locate: (N, 64) are logits over the window's columns: where the music is, by the last seconds alone. They are
            (N, 0) for an agent that does not say.
        track: (N, 64) are the same logits by all that was heard since the start.
        memory: (N, memory_size) is to be handed in with the next frame.
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
    """What such a network can do, for the error about one of another kind."""

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

    def read(self, strip: NDArray[np.uint8]) -> Floats:
        """Read a strip once.

        Args:
            strip: uint8 (160, width), 255 is white.

        Returns:
            (columns + 128, features + 2) what the agent sees of each column, padded by a window at both ends
            (``columns.window_index`` counts in it).
        """
        _, view = self._run["strip"].run(None, {"ink": ink(strip)[None, None]})
        return pad_columns(view)

    def fronts(self, frames: Floats) -> Floats:
        """Encode (N, 5, 78) spectrogram frames as (N, features): the newest one with its four predecessors."""
        return self._run["front"].run(None, {"frames": frames})[0]

    def listen(self, fronts: Floats) -> tuple[Floats, Floats]:
        """Turn (N, features, history + 1) fronts into embeddings (N, features) and logits of starting keys (N, 88)."""
        embedding, pressed = self._run["frame"].run(None, {"fronts": fronts})
        return embedding, pressed

    def decide(self, view: Floats, embedding: Floats, *, speed_px: Floats, memory: Floats) -> Decision:
        """Decide for N episodes.

        Args:
            view: (N, 64, features + 2), the windows of their strips.
            embedding: (N, features).
            speed_px: (N,) in strip px a frame.
            memory: (N, memory_size) of the frame before.
        """
        inputs = {"view": view, "embedding": embedding, "speed_px": speed_px, "memory": memory}
        return Decision(*self._run["policy"].run(None, inputs))

    def search_keys(self, view: Floats) -> Floats:
        """Return what a search compares frames with.

        Args:
            view: (columns + 128, features + 2) from ``read``.

        Returns:
            (heads, features / heads, columns).
        """
        keys = view[WINDOW_COLUMNS:-WINDOW_COLUMNS, : self.config.features]
        split = keys.reshape(len(keys), self.config.heads, -1)
        return np.ascontiguousarray(split.transpose(1, 2, 0))

    def search(self, keys: Floats, embedding: Floats) -> Floats:
        """Say how well every column of a score fits one frame.

        Args:
            keys: The score's, from `search_keys`.
            embedding: (1, features).

        Returns:
            Logits (columns,).

        Raises:
            AgentError: The agent was exported without the graph that searches.
        """
        if "search" not in self._run:
            raise AgentError(f"{self.folder} cannot search a score: it has no search.onnx; export the agent again")
        logits: Floats = self._run["search"].run(None, {"keys": keys, "embedding": embedding})[0]
        return logits

    def empty_memory(self, count: int) -> Floats:
        """Return the recurrent state at the start of N episodes."""
        return np.zeros((count, self.config.memory_size), np.float32)

    @cached_property
    def silent_front(self) -> Floats:
        """(features,) front of silence, which is what came before a recording began."""
        silent: Floats = self.fronts(np.zeros((1, FRONT_FRAMES, BAND_COUNT), np.float32))[0]
        return silent


class WindowAgent(Bundle[WindowNetworkConfig]):
    """A window network's bundle: it plays the game or, with bins, locates. See `Bundle` for arguments and errors."""

    config_type = WindowNetworkConfig
    can = "sees windows of the game"

    def decide(self, score: Floats, spectrogram: Floats) -> tuple[Floats, Floats]:
        """Decide for N episodes.

        Args:
            score: Windows (N, c, h, w); c is 2, with differences, or 1.
            spectrogram: Excerpts (N, c, 78, 40).

        Returns:
            Action logits (N, 3) and values (N,).
        """
        action, value = self._run["window"].run(None, {"score": score, "spectrogram": spectrogram})
        return action, value

    def locate(self, score: Floats, spectrogram: Floats) -> Floats:
        """Return logits (N, bins) over the window, left to right, for the same inputs as `decide`."""
        logits: Floats = self._run["window"].run(None, {"score": score, "spectrogram": spectrogram})[0]
        return logits


def load_agent(name_or_path: str, *, threads: int = 1) -> Agent:
    """Load an agent that follows, by the name it comes with or from a folder.

    Raises:
        AgentError: There is no such agent, it is damaged, or it cannot follow.
    """
    return Agent(find_agent(name_or_path), threads=threads)


def _session(graph: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
