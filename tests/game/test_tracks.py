from dataclasses import replace

import numpy as np
import pytest

from standpartner.errors import GameError
from standpartner.game import Track, ramp_track, random_track


def test_ramp_frames_and_targets_are_as_asked():
    track = ramp_track(2.0, 5, frames_per_onset=8, lead_in_frames=10)
    assert (track.first_frame, track.last_frame) == (10, 42)
    np.testing.assert_array_equal(track.onset_frames, [10, 18, 26, 34, 42])
    assert track.targets.dtype == np.float32
    assert track.targets.shape == (len(track.spectrogram),)
    np.testing.assert_allclose(np.diff(track.targets)[10:42], 2.0, rtol=1e-5)
    np.testing.assert_allclose(np.diff(track.targets)[:10], 0.0)


def test_what_is_known_of_onsets_is_known_of_every_performance():
    track = ramp_track(2.0, 5, frames_per_onset=8, lead_in_frames=10)
    assert track.start_px == track.onset_x_px[0]
    frames = np.array([[0, 10, 14], [42, 50, 1000]])  # before, at and between onsets; at the last one and after it
    expected = track.start_px + 2.0 * np.array([[0, 0, 4], [32, 32, 32]])
    np.testing.assert_allclose(track.targets_at(frames), expected)
    np.testing.assert_array_equal(track.targets, track.targets_at(np.arange(len(track.targets))).astype(np.float32))


def test_toy_marks_and_sound_match_the_onsets():
    track = random_track(3)
    for frame, x in zip(track.onset_frames, np.rint(track.onset_x_px).astype(int), strict=True):
        assert track.strip[:, x].min() == 0
        assert track.spectrogram[frame].max() == pytest.approx(1.5)
    # the higher the mark, the higher the band
    rows = [int(np.mean(np.nonzero(track.strip[:, round(x)] == 0)[0])) for x in track.onset_x_px]
    bands = [int(np.argmax(track.spectrogram[frame])) for frame in track.onset_frames]
    assert np.corrcoef(rows, bands)[0, 1] < -0.999


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"onset_s": np.array([0.5])}, "alike"),
        ({"onset_s": np.array([]), "onset_x_px": np.array([])}, "n >= 2"),
        ({"onset_s": np.array([0.5, np.nan, 1.0])}, "finite"),
        ({"onset_s": np.array([0.5, 2.0, 1.0])}, "onset_s must be 0 or more and never decrease"),
        ({"onset_s": np.array([-0.5, 1.0, 2.0])}, "0 or more"),
        ({"onset_x_px": np.array([60.0, 50.0, 70.0])}, "onset_x_px must be"),
        ({"onset_s": np.array([0.5, 0.501, 0.502])}, "all onsets fall into frame 10"),
        ({"onset_x_px": np.array([60.0, 70.0, 1e5])}, "off the strip"),
        ({"strip": np.zeros((100, 500), np.uint8)}, "strip must be uint8"),
        ({"strip": np.zeros((160, 500), np.float32)}, "strip must be uint8"),
        ({"spectrogram": np.zeros((78, 100), np.float32)}, "spectrogram must be float32"),
        ({"spectrogram": np.zeros((100, 78))}, "spectrogram must be float32"),
        ({"spectrogram": np.zeros((12, 78), np.float32)}, "end before the last onset"),
        ({"spectrogram": np.full((100, 78), -0.1, np.float32)}, "0 or more"),
        ({"spectrogram": np.full((100, 78), np.nan, np.float32)}, "finite"),
    ],
)
def test_broken_tracks_are_refused_by_name(change, message):
    good = ramp_track(2.0, 3)
    with pytest.raises(GameError, match=f"track 'ramp-2-0'.*{message}"):
        replace(good, **change)


def test_too_short_toys_are_refused():
    with pytest.raises(GameError, match="at least 2 onsets"):
        random_track(0, 1)
    with pytest.raises(GameError, match="at least 2 onsets"):
        ramp_track(1.0, 0)


def test_same_seed_same_track():
    one, two, other = random_track(1), random_track(1), random_track(2)
    assert isinstance(one, Track)
    np.testing.assert_array_equal(one.strip, two.strip)
    np.testing.assert_array_equal(one.spectrogram, two.spectrogram)
    assert not np.array_equal(one.onset_s, other.onset_s)
