"""Train the PPO of Stable-Baselines3 on the game.

pip install "standpartner[game]" stable-baselines3
python examples/stable_baselines3_ppo.py 20000
"""

import sys

from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy

from standpartner.game import ENVIRONMENT_ID, ramp_track


def make_model() -> PPO:
    """An agent that has learned nothing yet, and eight games for it on a toy track of 312 frames."""
    envs = make_vec_env(ENVIRONMENT_ID, n_envs=8, seed=0, env_kwargs={"tracks": [ramp_track()], "config": "nottingham"})
    # The views are floats in their final range. Only with normalize_images=False are they seen by convolutions.
    options = {"normalize_images": False}
    return PPO("MultiInputPolicy", envs, n_steps=64, batch_size=128, gamma=0.9, policy_kwargs=options, seed=0)


if __name__ == "__main__":
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    model = make_model()
    before, _ = evaluate_policy(model, model.get_env(), n_eval_episodes=8)
    model.learn(steps)
    after, _ = evaluate_policy(model, model.get_env(), n_eval_episodes=8)
    print(f"mean sum of rewards of an episode (312 at most): {before:.1f} before, {after:.1f} after {steps} steps")
