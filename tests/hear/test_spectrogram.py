import time

import numpy as np
import pytest

from standpartner.errors import AudioError
from standpartner.hear import SpectrogramStream, frame_centre, frame_count, spectrogram, transposed
from standpartner.hear.spectrogram import band_centre_bins, filterbank

RATE_HZ = 22_050


def noise(count, seed=0):
    return (0.3 * np.random.default_rng(seed).standard_normal(count)).astype(np.float32)


def by_the_formula(audio, frame):
    """One frame straight from the definition, in double precision."""
    padded = np.pad(audio.astype(np.float64), 2048)
    start = int(frame * 1102.5) - 1024 + 2048
    magnitude = np.abs(np.fft.fft(padded[start : start + 2048] * np.hanning(2048)))[:1024]
    return np.log10(1 + filterbank().astype(np.float64) @ magnitude)


def test_there_are_78_triangles_of_area_one_with_their_peak_on_a_semitone():
    bank, centres = filterbank(), band_centre_bins()
    assert bank.shape == (78, 1024)
    assert (bank >= 0).all()
    np.testing.assert_allclose(bank.sum(axis=1), 1.0, rtol=1e-6)
    wide = np.flatnonzero(centres[2:] - centres[:-2] >= 2)
    assert len(wide) > 60
    np.testing.assert_array_equal(bank[wide].argmax(axis=1), centres[1:-1][wide])
    for band in range(78):
        support = np.flatnonzero(bank[band])
        assert centres[band] <= support.min()
        assert support.max() < max(centres[band + 2], centres[band] + 1)


def test_centres_are_the_bins_nearest_to_the_semitones():
    semitones_hz = 440 * 2.0 ** ((np.arange(35, 115) - 69) / 12)  # B1, the first above 60 Hz, to F#8
    assert 60 <= semitones_hz[0] < 63.6
    assert 5660 < semitones_hz[-1] <= 6000
    bin_hz = np.arange(1024) * RATE_HZ / 2048
    nearest = np.abs(bin_hz[None] - semitones_hz[:, None]).argmin(axis=1)
    np.testing.assert_array_equal(band_centre_bins(), nearest)


def test_numbers_equal_madmoms():
    t = np.arange(RATE_HZ) / RATE_HZ
    chirp = 0.5 * np.sin(2 * np.pi * (80 * t + 900 * t**2)) + 0.1 * np.sin(2 * np.pi * 4000 * t)
    columns = spectrogram(chirp)[[0, 7, 19]][:, [0, 11, 30, 41, 50, 70, 77]]
    madmom = [  # madmom-infer 0.2.0 with the parameters named in the module
        [1.67271, 1.9599, 0.30654, 0.08323, 0.00716, 0.24583, 0.04504],
        [0.00004, 0.00008, 0.001, 2.05814, 0.00027, 0.00138, 0.0],
        [0.00001, 0.00001, 0.00001, 0.00002, 0.00015, 0.00138, 0.0],
    ]
    np.testing.assert_allclose(columns, madmom, atol=1.1e-5)


@pytest.mark.parametrize("frame", [0, 1, 2, 7, 58, 59])
def test_frames_follow_the_formula(frame):
    audio = noise(3 * RATE_HZ)
    np.testing.assert_allclose(spectrogram(audio)[frame], by_the_formula(audio, frame), atol=1e-5)


@pytest.mark.parametrize("band", [20, 33, 45, 60, 77])
def test_a_sine_lands_in_its_band(band):
    hz = band_centre_bins()[band + 1] * RATE_HZ / 2048
    sine = 0.5 * np.sin(2 * np.pi * hz * np.arange(RATE_HZ) / RATE_HZ)
    assert (spectrogram(sine)[2:-2].argmax(axis=1) == band).all()


def test_a_click_lands_in_the_frame_on_whose_centre_it_is():
    audio = np.zeros(RATE_HZ, np.float32)
    audio[frame_centre(9)] = 1.0
    energy = spectrogram(audio).sum(axis=1)
    assert energy.argmax() == 9
    assert energy[8] == pytest.approx(0.0, abs=1e-4)
    assert energy[10] == pytest.approx(0.0, abs=1e-4)


