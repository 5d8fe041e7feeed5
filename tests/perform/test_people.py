"""What people do beside playing errors: fast rubato, fermatas, pedal, a louder top voice."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_perform import score

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import human_playing

from standpartner.corpus.split_styles import PEOPLE_STYLE, SLIPS_STYLE
from standpartner.errors import ConfigError
from standpartner.perform import PerformanceStyle, PlayedNotes, perform
from standpartner.perform.pedal import pedalled
from standpartner.perform.style import draw_choices

MECHANICAL = PerformanceStyle.mechanical()


def played(seed=0, **values):
    notes, time_s = score()
    style = replace(MECHANICAL, **{name: (value, value) for name, value in values.items()})
    return (*perform(notes, time_s, style=style, seed=seed)[:2], notes, time_s)


def test_rubato_has_the_depth_drawn_and_leaves_the_mean_tempo():
    _, onset_s, _, time_s = played(rubato_depth_range=0.2)
    log_speed = np.log(np.diff(time_s) / np.diff(onset_s))
    assert 0.1 < log_speed.std() < 0.25
    assert np.ptp(onset_s) == pytest.approx(np.ptp(time_s), rel=0.1)


def test_fermatas_hold_what_sounds_until_the_music_goes_on():
    sound, onset_s, notes, time_s = played(fermata_share_range=0.05, fermata_range_s=3.0)
    stay_s = np.diff(onset_s) - np.diff(time_s)
    there = stay_s > 1e-6
    assert 0.02 < there.mean() < 0.1
    assert stay_s[there].min() >= 1.5
    before = np.flatnonzero(there)[0]
    ends_s = (sound.onset_s + sound.duration_s)[(notes.onset == before) & ~notes.grace]
    assert ends_s.max() >= onset_s[before + 1] - 1e-6


def test_the_top_voice_is_louder_by_the_velocity_drawn():
    sound, _, notes, _ = played(top_voice_range=12.0)
    highest = np.array([notes.pitch[notes.onset == onset].max() for onset in notes.onset])
    assert set(sound.velocity[notes.pitch == highest]) == {84}
    assert set(sound.velocity[notes.pitch < highest]) == {72}


def test_pedal_holds_notes_until_it_changes():
    """Pedal down all the time and changed every second: a short note ends with the change after it."""
    onset_s = np.arange(0.0, 10.0, 0.5)
    notes = PlayedNotes(np.arange(20) + 40, onset_s, np.full(20, 0.1), np.full(20, 70))
    choices = draw_choices(replace(MECHANICAL, pedal_share_range=(1, 1), pedal_length_range_s=(1, 1)), _rng())
    end_s = (held := pedalled(notes, choices, onset_s=onset_s, rng=_rng())).onset_s + held.duration_s
    changes = np.unique(end_s)
    assert set(changes[:-1]) < set(onset_s)
    for onset, end in zip(onset_s, end_s, strict=True):
        assert end == changes[changes > onset + 0.1][0]
    assert end_s.max() == onset_s[-1] + 1.0
    up = draw_choices(replace(MECHANICAL, pedal_share_range=(0, 0)), _rng())
    assert pedalled(notes, up, onset_s=onset_s, rng=_rng()) is notes


def test_the_pedal_leaves_all_other_draws():
    notes, time_s = score()
    plain, plain_s, _ = perform(notes, time_s, style=replace(PEOPLE_STYLE, pedal_share_range=(0, 0)), seed=3)
    held, held_s, _ = perform(notes, time_s, style=replace(PEOPLE_STYLE, pedal_share_range=(0.9, 0.9)), seed=3)
    np.testing.assert_array_equal(plain_s, held_s)
    np.testing.assert_array_equal(plain.velocity, held.velocity)
    assert (held.duration_s >= plain.duration_s - 1e-9).all()
    assert held.duration_s.sum() > 1.1 * plain.duration_s.sum()


def test_people_play_on_the_same_pianos_as_those_who_slip():
    """Human performances of ASAP are rendered as the last style says."""
    for name in ("soundfonts", "programs", "gain_range_db", "detune_range_cents"):
        assert getattr(PEOPLE_STYLE, name) == getattr(SLIPS_STYLE, name)


@pytest.mark.parametrize("name", ["pedal_share_range", "fermata_share_range"])
def test_shares_need_a_length(name):
    with pytest.raises(ConfigError, match="positive lengths"):
        PerformanceStyle(**{name: (0.0, 0.5)})


def _rng():
    return np.random.default_rng(4)


def test_what_is_measured_in_performances_is_what_was_played():
    """A pause of a second before one onset, half the speed, chords spread by 20 ms, notes of twice their length."""
    time_s = np.arange(200) / 5
    onset_s = 2 * time_s + (np.arange(200) >= 100)
    found = human_playing.timing(time_s, onset_s)
    assert found["speed relative to the score's"] == pytest.approx(0.5)
    assert found["pauses, share of onsets"] == pytest.approx(1 / 199)
    assert found["pauses, mean s"] == pytest.approx(1.0)
    assert found["onset, deviation from its neighbours, ms"] == pytest.approx(0.0, abs=1e-6)
    low = PlayedNotes(np.full(200, 50), onset_s, np.full(200, 1.0), np.full(200, 60))
    high = PlayedNotes(np.full(200, 70), onset_s + 0.02, np.full(200, 1.0), np.full(200, 70))
    columns = ("pitch", "onset_s", "duration_s", "velocity")
    both = PlayedNotes(*(np.concatenate([getattr(low, name), getattr(high, name)]) for name in columns))
    found = human_playing.sounding(onset_s, both, 1.0)
    assert found["chord, mean delay after its first note, ms"] == pytest.approx(10.0)
    assert found["notes that sound, times as written"] == pytest.approx(400 / np.ptp(onset_s))
    assert found["velocity, top note less the others of its chord"] == 10.0
    assert found["velocity, mean"] == 65.0
