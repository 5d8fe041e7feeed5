"""Following by localisation, and window agents in whole evaluations."""

import numpy as np
import pytest

from standpartner.agent.columns import located_px
from standpartner.errors import ConfigError
from standpartner.evaluate.players import PlayConfig, load_agent_player, localisation_episodes, play_episodes
from standpartner.game import NOTTINGHAM, PIANO, random_track

TRACKS = [random_track(0, 40), random_track(1, 25)]


class Pointer:
    """Says where some truth is in each window; the positions that follow from it are known in advance."""

    def __init__(self, places_px):
        self.places_px, self.calls = places_px, 0

    def __call__(self, score, spectrogram):
        place = np.asarray(self.places_px[self.calls], np.float64)[: len(score)]
        self.calls += 1
        return (-0.5 * (np.arange(15) + 0.5 - place[:, None] / 10) ** 2 * 50).astype(np.float32)


def test_the_window_moves_to_where_the_music_was_found():
    track = TRACKS[0]
    pointer = Pointer(np.full((2000, 1), 85.0))  # always 10 px right of the middle, at the centre of a bin
    episode = localisation_episodes(pointer, [track], game=NOTTINGHAM)[0]
    first_px, end_px = track.onset_x_px[0], track.strip.shape[1] - 1.0
    expected = np.minimum(np.floor(first_px + 0.5) + 10.0 * np.arange(1, len(episode.position_px)), end_px)
    np.testing.assert_allclose(episode.position_px[1:], expected, atol=1e-3)
    error = np.abs(episode.position_px - track.targets[track.first_frame : track.last_frame + 1])
    assert episode.lost_frame == track.first_frame + int(np.argmax(error > 50))


def test_who_always_knows_is_never_lost_side_by_side_and_alone():
    def knows(tracks):
        position = [float(track.onset_x_px[0]) for track in tracks]
        step = [0]

        def locate(score, spectrogram):
            step[0] += 1
            logits = []
            for k, track in enumerate(tracks):
                frame = track.first_frame + step[0]
                if frame <= track.last_frame:
                    left = np.floor(position[k] + 0.5) - 75
                    place = np.clip((track.targets[frame] - left) / 10 - 0.5, 0, 14)
                    logits.append(-0.5 * ((np.arange(15) - place) / 0.4) ** 2)
                    position[k] = left + located_px(np.array([logits[-1]], np.float32), 150)[0]
            return np.array(logits, np.float32)

        return locate

    together = localisation_episodes(knows(TRACKS), TRACKS, game=NOTTINGHAM)
    for track, episode in zip(TRACKS, together, strict=True):
        assert episode.lost_frame is None
        assert episode.end_frame == track.last_frame
        alone = localisation_episodes(knows([track]), [track], game=NOTTINGHAM)[0]
        np.testing.assert_array_equal(alone.position_px, episode.position_px)


@pytest.fixture
def small_agents(tmp_path):
    """Bundles of an untrained agent and an untrained locator."""
    torch = pytest.importorskip("torch")
    from standpartner.agent.config import Convolution, WindowNetworkConfig
    from standpartner.networks.export import export_bundle
    from standpartner.networks.windows import WindowNetwork

    torch.manual_seed(0)
    layers = (Convolution(2, stride=(4, 4)),)
    for name, bins in (("acts", 0), ("locates", 15)):
        config = WindowNetworkConfig(
            game="nottingham", score=layers, spectrogram=layers, joint=8, head=8, bins=bins, differences=not bins
        )
        export_bundle(WindowNetwork(config), tmp_path / name, about={"name": name})
    return tmp_path


def test_window_agents_are_evaluated_like_others(small_agents):
    acts, locates = (load_agent_player(str(small_agents / name)) for name in ("acts", "locates"))
    config = PlayConfig(game=NOTTINGHAM, runs=2, seed=1)
    first, second = (acts.play_tracks(TRACKS, config) for _ in range(2))
    for run, repeated in zip(first, second, strict=True):
        for a, b in zip(run, repeated, strict=True):
            np.testing.assert_array_equal(a.position_px, b.position_px)
    assert any(not np.array_equal(a.position_px, b.position_px) for a, b in zip(*first, strict=True))
    assert len(locates.play_tracks(TRACKS, config)) == 1  # it does not draw
    for player in (acts, locates):
        with pytest.raises(ConfigError, match="--game nottingham"):
            player.play_tracks(TRACKS, PlayConfig(game=PIANO))


def test_numpy_play_equals_pytorch_play(small_agents):
    from standpartner.learn.validate import ActorPlayer
    from standpartner.learn.window_actor import WindowActor
    from standpartner.networks.checkpoint import load_checkpoint

    network, _, _ = load_checkpoint(small_agents / "acts" / "weights.safetensors")
    player = ActorPlayer(WindowActor(network, TRACKS), episodes=len(TRACKS))
    learned = play_episodes(player, TRACKS, config=NOTTINGHAM)
    (shipped,) = load_agent_player(str(small_agents / "acts")).play_tracks(TRACKS, PlayConfig(game=NOTTINGHAM))
    for a, b in zip(learned, shipped, strict=True):
        np.testing.assert_array_equal(a.position_px, b.position_px)
