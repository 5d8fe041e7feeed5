"""What is no music: it is waited through before the first note, in a stop, and after the last note."""

import numpy as np
import pytest
from sounds import count_in, humming, talk

from standpartner.agent.bundle import load_agent
from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.demo.bundled import load_menuet
from standpartner.follow import Follower, FollowerConfig, follow_audio
from standpartner.follow.presence import Proof
from standpartner.follow.search import Found
from standpartner.hear import ArraySource, read_audio
from standpartner.perform.noise import make_noise

ONSET_S = load_menuet().onset_s


@pytest.fixture(scope="module")
def recording():
    """The menuet from a tenth of a second before its first note, 14 s."""
    first = round((ONSET_S[0] - 0.1) * SAMPLE_RATE_HZ)
    return read_audio(load_menuet().recording)[first : first + 14 * SAMPLE_RATE_HZ]


@pytest.fixture(scope="module")
def piano():
    return load_agent("piano")


def followed(menuet, agent, *parts):
    return follow_audio(Follower(menuet, agent), ArraySource(np.concatenate(parts).astype(np.float32)))


def noise(kind, seconds, level):
    return level * make_noise(kind, round(seconds * SAMPLE_RATE_HZ), seed=0)


BEFORE = {
    "talk": lambda: np.concatenate([talk(12.0, seed=3), noise("pink", 1.0, 2e-4)]),
    "applause": lambda: noise("applause", 8.0, 0.05),
    "hum": lambda: noise("hum", 6.0, 0.02),
    "count-in": lambda: count_in(4, beat_s=0.6, seed=0),
}


@pytest.mark.parametrize("kind", BEFORE)
def test_what_comes_before_the_first_note_is_waited_through(kind, menuet, piano, recording):
    before = BEFORE[kind]()
    straight = followed(menuet, piano, recording)
    after = followed(menuet, piano, before, recording)
    lead_s = len(before) / SAMPLE_RATE_HZ
    assert after.started_s == pytest.approx(lead_s + 0.1, abs=1.0)
    assert after.jumps == 0
    assert not after.seems_foreign
    assert after.positions[-1].strip_x_px == pytest.approx(straight.positions[-1].strip_x_px, abs=30)


@pytest.mark.parametrize(("sound", "name"), [(talk, "piano"), (talk, "piano-human"), (humming, "piano-human")])
def test_the_cursor_stays_in_the_first_bar_until_the_music_begins(sound, name, menuet, recording):
    before = sound(12.0, seed=3)
    following = followed(menuet, load_agent(name), before, recording[: 3 * SAMPLE_RATE_HZ])
    waiting = following.positions[: round(20 * len(before) / SAMPLE_RATE_HZ)]
    assert {position.measure for position in waiting} == {1}


def test_a_soft_opening_starts_at_once(menuet, piano, recording):
    level = np.where(np.arange(len(recording)) < 10 * SAMPLE_RATE_HZ, 10**-1.5, 1.0)
    following = followed(menuet, piano, level * recording)
    assert following.started_s < 1.0
    assert following.jumps == 0


def test_a_stop_is_waited_through(menuet, piano, recording):
    stop_s = 6.0
    onset = int(np.searchsorted(ONSET_S - ONSET_S[0], stop_s))
    cut_s = float(ONSET_S[onset] - ONSET_S[0] + 0.07)
    cut = round(cut_s * SAMPLE_RATE_HZ)
    fading = recording[cut:][: SAMPLE_RATE_HZ // 2] * np.linspace(0.3, 0, SAMPLE_RATE_HZ // 2)
    silence = noise("pink", 20.0, 2e-4)
    silence[: len(fading)] += 0.05 * fading
    stopped = followed(menuet, piano, recording[:cut], silence, recording[cut:])
    straight = followed(menuet, piano, recording)
    assert stopped.jumps == 0
    assert stopped.started_s == straight.started_s
    later = [position.strip_x_px for position in stopped.positions[-20:]]
    assert later == pytest.approx([position.strip_x_px for position in straight.positions[-20:]], abs=30)
    resumed = round((cut_s + 20.0) * 20) + 20
    there, here = straight.positions[round(cut_s * 20) + 20], stopped.positions[resumed]
    assert here.strip_x_px == pytest.approx(there.strip_x_px, abs=48), "a second after it goes on"


def test_another_score_is_said(menuet, piano):
    """A melody of its own, of made tones, in no order of the score."""
    rng = np.random.default_rng(1)
    time = np.arange(round(0.3 * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    tones = [
        0.2
        * np.exp(-6 * time)
        * sum(np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * k * time) / k for k in (1, 2, 3))
        for pitch in rng.integers(55, 80, 60)
    ]
    assert followed(menuet, piano, *tones).seems_foreign


def test_a_start_has_to_prove_right():
    proof = Proof(FollowerConfig(), needed=True)
    for _ in range(10):  # half a second in which the belief is what it was set to
        proof.take(1.0)
    assert not proof.given
    for _ in range(19):
        proof.take(0.8)
    proof.take(0.3)
    assert not proof.given
    proof.take(0.8)
    assert proof.given
    proof.begin()
    assert proof.ever
    assert not proof.given
    assert Proof(FollowerConfig(), needed=False).given


def test_a_start_is_likely_before_it_is_proved_but_not_after_a_wrong_one():
    proof = Proof(FollowerConfig(), needed=True)
    for _ in range(15):
        assert not proof.likely
        proof.take(1.0)
    assert proof.likely
    proof.begin()
    for _ in range(30):
        assert not proof.likely
        proof.take(1.0)
    assert proof.likely
    assert Proof(FollowerConfig(), needed=False).likely


def test_the_music_begins_where_it_is_expected():
    proof = Proof(FollowerConfig(), needed=True)
    moving, standing, elsewhere = Found(140.0, 4.0, 0.9), Found(140.0, 0.0, 0.9), Found(900.0, 4.0, 0.9)
    for found in (moving, moving, moving, moving, standing, moving, moving, moving, moving, elsewhere):
        assert proof.found_at_home(found, 100.0) is None
    *before, last = [proof.found_at_home(moving, 100.0) for _ in range(5)]
    assert before == [None] * 4
    assert last == 10, "40 px at 4 px a frame"


def test_no_start_is_before_the_recording(menuet, scripted):
    """The recording begins behind the first note, and the start at its beginning proves wrong at first."""

    class Late(scripted):
        def listen(self, fronts):
            self.music_px += 1.0
            return super().listen(fronts)

    time_s = np.arange(4 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    tone = 0.2 * sum(np.sin(2 * np.pi * 440 * k * time_s) / k for k in (1, 2, 3))
    following = followed(menuet, Late(music_px=menuet.begin_px + 60.0, pressed=9.0), tone)
    assert following.positions.lost.any()
    assert following.proved
    assert (following.start_frame, following.followed_s) == (0, following.duration_s)
