"""Windows and excerpts by hand, and as the environment shows them."""

import numpy as np
import pytest

from standpartner.errors import GameError
from standpartner.game import CONFIGS, BatchedGame, ramp_track, random_track, score_windows, spectrogram_excerpts
from standpartner.game.windows import Views, Windows

pytest.importorskip("gymnasium")

TRACKS = [random_track(0, 30), ramp_track(3.0, 30, lead_in_frames=2), random_track(2, 30)]


@pytest.mark.parametrize("name", CONFIGS)
def test_a_batch_sees_what_single_environments_see(name):
    from standpartner.game.environment import ScoreFollowingEnv

    config, rng = CONFIGS[name], np.random.default_rng(0)
    windows, episodes = Windows(TRACKS, config), np.arange(3)
    game = BatchedGame(TRACKS, config, n_episodes=3)
    game.reset(episodes, episodes)
    environments = [ScoreFollowingEnv(TRACKS, config) for _ in episodes]
    seen = [environment.reset(options={"track": k})[0] for k, environment in enumerate(environments)]
    before, first = game.position_px.copy(), np.ones(3, dtype=bool)
    for _ in range(40):
        score, spectrogram = windows.cut(Views.of(game, episodes, before_px=before, first=first))
        np.testing.assert_array_equal(score, np.stack([one["score"] for one in seen]))
        np.testing.assert_array_equal(spectrogram, np.stack([one["spectrogram"] for one in seen]))
        before = game.position_px.copy()
        actions = rng.integers(3, size=3)
        game.step(actions)
        stepped = [environment.step(action) for environment, action in zip(environments, actions, strict=True)]
        seen = [one[0] for one in stepped]
        ended = np.flatnonzero(~game.running)
        first[:] = False
        first[ended] = True
        for k in ended:
            game.reset(k, k)
            seen[k] = environments[k].reset(options={"track": int(k)})[0]


def test_differences_are_zero_at_the_start_whatever_was_seen_before():
    game = BatchedGame(TRACKS, CONFIGS["nottingham"], n_episodes=2)
    game.reset([0, 1], [0, 2])
    views = Views.of(game, np.arange(2), before_px=np.full(2, 400.0), first=np.array([True, False]))
    for seen in Windows(TRACKS, CONFIGS["nottingham"]).cut(views):
        assert not seen[0, 1].any()
        assert seen[1, 1].any()


def window_by_hand(track, position_px, config):
    """A window cut out of a strip with wide white margins, its blocks averaged one by one."""
    margin = 2_000
    wide = np.pad(track.strip, ((0, 0), (margin, margin)), constant_values=255).astype(np.float64)
    left = int(np.floor(position_px + 0.5)) - config.window_width_px // 2 + margin
    top = (track.strip.shape[0] - config.window_height_px) // 2
    cut = wide[top : top + config.window_height_px, left : left + config.window_width_px]
    blocks = cut.reshape(config.shown_height_px, config.downscale, config.shown_width_px, config.downscale)
    return 1 - blocks.mean(axis=(1, 3)) / 255


@pytest.mark.parametrize("name", CONFIGS)
def test_views_reach_over_the_ends_of_strip_and_recording(name):
    track, config = TRACKS[1], CONFIGS[name]
    width = track.strip.shape[1]
    position = np.array([0.0, 30.5, width - 1.0, -900.0, width + 900.0])
    frame = np.array([0, 5, 60, 3, 61])
    views = Views.alone(np.ones(len(position), np.int64), position, frame)
    score, spectrogram = Windows(TRACKS, config, differences=False).cut(views)
    assert score.shape[1] == spectrogram.shape[1] == 1
    expected = [window_by_hand(track, x, config) for x in position]
    np.testing.assert_allclose(score[:, 0], expected, atol=1e-6)
    assert not score[3:].any(), "there is paper only far from the strip"
    silence = np.zeros((config.frames_in_view, 78), np.float32)
    heard = np.concatenate([silence, track.spectrogram])
    expected = [heard[last + 1 : last + 1 + config.frames_in_view].T for last in frame]
    np.testing.assert_array_equal(spectrogram[:, 0], expected)
    np.testing.assert_array_equal(score[:, 0], score_windows(track, position, config=config))
    np.testing.assert_array_equal(spectrogram[:, 0], spectrogram_excerpts(track, frame, config=config))


def test_what_is_off_the_recording_or_nowhere_is_refused():
    track, config = TRACKS[0], CONFIGS["piano"]
    with pytest.raises(GameError, match="positions must be finite"):
        score_windows(track, [np.nan], config=config)
    for frame in (-1, len(track.spectrogram)):
        with pytest.raises(GameError, match="frames must be from 0 to"):
            spectrogram_excerpts(track, [frame], config=config)


def test_large_windows_use_memory_again_but_never_that_of_a_view_which_is_kept():
    tracks = [random_track(seed) for seed in range(2)]
    windows, count = Windows(tracks, CONFIGS["piano"]), 16
    views = [Views.alone(np.arange(count) % 2, np.full(count, 300.0 * k), np.full(count, 9 * k)) for k in range(4)]
    first = windows.cut(views[0])[0]
    address, kept = first.ctypes.data, first[5, 0, :, ::2]
    before = kept.copy()
    del first
    for view in views[1:]:
        assert windows.cut(view)[0].ctypes.data != address, "a part of it is still seen"
    np.testing.assert_array_equal(kept, before)
    addresses = {windows.cut(view)[0].ctypes.data for view in views}
    assert len(addresses) == 1, "what nobody sees any more is used again"