@pytest.mark.parametrize("count", [0, 1, 2, 1023, 1102, 1103, 2048, 2205, 2206, 22_050, 22_051])
def test_frames_exist_whose_centre_lies_in_the_recording(count):
    frames = [k for k in range(30) if int(k * 1102.5) < count]
    assert frame_count(count) == len(frames)
    assert spectrogram(noise(count)).shape == (len(frames), 78)
    assert spectrogram(noise(count)).dtype == np.float32
    assert frame_centre(7) == 7717


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("longest", [3, 700, 5_000, 60_000])
def test_streaming_equals_offline_bit_for_bit(seed, longest):
    rng = np.random.default_rng(seed)
    audio = noise(int(rng.integers(1, 2_500)) if longest == 3 else int(rng.integers(1, 150_000)), seed)
    stream, parts, position = SpectrogramStream(), [], 0
    while position < len(audio):
        size = int(rng.integers(0, longest))
        parts.append(stream.push(audio[position : position + size]))
        position += size
        # Frames come as soon as their last sample is there.
        ready = sum(int(k * 1102.5) + 1024 <= min(position, len(audio)) for k in range(200))
        assert sum(map(len, parts)) == ready
    parts.append(stream.finish())
    np.testing.assert_array_equal(np.concatenate(parts), spectrogram(audio))


@pytest.mark.parametrize("count", [0, 1, 1023, 1024, 1025, 2126, 2127])
def test_streaming_single_samples(count):
    audio, stream = noise(count), SpectrogramStream()
    parts = [stream.push(audio[i : i + 1]) for i in range(count)] + [stream.finish()]
    np.testing.assert_array_equal(np.concatenate(parts), spectrogram(audio))


def test_a_stream_needs_no_more_memory_when_it_is_long():
    stream = SpectrogramStream()
    for _ in range(50):
        stream.push(np.zeros(100_000, np.float32))
        assert stream._buffer.base is None
        assert len(stream._buffer) < 2048


def test_a_finished_stream_takes_nothing_more():
    stream = SpectrogramStream()
    stream.finish()
    with pytest.raises(AudioError, match="finished; start a new"):
        stream.push(noise(10))
    with pytest.raises(AudioError, match="finished; start a new"):
        stream.finish()


@pytest.mark.parametrize(
    ("audio", "words"),
    [
        (np.zeros((10, 2), np.float32), r"float32 of shape \(10, 2\); mix"),
        (np.zeros(10, np.int16), "1-D float array .* got int16"),
        (np.array([0.0, np.nan]), "not finite"),
        (np.array([0.0, np.inf]), "not finite"),
        (np.array([0.0, 1e38]), "far too large"),
    ],
)
def test_what_is_no_mono_audio_is_refused(audio, words):
    with pytest.raises(AudioError, match=words):
        spectrogram(audio)


def test_a_live_frame_costs_far_less_than_half_a_millisecond():
    audio, stream = noise(20 * RATE_HZ), SpectrogramStream()
    started = time.process_time()
    frames = sum(len(stream.push(audio[i : i + 512])) for i in range(0, len(audio), 512))
    assert (time.process_time() - started) / frames < 0.5e-3


@pytest.mark.parametrize("semitones", [-3, 1, 5])
def test_transposed_sound_is_what_is_played_higher_or_lower(semitones):
    time_s = np.arange(RATE_HZ) / RATE_HZ
    chord_hz = np.array([440.0, 660.0, 1320.0])
    played = [
        spectrogram(0.2 * np.sin(2 * np.pi * time_s[:, None] * hz).sum(1).astype(np.float32))
        for hz in (chord_hz, chord_hz * 2 ** (semitones / 12))
    ]
    moved = transposed(played[0], semitones)
    loud = np.argsort(played[1][10])[-3:]
    assert set(np.argsort(moved[10])[-3:]) == set(loud)
    np.testing.assert_allclose(moved[10][loud], played[1][10][loud], atol=0.35)
    np.testing.assert_array_equal(transposed(moved, -semitones)[:, 5:-5], played[0][:, 5:-5])
