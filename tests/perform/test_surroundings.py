import json
import sys
from dataclasses import asdict, replace

import numpy as np
import pytest

from standpartner.errors import AudioError, ConfigError, MissingExtraError
from standpartner.hear import spectrogram
from standpartner.perform import SOUNDS, TRAINING_SOUNDS, UNSEEN_SOUND, SoundChoices, SoundConfig, disguise, draw_sound
from standpartner.perform.microphone import Microphone, MicrophoneConfig, record
from standpartner.perform.noise import NOISE_KINDS, NoiseConfig, add_noise, make_noise
from standpartner.perform.rooms import Room, RoomConfig, impulse_response, reverberate

RATE_HZ = 22_050
ROOM = Room(size_m=(6.0, 4.5, 3.0), reverberation_s=0.6, distance_m=1.5, wet_db=0.0, seed=0)
PLAIN_MICROPHONE = Microphone(low_cut_hz=20.0, high_cut_hz=10_000.0, levelling=0.0, overload_db=0.0, gain_db=0.0)


def struck(onset_s, *, seed=0):
    """Notes that start at once and die away, as of strings that are struck."""
    rng = np.random.default_rng(seed)
    audio = np.zeros(round((max(onset_s) + 2) * RATE_HZ))
    time_s = np.arange(RATE_HZ) / RATE_HZ
    for start_s in onset_s:
        hz = 440 * 2 ** (rng.integers(-24, 24) / 12)
        note = np.exp(-4 * time_s) * sum(np.sin(2 * np.pi * hz * k * time_s) / k**1.5 for k in (1, 2, 3, 4))
        first = round(start_s * RATE_HZ)
        audio[first : first + RATE_HZ] += 0.1 * note
    return audio.astype(np.float32)


@pytest.fixture(scope="module")
def music():
    onset_s = 0.5 + np.cumsum(np.random.default_rng(1).choice([0.25, 0.5, 0.75], 40))
    return struck(onset_s), onset_s


def best_shift(audio, onset_s):
    """Shift in frames at which the spectral flux at the onsets is greatest."""
    rising = np.maximum(np.diff(spectrogram(audio), axis=0, prepend=0), 0).sum(axis=1)
    frame = np.rint(onset_s * 20).astype(int)
    shifts = np.arange(-5, 6)
    return shifts[np.argmax([rising[frame + shift].mean() for shift in shifts])]


def decay_s(response):
    """Reverberation time from the slope of the backward integral between -5 and -25 dB."""
    left_db = 10 * np.log10(np.cumsum(response[::-1].astype(np.float64) ** 2)[::-1] / np.sum(response**2) + 1e-12)
    rows = np.flatnonzero((left_db < -5) & (left_db > -25))
    return -60 / np.polyfit(rows / RATE_HZ, left_db[rows], 1)[0]


@pytest.mark.parametrize("name", SOUNDS)
@pytest.mark.parametrize("seed", range(2))
def test_onsets_stay_where_they_are(music, name, seed):
    audio, onset_s = music
    changed = disguise(audio, draw_sound([SOUNDS[name]], seed=seed))
    assert changed.shape == audio.shape
    assert changed.dtype == np.float32
    assert best_shift(audio, onset_s) == best_shift(changed, onset_s) == 0


def test_clean_changes_nothing(music):
    np.testing.assert_array_equal(disguise(music[0], draw_sound([SOUNDS["clean"]], seed=0)), music[0])


def test_the_seed_fixes_everything_and_what_was_drawn_can_be_written(music):
    audio = music[0][: 3 * RATE_HZ]
    configs = [SOUNDS["phone"]]
    first, again, other = (draw_sound(configs, seed=seed) for seed in (2**63 + 1, 2**63 + 1, 5))
    assert first == again != other
    np.testing.assert_array_equal(disguise(audio, first), disguise(audio, again))
    assert np.abs(disguise(audio, first) - disguise(audio, other)).max() > 1e-3
    assert json.loads(json.dumps(asdict(first)))["microphone"]["low_cut_hz"] == first.microphone.low_cut_hz
    assert {draw_sound([SOUNDS[n] for n in TRAINING_SOUNDS], seed=s).name for s in range(60)} == set(TRAINING_SOUNDS)


