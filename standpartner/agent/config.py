"""The settings of an agent's network: written into every checkpoint and bundle, read back to rebuild it."""

from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Final, Self

from standpartner.errors import AgentError

COLUMN_STRIDE_PX = 8  # strip px from one feature column to the next
WINDOW_COLUMNS = 64  # the agent sees 64 * 8 = 512 strip px, the window of the piano game
SEARCH_MARGIN_COLUMNS = 6  # a column's fit in a search depends on so many on each side: three convolutions of width 5
FRONT_FRAMES = 5  # spectrogram frames that make one front


class _Settings:
    """Settings of a network, written to and read from the plain dictionary that a JSON file holds."""

    def to_json(self) -> dict[str, Any]:
        """Return a plain dictionary for a JSON file."""
        return asdict(self)  # type: ignore[call-overload]  # of the dataclasses below

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Rebuild the settings from `to_json`.

        Raises:
            AgentError: A key is unknown or a value is missing: the file was made by another version.
        """
        _check_known(cls, values)
        try:
            return cls(**{name: _from_plain(value) for name, value in values.items()})
        except TypeError as error:
            raise AgentError(f"expected the settings of a network, got {values}: {error}") from error


@dataclass(frozen=True)
class NetworkConfig(_Settings):
    """The sizes of the read-once network (see "Read once, listen once" in the design).

    Attributes:
        strip_channels: The channels of the five convolutions over the strip.
        frame_channels: The channels of the three convolutions over the spectrogram.
        features: The width of a feature column and of a frame embedding.
        heads: The number of correlation maps between a frame and the columns; divides ``features``.
        column_dilations: The dilations of the residual convolutions along the strip.
        carried: The count of numbers that are carried along the strip from left to right: what is printed once and
            holds on, such as clef and key. 0 means that nothing is, and that the pitches of columns are not learned.
        carried_units: The width of the dense layer that joins each column with what is carried.
        frame_dilations: The dilations of the causal convolutions along time.
        policy_hidden: The width of the policy's dense layer.
        memory: The size of the policy's recurrent state.
        belief_channels: The count of numbers that the tracker remembers about each of the window's columns.
        max_speed_px: The speed to which speeds are clipped before the network sees them, in strip px a frame.
        remembers: Whether policy and tracker remember anything from frame to frame. If not, they know what they see and
            the last seconds of sound.
        ahead_frames: The frames after which the tracker also says where the music will be; 0 means that it does not.
    """

    kind: ClassVar[str] = "read-once"
    game: ClassVar[str] = ""  # it sees the strip, by whatever rules
    acts: ClassVar[bool] = True

    strip_channels: tuple[int, int, int, int, int] = (16, 32, 48, 64, 64)
    frame_channels: tuple[int, int, int] = (16, 32, 32)
    features: int = 128
    heads: int = 8
    column_dilations: tuple[int, ...] = (1, 2, 4, 8, 16)
    carried: int = 0
    carried_units: int = 256
    frame_dilations: tuple[int, ...] = (1, 2, 4, 8)
    policy_hidden: int = 256
    memory: int = 128
    belief_channels: int = 16
    max_speed_px: int = 24
    remembers: bool = True
    ahead_frames: int = 0

    @property
    def history_frames(self) -> int:
        """The number of earlier fronts that one embedding depends on."""
        return 2 * sum(self.frame_dilations)

    @property
    def belief_size(self) -> int:
        """The size of the tracker's state: the channels of each column, and the fraction between two columns."""
        return self.belief_channels * WINDOW_COLUMNS + 1

    @property
    def memory_size(self) -> int:
        """The count of numbers that an agent keeps from frame to frame: the policy's state and the tracker's."""
        return self.memory + self.belief_size


@dataclass(frozen=True)
class Convolution:
    """The sizes of one convolution without padding, followed by an exponential linear unit.

    Attributes:
        channels: The number of channels that it makes.
        kernel: The width and height of the kernel.
        stride: The strides along rows and along columns.
        dropout: The share of its outputs that are dropped in training.
    """

    channels: int
    kernel: int = 3
    stride: tuple[int, int] = (1, 1)
    dropout: float = 0.0


@dataclass(frozen=True)
class WindowNetworkConfig(_Settings):
    """The sizes of a network that looks at windows of score and spectrogram, as the paper's do.

    Two towers of convolutions, one over the score window and one over the spectrogram excerpt, are joined by a dense
    layer. On it stand the policy and the value, or, with ``bins``, the answer where in the window the music is.

    Attributes:
        game: The name of the rules whose windows it sees ("piano", "nottingham").
        score: The convolutions over the score window, first to last.
        spectrogram: The convolutions over the spectrogram excerpt.
        tower: The width of a dense layer at the end of each tower; 0 means that there is none.
        joint: The width of the dense layer that joins the towers.
        head: The width of the dense layers of policy and value.
        head_dropout: The share of those layers' outputs that are dropped in training.
        differences: Whether the network also sees each view's difference to that of the previous state.
        bins: The number of parts of the window that the network chooses from; 0 means that it acts.
        places: The number of parts of the window of which an agent learns to say in which the music is, beside its
            policy; 0 means that it does not.
        kind: The word that tells this configuration from a read-once network's in a file.
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
    places: int = 0
    kind: str = "window"

    @property
    def acts(self) -> bool:
        """Whether the network takes actions; if not, it says where in the window the music is."""
        return not self.bins


def _from_plain(value: Any) -> Any:
    """Turn a list into a tuple, and a table into a `Convolution`, which is the only one that settings hold."""
    if isinstance(value, list | tuple):
        return tuple(map(_from_plain, value))
    if isinstance(value, dict):
        _check_known(Convolution, value)
        return Convolution(**{name: _from_plain(inner) for name, inner in value.items()})
    return value


def _check_known(settings: type, values: dict[str, Any]) -> None:
    known = {field.name for field in fields(settings)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise AgentError(
            f"expected network settings among {sorted(known)}, got {unknown}; update standpartner or the agent"
        )


AnyNetworkConfig = NetworkConfig | WindowNetworkConfig
_CONFIGS: Final[dict[str, type[AnyNetworkConfig]]] = {
    NetworkConfig.kind: NetworkConfig,
    WindowNetworkConfig.kind: WindowNetworkConfig,
}


def kind_of_network(values: dict[str, Any]) -> str:
    """Return the kind of a network by its ``to_json``: "read-once" or "window"."""
    return str(values.get("kind", NetworkConfig.kind))  # a read-once network's settings do not name it


def network_config(values: dict[str, Any]) -> AnyNetworkConfig:
    """Rebuild the settings of a network of any kind from their ``to_json``.

    Raises:
        AgentError: The kind or a key is unknown: the file was made by another version.
    """
    kind = kind_of_network(values)
    if kind not in _CONFIGS:
        raise AgentError(f"expected a network of kind {' or '.join(_CONFIGS)}, got {kind!r}; update standpartner")
    return _CONFIGS[kind].from_json(values)
