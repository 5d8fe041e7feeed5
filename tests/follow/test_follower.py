"""The follower: plays by the game's rules, the same however audio comes, waits, starts anywhere, ends at the end."""

from dataclasses import replace

import numpy as np
import pytest

from standpartner.agent.bundle import Agent, load_agent
from standpartner.agent.calibration import Calibration
from standpartner.agent.columns import window, window_index
from standpartner.agent.listening import Ear
from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.demo.bundled import load_menuet
from standpartner.errors import AudioError, ConfigError, ScoreError
from standpartner.follow import ANYWHERE, Follower, FollowerConfig, StartConfig, State, settled_positions
from standpartner.follow.position import Position
from standpartner.follow.pursuit import PursuitConfig
from standpartner.follow.search import SearchConfig
from standpartner.game import PIANO, BatchedGame, Track
from standpartner.hear import ArraySource, Resampler, frame_centre, read_audio, spectrogram

AT_ONCE = FollowerConfig(wait=False)
BY_TONES = FollowerConfig(start=StartConfig(key_probability=1.1, expected_probability=1.1), proved_after_s=0.0)
KEYS = ["time_s", "strip_x_px", "page", "system", "measure", "page_x_px", "page_y_px", "page_x", "page_y", "confidence"]
KEYS += ["lost"]


@pytest.fixture(scope="module")
def recording():
    return read_audio(load_menuet().recording)[: 12 * SAMPLE_RATE_HZ]


def given(follower, audio, chunk=None):
    """All that a follower gives."""
    positions = []
    for first in range(0, len(audio), chunk or len(audio)):
        positions += follower.push(audio[first : first + (chunk or len(audio))])
    return positions + follower.finish()


def follow(follower, audio):
    """One position a frame."""
    return list(settled_positions(given(follower, audio)))


def reach(speed):
    """Accelerate to a speed and keep it."""
    return lambda now: 2 if now < speed else 1


@pytest.mark.parametrize("chunk", [441, 1102, 7_777])
@pytest.mark.parametrize("config", [AT_ONCE, BY_TONES])
def test_a_stream_gives_the_same_as_a_file(chunk, config, menuet, tiny_bundle, recording):
    agent = load_agent(str(tiny_bundle))
    whole = given(Follower(menuet, agent, config=config), recording)
    assert len(list(settled_positions(whole))) == len(spectrogram(recording))
    assert given(Follower(menuet, agent, config=config), recording, chunk) == whole


def test_a_position_is_given_before_its_time(menuet, scripted, recording):
    """With frame k, which is complete 1024 samples after its centre, the position of frame k + 1 is decided."""
    follower = Follower(menuet, scripted(reach(4)), config=AT_ONCE)
    assert [position.time_s for position in follower.push(recording[:1_023])] == [0.0]
    heard, frame = 1_023, 0
    for frame in range(40):
        complete = frame_centre(frame) + 1_024
        assert follower.push(recording[heard : complete - 1]) == []
        (position,) = follower.push(recording[complete - 1 : complete])
        heard = complete
        assert position.time_s == (frame + 1) / 20 > heard / SAMPLE_RATE_HZ
    assert position.strip_x_px == menuet.begin_px + 1 + 2 + 3 + 4 * 37


def test_what_was_played_before_it_was_sure_is_caught_up_with_in_the_frame_itself(menuet, scripted, recording):
    follower = Follower(menuet, scripted(reach(4)), config=BY_TONES)
    positions = given(follower, recording)
    times = [position.time_s for position in positions]
    (again,) = [k for k in range(1, len(times)) if times[k] == times[k - 1]]
    before, after = positions[again - 1], positions[again]
    assert before.strip_x_px == menuet.begin_px
    caught_up = round(after.time_s * 20) - follower.start_frame
    assert caught_up > 2
    assert after.strip_x_px == menuet.begin_px + 4 * caught_up - 6
    assert after.jumped_from_px is None
    assert list(settled_positions(positions))[round(after.time_s * 20)].strip_x_px == after.strip_x_px


