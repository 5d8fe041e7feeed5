"""Sources of sound, and the resampler that makes one stream of any of them."""

import numpy as np
import pytest
import soundfile
import soxr

from standpartner.errors import AudioError
from standpartner.hear import ArraySource, FileSource, Resampler, read_audio

RATES_HZ = [8_000, 16_000, 22_050, 32_000, 44_100, 48_000, 96_000]


def noise(count, channels=1):
    return (0.1 * np.random.default_rng(count).standard_normal((count, channels))).astype(np.float32)


def resampled(audio, rate_hz, chunk):
    resampler = Resampler(rate_hz)
    parts = [resampler.push(audio[first : first + chunk]) for first in range(0, len(audio), chunk)]
    return np.concatenate([*parts, resampler.finish()])


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("chunk", [160, 1_023, 70_000])
def test_a_stream_is_resampled_like_the_whole(rate_hz, chunk):
    audio = noise(2 * rate_hz + 77, channels=2)
    mono = audio.mean(axis=1, dtype=np.float32)
    whole = mono if rate_hz == 22_050 else soxr.resample(mono, rate_hz, 22_050)
    assert np.array_equal(resampled(audio, rate_hz, chunk), whole)


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_channels_are_mixed_to_their_mean(channels):
    audio = noise(1_000, channels)
    assert np.array_equal(Resampler(22_050).push(audio), audio.mean(axis=1, dtype=np.float32))
    assert np.array_equal(Resampler(22_050).push(audio[:, 0]), audio[:, 0])


def test_the_right_rate_is_not_held_back():
    resampler = Resampler(22_050)
    assert len(resampler.push(noise(7))) == 7
    assert len(resampler.push(noise(7)[:0])) == 0
    assert len(resampler.finish()) == 0


@pytest.mark.parametrize("rate_hz", [44_100, 48_000])
def test_another_rate_is_held_back_for_less_than_50_ms(rate_hz):
    resampler, pushed, came = Resampler(rate_hz), 0, 0
    for chunk in np.split(noise(rate_hz), 100):
        pushed, came = pushed + len(chunk), came + len(resampler.push(chunk))
        assert pushed / rate_hz - came / 22_050 < 0.05


@pytest.mark.parametrize("rate_hz", [-1, 0, 3_999, 400_001, 22_050.5])
def test_mad_rates_are_refused(rate_hz):
    with pytest.raises(AudioError, match="from 4000 to 400000"):
        Resampler(rate_hz)
    with pytest.raises(AudioError, match="from 4000 to 400000"):
        ArraySource(noise(5), rate_hz=rate_hz)


@pytest.mark.parametrize(
    ("chunk", "words"),
    [
        (np.zeros(9, np.int16), "divide integers"),
        (np.zeros((2, 3, 4)), r"of shape \(2, 3, 4\)"),
        (np.zeros((5, 0)), r"of shape \(5, 0\)"),
        (np.zeros((2, 44_100)), "transpose"),
        (np.array([0.0, np.nan]), "not finite"),
        (np.array([[0.0, 1e38]]), "far too large"),
        (np.array([0.0, 1e300]), "far too large"),
    ],
)
def test_what_is_no_sound_is_refused(chunk, words):
    with pytest.raises(AudioError, match=words):
        Resampler(44_100).push(chunk)
    with pytest.raises(AudioError, match=words):
        ArraySource(chunk)


def test_a_finished_stream_takes_nothing_in():
    resampler = Resampler(44_100)
    resampler.finish()
    with pytest.raises(AudioError, match="start a new Resampler"):
        resampler.push(noise(5))
    with pytest.raises(AudioError, match="start a new Resampler"):
        resampler.finish()


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_a_file_comes_in_chunks_and_again(suffix, tmp_path):
    path = tmp_path / f"noise.{suffix}"
    soundfile.write(path, noise(120_000, channels=2), 48_000)
    source = FileSource(path)
    assert (source.name, source.rate_hz, source.channels) == (path.name, 48_000, 2)
    assert source.duration_s == pytest.approx(2.5, abs=0.1)
    chunks = list(source)
    assert {chunk.shape for chunk in chunks[:-1]} == {(48_000, 2)}
    assert all(np.array_equal(one, two) for one, two in zip(chunks, source, strict=True))
    assert np.array_equal(resampled(np.concatenate(chunks), 48_000, 4_800), read_audio(path))


