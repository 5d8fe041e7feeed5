from dataclasses import asdict, replace
from types import SimpleNamespace

import numpy as np
import pytest

from standpartner.errors import AudioError, ConfigError
from standpartner.perform import PerformanceStyle, perform, render

MECHANICAL = PerformanceStyle.mechanical()


def score(count=200, *, seed=0, chord=3):
    """Random music: onsets a sixteenth to a second apart, chords of up to three notes, some grace notes."""
    rng = np.random.default_rng(seed)
    time_s = np.cumsum(rng.choice([0.125, 0.25, 0.5, 1.0], count))
    onset = np.repeat(np.arange(count), rng.integers(1, chord + 1, count))
    grace = (rng.random(len(onset)) < 0.2) & (np.diff(onset, prepend=-1) == 0)
    columns = {"pitch": rng.integers(40, 90, len(onset)), "duration_s": rng.choice([0.125, 0.5, 1.5], len(onset))}
    return SimpleNamespace(onset=onset, grace=grace, time_s=time_s[onset], **columns), time_s


@pytest.mark.parametrize("seed", range(8))
def test_onsets_are_when_their_first_note_is_played(seed):
    notes, time_s = score(seed=seed)
    played, onset_s, choices = perform(notes, time_s, style=PerformanceStyle(), seed=seed)
    assert len(onset_s) == len(time_s)
    assert (np.diff(onset_s) > 0).all()
    assert played.onset_s.min() >= 0
    assert onset_s[0] >= choices.lead_silence_s
    for onset in range(len(time_s)):
        main = (notes.onset == onset) & ~notes.grace
        assert played.onset_s[main].min() == onset_s[onset]
        if onset + 1 < len(time_s):
            assert played.onset_s[main].max() < onset_s[onset + 1]


@pytest.mark.parametrize("seed", range(4))
def test_grace_notes_come_shortly_before_their_onset(seed):
    notes, time_s = score(seed=seed)
    played, onset_s, _ = perform(notes, time_s, style=PerformanceStyle(), seed=seed)
    grace_onset = notes.onset[notes.grace]
    assert len(grace_onset) > 20
    early_s = onset_s[grace_onset] - played.onset_s[notes.grace]
    assert (early_s > 0).all()
    assert early_s.max() < 0.3
    later = grace_onset > 0
    assert (played.onset_s[notes.grace][later] > onset_s[grace_onset[later] - 1]).all()


def test_grace_notes_follow_each_other_and_lead_in_from_the_very_start():
    columns = {"pitch": [60, 62, 64, 65], "onset": [0, 0, 0, 1], "duration_s": [0.1, 0.1, 1.0, 1.0]}
    notes = SimpleNamespace(grace=np.array([True, True, False, False]), **{k: np.array(v) for k, v in columns.items()})
    played, onset_s, _ = perform(notes, [0.0, 1.0], style=MECHANICAL, seed=0)
    assert played.onset_s[0] == 0
    assert played.onset_s[0] < played.onset_s[1] < played.onset_s[2] == onset_s[0]
    np.testing.assert_allclose(played.onset_s[:2] + played.duration_s[:2], played.onset_s[1:3])
    assert onset_s[1] - onset_s[0] == pytest.approx(1.0)


def test_where_only_grace_notes_start_they_are_the_onset():
    columns = {"pitch": [60, 62], "onset": [0, 1], "duration_s": [0.1, 1.0]}
    notes = SimpleNamespace(grace=np.array([True, False]), **{k: np.array(v) for k, v in columns.items()})
    played, onset_s, _ = perform(notes, [0.0, 0.5], style=MECHANICAL, seed=0)
    np.testing.assert_allclose(played.onset_s, onset_s)