def test_settled_positions_are_the_last_ones_with_what_was_known_once_the_moment_was_heard():
    def at(frame, x_px, confidence, lost):
        return Position(frame / 20, x_px, 1, 1, 1, 0.0, 0.0, 0.0, 0.0, confidence, lost)

    told = [at(0, 10.0, 1.0, False), at(1, 11.0, 0.9, False), at(1, 50.0, 0.4, True), at(2, 52.0, 0.3, False)]
    assert list(settled_positions(told)) == [at(0, 10.0, 0.9, False), at(1, 50.0, 0.3, False)]
    assert list(settled_positions([])) == []
    coming = settled_positions(iter(told))
    assert next(coming) == at(0, 10.0, 0.9, False), "it does not wait for the end"


@pytest.mark.parametrize(("rate_hz", "channels"), [(44_100, 2), (48_000, 1), (22_050, 2)])
def test_any_rate_and_number_of_channels(rate_hz, channels, menuet, tiny_bundle):
    agent = load_agent(str(tiny_bundle))
    rng = np.random.default_rng(0)
    audio = rng.normal(0.0, 0.1, (3 * rate_hz, channels)).astype(np.float32)
    mono = Resampler(rate_hz)
    expected = given(Follower(menuet, agent, config=AT_ONCE), np.concatenate([mono.push(audio), mono.finish()]))
    source = ArraySource(audio, rate_hz=rate_hz)
    assert list(Follower(menuet, agent, config=AT_ONCE).follow(source)) == expected


def test_a_change_of_rate_is_refused(menuet, scripted, recording):
    follower = Follower(menuet, scripted())
    follower.push(recording[:441], rate_hz=44_100)
    with pytest.raises(AudioError, match="expected 44100 samples a second as before, got 48000"):
        follower.push(recording[441:882], rate_hz=48_000)
    with pytest.raises(AudioError, match="as before, got 22050"):
        follower.push(recording[441:882])


def test_a_follower_that_has_finished_hears_no_more(menuet, scripted, recording):
    follower = Follower(menuet, scripted())
    assert [position.time_s for position in follower.finish()] == [0.0]
    with pytest.raises(AudioError, match="start a new Follower"):
        follower.push(recording)
    with pytest.raises(AudioError, match="start a new Follower"):
        follower.finish()


class RestlessAgent(Agent):
    """An untrained agent always does the same; this one's action depends strongly on all that it is given."""

    def decide(self, view, embedding, *, speed_px, memory):
        decision = super().decide(view, embedding, speed_px=speed_px, memory=memory)
        wish = np.tanh(decision.locate.argmax(1) / 64 - speed_px / 4)[:, None] * np.array([[-1, 0, 1]])
        return replace(decision, action=np.sin(300 * decision.action) + 2 * wish)


def test_follows_by_the_rules_of_the_game(menuet, tiny_bundle, recording):
    """The same positions as a player of the batched game that uses the same agent."""
    agent = RestlessAgent(tiny_bundle)
    audio = recording[int(1.2 * SAMPLE_RATE_HZ) :]
    frames = spectrogram(audio)
    onset_s = np.linspace(0.0, (len(frames) - 2) / 20, len(menuet.onsets))
    track = Track("menuet", onset_s, menuet.onsets.x_px, menuet.strip, frames)
    game = BatchedGame([track], PIANO, stop_when_lost=False)
    game.reset([0], [0])
    ear = Ear(agent)
    embeddings = np.concatenate([ear.hear(frame[None])[0] for frame in frames])
    view, memory = agent.read(menuet.strip), agent.empty_memory(1)
    expected = [game.position_px[0]]
    while game.running[0]:
        index, fraction = window_index(game.position_px, np.array([len(view) - 128]))
        now = embeddings[game.frame]
        speed = game.speed.astype(np.float32)
        decision = agent.decide(window(view, index, fraction), now, speed_px=speed, memory=memory)
        memory = decision.memory
        game.step(decision.action.argmax(1))
        expected.append(game.position_px[0])
    config = FollowerConfig(wait=False, end_after_s=60, pursuit=PursuitConfig(jump=False))
    found = [position.strip_x_px for position in follow(Follower(menuet, agent, config=config), audio)]
    assert len(set(expected)) > 20, "the untrained agent must move for this to show anything"
    assert found[: len(expected)] == expected


