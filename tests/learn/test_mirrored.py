"""What a reward says of the music's place, in closed form."""

import itertools
import math

import pytest
import torch

from standpartner.game.rules import NOTTINGHAM, reward
from standpartner.learn.mirrored import (
    MIDDLE,
    Places,
    distance_px,
    expected_loss,
    judged,
    log_likelihood,
    pair_log_probability,
    step_log_weight,
)


def places_of(position_px, truth_px, *, fresh=None, known=None):
    position, truth = torch.tensor(position_px), torch.tensor(truth_px)
    known = torch.ones(position.shape, dtype=torch.bool) if known is None else torch.tensor(known)
    fresh = torch.zeros(position.shape, dtype=torch.bool) if fresh is None else torch.tensor(fresh)
    return Places(position, (position - truth).abs(), known, fresh.long().cumsum(0))


@pytest.mark.parametrize("error_px", [-49.0, -8.0, 0.0, 20.5, 50.0])
def test_the_reward_says_how_far_away_the_music_is(error_px):
    told = distance_px(torch.tensor(float(reward(error_px, NOTTINGHAM.bound_px))), NOTTINGHAM.bound_px)
    assert float(told) == pytest.approx(abs(error_px), abs=1e-4)


def test_one_of_the_two_places_is_the_truth_and_the_other_its_mirror_image():
    places = places_of([[100.0]], [[124.0]])
    assert places.px.tolist() == [[[124.0, 76.0]]]
    assert places.columns.tolist() == [[[MIDDLE + 3, MIDDLE - 3]]]


def test_a_place_between_two_columns_has_the_probability_of_both_by_its_nearness():
    logits = torch.full((64,), -30.0)
    logits[40], logits[41] = math.log(0.8), math.log(0.2)
    found = pair_log_probability(logits, torch.tensor([40.25, 10.0]))
    assert float(found[0].exp()) == pytest.approx(0.75 * 0.8 + 0.25 * 0.2, abs=1e-5)
    assert float(found[1].exp()) < 1e-6


def test_a_frame_alone_has_the_mean_probability_of_its_two_places():
    pair = torch.tensor([[[0.3, 0.1]], [[0.2, 0.6]]]).log().requires_grad_()
    places = places_of([[0.0], [3.0]], [[10.0], [13.0]])
    assert float(log_likelihood(pair.detach(), places, joined=False).exp()) == pytest.approx(0.2 * 0.4)
    loss, probable = judged(pair, places, joined=False)
    assert float(loss.detach()) == pytest.approx(-math.log(0.2 * 0.4) / 2)
    torch.testing.assert_close(probable, torch.tensor([[[0.75, 0.25]], [[0.25, 0.75]]]))


def brute_force(pair, places):
    """The sum over all paths through one episode's pairs."""
    total, frames = 0.0, len(pair)
    for path in itertools.product((0, 1), repeat=frames):
        log = math.log(0.5) + sum(float(pair[k, 0, side]) for k, side in enumerate(path))
        for k in range(1, frames):
            log += float(step_log_weight(places.px[k, 0, path[k]] - places.px[k - 1, 0, path[k - 1]]))
        total += math.exp(log)
    return total


def test_frames_of_an_episode_are_joined_over_all_paths():
    generator = torch.Generator().manual_seed(0)
    pair = torch.rand(5, 1, 2, generator=generator).log()
    places = places_of([[0.0], [1.0], [3.0], [6.0], [6.0]], [[9.0], [9.0], [12.0], [15.0], [40.0]])
    assert float(log_likelihood(pair, places).exp()) == pytest.approx(brute_force(pair, places), rel=1e-4)


def test_episodes_are_joined_with_nothing_but_themselves():
    """Neither with their neighbours in the batch, nor over a fresh start, nor over a frame without a reward."""
    pair = torch.rand(6, 2, 2, generator=torch.Generator().manual_seed(1)).log()
    position, truth = torch.zeros(6, 2), torch.full((6, 2), 10.0)
    fresh, known = torch.zeros(6, 2, dtype=torch.bool), torch.ones(6, 2, dtype=torch.bool)
    fresh[2, 0], known[3, 1] = True, False
    whole = Places(position, (position - truth).abs(), known, fresh.long().cumsum(0))
    parts = [(slice(0, 2), 0), (slice(2, 6), 0), (slice(0, 3), 1), (slice(4, 6), 1)]
    alone = 0.0
    for frames, episode in parts:
        piece = pair[frames, episode : episode + 1]
        alone += math.log(brute_force(piece, places_of(position[frames, :1].tolist(), truth[frames, :1].tolist())))
    assert float(log_likelihood(pair, whole)) == pytest.approx(alone, rel=1e-4)


