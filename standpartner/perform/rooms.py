"""Imitates rooms: impulse responses of boxes with a direct sound, early reflections and a decaying tail.

Early reflections are those of a box (Allen and Berkley, JASA 1979, doi 10.1121/1.382599) up to about the room's mixing
time; from there on the response is noise whose level follows from diffuse-field theory (Kuttruff, "Room Acoustics").
Each octave band has its own decay time. The direct sound comes at sample 0: onsets stay where they are.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.errors import MissingExtraError
from standpartner.support.ranges import Range, check_ranges, draw, draw_log

Float64 = NDArray[np.float64]

_SOUND_M_S: Final = 343.0
_PROPORTIONS: Final = np.array([1.6, 1.25, 1.0])  # length, width, height
_PROPORTION_SPREAD: Final = 0.08  # standard deviation of the logarithm of each
_MARGIN: Final = 0.15  # the share of each dimension near the walls without players and microphones
_SABINE: Final = 0.161  # s/m: decay time * absorption / volume
_CRITICAL: Final = 0.00325  # m s: squared critical distance * decay time / volume
_DECAY_RATE: Final = np.log(1e6)  # energy falls by 60 dB in one decay time
_MIXING_S: Final = 0.0015  # times the root of the volume in m3
_BANDS_HZ: Final = 125.0 * 2.0 ** np.arange(7)
_DECAY_BY_BAND: Final = np.array([1.15, 1.1, 1.0, 1.0, 0.9, 0.75, 0.55])  # furniture and air take the treble
_DECAY_SPREAD: Final = 0.1  # standard deviation of the logarithm of each band's decay time


@dataclass(frozen=True)
class Room:
    """A room with a player and a microphone.

    Attributes:
        size_m: The length, width and height in m.
        reverberation_s: The time in s in which sound at 500 Hz to 1 kHz falls by 60 dB.
        distance_m: The distance in m from player to microphone, unless the room is too small for that.
        wet_db: The level of all sound but the direct sound, relative to the theory for such a room.
        seed: The seed of the positions and of the tail.
    """

    size_m: tuple[float, float, float]
    reverberation_s: float
    distance_m: float
    wet_db: float
    seed: int


@dataclass(frozen=True)
class RoomConfig:
    """The ranges (lowest, highest) of rooms.

    Attributes:
        volume_m3: The volume, drawn evenly on a logarithmic scale.
        reverberation_s: The reverberation time; see `Room`.
        distance_m: The distance; see `Room`.
        wet_db: The level; see `Room`. It is below 0 because instruments and microphones favour the direction towards
            each other.
    """

    volume_m3: Range
    reverberation_s: Range
    distance_m: Range
    wet_db: Range = (-8.0, -2.0)

    def __post_init__(self) -> None:
        within = {"volume_m3": (10.0, 1e5), "reverberation_s": (0.1, 10.0)}
        check_ranges(self, within=within | {"distance_m": (0.1, 50.0), "wet_db": (-40.0, 12.0)})

    def draw(self, rng: np.random.Generator) -> Room:
        """Draw one room."""
        height_m = (draw_log(self.volume_m3, rng) / _PROPORTIONS.prod()) ** (1 / 3)
        size_m = height_m * _PROPORTIONS * np.exp(_PROPORTION_SPREAD * rng.standard_normal(3))
        return Room(
            size_m=(float(size_m[0]), float(size_m[1]), float(size_m[2])),
            reverberation_s=draw(self.reverberation_s, rng),
            distance_m=draw(self.distance_m, rng),
            wet_db=draw(self.wet_db, rng),
            seed=int(rng.integers(2**32)),
        )


def impulse_response(room: Room) -> NDArray[np.float32]:
    """Compute the impulse response from the player's position to the microphone.

    Args:
        room: The room; the same room gives the same response.

    Returns:
        The samples at 22 050 Hz, (n,), of energy 1, beginning with the direct sound.
    """
    rng = np.random.default_rng(room.seed)
    player, microphone = _places(room, rng)
    distance_m = float(np.linalg.norm(player - microphone))
    spread = np.exp(_DECAY_SPREAD * rng.standard_normal(len(_BANDS_HZ)))
    decay_s = room.reverberation_s * _DECAY_BY_BAND * spread
    time_s = np.arange(int(decay_s.max() * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    volume_m3 = float(np.prod(room.size_m))
    mixed = (time_s / (_MIXING_S * np.sqrt(volume_m3))).clip(max=1.0)  # 0 at the direct sound, 1 where only tail is
    bands = np.sqrt(1.0 - mixed) * _reflections(room, player, microphone, decay_s=decay_s, count=len(time_s))
    energy = distance_m**2 * _DECAY_RATE / (_CRITICAL * volume_m3) / SAMPLE_RATE_HZ  # a sample's, direct sound is 1
    fading = np.exp(-_DECAY_RATE / 2 * (time_s + distance_m / _SOUND_M_S) / decay_s[:, None])
    bands += np.sqrt(mixed * energy) * fading * rng.standard_normal(len(time_s))
    response = 10.0 ** (room.wet_db / 20.0) * _joined(bands)
    response[0] += 1.0
    return (response / np.sqrt(np.sum(response**2))).astype(np.float32)


def reverberate(audio: NDArray[np.float32], room: Room) -> NDArray[np.float32]:
    """Play sound in a room, at about the same level.

    Args:
        audio: The samples at 22 050 Hz, (n,).
        room: The room.

    Returns:
        The samples, (n,); the direct sound is not delayed.

    Raises:
        MissingExtraError: SciPy is not installed.
    """
    try:
        from scipy.signal import oaconvolve
    except ImportError as error:
        raise MissingExtraError("SciPy", 'pip install "standpartner[synth]"') from error
    wet: NDArray[np.float32] = oaconvolve(audio, impulse_response(room))[: len(audio)]
    return wet.astype(np.float32, copy=False)


def _places(room: Room, rng: np.random.Generator) -> tuple[Float64, Float64]:
    """Place player and microphone at their distance, in any horizontal direction, away from the walls."""
    size_m = np.array(room.size_m)
    lowest, highest = _MARGIN * size_m, (1 - _MARGIN) * size_m
    player = rng.uniform(lowest, highest)
    angle = rng.uniform(0.0, 2 * np.pi)
    direction = np.array([np.cos(angle), np.sin(angle), 0.0])
    # The direction is turned inwards: a player near a wall is recorded from the room's side.
    direction *= np.where((size_m / 2 - player) * direction < 0, -1.0, 1.0)
    return player, (player + room.distance_m * direction).clip(lowest, highest)


def _reflections(room: Room, player: Float64, microphone: Float64, *, decay_s: Float64, count: int) -> Float64:
    """Compute the echoes, (bands, count), of the walls before the mixing time, relative to the direct sound."""
    size_m = np.array(room.size_m)
    volume_m3 = size_m.prod()
    surface_m2 = 2 * (size_m[0] * size_m[1] + size_m[0] * size_m[2] + size_m[1] * size_m[2])
    direct_m = np.linalg.norm(player - microphone)
    reach_m = direct_m + _SOUND_M_S * _MIXING_S * np.sqrt(volume_m3)
    square_m2, bounces = np.zeros(1), np.zeros(1, np.int64)
    for axis in range(3):
        cell = np.arange(-(reach := int(reach_m / (2 * size_m[axis])) + 1), reach + 1)
        offset_m = 2 * cell[:, None] * size_m[axis] + np.array([1, -1]) * player[axis] - microphone[axis]
        hits = np.abs(cell[:, None] - np.array([0, 1])) + np.abs(cell[:, None])
        square_m2 = (square_m2[:, None] + offset_m.ravel() ** 2).ravel()
        bounces = (bounces[:, None] + hits.ravel()).ravel()
    distance_m = np.sqrt(square_m2)
    place = (distance_m - direct_m) / _SOUND_M_S * SAMPLE_RATE_HZ
    heard = (bounces > 0) & (place < count - 2) & (distance_m < reach_m)
    whole, bounces = place[heard].astype(np.int64), bounces[heard]
    part = place[heard] - whole
    lost = _SABINE * volume_m3 / (surface_m2 * decay_s) / 2  # of the logarithm of the amplitude, each bounce
    amplitude = direct_m / distance_m[heard] * np.exp(-lost[:, None] * bounces)
    echoes = np.zeros((len(decay_s), count))
    for band in range(len(decay_s)):
        np.add.at(echoes[band], whole, (1 - part) * amplitude[band])
        np.add.at(echoes[band], whole + 1, part * amplitude[band])
    return echoes


def _joined(bands: Float64) -> Float64:
    """Filter each row, (bands, n), to its octave band and add the rows; the filters add up to 1 everywhere."""
    count = bands.shape[1]
    frequency_hz = np.fft.rfftfreq(2 * count, 1 / SAMPLE_RATE_HZ)
    octave = np.log2(np.maximum(frequency_hz, 1.0) / _BANDS_HZ[0]).clip(0, len(_BANDS_HZ) - 1)
    total = np.zeros(len(frequency_hz), np.complex128)
    for number, row in enumerate(bands):
        total += np.maximum(0.0, 1.0 - np.abs(octave - number)) * np.fft.rfft(row, 2 * count)
    return np.fft.irfft(total, 2 * count)[:count]
