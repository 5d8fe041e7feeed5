"""Returns and advantages in closed form, with episode ends inside the rollout."""

import pytest

torch = pytest.importorskip("torch")

from standpartner.learn.returns import generalised_advantages  # noqa: E402


def column(*values: float) -> "torch.Tensor":
    return torch.tensor(values, dtype=torch.float32)[:, None]


def advantages(rewards, values, next_values, ended, discount, gae_lambda):
    return generalised_advantages(
        column(*rewards),
        column(*values),
        next_values=column(*next_values),
        ended=torch.tensor(ended)[:, None],
        discount=discount,
        gae_lambda=gae_lambda,
    )[:, 0].tolist()


def test_lambda_one_is_the_discounted_return_minus_the_value():
    found = advantages([1, 2, 3], [10, 20, 30], [20, 30, 40], [False] * 3, 0.5, 1.0)
    # returns: 3 + .5*40 = 23; 2 + .5*23 = 13.5; 1 + .5*13.5 = 7.75
    assert found == pytest.approx([7.75 - 10, 13.5 - 20, 23 - 30])


def test_lambda_zero_is_the_one_step_difference():
    found = advantages([1, 2, 3], [10, 20, 30], [20, 30, 40], [False] * 3, 0.5, 0.0)
    assert found == pytest.approx([1 + 10 - 10, 2 + 15 - 20, 3 + 20 - 30])


def test_nothing_flows_back_over_an_episode_that_terminates_inside():
    # Step 1 terminates: its next value is 0, and what comes after belongs to another episode.
    found = advantages([1, 2, 100], [0, 0, 0], [0, 0, 0], [False, True, False], 0.9, 1.0)
    assert found == pytest.approx([1 + 0.9 * 2, 2, 100])


def test_a_truncated_episode_is_continued_by_its_own_value():
    # Step 1 is truncated in a state worth 50; the following episode's first value (7) must not be used.
    found = advantages([1, 2, 5], [0, 0, 7], [0, 50, 0], [False, True, False], 0.9, 1.0)
    assert found == pytest.approx([1 + 0.9 * (2 + 0.9 * 50), 2 + 0.9 * 50, 5 - 7])


def test_a_constant_reward_for_ever_is_worth_one_over_one_minus_gamma():
    worth = 1 / (1 - 0.9)
    found = advantages([1.0] * 20, [worth] * 20, [worth] * 20, [False] * 20, 0.9, 0.95)
    assert found == pytest.approx([0.0] * 20, abs=1e-5)


def test_mixed_lambda_by_hand():
    found = advantages([1, 1], [0, 0], [0, 0], [False, False], 0.9, 0.5)
    assert found == pytest.approx([1 + 0.9 * 0.5 * 1, 1])


def plain_return(rewards, values_after, ended, terminated, start, discount):
    """Discounted sum from one step on, in a loop: to the episode's end or to the rollout's, then the value left."""
    total, weight = 0.0, 1.0
    for step in range(start, len(rewards)):
        total += weight * rewards[step]
        weight *= discount
        if ended[step] or step == len(rewards) - 1:
            return total + (0.0 if terminated[step] else weight * values_after[step])
    raise AssertionError


def test_n_step_returns_are_plain_sums_between_ends():
    """Terminated at step 2, truncated at step 4, cut by the rollout's end at step 6."""
    generator = torch.Generator().manual_seed(0)
    rewards, values, after = (torch.rand(7, generator=generator).tolist() for _ in range(3))
    ended = [False, False, True, False, True, False, False]
    terminated = [step == 2 for step in range(7)]
    cut = [step in (2, 4, 6) for step in range(7)]
    next_values = [0.0 if terminated[k] else after[k] if cut[k] else values[k + 1] for k in range(7)]
    found = advantages(rewards, values, next_values, ended, 0.8, 1.0)
    expected = [plain_return(rewards, after, ended, terminated, step, 0.8) - values[step] for step in range(7)]
    assert found == pytest.approx(expected)


def test_discounted_returns_of_whole_episodes_need_no_values():
    rewards, ended = [1.0, 0.5, 0.25, 2.0, 1.0], [False, False, True, False, True]
    for values in ([0.0] * 5, [9.0, -3.0, 4.0, 1.0, 7.0]):
        following = [0.0 if ended[step] else values[step + 1] for step in range(5)]
        found = advantages(rewards, values, following, ended, 0.5, 1.0)
        returns = [a + v for a, v in zip(found, values, strict=True)]
        assert returns == pytest.approx([1 + 0.25 + 0.0625, 0.5 + 0.125, 0.25, 2.5, 1.0])


def test_episodes_side_by_side_do_not_touch():
    rewards = torch.tensor([[1.0, 5.0], [1.0, 5.0]])
    zeros, ended = torch.zeros(2, 2), torch.tensor([[True, False], [False, False]])
    found = generalised_advantages(rewards, zeros, next_values=zeros, ended=ended, discount=0.5, gae_lambda=1.0)
    assert found.tolist() == [[1.0, 7.5], [1.0, 5.0]]
