"""The start of the music: heard where it is, with and without the agent's ear, and not in noise."""

import numpy as np
import pytest

from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.follow.config import StartConfig
from standpartner.follow.start import StartDetector, expected_keys
from standpartner.hear import spectrogram

LEAD_S = 3.0
DEAF = np.full(88, -9.0, np.float32)  # logits of an agent that hears no key


def tone(pitch, seconds=0.4):
    time = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    f = 440 * 2 ** ((pitch - 69) / 12)
    return 0.25 * np.exp(-3 * time) * sum(np.sin(2 * np.pi * f * k * time) / k for k in range(1, 6))


def melody():
    return np.concatenate([tone(pitch) for pitch in (67, 69, 71, 72, 74, 76)])


def coloured_noise(rng, count, *, slope):
    spectrum = np.fft.rfft(rng.normal(size=count))
    spectrum /= np.maximum(np.fft.rfftfreq(count, 1 / SAMPLE_RATE_HZ), 20) ** slope
    noise = np.fft.irfft(spectrum, count)
    return noise / noise.std()


def backgrounds():
    rng = np.random.default_rng(0)
    count = int(LEAD_S * SAMPLE_RATE_HZ) + len(melody())
    time = np.arange(count) / SAMPLE_RATE_HZ
    fan = 0.01 * coloured_noise(rng, count, slope=0.5)
    fan[:SAMPLE_RATE_HZ] = 0
    knocks = np.zeros(count)
    for second in (0.5, 1.1, 1.4, 2.3):
        k = int(second * SAMPLE_RATE_HZ)
        knocks[k : k + 2000] = 0.2 * coloured_noise(rng, 2000, slope=1.0) * np.exp(-np.arange(2000) / 500)
    return {
        "silence": np.zeros(count),
        "white": 0.003 * rng.normal(size=count),
        "pink": 0.01 * coloured_noise(rng, count, slope=0.5),
        "fan switched on": fan,
        "knocks": knocks,
        "hum": 0.01 * np.sin(2 * np.pi * 50 * time) + 0.005 * np.sin(2 * np.pi * 150 * time),
    }


def detect(audio, pressed=DEAF, config=None, expected=()):
    """(frame in which the music began, frame in which that was known), or None."""
    detector = StartDetector(config or StartConfig(), expected_keys(np.array(expected, dtype=int)))
    for k, frame in enumerate(spectrogram(audio.astype(np.float32))):
        detector.hear(frame, pressed[k] if pressed.ndim == 2 else pressed)
        ago = detector.begun()
        if ago is not None:
            return k - ago, k
    return None


@pytest.mark.parametrize("kind", backgrounds())
def test_tones_are_found_in_noise_without_an_ear(kind):
    audio = backgrounds()[kind]
    audio[int(LEAD_S * SAMPLE_RATE_HZ) :] += melody()
    began, _ = detect(audio)
    assert abs(began - LEAD_S * 20) <= 1


@pytest.mark.parametrize("kind", backgrounds())
def test_noise_alone_is_no_music(kind):
    assert detect(backgrounds()[kind]) is None


def test_an_ear_makes_it_quick():
    audio = np.concatenate([np.zeros(SAMPLE_RATE_HZ), melody()])
    pressed = np.full((200, 88), -9.0, np.float32)
    pressed[21, 67 - 21] = 1.0  # heard one frame after the onset, with probability 0.73
    assert detect(audio, pressed, expected=[67]) == (20, 21)
    assert detect(audio, pressed, expected=[79]) == (20, 21), "another octave is as good"
    assert detect(audio, pressed, expected=[66])[1] > 30, "another key needs more certainty"
    pressed[21, 67 - 21] = 4.0
    assert detect(audio, pressed, expected=[66]) == (20, 21)


def test_a_key_heard_in_silence_is_imagined():
    pressed = np.full((200, 88), 9.0, np.float32)
    assert detect(np.zeros(SAMPLE_RATE_HZ), pressed, expected=[67]) is None


def test_music_from_the_first_sample_on():
    began, known = detect(melody())
    assert began <= 1
    assert known <= 40


def test_expected_keys():
    keys = expected_keys(np.array([60, 64]))
    assert keys.sum() == 15  # eight Cs and seven Es
    assert keys[60 - 21]
    assert not keys[61 - 21]
    assert not expected_keys(np.array([], dtype=int)).any()
