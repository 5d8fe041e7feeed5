"""Makes clean sound sound like a recording, by room, background noise and microphone, in this order.

It works on the waveform and is meant for building corpora; ``augment`` changes spectrograms cheaply while training.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from standpartner.errors import AudioError, ConfigError
from standpartner.perform.microphone import Microphone, MicrophoneConfig, record
from standpartner.perform.noise import Noise, NoiseConfig, add_noise
from standpartner.perform.rooms import Room, RoomConfig, reverberate


@dataclass(frozen=True)
class SoundConfig:
    """The surroundings to draw from; a part that is None is left out.

    Attributes:
        name: The name, which the choices keep.
        room: The ranges of rooms.
        noise: The kinds and levels of background noise.
        microphone: The ranges of recording devices.
    """

    name: str
    room: RoomConfig | None = None
    noise: NoiseConfig | None = None
    microphone: MicrophoneConfig | None = None


@dataclass(frozen=True)
class SoundChoices:
    """The surroundings drawn for one recording; ``dataclasses.asdict`` gives plain numbers and words."""

    name: str
    room: Room | None
    noise: Noise | None
    microphone: Microphone | None

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild the choices from ``dataclasses.asdict``, also after it was written as JSON.

        Raises:
            AudioError: Values are missing or unknown.
        """
        try:
            room, noise, microphone = values["room"], values["noise"], values["microphone"]
            return cls(
                name=values["name"],
                room=Room(**{**room, "size_m": tuple(room["size_m"])}) if room else None,
                noise=Noise(**noise) if noise else None,
                microphone=Microphone(**microphone) if microphone else None,
            )
        except (KeyError, TypeError) as error:
            raise AudioError(f"expected a record of surroundings, got one that does not fit: {error}") from error


def draw_sound(configs: Sequence[SoundConfig], *, seed: int) -> SoundChoices:
    """Draw surroundings for one recording.

    Args:
        configs: The configurations, of which one is taken; all are equally likely.
        seed: The seed; the same seed gives the same surroundings. It may be that of the performance, as the draws are
            independent.

    Returns:
        The choices.

    Raises:
        ConfigError: There is no configuration.
    """
    if not configs:
        raise ConfigError("expected at least one configuration of sound to draw from, got none")
    rng = np.random.default_rng([seed, 1])
    config = configs[int(rng.integers(len(configs)))]
    return SoundChoices(
        name=config.name,
        room=config.room.draw(rng) if config.room else None,
        noise=config.noise.draw(rng) if config.noise else None,
        microphone=config.microphone.draw(rng) if config.microphone else None,
    )


def disguise(audio: NDArray[np.float32], sound: SoundChoices) -> NDArray[np.float32]:
    """Apply surroundings to sound.

    Args:
        audio: The samples at 22 050 Hz, (n,); they are left as they are.
        sound: The surroundings.

    Returns:
        The samples, (n,), with every onset where it was. They may exceed 1, as those of the synthesiser may.

    Raises:
        AudioError: The samples are not mono float32.
        MissingExtraError: SciPy is not installed.
    """
    if audio.ndim != 1 or audio.dtype != np.float32:
        raise AudioError(f"expected mono float32 samples, got {audio.dtype} of shape {audio.shape}")
    if sound.room:
        audio = reverberate(audio, sound.room)
    if sound.noise:
        audio = add_noise(audio, sound.noise)
    if sound.microphone:
        audio = record(audio, sound.microphone)
    return audio


_TRAINING: Final = (
    SoundConfig("clean"),
    SoundConfig(
        "studio",
        room=RoomConfig((40.0, 120.0), (0.15, 0.35), (0.5, 2.0)),
        noise=NoiseConfig(("white", "pink"), (45.0, 60.0)),
    ),
    SoundConfig(
        "living-room",
        room=RoomConfig((40.0, 120.0), (0.35, 0.7), (0.6, 1.5)),
        noise=NoiseConfig(("pink", "hum", "clicks"), (25.0, 45.0)),
        microphone=MicrophoneConfig((50.0, 120.0), (7_000.0, 10_000.0), gain_db=(-6.0, 6.0)),
    ),
    SoundConfig(
        "phone",
        room=RoomConfig((30.0, 150.0), (0.3, 0.75), (0.4, 1.5)),
        noise=NoiseConfig(("white", "pink", "hum", "clicks"), (15.0, 35.0)),
        microphone=MicrophoneConfig(
            (150.0, 300.0), (3_400.0, 7_000.0), levelling=(0.3, 1.0), overload_db=(-6.0, 6.0), gain_db=(-9.0, 6.0)
        ),
    ),
    SoundConfig(
        "hall",
        room=RoomConfig((1_000.0, 8_000.0), (1.3, 2.4), (2.0, 5.0)),
        noise=NoiseConfig(("pink", "applause"), (25.0, 45.0)),
        microphone=MicrophoneConfig((30.0, 80.0), (8_000.0, 10_500.0), gain_db=(-6.0, 6.0)),
    ),
)
# For evaluation only: size, reverberation and background differ from those of all rooms above.
_UNSEEN: Final = SoundConfig(
    "chamber",
    room=RoomConfig((200.0, 500.0), (0.85, 1.15), (1.5, 3.0)),
    noise=NoiseConfig(("babble",), (25.0, 40.0)),
    microphone=MicrophoneConfig((80.0, 120.0), (6_500.0, 9_000.0), levelling=(0.0, 0.5), gain_db=(-6.0, 6.0)),
)
TRAINING_SOUNDS: Final = tuple(config.name for config in _TRAINING)
UNSEEN_SOUND: Final = _UNSEEN.name
UNSEEN_SOUNDFONT: Final = "salamander"
SOUNDS: Final = {config.name: config for config in (*_TRAINING, _UNSEEN)}
