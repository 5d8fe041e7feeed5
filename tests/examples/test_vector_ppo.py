"""The example of PPO in one file learns the toy piece from reward alone, and `evaluate` can play what it learned."""

from pathlib import Path

import pytest

from standpartner.evaluate.players import PlayConfig, find_player
from standpartner.game.rules import NOTTINGHAM

pytest.importorskip("gymnasium")
torch = pytest.importorskip("torch")

EXAMPLE = Path(__file__).parents[2] / "examples" / "vector_ppo.py"


@pytest.mark.slow
def test_the_toy_piece_is_followed_to_its_end(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # where the weights are kept
    player = find_player(f"policy:{EXAMPLE}")
    names = player.make.__globals__
    torch.set_num_threads(1)
    track = names["ramp_track"]()
    curve = names["train"]([track], [track], names["Settings"]())
    assert curve[0] < 0.7
    assert curve[-1] == 1.0
    ((episode,),) = player.play_tracks([track], PlayConfig(game=NOTTINGHAM))
    assert episode.lost_frame is None