def test_the_seed_fixes_everything():
    notes, time_s = score()
    first, again, other = (perform(notes, time_s, style=PerformanceStyle(), seed=seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first[1], again[1])
    for column in ("onset_s", "duration_s", "velocity"):
        np.testing.assert_array_equal(getattr(first[0], column), getattr(again[0], column))
    assert first[2] == again[2] != other[2]
    assert not np.allclose(first[1], other[1])


def test_mechanical_is_the_score_itself():
    notes, time_s = score()
    played, onset_s, choices = perform(notes, time_s, style=MECHANICAL, seed=3)
    np.testing.assert_allclose(onset_s - onset_s[0], time_s - time_s[0], atol=1e-9)
    main = ~notes.grace
    np.testing.assert_allclose(played.duration_s[main], notes.duration_s[main], atol=1e-9)
    assert (played.velocity == 72).all()
    assert choices.gain_db == 0


def test_tempo_factor_and_lead_silence_are_applied():
    notes, time_s = score()
    style = replace(MECHANICAL, tempo_factor_range=(2.0, 2.0), lead_silence_range_s=(1.5, 1.5))
    played, onset_s, _ = perform(notes, time_s, style=style, seed=0)
    assert onset_s[0] == pytest.approx(1.5)
    np.testing.assert_allclose(np.diff(onset_s), np.diff(time_s) / 2)
    main = ~notes.grace
    np.testing.assert_allclose(played.duration_s[main], notes.duration_s[main] / 2)


def test_tempo_breathes_within_the_performance():
    time_s = np.arange(400) * 0.25
    columns = {"pitch": np.full(400, 60), "onset": np.arange(400), "duration_s": np.full(400, 0.25)}
    notes = SimpleNamespace(grace=np.zeros(400, bool), **columns)
    style = replace(MECHANICAL, tempo_walk_depth_range=(0.15, 0.15), phrase_depth_range=(0.2, 0.2))
    _, onset_s, _ = perform(notes, time_s, style=style, seed=0)
    local_tempo = 0.25 / np.diff(onset_s)
    assert 0.08 < np.log(local_tempo).std() < 0.3
    # It changes smoothly: neighbours differ far less than the whole does.
    assert np.diff(np.log(local_tempo)).std() < 0.3 * np.log(local_tempo).std()


def test_choices_lie_in_their_ranges_and_are_plain_values():
    style = PerformanceStyle()
    notes, time_s = score(20)
    programs = set()
    for seed in range(60):
        _, _, choices = perform(notes, time_s, style=style, seed=seed)
        values = asdict(choices)
        assert all(type(value) in (int, float, str) for value in values.values())
        assert style.tempo_factor_range[0] <= choices.tempo_factor <= style.tempo_factor_range[1]
        assert style.gain_range_db[0] <= choices.gain_db <= style.gain_range_db[1]
        assert choices.soundfont in style.soundfonts
        programs.add(choices.program)
    assert programs == {0, 1, 3}


def test_scores_that_do_not_fit_are_refused():
    notes, time_s = score(10)
    with pytest.raises(AudioError, match="do not decrease"):
        perform(notes, time_s[::-1], style=MECHANICAL, seed=0)
    with pytest.raises(AudioError, match=r"expected notes at onsets 0 to 4, got 0 to 9"):
        perform(notes, time_s[:5], style=MECHANICAL, seed=0)
    empty = SimpleNamespace(**{k: v[:0] for k, v in vars(notes).items()})
    with pytest.raises(AudioError, match="no notes"):
        perform(empty, time_s, style=MECHANICAL, seed=0)


@pytest.mark.parametrize(
    "change",
    [
        {"tempo_factor_range": (1.5, 0.6)},
        {"tempo_factor_range": (0.0, 1.0)},
        {"timing_jitter_range_s": (-0.1, 0.1)},
        {"phrase_depth_range": (0.0, 1.0)},
        {"soundfonts": ()},
        {"programs": ((0, 0.0),)},
        {"programs": ((128, 1.0),)},
    ],
)
def test_impossible_styles_are_refused(change):
    with pytest.raises(ConfigError, match=r"expected|must be"):
        PerformanceStyle(**change)


@pytest.mark.needs("synthesiser", "timgm6mb")
def test_render_applies_the_gain_and_names_missing_soundfonts():
    notes, time_s = score(4)
    played, _, choices = perform(notes, time_s, style=MECHANICAL, seed=0)
    audio, softer = (render(played, replace(choices, gain_db=gain)) for gain in (0.0, -20.0))
    np.testing.assert_allclose(softer, 0.1 * audio, rtol=1e-5, atol=1e-7)
    with pytest.raises(AudioError, match=r"soundfont 'steinway' is not on this machine \(found: .*timgm6mb"):
        render(played, replace(choices, soundfont="steinway"))