def test_a_file_is_read_no_further_than_it_is_asked_for(tmp_path):
    soundfile.write(tmp_path / "long.wav", noise(2_000 * 8_000), 8_000)
    chunks = iter(FileSource(tmp_path / "long.wav"))
    for _ in range(40):
        next(chunks)
    (tmp_path / "long.wav").write_bytes(b"")  # what has not been decoded is gone
    assert 40 < 40 + len(list(chunks)) < 300, "33 seconds in a block, and a few blocks ahead"


def test_opposite_phase_does_not_cancel():
    one = noise(44_100)[:, 0]
    for channels, turned in (([one, -one], 0.06), ([one, -0.8 * one], 0.06), ([one, one, -one, -one], 0.06)):
        mixed = Resampler(22_050).push(np.stack(channels, axis=1))
        sounding = np.abs(mixed) > 0.5 * np.abs(one) - 1e-6
        assert sounding[round(turned * 22_050) :].all()


def test_unrelated_channels_and_one_that_is_silent_stay_their_mean():
    uneven = (noise(44_100, 1) * [1, 0.5]).astype(np.float32)
    for channels in (noise(44_100, 2), np.pad(noise(44_100), ((0, 0), (0, 5))), uneven):
        np.testing.assert_array_equal(Resampler(22_050).push(channels), channels.mean(axis=1, dtype=np.float32))


@pytest.mark.parametrize("chunk", [1, 160, 7_000])
def test_channels_turned_over_do_not_depend_on_the_cut(chunk):
    one = noise(3_000)[:, 0]
    audio = np.stack([one, np.where(np.arange(3_000) < 1_500, -one, one)], axis=1)
    assert np.array_equal(resampled(audio, 22_050, chunk), resampled(audio, 22_050, len(audio)))


@pytest.mark.parametrize("begun", [100, 2_205])
def test_another_number_of_channels_is_mixed_as_if_it_were_the_first(begun):
    one = noise(22_050 + begun)[:, 0]
    resampler = Resampler(22_050)
    resampler.push(np.stack([one[:begun], -one[:begun]], axis=1))
    later = np.stack([one[begun:], one[begun:], -one[begun:], -one[begun:]], axis=1)
    np.testing.assert_array_equal(resampler.push(later), Resampler(22_050).push(later))


def test_what_is_wrong_with_a_file_is_said_before_it_is_read(tmp_path):
    (tmp_path / "words.wav").write_text("no sound")
    with pytest.raises(AudioError, match="no audio that can be decoded"):
        FileSource(tmp_path / "words.wav")
    with pytest.raises(AudioError, match="there is no file"):
        FileSource(tmp_path / "missing.wav")
    soundfile.write(tmp_path / "long.wav", noise(20_000), 8_000)
    with pytest.raises(AudioError, match="longer than the 2 s allowed"):
        FileSource(tmp_path / "long.wav", max_s=2)


def test_damage_is_said_where_it_is_met(tmp_path):
    soundfile.write(tmp_path / "nan.wav", np.append(noise(20_000)[:, 0], np.nan), 8_000, subtype="FLOAT")
    chunks = iter(FileSource(tmp_path / "nan.wav"))
    with pytest.raises(AudioError, match="not finite"):
        next(chunks)


def test_an_array_comes_in_chunks():
    audio = noise(25_000, channels=2)
    source = ArraySource(audio, rate_hz=10_000)
    assert (source.name, source.rate_hz, source.channels) == ("the recording", 10_000, 2)
    assert [len(chunk) for chunk in source] == [10_000, 10_000, 5_000]
    assert np.array_equal(np.concatenate(list(source)), audio)
    assert [chunk.shape for chunk in ArraySource(audio[:, 0], rate_hz=30_000)] == [(25_000, 1)]
    assert [len(chunk) for chunk in ArraySource(audio, rate_hz=10_000.0)] == [10_000, 10_000, 5_000]


@pytest.mark.parametrize(("shape", "channels"), [((0,), 1), ((0, 2), 2)])
def test_an_array_without_samples_is_a_source_without_chunks(shape, channels):
    source = ArraySource(np.zeros(shape, np.float32))
    assert source.channels == channels
    assert list(source) == []