def test_the_room_for_evaluation_is_none_that_training_hears():
    unseen = SOUNDS[UNSEEN_SOUND]
    assert UNSEEN_SOUND not in TRAINING_SOUNDS
    for config in (SOUNDS[name] for name in TRAINING_SOUNDS):
        if config.room:
            for name in ("volume_m3", "reverberation_s"):
                (low, high), (lowest, highest) = getattr(config.room, name), getattr(unseen.room, name)
                assert high < lowest or highest < low
            assert not set(config.noise.kinds) & set(unseen.noise.kinds)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("distance_m", [0.5, 2.0])
def test_the_direct_sound_comes_first(seed, distance_m):
    response = impulse_response(replace(ROOM, seed=seed, distance_m=distance_m))
    assert np.argmax(np.abs(response)) == 0
    assert np.sum(response**2) == pytest.approx(1, rel=1e-4)
    assert np.isfinite(response).all()


def test_far_rooms_are_wet_and_close_ones_dry():
    direct = [impulse_response(replace(ROOM, distance_m=metres))[0] ** 2 for metres in (0.3, 1.0, 3.0)]
    assert direct[0] > 0.6 > direct[1] > direct[2]
    damped = impulse_response(replace(ROOM, distance_m=3.0, wet_db=-20.0))[0] ** 2
    assert damped > 4 * direct[2]


@pytest.mark.parametrize(("wanted_s", "height_m"), [(0.3, 3.0), (0.9, 5.0), (2.0, 10.0)])
def test_sound_dies_away_in_the_time_asked_for(wanted_s, height_m):
    size_m = (2 * height_m, 1.5 * height_m, height_m)
    responses = [impulse_response(Room(size_m, wanted_s, height_m / 2, 0.0, seed)) for seed in range(4)]
    assert np.mean([decay_s(response) for response in responses]) == pytest.approx(wanted_s, rel=0.25)


def test_treble_dies_first():
    response = impulse_response(replace(ROOM, reverberation_s=1.0))
    late = np.abs(np.fft.rfft(response[round(0.3 * RATE_HZ) : round(0.6 * RATE_HZ)])) ** 2
    hz = np.fft.rfftfreq(round(0.6 * RATE_HZ) - round(0.3 * RATE_HZ), 1 / RATE_HZ)
    assert late[(hz > 5_000)].mean() < 0.3 * late[(hz > 300) & (hz < 1_200)].mean()


def test_a_click_becomes_the_response():
    click = np.zeros(RATE_HZ, np.float32)
    click[100] = 1.0
    response = impulse_response(ROOM)
    count = min(len(response), RATE_HZ - 100)
    heard = reverberate(click, ROOM)
    np.testing.assert_allclose(heard[100 : 100 + count], response[:count], atol=1e-5)
    np.testing.assert_allclose(heard[:100], 0, atol=1e-6)


@pytest.mark.parametrize("kind", NOISE_KINDS)
def test_noise_is_seeded_and_as_loud_as_asked_for(music, kind):
    sound = make_noise(kind, 3 * RATE_HZ + 1, seed=1)
    assert np.sqrt(np.mean(sound**2)) == pytest.approx(1, rel=1e-3)
    np.testing.assert_array_equal(sound, make_noise(kind, 3 * RATE_HZ + 1, seed=1))
    assert np.abs(sound - make_noise(kind, 3 * RATE_HZ + 1, seed=2)).max() > 0.1
    audio = music[0][: 4 * RATE_HZ]
    added = add_noise(audio, NoiseConfig((kind,), (20.0, 20.0)).draw(np.random.default_rng(0))) - audio
    ratio_db = 10 * np.log10(np.mean(audio**2) / np.mean(added**2))
    assert ratio_db == pytest.approx(20, abs=0.1)
    assert np.isfinite(make_noise(kind, 1, seed=0)).all()


def test_kinds_of_noise_sound_as_they_are_called():
    count = 1 << 17
    spectrum = {kind: np.abs(np.fft.rfft(make_noise(kind, count, seed=0))) ** 2 for kind in NOISE_KINDS}
    hz = np.fft.rfftfreq(count, 1 / RATE_HZ)

    def share(kind, low_hz, high_hz):
        return spectrum[kind][(hz >= low_hz) & (hz < high_hz)].sum() / spectrum[kind].sum()

    assert share("white", 0, 5512) == pytest.approx(0.5, abs=0.02)
    assert share("pink", 200, 400) == pytest.approx(share("pink", 1600, 3200), rel=0.1)
    assert share("hum", 45, 700) > 0.95
    assert share("babble", 80, 2000) > 0.8
    assert share("applause", 700, 4000) > 0.6
    clicks = make_noise("clicks", count, seed=0)
    assert np.mean(clicks**4) > 30  # 3 for steady noise