def test_positions_say_where_that_is_on_the_page(menuet, scripted, recording):
    positions = follow(Follower(menuet, scripted(reach(21)), config=AT_ONCE), recording)
    place = menuet.place(np.array([position.strip_x_px for position in positions]))
    assert [position.page - 1 for position in positions] == list(place.page)
    assert [position.system - 1 for position in positions] == list(place.system)
    assert [position.page_x_px for position in positions] == list(place.page_x_px)
    assert [position.page_y_px for position in positions] == list(place.page_y_px)
    assert [position.measure for position in positions] == [int(menuet.measures.label[m]) for m in place.measure]
    assert {position.page for position in positions} == {1, 2}
    assert list(positions[7].to_json()) == KEYS
    assert positions[7].to_json()["time_s"] == 0.35


@pytest.mark.parametrize("noise", [0.0, 0.002])
def test_waits_through_silence_and_noise(noise, menuet, scripted, recording):
    rng = np.random.default_rng(0)
    audio = np.concatenate([np.zeros(4 * SAMPLE_RATE_HZ, np.float32), recording])
    audio = (audio + noise * rng.normal(size=len(audio))).astype(np.float32)
    follower = Follower(menuet, scripted(reach(4)), config=FollowerConfig(proved_after_s=0.0))
    positions = follower.push(audio[: 5 * SAMPLE_RATE_HZ])
    assert follower.state is State.WAITING
    assert {position.strip_x_px for position in positions} == {menuet.onsets.x_px[0]}
    assert not any(position.lost for position in positions)
    positions = list(settled_positions(positions + follower.push(audio[5 * SAMPLE_RATE_HZ :])))
    assert follower.state is State.FOLLOWING
    onset_frame = round((4 + load_menuet().onset_s[0]) * 20)
    assert abs(follower.start_frame - onset_frame) <= 1
    # 4 px a frame from the first note on, caught up after it was recognised: 1, 3, 6, 10, 14 ... px.
    assert positions[-1].strip_x_px == menuet.onsets.x_px[0] + 4 * (len(positions) - 1 - follower.start_frame) - 6


def test_begins_at_a_measure(menuet, scripted, recording):
    follower = Follower(menuet, scripted(), config=AT_ONCE, from_measure=17)
    position = follower.push(recording)[0]
    assert position.measure == 17
    onset = int(np.flatnonzero(menuet.onsets.measure == 16)[0])
    assert position.strip_x_px == menuet.onsets.x_px[onset]
    assert Follower(menuet, scripted(), from_measure="17").push(recording)[0].measure == 17


def test_unknown_measure(menuet, scripted):
    with pytest.raises(ScoreError, match="no measure 99 in Menuet in G: its measures are 1 to 48"):
        Follower(menuet, scripted(), from_measure=99)


def test_stays_at_the_end(menuet, scripted, recording):
    agent = scripted(reach(60), music_px=float(menuet.onsets.x_px[-1]))
    follower = Follower(menuet, agent, config=FollowerConfig(wait=False, pursuit=PursuitConfig(jump=False)))
    positions = follow(follower, recording)
    assert follower.state is State.FINISHED
    assert positions[-1].strip_x_px == positions[-60].strip_x_px >= menuet.onsets.x_px[-1]
    assert positions[-1].strip_x_px <= menuet.width_px - 1
    assert not positions[-1].lost
    assert len(positions) == len(spectrogram(recording))


def test_touching_the_end_briefly_is_not_the_end(menuet, scripted, recording):
    """An agent that hurries to the end and turns back is let back."""
    agent = scripted(lambda speed: 2 if agent.decisions < 100 else 0)
    follower = Follower(menuet, agent, config=FollowerConfig(wait=False, end_after_s=10))
    positions = follow(follower, recording)
    reached = max(position.strip_x_px for position in positions)
    assert reached == menuet.width_px - 1
    assert positions[-1].strip_x_px < menuet.onsets.x_px[-1]


