"""The shape of an agent: written into every checkpoint and bundle, read back to rebuild it."""

from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from standpartner.errors import AgentError

COLUMN_STRIDE_PX = 8  # strip px from one feature column to the next
WINDOW_COLUMNS = 64  # the agent sees 64 * 8 = 512 strip px, the window of the piano game
FRONT_FRAMES = 5  # spectrogram frames one frame embedding is made of


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of the read-once network (design: "read once, listen once").

    Attributes:
        strip_channels: channels of the five convolutions over the strip.
        frame_channels: channels of the three convolutions over the spectrogram.
        features: width of a feature column and of a frame embedding.
        heads: correlation maps between a frame and the columns; divides ``features``.
        column_dilations: dilations of the residual convolutions along the strip.
        frame_dilations: dilations of the causal convolutions along time.
        policy_hidden: width of the policy's dense layer.
        memory: size of the policy's recurrent state.
        belief_channels: numbers that the tracker remembers about each of the window's columns.
        max_speed_px: speeds are clipped to this before the network sees them.
        remembers: whether policy and tracker remember anything from frame to frame; else they know what they see and
            the last 1.9 s of sound.
    """

    strip_channels: tuple[int, int, int, int, int] = (16, 32, 48, 64, 64)
    frame_channels: tuple[int, int, int] = (16, 32, 32)
    features: int = 128
    heads: int = 8
    column_dilations: tuple[int, ...] = (1, 2, 4, 8, 16)
    frame_dilations: tuple[int, ...] = (1, 2, 4, 8)
    policy_hidden: int = 256
    memory: int = 128
    belief_channels: int = 16
    max_speed_px: int = 24
    remembers: bool = True

    @property
    def history_frames(self) -> int:
        """Earlier frame embeddings that one output of the frame encoder looks back on."""
        return 2 * sum(self.frame_dilations)

    @property
    def belief_size(self) -> int:
        """Numbers of the tracker's state: channels for each column, and where between two columns they stand."""
        return self.belief_channels * WINDOW_COLUMNS + 1

    @property
    def memory_size(self) -> int:
        """Numbers that an agent remembers from frame to frame: the policy's state and the tracker's."""
        return self.memory + self.belief_size

    def to_json(self) -> dict[str, Any]:
        """Plain dictionary for a JSON file."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Rebuild from ``to_json``.

        Raises:
            AgentError: a key is unknown: the file was made by another version.
        """
        _check_known(cls, values)
        plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        return cls(**plain)


@dataclass(frozen=True)
class Convolution:
    """One convolution without padding, followed by an exponential linear unit.

    Attributes:
        channels: that it makes.
        kernel: width and height.
        stride: along rows, along columns.
        dropout: share of its outputs that are dropped in training.
    """

    channels: int
    kernel: int = 3
    stride: tuple[int, int] = (1, 1)
    dropout: float = 0.0


@dataclass(frozen=True)
class WindowNetworkConfig:
    """Sizes of a network that looks at windows of score and spectrogram, as the paper's do.

    Two towers of convolutions, one over the score window and one over the spectrogram excerpt, are joined by a dense
    layer. On it stand the policy and the value, or, with ``bins``, the answer where in the window the music is.

    Attributes:
        game: name of the rules whose windows it sees ("piano", "nottingham").
        score: convolutions over the score window, first to last.
        spectrogram: convolutions over the spectrogram excerpt.
        tower: width of a dense layer at the end of each tower; 0 for none.
        joint: width of the dense layer that joins the towers.
        head: width of the dense layers of policy and value.
        head_dropout: share of those layers' outputs that are dropped in training.
        differences: whether it also sees each view's difference to that of the previous state.
        bins: parts of the window that it chooses from; 0 for an agent that acts.
        kind: tells this configuration from a read-once network's in a file.
    """

    game: str
    score: tuple[Convolution, ...]
    spectrogram: tuple[Convolution, ...]
    tower: int = 0
    joint: int = 256
    head: int = 256
    head_dropout: float = 0.0
    differences: bool = True
    bins: int = 0
    kind: str = "window"

    def to_json(self) -> dict[str, Any]:
        """Plain dictionary for a JSON file."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Rebuild from ``to_json``.

        Raises:
            AgentError: a key is unknown: the file was made by another version.
        """
        _check_known(cls, values)
        towers = {name: tuple(_convolution(layer) for layer in values[name]) for name in ("score", "spectrogram")}
        return cls(**values | towers)


def _convolution(values: dict[str, Any]) -> Convolution:
    _check_known(Convolution, values)
    return Convolution(**values | {"stride": tuple(values["stride"])})


def _check_known(kind: type, values: dict[str, Any]) -> None:
    known = {field.name for field in fields(kind)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise AgentError(
            f"expected network settings among {sorted(known)}, got {unknown}; update standpartner or the agent"
        )


AnyNetworkConfig = NetworkConfig | WindowNetworkConfig


def network_config(values: dict[str, Any]) -> AnyNetworkConfig:
    """Rebuild the configuration of either kind of network from its ``to_json``.

    Raises:
        AgentError: a key is unknown: the file was made by another version.
    """
    return WindowNetworkConfig.from_json(values) if "kind" in values else NetworkConfig.from_json(values)
