"""Learning from reward when to jump: returns in closed form, worlds that it solves, and records of followed pieces."""

from dataclasses import asdict, fields, replace

import numpy as np
import pytest

from standpartner.agent.jump_policy import INPUTS
from standpartner.follow.jump_decision import RULE_GATHERED, JumpFrame, JumpInputs
from standpartner.learn.jumps.fit import fit_policy, gradient, probability_of_going
from standpartner.learn.jumps.record import COLUMNS
from standpartner.learn.jumps.returns import (
    DISCOUNT,
    PRICE,
    RIGHT,
    WRONG,
    World,
    make_world,
    reached,
    returns,
    side_by_side,
)

FRAMES = 200
LEFT = np.arange(FRAMES, 0, -1)


def world(*, found_right, right, hint=0.0, frames=FRAMES):
    """A world of one hint, in which the rule is undecided and the agent stays as right or lost as it is."""
    whole = np.ones(frames)
    inputs = np.zeros((frames, len(INPUTS)))
    inputs[:, 0], inputs[:, 1] = hint, np.linspace(-1, 1, frames)
    return World(
        inputs=inputs,
        rule_odds=0 * whole,
        may_go=whole > 0,
        right=np.full(frames, right),
        found_right=np.full(frames, found_right),
        reward=(0.85 if right else 0.0) * whole,
        before=whole < 0,
    )


def test_what_going_brings_more_than_staying():
    lost = world(found_right=True, right=False)
    values, gains = returns(lost, np.zeros(FRAMES))
    np.testing.assert_allclose(values, DISCOUNT**LEFT * WRONG)
    np.testing.assert_allclose(gains, RIGHT - PRICE - DISCOUNT**LEFT * WRONG)
    _, at_home = returns(world(found_right=True, right=True), np.zeros(FRAMES))
    np.testing.assert_allclose(at_home, -PRICE, err_msg="to go from right to right costs the jump")
    values, _ = returns(lost, np.full(FRAMES, 1.0))
    np.testing.assert_allclose(values, RIGHT - PRICE)


def test_how_often_a_frame_is_reached():
    np.testing.assert_allclose(reached(np.zeros(FRAMES)), np.cumsum(DISCOUNT ** np.arange(FRAMES)) / 20)
    np.testing.assert_allclose(reached(np.ones(FRAMES)), 1 / 20)


def test_the_gradient_is_that_of_the_return():
    """Of the return of episodes that begin in all frames alike, by small differences."""
    both = side_by_side(
        [world(found_right=True, right=False, hint=1.0, frames=30), world(found_right=False, right=True)]
    )
    weights = np.random.default_rng(0).normal(size=8 * (len(INPUTS) + 2) + 1)

    def loss(changed):
        hidden, (hidden_bias, out) = changed[:-17].reshape(8, -1), changed[-17:-1].reshape(2, 8)
        odds = both.rule_odds + np.tanh(both.inputs @ hidden.T + hidden_bias) @ out + changed[-1]
        values, _ = returns(both, probability_of_going(both, odds))
        return -values[~both.before].sum() / 20 / 50 / both.may_go.sum()

    slope = gradient(both, both.inputs, weights)
    for index in (0, 1, len(INPUTS), -17, -12, -9, -2, -1):
        step = np.zeros_like(weights)
        step[index] = 1e-5
        assert slope[index] == pytest.approx((loss(weights + step) - loss(weights - step)) / 2e-5, rel=1e-4)


def test_learns_to_go_where_it_pays_and_to_stay_elsewhere():
    pays, harms = world(found_right=True, right=False, hint=1.0), world(found_right=False, right=True, hint=-1.0)
    policy = fit_policy(side_by_side([pays, harms]), steps=150)
    going, staying = (probability_of_going(one, policy.correction(one.inputs)) for one in (pays, harms))
    assert going.min() > 0.7
    assert staying.max() < 0.3


def test_another_loss_teaches_something_else():
    """What reward would teach, turned round: an oracle that goes where the agent is right already."""
    pays, harms = world(found_right=True, right=False, hint=1.0), world(found_right=False, right=True, hint=-1.0)
    both = side_by_side([pays, harms])
    policy = fit_policy(both, steps=150, loss=lambda learned, goes: (goes - learned.right) / learned.right.size)
    staying, going = (probability_of_going(one, policy.correction(one.inputs)) for one in (pays, harms))
    assert going.min() > 0.7
    assert staying.max() < 0.3


def test_no_step_is_the_rule_and_the_same_seed_gives_the_same_weights():
    both = side_by_side([world(found_right=True, right=False, hint=1.0), world(found_right=False, right=True)])
    np.testing.assert_array_equal(fit_policy(both, steps=0).correction(both.inputs), 0.0)
    one, same, other = (fit_policy(both, steps=5, seed=seed).to_json() for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_shorter_records_begin_later_and_change_nothing():
    short, long = world(found_right=True, right=False, frames=50), world(found_right=False, right=True)
    both = side_by_side([short, long])
    odds = np.linspace(-2, 2, FRAMES)[:, None] + np.zeros((FRAMES, 2))
    goes = probability_of_going(both, odds)
    for column, one in enumerate((short, long)):
        own = goes[-len(one.reward) :, column]
        for got, alone in zip((*returns(both, goes), reached(goes)), (*returns(one, own), reached(own)), strict=True):
            np.testing.assert_allclose(got[-len(own) :, column], alone)


def rows_of(frames, *, target_px, jumped):
    return np.column_stack([target_px, jumped, [list(asdict(frame).values()) for frame in frames]])


def test_a_record_becomes_a_world():
    assert COLUMNS[2:] == tuple(field.name for field in fields(JumpFrame))
    frame = JumpFrame(100.0, 4.0, 1000.0, 5.0, 0.9, 0.01, 0.5, 0.4, 0.3, 0.0)
    frames = [replace(frame, found_px=1000.0 + 5 * n, gathered=n / 10) for n in range(60)]
    jumped = np.arange(60) == 40
    made = make_world(rows_of(frames, target_px=1000.0 + 5 * np.arange(60), jumped=jumped))
    assert made.may_go.all()
    assert made.found_right.all()
    assert not made.right.any()
    assert not made.reward.any()
    assert int(np.argmax(made.rule_odds > 0)) == RULE_GATHERED * 10 + 1
    streaming = JumpInputs()
    streaming.begin()
    np.testing.assert_array_equal(made.inputs[:41], [streaming.take(one) for one in frames[:41]])
    since = INPUTS.index("since")
    assert made.inputs[41, since] == 0
    assert made.inputs[42, since] > 0
