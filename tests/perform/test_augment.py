from dataclasses import replace

import numpy as np
import pytest

from standpartner.errors import AudioError, ConfigError
from standpartner.hear import spectrogram
from standpartner.perform import AugmentConfig, augment, change_gain

NOTHING = AugmentConfig.none()


@pytest.fixture(scope="module")
def audio():
    rng = np.random.default_rng(0)
    t = np.arange(3 * 22_050) / 22_050
    tones = sum(0.1 * np.sin(2 * np.pi * hz * t) * np.exp(-t) for hz in (110, 440, 660, 1500))
    return (tones + 0.003 * rng.standard_normal(len(t))).astype(np.float32)


@pytest.fixture(scope="module")
def batch(audio):
    return np.stack([spectrogram(audio)[:40], spectrogram(audio)[20:]])


def magnitude(s):
    return 10.0 ** s.astype(np.float64) - 1


@pytest.mark.parametrize("gain_db", [-20.0, -3.0, 0.0, 6.0, 12.0])
def test_a_gain_gives_the_spectrogram_of_the_scaled_audio(audio, gain_db):
    scaled = spectrogram(audio * np.float32(10 ** (gain_db / 20)))
    np.testing.assert_allclose(change_gain(spectrogram(audio), gain_db), scaled, atol=1e-4)
    config = replace(NOTHING, gain_db=(gain_db, gain_db))
    changed = augment(spectrogram(audio)[None], config=config, rng=np.random.default_rng(0))
    np.testing.assert_allclose(changed[0], scaled, atol=1e-4)
    assert changed.dtype == np.float32


def test_nothing_changes_nothing_and_the_input_stays(batch):
    before = batch.copy()
    np.testing.assert_allclose(augment(batch, config=NOTHING, rng=np.random.default_rng(0)), batch, atol=1e-6)
    augment(batch, config=AugmentConfig(), rng=np.random.default_rng(0))
    np.testing.assert_array_equal(batch, before)


def test_the_generator_fixes_the_result_and_examples_differ(batch):
    same = np.stack([batch[0]] * 6)
    first, again = (augment(same, config=AugmentConfig(), rng=np.random.default_rng(1)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert all(np.abs(first[0] - other).max() > 1e-3 for other in first[1:])
    assert np.isfinite(first).all()
    assert (first >= 0).all()


def test_the_equaliser_is_constant_in_time_smooth_over_bands_and_keeps_the_level(batch):
    config = replace(NOTHING, equaliser_db=(6.0, 6.0))
    changed = augment(np.stack([batch[0]] * 50), config=config, rng=np.random.default_rng(0))
    ratio_db = 20 * np.log10(magnitude(changed) / magnitude(batch[:1]))
    assert np.ptp(ratio_db, axis=1).max() < 0.05
    curve_db = ratio_db[:, 0]
    assert 3.0 < curve_db.std() < 8.0
    assert np.abs(np.diff(curve_db, axis=1)).max() < 2.5
    assert abs(curve_db.mean()) < 1.5


def test_the_noise_floor_adds_its_level_and_tilt():
    silence = np.zeros((20, 200, 78), np.float32)
    config = replace(NOTHING, noise_probability=1.0, noise_db=(-20.0, -20.0), noise_tilt_db=(-3.0, -3.0))
    floor = magnitude(augment(silence, config=config, rng=np.random.default_rng(0)))
    assert (floor > 0).all()
    level_db = 20 * np.log10(floor.mean(axis=(0, 1)))
    assert level_db[39] == pytest.approx(-20.0, abs=0.3)
    assert level_db[6] - level_db[66] == pytest.approx(3.0 * 5, abs=0.5)
    spread = floor.std(axis=(0, 1)) / floor.mean(axis=(0, 1))
    assert spread[0] == pytest.approx(0.52, abs=0.05)
    assert spread[77] < 0.25


def test_noise_comes_with_its_probability():
    silence = np.zeros((400, 1, 78), np.float32)
    config = replace(NOTHING, noise_probability=0.3)
    noisy = augment(silence, config=config, rng=np.random.default_rng(0)).any(axis=(1, 2))
    assert 0.2 < noisy.mean() < 0.4


def test_reverberation_fades_by_60_db_in_its_time():
    click = np.zeros((1, 60, 78), np.float32)
    click[0, 5] = np.log10(1 + 100.0)
    config = replace(NOTHING, reverberation_probability=1.0, reverberation_s=(1.0, 1.0), reverberation_level=(0.4, 0.4))
    tail = magnitude(augment(click, config=config, rng=np.random.default_rng(0)))[0, :, 0]
    assert (tail[:5] == 0).all()
    assert tail[5] == pytest.approx(100.0, rel=1e-4)
    assert 0 < tail[6] < 40
    assert 20 * np.log10(tail[6] / tail[16]) == pytest.approx(30.0, abs=0.1)


def test_wrong_shapes_and_ranges_are_refused(batch):
    with pytest.raises(AudioError, match=r"expected spectrograms \(n, frames, 78\), got \(40, 78\)"):
        augment(batch[0], config=NOTHING, rng=np.random.default_rng(0))
    with pytest.raises(ConfigError, match="gain_db"):
        AugmentConfig(gain_db=(3.0, -3.0))
    with pytest.raises(ConfigError, match="noise_probability from 0 to 1"):
        AugmentConfig(noise_probability=1.5)
    with pytest.raises(ConfigError, match="reverberation_s be positive"):
        AugmentConfig(reverberation_s=(0.0, 1.0))
