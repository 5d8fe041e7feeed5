from dataclasses import replace

import numpy as np
import pytest
from test_perform import score

from standpartner.errors import ConfigError
from standpartner.perform import PerformanceStyle, perform

PLAIN = PerformanceStyle(chord_spread_range_s=(0.0, 0.0))
PLAYING_ERRORS = {
    "detune_range_cents": (-30.0, 30.0),
    "wrong_share_range": (0.05, 0.1),
    "missing_share_range": (0.05, 0.1),
    "extra_share_range": (0.05, 0.1),
    "arpeggio_share_range": (0.2, 0.5),
    "hesitation_share_range": (0.05, 0.1),
    "hesitation_range_s": (0.5, 1.0),
}


def played(seed=0, notes=None, pause_s=0.0, **shares):
    notes, time_s = notes or score()
    ranges = {f"{name}_range": (share, share) for name, share in shares.items()}
    style = replace(PLAIN, hesitation_range_s=(pause_s, pause_s), **ranges)
    return perform(notes, time_s, style=style, seed=seed)


def test_performances_made_before_there_were_playing_errors_stay_as_they_are():
    notes, time_s = score(6)
    performance, onset_s, choices = perform(notes, time_s, style=PerformanceStyle(), seed=7)
    before = [0.7454583682747644, 1.616790620188963, 2.466206367630916, 2.875838307589405, 3.2776636065897935]
    np.testing.assert_allclose(onset_s[:5], before, rtol=1e-12)
    assert performance.onset_s[3] == pytest.approx(2.88269625862494, rel=1e-12)
    assert performance.velocity.tolist() == [31, 52, 47, 41, 63, 52, 37, 47, 52, 45, 53]
    assert (choices.soundfont, choices.gain_db) == ("musescore", pytest.approx(-5.545190206387627, rel=1e-12))
    assert performance.tuning_cents == 0
    # What is written beside the audio has the same words as before, too.
    assert len(choices.record()) == 14
    assert "wrong_share" not in choices.record()


def test_playing_errors_leave_all_else_as_it_is():
    notes, time_s = score()
    _, strict_s, strict = perform(notes, time_s, style=PLAIN, seed=2)
    playing_errors = {name: ends for name, ends in PLAYING_ERRORS.items() if "hesitation" not in name}
    free, free_s, choices = perform(notes, time_s, style=replace(PLAIN, **playing_errors), seed=2)
    np.testing.assert_array_equal(strict_s, free_s)
    assert choices.record().items() > strict.record().items()
    assert free.tuning_cents == choices.detune_cents != 0


def test_pauses_come_before_the_share_of_onsets_drawn_and_are_in_the_truth():
    strict, strict_s, _ = played(seed=1)
    paused, paused_s, _ = played(seed=1, hesitation_share=0.1, pause_s=1.0)
    pauses = np.diff(paused_s) - np.diff(strict_s)
    there = pauses > 1e-9
    assert 0.03 < there.mean() < 0.2
    assert pauses[there].min() >= 0.5
    assert pauses[there].max() <= 1.5
    assert paused_s[0] == strict_s[0]
    notes, _ = score()
    main = ~notes.grace
    np.testing.assert_allclose(paused.onset_s[main], paused_s[notes.onset[main]])  # the sound pauses with the truth
    np.testing.assert_array_equal(paused.velocity, strict.velocity)


def test_rolled_chords_go_up_from_a_lowest_note_at_the_onset():
    notes, time_s = score()
    rolled, onset_s, _ = played(arpeggio_share=1.0)
    main = ~notes.grace
    steps = []
    for onset in range(len(time_s)):
        chord = np.flatnonzero((notes.onset == onset) & main)
        chord = chord[np.argsort(rolled.pitch[chord], kind="stable")]
        assert rolled.onset_s[chord[0]] == onset_s[onset]
        steps.extend(np.diff(rolled.onset_s[chord]))
        if onset + 1 < len(time_s):
            assert rolled.onset_s[chord[-1]] < onset_s[onset + 1]
    assert min(steps) > 0
    assert 0.02 <= np.median(steps) <= 0.06
    some, some_s, _ = played(arpeggio_share=0.3)
    late = np.array([(some.onset_s[(notes.onset == k) & main] > some_s[k]).any() for k in range(len(time_s))])
    several = np.array([((notes.onset == k) & main).sum() > 1 for k in range(len(time_s))])
    assert 0.15 < late[several].mean() < 0.45


