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
