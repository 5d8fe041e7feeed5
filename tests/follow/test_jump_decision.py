"""The learned decision on jumps: its inputs frame by frame, what it corrects, and the follower that uses it."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from standpartner.agent.jump_policy import INPUTS, JumpPolicy
from standpartner.follow.jump_decision import RULE_GATHERED, JumpFrame, JumpInputs, LearnedDecision, inputs_of
from standpartner.follow.pursuit import Caution, Pursuit, PursuitConfig
from standpartner.follow.search import SearchConfig

COLUMNS = 300
CAREFUL = PursuitConfig(evidence=4.0, gathered=1.0, search=SearchConfig(trust=0.15))
FRAME = JumpFrame(
    here_px=100.0,
    speed_px=4.0,
    found_px=1000.0,
    found_speed_px=5.0,
    found=0.9,
    here=0.01,
    tracked=0.5,
    tracked_now=0.4,
    located=0.3,
    gathered=0.0,
)


def policy(out_bias=0.0, threshold=0.5):
    return JumpPolicy(np.zeros((8, len(INPUTS))), np.zeros(8), np.zeros(8), out_bias, threshold=threshold)


def named(inputs):
    return dict(zip(INPUTS, inputs, strict=True))


def test_inputs_of_a_frame_in_closed_form():
    inputs = named(JumpInputs().take(FRAME))
    assert inputs["found"] == pytest.approx(np.log(9) / 5)
    assert inputs["tracked"] == 0
    assert inputs["found against here"] == pytest.approx(np.log(90) / 10)
    assert inputs["speed change"] == pytest.approx(1 / 8)
    assert inputs["distance, signed"] == inputs["distance"] == pytest.approx(np.log1p(900) / 8)
    assert inputs["evidence"] == pytest.approx(np.log(90) / 10)
    assert inputs["found, averaged"] == inputs["found"]
    back = named(JumpInputs().take(replace(FRAME, found_px=50.0)))
    assert back["distance, signed"] == -back["distance"] < 0


def test_a_place_that_moves_on_leads_until_it_is_another():
    inputs = JumpInputs()
    places_px = [1000, 1005, 1010, 3000, 3005, 3010, 3015]
    found = [named(inputs.take(replace(FRAME, found_px=place))) for place in places_px]
    assert [round(one["led"] * 40) for one in found] == [0, 1, 2, 0, 1, 2, 3]
    assert [round(one["since"] * 100) for one in found] == list(range(7))
    inputs.begin()
    again = named(inputs.take(replace(FRAME, found_px=3020)))
    assert again["led"] == again["since"] == 0


def test_means_follow_in_a_second():
    inputs = JumpInputs()
    inputs.take(replace(FRAME, found_speed_px=0.0))
    means = [named(inputs.take(replace(FRAME, found_speed_px=8.0)))["found speed, averaged"] for _ in range(20)]
    np.testing.assert_allclose(means, 1 - np.exp(-np.arange(1, 21) / 20))


def test_inputs_of_a_record_are_those_of_the_frames():
    rng = np.random.default_rng(0)
    frames = [JumpFrame(*(float(x) for x in rng.uniform(0.1, 1, size=10))) for _ in range(50)]
    jumped = rng.random(50) < 0.1
    streaming, rows = JumpInputs(), []
    for frame, moved in zip(frames, jumped, strict=True):
        rows.append(streaming.take(JumpFrame(**json.loads(json.dumps(asdict(frame))))))
        if moved:
            streaming.begin()
    np.testing.assert_array_equal(inputs_of(frames, jumped), rows)
    assert inputs_of(frames, jumped).shape == (50, len(INPUTS))


def test_without_weights_it_goes_where_the_rule_does():
    decision = LearnedDecision(policy())
    gathered = np.linspace(0, 5, 41)
    goes = [decision.goes(replace(FRAME, gathered=float(value))) for value in gathered]
    np.testing.assert_array_equal(goes, gathered > RULE_GATHERED)


def test_a_correction_and_a_threshold_move_the_rule():
    frame = replace(FRAME, gathered=RULE_GATHERED)
    assert not LearnedDecision(policy()).goes(frame)
    assert LearnedDecision(policy(out_bias=0.01)).goes(frame)
    assert not LearnedDecision(policy(out_bias=0.01, threshold=0.6)).goes(frame)
    assert LearnedDecision(policy(out_bias=0.42, threshold=0.6)).goes(frame)


@pytest.mark.parametrize("change", [{"found_px": 190.0}, {"found": 0.4}, {"found_speed_px": 0.4}])
def test_it_goes_only_to_another_place_where_music_moves(change):
    assert LearnedDecision(policy(out_bias=50.0)).goes(FRAME)
    assert not LearnedDecision(policy(out_bias=50.0)).goes(replace(FRAME, **change))


@pytest.fixture
def melody(pitch_agent):
    return np.random.default_rng(0).integers(0, pitch_agent.pitches, COLUMNS)


def jumps(agent, melody, *, config=CAREFUL, caution=None, **settings):
    """The frames in which it jumps, where the player does after 40 columns."""
    heard = agent.play(melody, 0, 40) + agent.play(melody, 200, 250)
    pursuit = Pursuit(agent, agent.view(melody), width_px=8 * COLUMNS, start_px=4.0, config=config, **settings)
    steps = [pursuit.step(embedding, **({"caution": caution} if caution else {})) for embedding in heard]
    return [frame for frame, step in enumerate(steps) if step.jumped_from_px is not None]


def test_what_the_agent_has_learned_decides(pitch_agent, melody):
    by_rule = jumps(pitch_agent, melody)
    pitch_agent.jump_policy = policy(out_bias=-50.0)
    assert jumps(pitch_agent, melody) == []
    assert jumps(pitch_agent, melody, config=replace(CAREFUL, learned=False)) == by_rule
    assert jumps(pitch_agent, melody, config=replace(CAREFUL, jump=False)) == []
    pitch_agent.jump_policy = policy(out_bias=4 * np.log1p(RULE_GATHERED) + 0.01)
    sooner = jumps(pitch_agent, melody)
    assert len(sooner) >= 1
    assert sooner[0] < by_rule[0]


@pytest.mark.parametrize("known", [True, False])
def test_weights_that_only_move_the_rule_follow_as_it_does(known, pitch_agent, melody):
    heard = pitch_agent.play(melody, 0, 60) + pitch_agent.play(melody, 200, 260) + pitch_agent.play(melody, 100, 160)
    followed = []
    for learned in (None, policy(out_bias=4 * np.log(3.5 / 2))):  # where evidence gathers to 1, as in the settings
        pitch_agent.jump_policy = learned
        pursuit = Pursuit(
            pitch_agent, pitch_agent.view(melody), width_px=8 * COLUMNS, start_px=4.0, start_known=known, config=CAREFUL
        )
        followed.append([pursuit.step(embedding) for embedding in heard])
    assert followed[0] == followed[1]
    assert sum(step.jumped_from_px is not None for step in followed[0]) == 2


def test_where_caution_is_needed_the_rule_decides(pitch_agent, melody):
    caution = Caution(times=1.5)
    by_rule = jumps(pitch_agent, melody, caution=caution)
    pitch_agent.jump_policy = policy(out_bias=-50.0)
    assert jumps(pitch_agent, melody, caution=caution) == by_rule
    assert len(by_rule) == 1


def test_after_a_jump_the_decision_begins_anew(pitch_agent, melody):
    class Once:
        """Goes in one frame, and tells what it was asked."""

        def __init__(self):
            self.said, self.begun = [], []

        def goes(self, frame):
            self.said.append(frame)
            return len(self.said) == 110

        def begin(self):
            self.begun.append(len(self.said))

    once = Once()
    assert jumps(pitch_agent, melody, decision=once) == [109]
    assert once.begun == [110]
    before, after = once.said[109], once.said[110]
    assert after.here_px == pytest.approx(before.found_px + round(before.found_speed_px), abs=1)
    assert after.gathered == 0


def test_inputs_while_following_are_those_of_the_record(pitch_agent, melody):
    class Watched:
        """Goes by the rule, and keeps what it was asked and the inputs of that moment."""

        def __init__(self):
            self.inputs, self.frames, self.rows = JumpInputs(), [], []

        def goes(self, frame):
            self.frames.append(frame)
            self.rows.append(self.inputs.take(frame))
            return frame.gathered > CAREFUL.gathered

        def begin(self):
            self.inputs.begin()

    watched = Watched()
    went = jumps(pitch_agent, melody, decision=watched)
    assert len(went) == 1
    jumped = np.isin(np.arange(len(watched.frames)), went)
    np.testing.assert_array_equal(inputs_of(watched.frames, jumped), watched.rows)


def test_at_rest_the_rule_decides(pitch_agent, melody):
    pitch_agent.jump_policy = policy(out_bias=-50.0)
    pursuit = Pursuit(
        pitch_agent, pitch_agent.view(melody), width_px=8 * COLUMNS, start_px=4.0, start_known=False, config=CAREFUL
    )
    steps = [pursuit.step(embedding, rest=True) for embedding in pitch_agent.play(melody, 200, 250)]
    assert any(step.jumped_from_px is not None for step in steps)