def test_confidence_and_lost(menuet, scripted, recording):
    """An agent that stands still at the first onset, and music that goes away and comes back."""
    here = float(menuet.onsets.x_px[0])
    agent = scripted(music_px=here)
    slowly_convinced = PursuitConfig(jump=False, search=SearchConfig(trust=0.15))
    config = FollowerConfig(wait=False, pursuit=slowly_convinced)
    follower = Follower(menuet, agent, config=config)
    sure = follower.push(recording[: 2 * SAMPLE_RATE_HZ])
    assert all(position.confidence > 0.9 and not position.lost for position in sure)
    agent.music_px = here + 900
    unsure = follower.push(recording[2 * SAMPLE_RATE_HZ : 6 * SAMPLE_RATE_HZ])
    first_lost = [position.lost for position in unsure].index(True)
    low = [position.confidence < config.lost_below for position in unsure]
    assert low[0] is False, "one frame proves nothing"
    assert first_lost == low.index(True) + round(20 * config.lost_after_s) - 1, "not at once"
    assert unsure[-1].lost
    assert unsure[-1].confidence < 0.05
    agent.music_px = here
    found = follower.push(recording[6 * SAMPLE_RATE_HZ : 9 * SAMPLE_RATE_HZ])
    assert found[0].lost
    assert not found[-1].lost
    assert found[-1].confidence > 0.9


def test_confidence_is_calibrated(menuet, scripted, recording):
    plain, doubtful = scripted(), scripted()
    doubtful.calibration = Calibration(search=0.25, tracker=0.25, bias=-1.0)
    seen = [follow(Follower(menuet, agent, config=AT_ONCE), recording) for agent in (plain, doubtful)]
    given, doubted = (np.array([position.confidence for position in positions]) for positions in seen)
    odds = [np.log(confidence / (1 - confidence)) for confidence in (given, doubted)]
    assert np.allclose(odds[1], odds[0] / 2 - 1), "half of the weights, less the bias"


class Walker:
    """Music that moves through a score at a steady pace from a place on."""

    def __init__(self, agent, start_px, speed_px=4.0):
        self.agent, self.start_px, self.speed_px, self.heard = agent, start_px, speed_px, 0
        agent.listen, self._listen = self.listen, agent.listen

    def listen(self, fronts):
        self.agent.music_px = self.start_px + self.speed_px * self.heard
        self.heard += 1
        return self._listen(fronts)


def test_jumps_to_where_the_music_is_and_says_so(menuet, scripted, recording):
    agent = scripted(reach(4))
    walker = Walker(agent, float(menuet.onsets.x_px[0]))
    follower = Follower(menuet, agent, config=AT_ONCE)
    before = follower.push(recording[: 4 * SAMPLE_RATE_HZ])
    walker.start_px += 1500
    after = follower.push(recording[4 * SAMPLE_RATE_HZ : 8 * SAMPLE_RATE_HZ])
    assert not any(position.jumped_from_px is not None for position in before)
    jumps = [position for position in after if position.jumped_from_px is not None]
    assert len(jumps) == 1
    old, new, following = after[after.index(jumps[0]) - 1 :][:3]
    assert new == jumps[0]
    assert new.time_s == old.time_s, "the frame that tells of the jump is given again"
    assert following.time_s == pytest.approx(new.time_s + 0.05)
    assert abs(following.strip_x_px - new.strip_x_px) < 10
    assert jumps[0].time_s - before[-1].time_s < 1.5
    assert list(jumps[0].to_json()) == KEYS
    assert jumps[0].jumped_from_px == pytest.approx(jumps[0].strip_x_px - 1500, abs=60)
    assert abs(after[-1].strip_x_px - agent.music_px) < 50
    assert after[-1].system > before[-1].system


@pytest.mark.parametrize("chunk", [441, 7_777])
def test_a_stream_jumps_as_a_file_does(chunk, menuet, scripted, recording):
    def jumping():
        agent = scripted(reach(4))
        Walker(agent, 2000.0)
        return Follower(menuet, agent, config=AT_ONCE)

    whole = given(jumping(), recording)
    assert sum(position.jumped_from_px is not None for position in whole) == 1
    assert given(jumping(), recording, chunk) == whole