def test_wrong_notes_are_neighbours_struck_at_the_right_time():
    strict, strict_s, _ = played()
    wrong, wrong_s, _ = played(wrong_share=0.2)
    slip = np.abs(wrong.pitch - strict.pitch)
    assert set(slip) == {0, 1, 2}
    assert 0.1 < (slip > 0).mean() < 0.3
    np.testing.assert_array_equal(strict_s, wrong_s)
    np.testing.assert_array_equal(strict.onset_s, wrong.onset_s)


def test_slips_stay_on_the_keyboard():
    notes, time_s = score()
    notes.pitch = np.where(np.arange(len(notes.pitch)) % 2, 21, 108)
    wrong, _, _ = played(notes=(notes, time_s), wrong_share=1.0)
    assert wrong.pitch.min() >= 21
    assert wrong.pitch.max() <= 108


def test_missing_notes_are_silent_and_their_onsets_keep_their_time():
    strict, strict_s, _ = played()
    missing, missing_s, _ = played(missing_share=0.3)
    np.testing.assert_array_equal(strict_s, missing_s)
    assert 0.6 < len(missing) / len(strict) < 0.8
    left = set(zip(missing.onset_s, missing.pitch, strict=True))
    assert left < set(zip(strict.onset_s, strict.pitch, strict=True))


def test_extra_notes_are_short_soft_neighbours():
    strict, strict_s, _ = played()
    more, more_s, _ = played(extra_share=0.2)
    np.testing.assert_array_equal(strict_s, more_s)
    count = len(strict)
    np.testing.assert_array_equal(more.onset_s[:count], strict.onset_s)
    for onset_s, pitch, velocity, duration_s in zip(
        more.onset_s[count:], more.pitch[count:], more.velocity[count:], more.duration_s[count:], strict=True
    ):
        near = (onset_s - strict.onset_s >= 0) & (onset_s - strict.onset_s <= 0.03) & (abs(strict.pitch - pitch) <= 2)
        assert velocity < strict.velocity[near].max()
        assert duration_s < 0.2
    assert 0.1 < len(more) / count - 1 < 0.3


def test_the_first_and_the_last_onset_are_played_as_written():
    notes, time_s = score(40)
    strict, *_ = played(notes=(notes, time_s))
    none, onset_s, _ = played(notes=(notes, time_s), missing_share=1.0)
    ends = (notes.onset == 0) | (notes.onset == 39)
    np.testing.assert_array_equal(none.pitch, strict.pitch[ends])
    assert len(onset_s) == 40


def test_the_seed_fixes_playing_errors():
    notes, time_s = score()
    style = replace(PLAIN, **PLAYING_ERRORS)
    first, again, other = (perform(notes, time_s, style=style, seed=seed) for seed in (3, 3, 4))
    for column in ("pitch", "onset_s", "duration_s", "velocity"):
        np.testing.assert_array_equal(getattr(first[0], column), getattr(again[0], column))
    assert first[2] == again[2] != other[2]


@pytest.mark.parametrize(
    "change",
    [
        {"wrong_share_range": (0.0, 1.1)},
        {"missing_share_range": (-0.1, 0.1)},
        {"hesitation_range_s": (1.0, 0.5)},
        {"hesitation_share_range": (0.0, 0.1)},
        {"detune_range_cents": (-150.0, 0.0)},
    ],
)
def test_impossible_playing_errors_are_refused(change):
    with pytest.raises(ConfigError, match="expected"):
        PerformanceStyle(**change)
