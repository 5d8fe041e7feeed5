import shutil
from pathlib import Path

import numpy as np
import pytest

from standpartner.errors import AudioError, ConfigError, MissingExtraError, TimeLimitError, ToolError
from standpartner.hear import spectrogram
from standpartner.perform import PlayedNotes, backends, soundfonts, synthesis, synthesise

RATE_HZ = 22_050
each_backend = pytest.mark.parametrize("backend", backends())


def notes(onset_s, *, pitch=84, duration_s=0.3, velocity=127):
    count = len(onset_s)
    return PlayedNotes(np.full(count, pitch), np.array(onset_s), np.full(count, duration_s), np.full(count, velocity))


def first_sound(audio, around_s):
    """Second at which the sound rises to 1 % of the note's peak."""
    start = max(0, round((around_s - 0.05) * RATE_HZ))
    level = np.abs(audio[start : start + RATE_HZ // 4])
    return (start + int(np.argmax(level > 0.01 * level.max()))) / RATE_HZ


@each_backend
def test_notes_start_within_3_ms_of_their_onsets(backend):
    onset_s = [0.0, 1.0, 2.5, 4.0007, 5.51234, 7.0019]
    audio = synthesise(notes(onset_s), backend=backend)
    np.testing.assert_allclose([first_sound(audio, s) for s in onset_s], onset_s, atol=0.003)


@each_backend
def test_sound_reaches_to_the_end_of_the_tail_and_fades(backend):
    audio = synthesise(notes([0.0, 1.0]), backend=backend)
    assert audio.dtype == np.float32
    assert len(audio) == np.ceil((1.3 + 2.0) * RATE_HZ)
    after_release = audio[round(1.31 * RATE_HZ) :]
    assert np.abs(after_release).max() > 1e-3
    assert np.abs(after_release[-RATE_HZ // 4 :]).max() < 1e-3


@each_backend
def test_pitch_velocity_and_program_are_heard(backend):
    loud, soft = (synthesise(notes([0.0], pitch=69, velocity=v), backend=backend) for v in (110, 40))
    assert np.abs(loud).max() > 3 * np.abs(soft).max()
    spectrum = np.abs(np.fft.rfft(loud[:RATE_HZ]))
    assert abs(int(np.argmax(spectrum[:1000])) - 440) <= 2
    organ = synthesise(notes([0.0], pitch=69, velocity=110), program=19, backend=backend)
    assert np.abs(spectrogram(organ) - spectrogram(loud)).max() > 0.3


@each_backend
@pytest.mark.parametrize("cents", [-30.0, 30.0])
def test_the_whole_instrument_is_tuned(backend, cents):
    plain, tuned = (
        synthesise(PlayedNotes([69], [0.0], [2.0], [100], tuning_cents=value), backend=backend, program=19)
        for value in (0.0, cents)
    )
    heard_hz = [np.argmax(np.abs(np.fft.rfft(audio[: 2 * RATE_HZ], 20 * RATE_HZ))[:12_000]) for audio in (plain, tuned)]
    assert 1200 * np.log2(heard_hz[1] / heard_hz[0]) == pytest.approx(cents, abs=3)
    assert first_sound(tuned, 0.0) == pytest.approx(first_sound(plain, 0.0), abs=0.002)


@pytest.mark.needs("fluidsynth", "synthesiser")
def test_both_synthesisers_sound_alike():
    one, other = (np.abs(synthesise(notes([0.0, 0.5, 1.0], pitch=60), backend=b)) for b in backends())
    assert 0.7 < one.max() / other.max() < 1.4


@pytest.mark.needs("synthesiser")
@pytest.mark.parametrize("name", sorted(soundfonts()))
def test_every_soundfont_found_plays(name):
    path = soundfonts()[name]
    if "fluidsynth" not in backends() and path.suffix == ".sf3":
        pytest.skip("compressed soundfonts need fluidsynth")
    assert np.abs(synthesise(notes([0.0]), soundfont=path)).max() > 0.01


@pytest.mark.needs("synthesiser")
def test_bad_requests_are_refused(tmp_path):
    with pytest.raises(AudioError, match="at least one note"):
        synthesise(notes([]))
    with pytest.raises(AudioError, match="at most 10800 s"):
        synthesise(notes([20_000.0]))
    with pytest.raises(ConfigError, match="auto, fluidsynth or midirenderer, got 'timidity'"):
        synthesise(notes([0.0]), backend="timidity")
    with pytest.raises(ConfigError, match="program from 0 to 127, got 200"):
        synthesise(notes([0.0]), program=200)
    with pytest.raises(AudioError, match=r"there is no soundfont .*found on this machine"):
        synthesise(notes([0.0]), soundfont=tmp_path / "none.sf2")
    (tmp_path / "text.sf2").write_text("not a soundfont")
    with pytest.raises(AudioError, match="is no SoundFont"):
        synthesise(notes([0.0]), soundfont=tmp_path / "text.sf2")


@each_backend
def test_a_damaged_soundfont_is_an_error_and_not_another_sound(backend, tmp_path):
    damaged = tmp_path / "damaged.sf2"
    damaged.write_bytes(soundfonts()["timgm6mb"].read_bytes()[:500_000])
    with pytest.raises(ToolError, match=f"(?s){backend}.*damaged.sf2.*(Failed to load|buffer)"):
        synthesise(notes([0.0]), soundfont=damaged, backend=backend)


def test_without_a_synthesiser_the_message_tells_what_to_install(monkeypatch):
    monkeypatch.setattr(synthesis, "backends", lambda: ())
    with pytest.raises(MissingExtraError, match=r'pip install "standpartner\[synth\]"'):
        synthesise(notes([0.0]))


def test_without_a_soundfont_the_message_tells_what_to_install(monkeypatch):
    monkeypatch.setattr(synthesis, "backends", lambda: ("midirenderer",))
    monkeypatch.setattr(synthesis, "soundfonts", dict)
    with pytest.raises(MissingExtraError, match="a soundfont is not installed"):
        synthesise(notes([0.0]))


@pytest.mark.needs("fluidsynth")
def test_a_synthesiser_that_hangs_is_ended(monkeypatch):
    def hang(command, *, limits):
        raise TimeLimitError("fluidsynth took too long")

    monkeypatch.setattr(synthesis, "run_program", hang)
    with pytest.raises(ToolError, match="did not finish"):
        synthesise(notes([0.0]), backend="fluidsynth")


def test_the_wheels_soundfont_is_found_without_others(monkeypatch, tmp_path):
    pytest.importorskip("pretty_midi")
    monkeypatch.setattr(synthesis, "_SOUNDFONT_FOLDERS", (Path("/nowhere"),))
    monkeypatch.setenv("STANDPARTNER_CACHE", str(tmp_path))
    assert soundfonts().keys() == {"timgm6mb"}


def test_backends_are_those_installed():
    assert ("fluidsynth" in backends()) == (shutil.which("fluidsynth") is not None)