def test_begins_anywhere(menuet, scripted, recording):
    """Nothing is known of the start, and the first note may be any."""
    agent = scripted(reach(4))
    Walker(agent, 2500.0)
    follower = Follower(menuet, agent, config=AT_ONCE, from_measure=ANYWHERE)
    positions = list(settled_positions(follower.push(recording[: 4 * SAMPLE_RATE_HZ])))
    assert positions[0].confidence < 0.1, "it does not pretend to know"
    assert positions[0].strip_x_px == menuet.onsets.x_px[0]
    assert abs(positions[-1].strip_x_px - agent.music_px) < 50
    assert positions[-1].confidence > 0.9


def test_goes_back_from_the_end_for_a_da_capo(menuet, scripted, recording):
    agent = scripted(reach(4))
    walker = Walker(agent, float(menuet.onsets.x_px[-1]) - 80)
    config = FollowerConfig(wait=False, end_after_s=0.2)
    follower = Follower(menuet, agent, config=config, from_measure=48)
    follower.push(recording[: 2 * SAMPLE_RATE_HZ])
    assert follower.state is State.FINISHED
    walker.start_px, walker.heard = float(menuet.onsets.x_px[0]), 0
    positions = follower.push(recording[2 * SAMPLE_RATE_HZ : 6 * SAMPLE_RATE_HZ])
    assert follower.state is State.FOLLOWING
    assert positions[-1].measure < 20


def test_the_end_of_the_bundled_recording_is_the_end(menuet):
    """The last chord dies away: nobody is sent anywhere by the silence after it."""
    audio = read_audio(load_menuet().recording)
    follower = Follower(menuet, load_agent("piano"))
    positions = follow(follower, audio)
    assert follower.state is State.FINISHED
    assert not any(position.jumped_from_px is not None for position in positions)


def test_config_is_checked():
    with pytest.raises(ConfigError, match="lost_below <= found_above"):
        FollowerConfig(lost_below=0.6, found_above=0.5)


def test_the_end_of_a_strip_that_ends_with_its_last_barline_is_reached(picture, scripted):
    music = replace(picture.music, end_px=float(picture.width_px))
    follower = Follower(replace(picture, music=music), scripted(action=2), config=FollowerConfig(wait=False))
    follower.push(np.zeros(22_050 * 20, np.float32))
    assert follower.state is State.FINISHED


def test_a_follower_that_is_told_a_place_goes_on_there_and_is_not_drawn_back(picture, scripted):
    agent = scripted(action=1, music_px=100.0)  # it hears the music at 100 px all the time
    follower = Follower(picture, agent, config=FollowerConfig(wait=False))
    follower.push(np.zeros(22_050, np.float32))
    (position,) = follower.move_to(600.0)
    assert (position.strip_x_px, position.lost) == (600.0, False)
    assert position.jumped_from_px is not None
    after = follower.push(np.zeros(2 * 22_050 - 2_205, np.float32))
    assert {place.strip_x_px for place in after} == {600.0}
    later = follower.push(np.zeros(10 * 22_050, np.float32))
    assert any(place.jumped_from_px == 600.0 for place in later)  # what it hears wins in the end


def test_a_finished_follower_that_is_told_a_place_follows_again(picture, scripted):
    follower = Follower(picture, scripted(action=2), config=FollowerConfig(wait=False))
    follower.push(np.zeros(22_050 * 20, np.float32))
    assert follower.state is State.FINISHED
    follower.move_to(0.0)
    assert follower.state is State.FOLLOWING


def test_a_place_that_is_no_number_is_refused(picture, scripted):
    follower = Follower(picture, scripted(), config=FollowerConfig(wait=False))
    with pytest.raises(ScoreError, match="expected a place on the strip in px, got nan"):
        follower.move_to(float("nan"))


def test_followers_may_share_a_view(picture, scripted):
    agent = scripted(music_px=300.0)
    sound = np.zeros(22_050, np.float32)
    alone = Follower(picture, agent).push(sound)
    assert Follower(picture, agent, view=agent.read(picture.strip)).push(sound) == alone
