import importlib.util
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from standpartner.errors import ConfigError, GameError, MissingExtraError
from standpartner.game import ENVIRONMENT_ID, NOTTINGHAM, PIANO, Pacer, ScoreFollowingEnv, ramp_track, random_track

SAME = 1
PYGAME = importlib.util.find_spec("pygame")
needs_window = pytest.mark.skipif(PYGAME is None, reason='no pygame; pip install "standpartner[window]"')


@pytest.fixture
def unseen(monkeypatch):
    """Windows open, but nowhere."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")


@pytest.mark.parametrize(
    "config", ["piano", "nottingham", replace(PIANO, time_limit_frames=5)], ids=["p", "n", "limit"]
)
def test_gymnasiums_own_checks_pass(config, unseen):
    env = gymnasium.make(ENVIRONMENT_ID, config=config)
    check_env(env.unwrapped, skip_render_check=PYGAME is None)


def test_both_games_go_by_their_names():
    for config in (PIANO, NOTTINGHAM):
        env = gymnasium.make(ENVIRONMENT_ID, config=config.name).unwrapped
        assert env.config is config
        window = (config.shown_height_px, config.shown_width_px)
        assert env.observation_space["score"].shape == (2, *window)
        assert env.reset(seed=0)[0]["score"].shape == (2, *window)
    with pytest.raises(ConfigError, match="expected one of piano, nottingham"):
        gymnasium.make(ENVIRONMENT_ID, config="organ")


def test_vectorised_environments_reset_without_differences_from_the_episode_before():
    envs = gymnasium.make_vec(ENVIRONMENT_ID, num_envs=2, vectorization_mode="sync", tracks=[ramp_track(2.0, 3)])
    envs.reset(seed=0)
    ended = np.zeros(2, dtype=bool)
    while not ended.any():
        *_, terminated, truncated, info = envs.step(np.array([SAME, SAME]))
        ended = terminated | truncated
    assert info["finished"][ended].all()
    seen, *_ = envs.step(np.array([SAME, SAME]))  # the step after the end resets
    for view in seen.values():
        assert view[ended, 0].any()
        assert not view[ended, 1].any()


def test_same_seed_same_rollout():
    one, two = gymnasium.make(ENVIRONMENT_ID), gymnasium.make(ENVIRONMENT_ID)
    one.action_space.seed(0)
    for episode in range(3):
        seed = 7 if episode == 0 else None  # later tracks come from the seeded generator too
        (seen_one, info_one), (seen_two, info_two) = one.reset(seed=seed), two.reset(seed=seed)
        assert info_one == info_two
        for _ in range(50):
            action = one.action_space.sample()
            for key in seen_one:
                np.testing.assert_array_equal(seen_one[key], seen_two[key])
            seen_one, *rest_one = one.step(action)
            seen_two, *rest_two = two.step(action)
            assert rest_one == rest_two
            if rest_one[1]:
                break


def test_seeds_choose_different_tracks():
    env = ScoreFollowingEnv([random_track(seed) for seed in range(10)])
    assert len({env.reset(seed=seed)[1]["track"] for seed in range(20)}) > 3
    assert env.reset(options={"track": 4})[1]["track"] == 4


def test_differences_are_zero_after_every_reset_and_right_after_steps():
    env = ScoreFollowingEnv([ramp_track(2.0)])
    for _ in range(2):
        before, _ = env.reset(seed=0)
        assert before["score"][0].any()
        assert before["spectrogram"][0].any()
        assert not before["score"][1].any()
        assert not before["spectrogram"][1].any()
        for action in (2, 2, 1):
            after, *_ = env.step(action)
            for key in after:
                np.testing.assert_array_equal(after[key][1], after[key][0] - before[key][0])
                assert after[key][1].any()
            before = after


def test_window_shows_the_mark_in_its_centre_and_paper_outside():
    track = ramp_track(2.0)
    seen, _ = ScoreFollowingEnv([track]).reset(seed=0)
    # first onset at x 60: 196 px of paper to the left of the strip, halved 98
    assert not seen["score"][0][:, :97].any()
    assert seen["score"][0][:, 127:129].max() == 1.0
    np.testing.assert_allclose(
        seen["score"][0][:, 98:], (255 - track.strip[:, :316].astype(float)).reshape(80, 2, 158, 2).mean((1, 3)) / 255,
        atol=1e-6,
    )  # fmt: skip


def test_window_follows_the_rounded_position():
    config = replace(PIANO, downscale=1)
    env = ScoreFollowingEnv([ramp_track(2.0)], config)
    seen, info = env.reset(seed=0)
    moved, *_, info_moved = env.step(2)
    assert info_moved["position_px"] - info["position_px"] == 1
    np.testing.assert_array_equal(moved["score"][0][:, :-1], seen["score"][0][:, 1:])


def test_spectrogram_ends_with_the_current_frame_and_starts_with_silence():
    track = ramp_track(2.0, lead_in_frames=10)
    env = ScoreFollowingEnv([track])
    seen, info = env.reset(seed=0)
    assert info["frame"] == 10
    np.testing.assert_array_equal(seen["spectrogram"][0][:, -11:], track.spectrogram[:11].T)
    assert not seen["spectrogram"][0][:, :-11].any()
    seen, *_, info = env.step(SAME)
    np.testing.assert_array_equal(seen["spectrogram"][0][:, -1], track.spectrogram[11])


def play(env, action=SAME):
    env.reset(seed=0)
    while True:
        _, reward, terminated, truncated, info = env.step(action)
        if terminated or truncated:
            return reward, terminated, truncated, info


def test_lost_finished_and_out_of_time_are_told_apart():
    reward, terminated, truncated, info = play(ScoreFollowingEnv([ramp_track(2.0, 40)]))
    assert (reward, terminated, truncated, info["lost"], info["finished"]) == (0, True, False, True, False)
    reward, terminated, truncated, info = play(ScoreFollowingEnv([ramp_track(2.0, 5)]))
    assert (terminated, truncated, info["lost"], info["finished"]) == (True, False, False, True)
    assert info["error_px"] == pytest.approx(info["position_px"] - info["target_px"])
    assert reward == pytest.approx((170 - 64) / 170)
    limited = ScoreFollowingEnv([ramp_track(2.0)], replace(PIANO, time_limit_frames=3))
    _, terminated, truncated, info = play(limited)
    assert (terminated, truncated, info["lost"], info["finished"]) == (False, True, False, False)


def test_steps_outside_an_episode_are_refused():
    env = ScoreFollowingEnv([ramp_track(2.0, 5)])
    with pytest.raises(GameError, match="call reset"):
        env.step(SAME)
    play(env)
    with pytest.raises(GameError, match="call reset"):
        env.step(SAME)


def test_bad_arguments_are_refused():
    env = ScoreFollowingEnv(render_mode="rgb_array")
    with pytest.raises(GameError, match="only reset option"):
        env.reset(options={"song": 1})
    with pytest.raises(GameError, match="track indices"):
        env.reset(options={"track": 99})
    with pytest.raises(GameError, match="call reset"):
        env.render()
    with pytest.raises(GameError, match="render_mode"):
        ScoreFollowingEnv(render_mode="ansi")
    with pytest.raises(GameError, match="needs a track"):
        ScoreFollowingEnv([])
    track = ramp_track()
    with pytest.raises(GameError, match=r"reaches 7\.50"):
        ScoreFollowingEnv([replace(track, spectrogram=track.spectrogram * 5)])


@pytest.mark.parametrize("config", [PIANO, NOTTINGHAM], ids=lambda config: config.name)
def test_picture_has_agent_target_and_a_fixed_size(config):
    env = ScoreFollowingEnv([ramp_track(2.0)], config, render_mode="rgb_array")
    env.reset(seed=0)
    first = env.render()
    for _ in range(20):
        env.step(SAME)
    picture = env.render()
    assert picture.shape == first.shape
    assert picture.dtype == np.uint8
    zoom = 1024 // config.window_width_px
    row = picture[27]  # below the labels
    agent = np.flatnonzero((row == (0, 114, 178)).all(axis=-1)).mean()
    target = np.flatnonzero((row == (213, 94, 0)).all(axis=-1)).mean()
    assert agent == pytest.approx(config.window_width_px // 2 * zoom, abs=2)
    assert target - agent == pytest.approx(40 * zoom, abs=3)  # 20 frames behind at 2 px a frame


def tiny_env(**options):
    return ScoreFollowingEnv([ramp_track(2.0, 5)], **options)


def test_offline_steps_do_not_wait_and_say_nothing_of_time():
    assert "late_s" not in play(tiny_env())[-1]


def test_real_time_steps_are_a_twentieth_of_a_second_apart():
    now = [100.0]
    env = tiny_env(pacer=Pacer(clock=lambda: now[0], sleep=lambda seconds: now.__setitem__(0, now[0] + seconds)))
    for _ in range(2):
        env.reset(seed=0)
        start_s = now[0]
        for k in range(1, 6):
            now[0] += 0.02  # the agent thinks
            info = env.step(SAME)[-1]
            assert now[0] == pytest.approx(start_s + k / 20)
            assert info["late_s"] == 0
        now[0] += 0.07
        assert env.step(SAME)[-1]["late_s"] == pytest.approx(0.02)


@needs_window
def test_the_window_shows_what_rgb_array_draws(unseen):
    import pygame

    now = [0.0]
    pacer = Pacer(clock=lambda: now[0], sleep=lambda seconds: now.__setitem__(0, now[0] + seconds))
    human, array = tiny_env(render_mode="human", pacer=pacer), tiny_env(render_mode="rgb_array")
    for env in (human, array):
        env.reset(seed=0)
    for action in (2, 2, 1, 0):
        human.step(action)
        array.step(action)
        shown = pygame.surfarray.array3d(pygame.display.get_surface()).transpose(1, 0, 2)
        np.testing.assert_array_equal(shown, array.render())
    assert human.render() is None
    assert now[0] == pytest.approx(4 / 20)
    human.close()
    assert not pygame.display.get_init()
    human.reset(seed=0)  # opens it again
    human.close()


@needs_window
def test_without_a_display_it_says_what_to_do(monkeypatch):
    for name in ("SDL_VIDEODRIVER", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    if sys.platform != "linux":
        pytest.skip("displays are found otherwise here")
    env = tiny_env(render_mode="human")
    with pytest.raises(GameError, match=r"no display .* use render_mode='rgb_array'"):
        env.reset(seed=0)


def test_without_pygame_human_mode_names_the_cure(monkeypatch):
    monkeypatch.setitem(sys.modules, "pygame", None)
    monkeypatch.delitem(sys.modules, "standpartner.game.screen", raising=False)
    with pytest.raises(MissingExtraError, match=r'pip install "standpartner\[window\]"'):
        tiny_env(render_mode="human")


def test_the_specification_names_every_key_of_info():
    text = (Path(__file__).parents[2] / "docs" / "environment.md").read_text()
    env = tiny_env(pacer=Pacer(sleep=lambda seconds: None))
    env.reset(seed=0)
    missing = [key for key in env.step(SAME)[-1] if f"`{key}`" not in text]
    assert not missing


def test_without_gymnasium_the_room_works_and_the_environment_names_the_cure():
    script = """
import sys
sys.modules["gymnasium"] = None
import importlib.util
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "gymnasium" else found(name, *rest)
import standpartner.game
from standpartner.errors import MissingExtraError
assert standpartner.game.BatchedGame
try:
    standpartner.game.ScoreFollowingEnv
except MissingExtraError as error:
    assert "standpartner[game]" in str(error)
else:
    raise SystemExit("no error")
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