def test_moving_tells_the_two_places_apart():
    """The agent stands still while the music goes on: of the two places only one moves forward."""
    pair = torch.zeros(4, 1, 2).requires_grad_()  # what is heard says nothing
    for truth, side in (([20.0, 24.0, 28.0, 32.0], 0), ([-32.0, -28.0, -24.0, -20.0], 1)):
        places = places_of([[0.0]] * 4, [[x] for x in truth])
        _, probable = judged(pair, places)
        assert (probable[:, 0, side] > 0.99).all()
    along = places_of([[0.0], [4.0], [8.0], [12.0]], [[20.0], [24.0], [28.0], [32.0]])  # it moves as the music does
    _, probable = judged(pair, along)
    torch.testing.assert_close(probable, torch.full((4, 1, 2), 0.5), atol=1e-3, rtol=0)


def test_evidence_of_one_frame_judges_the_others():
    pair = torch.zeros(3, 1, 2)
    pair[1, 0, 1] = -3.0
    places = places_of([[0.0], [4.0], [8.0]], [[40.0], [44.0], [48.0]])
    _, probable = judged(pair.requires_grad_(), places)
    assert (probable[:, 0, 0] > 0.9).all()


def test_nothing_is_learned_where_no_reward_came():
    pair = torch.rand(3, 1, 2, generator=torch.Generator().manual_seed(2)).log().requires_grad_()
    places = places_of([[0.0]] * 3, [[8.0]] * 3, known=[[False], [True], [False]])
    loss, probable = judged(pair, places)
    loss.backward()
    assert not pair.grad[[0, 2]].any()
    assert not probable[[0, 2]].any()
    nothing = places_of([[0.0]], [[8.0]], known=[[False]])
    assert float(judged(torch.zeros(1, 1, 2).requires_grad_(), nothing)[0].detach()) == 0.0


def test_the_loss_is_the_same_in_a_mirrored_world_where_frames_are_alone():
    """A single reward cannot tell ahead from behind, so neither can what is learned from it."""
    logits = torch.randn(3, 1, 64, generator=torch.Generator().manual_seed(3))
    ahead, behind = places_of([[0.0]] * 3, [[24.0]] * 3), places_of([[0.0]] * 3, [[-24.0]] * 3)
    one, other = (
        log_likelihood(pair_log_probability(logits, places.columns), places, joined=False) for places in (ahead, behind)
    )
    assert float(one) == float(other)


def test_what_was_judged_teaches_by_its_cross_entropy():
    pair = torch.tensor([[0.5, 0.25], [0.125, 0.5]]).log()
    probable = torch.tensor([[1.0, 0.0], [0.0, 0.0]])
    assert float(expected_loss(pair, probable)) == pytest.approx(math.log(2))


def test_gradient_ascent_finds_the_place_from_distances_alone():
    """A column that sounds right is found by an agent that only hears how far away it is."""
    generator = torch.Generator().manual_seed(0)
    truth = 200 + 3.0 * torch.arange(8.0).unsqueeze(1).expand(-1, 200)
    position = truth + 40 * (2 * torch.rand(8, 200, generator=generator) - 1)
    known, episode = torch.ones(8, 200, dtype=torch.bool), torch.arange(8).unsqueeze(1).expand(-1, 200)
    places = Places(position, (position - truth).abs(), known, episode)
    strip = torch.zeros(8, 100, requires_grad=True)  # what each frame believes of the strip's columns, 8 px each
    window = (position / 8 - 0.5 - MIDDLE).unsqueeze(-1) + torch.arange(64)
    low = window.floor().long().clamp(0, 98)
    for _ in range(60):
        rows = strip.unsqueeze(1).expand(-1, 200, -1)
        share = window - window.floor()
        logits = (1 - share) * rows.gather(2, low) + share * rows.gather(2, low + 1)
        loss, _ = judged(pair_log_probability(logits, places.columns), places)
        (gradient,) = torch.autograd.grad(loss, strip)
        strip = (strip - 40 * gradient).detach().requires_grad_()
    assert ((8 * strip.argmax(1) + 4) - truth[:, 0]).abs().max() <= 8