def test_silence_stays_silent_and_unknown_noise_is_refused():
    silence = np.zeros(1000, np.float32)
    np.testing.assert_array_equal(disguise(silence, draw_sound([SOUNDS["phone"]], seed=0)), 0)
    with pytest.raises(ConfigError, match=r"white, pink.*got 'rain'"):
        make_noise("rain", 10, seed=0)


def test_a_phone_hears_neither_bass_nor_treble():
    phone = replace(PLAIN_MICROPHONE, low_cut_hz=200.0, high_cut_hz=4_000.0)
    t = np.arange(RATE_HZ) / RATE_HZ

    def loss_db(hz):
        tone = np.sin(2 * np.pi * hz * t).astype(np.float32)
        return 20 * np.log10(np.abs(record(tone, phone)[RATE_HZ // 2 :]).max())

    assert loss_db(200) == pytest.approx(-3, abs=0.3)
    assert loss_db(4_000) == pytest.approx(-3, abs=0.5)
    assert loss_db(1_000) == pytest.approx(0, abs=0.2)
    assert loss_db(60) < -18
    assert loss_db(8_000) < -24


def test_automatic_level_overload_and_gain():
    t = np.arange(6 * RATE_HZ) / RATE_HZ
    audio = (np.sin(2 * np.pi * 500 * t) * np.where(t < 3, 0.5, 0.05)).astype(np.float32)
    levelled = record(audio, replace(PLAIN_MICROPHONE, levelling=1.0))
    before, after = (np.abs(levelled[int(a * RATE_HZ) : int(b * RATE_HZ)]).max() for a, b in ((1, 2), (5.5, 6)))
    assert after == pytest.approx(before, rel=0.15)
    untouched = record(audio, replace(PLAIN_MICROPHONE, overload_db=-6.0))
    most = np.float32(10**-0.3) * np.abs(untouched).max()
    clipped = record(audio, replace(PLAIN_MICROPHONE, overload_db=6.0))
    np.testing.assert_allclose(clipped, untouched.clip(-most, most), rtol=1e-5)
    np.testing.assert_array_equal(untouched, record(audio, PLAIN_MICROPHONE))
    louder = record(audio, replace(PLAIN_MICROPHONE, gain_db=20.0))
    np.testing.assert_allclose(louder, 10 * untouched, rtol=1e-5)


def test_bad_requests_are_refused(music):
    sound = draw_sound([SOUNDS["hall"]], seed=0)
    with pytest.raises(AudioError, match=r"mono float32 samples, got float64"):
        disguise(music[0].astype(np.float64), sound)
    with pytest.raises(ConfigError, match="at least one configuration"):
        draw_sound([], seed=0)
    with pytest.raises(ConfigError, match=r"reverberation_s as .*got \(0.0, 1.0\)"):
        RoomConfig((40.0, 80.0), (0.0, 1.0), (1.0, 2.0))
    with pytest.raises(ConfigError, match=r"kinds of noise among white.*rain"):
        NoiseConfig(("rain",), (10.0, 20.0))
    with pytest.raises(ConfigError, match="high_cut_hz"):
        MicrophoneConfig((100.0, 200.0), (5_000.0, 20_000.0))
    with pytest.raises(ConfigError, match="snr_db"):
        SoundConfig("upside-down", noise=NoiseConfig(("white",), (20.0, 10.0)))


def test_without_scipy_the_message_tells_what_to_install(music, monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.signal", None)
    with pytest.raises(MissingExtraError, match=r'SciPy is not installed.*pip install "standpartner\[synth\]"'):
        disguise(music[0], draw_sound([SOUNDS["hall"]], seed=0))


@pytest.mark.parametrize("name", SOUNDS)
def test_what_was_drawn_is_read_back_from_its_record(name):
    drawn = draw_sound([SOUNDS[name]], seed=3)
    assert SoundChoices.from_dict(json.loads(json.dumps(asdict(drawn)))) == drawn


def test_a_record_that_does_not_fit_is_refused():
    record = asdict(draw_sound([SOUNDS["phone"]], seed=3))
    with pytest.raises(AudioError, match="record of surroundings"):
        SoundChoices.from_dict({"name": "phone"})
    with pytest.raises(AudioError, match="record of surroundings"):
        SoundChoices.from_dict(record | {"noise": {"loudness": 3}})
