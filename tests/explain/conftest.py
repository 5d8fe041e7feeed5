"""Shows that a test can reckon with: marks on a strip, and a click for each."""

from dataclasses import replace

import numpy as np
import pytest

from standpartner.constants import SAMPLE_RATE_HZ
from standpartner.explain.traces.presentation import Presentation
from standpartner.explain.traces.trace import Trace
from standpartner.game.rules import NOTTINGHAM, reward
from standpartner.game.toy import ramp_track

CLICK_SAMPLES = 300


def made_up_trace(track, offset_px, *, game=NOTTINGHAM, columns=64):
    """A trace whose agent stands ``offset_px`` (number or (states,)) from the target, with beliefs beside the point."""
    states = track.last_frame - track.first_frame + 1
    error = np.broadcast_to(np.asarray(offset_px, np.float64), states)
    position = track.targets[track.first_frame : track.last_frame + 1] + error
    turn = np.arange(states - 1) % 3
    beliefs = np.full((states - 1, columns), 1 / max(columns, 1), np.float32)
    lost = np.flatnonzero(np.abs(error) > game.bound_px)
    return Trace(
        track=track,
        game=game,
        position_px=position,
        speed=np.diff(position, prepend=position[0]),
        action=np.eye(3, dtype=np.float32)[turn] * 0.7 + 0.1,
        value=np.linspace(0.2, 0.8, states - 1, dtype=np.float32),
        reward=reward(error[1:], game.bound_px).astype(np.float32),
        locate=beliefs,
        belief=beliefs,
        lost_frame=track.first_frame + int(lost[0]) if len(lost) else None,
        seen_px=(512, 160),
    )


@pytest.fixture
def made_up():
    """Makes traces up."""
    return made_up_trace


@pytest.fixture
def clicks():
    """Five seconds; a loud click at each onset, on the strip a mark, in the spectrogram a sound that begins."""
    track = replace(ramp_track(2.0, 8, frames_per_onset=12, lead_in_frames=10), name="clicks")
    audio = np.zeros(len(track.spectrogram) * SAMPLE_RATE_HZ // 20, np.float32)
    for second in track.onset_s:
        start = round(second * SAMPLE_RATE_HZ)
        audio[start : start + CLICK_SAMPLES] = np.sin(np.arange(CLICK_SAMPLES) * 0.9).astype(np.float32) * 0.9
    return Presentation("Clicks", "nobody", made_up_trace(track, 3.0), None, audio)


@pytest.fixture(scope="module")
def window_bundle(tmp_path_factory):
    """Makes small untrained window networks' bundles: one that acts, or with bins one that locates."""
    torch = pytest.importorskip("torch")
    from dataclasses import replace

    from standpartner.networks.export import export_bundle
    from standpartner.networks.paper import PAPER_NETWORKS
    from standpartner.networks.windows import WindowNetwork

    def make(name, bins=0):
        torch.manual_seed(1)
        config = PAPER_NETWORKS["paper-nottingham"]
        config = replace(config, score=config.score[:2], spectrogram=config.spectrogram[:2], joint=8, head=8, bins=bins)
        config = replace(config, differences=not bins)
        folder = tmp_path_factory.mktemp(name)
        export_bundle(WindowNetwork(config), folder, about={"name": name})
        return str(folder)

    return make


@pytest.fixture(scope="module")
def networks(tiny_network_config, carrying_config):
    """Small untrained networks of either kind, ready to be explained; one carries something along the strip."""
    torch = pytest.importorskip("torch")
    from standpartner.agent.config import Convolution, WindowNetworkConfig
    from standpartner.explain.activations.registry import explained
    from standpartner.networks.read_once import ReadOnceNetwork
    from standpartner.networks.windows import WindowNetwork

    window = WindowNetworkConfig(
        game="nottingham",
        score=(Convolution(4, kernel=5, stride=(2, 3)), Convolution(4, stride=(2, 2))),
        spectrogram=(Convolution(4, stride=(2, 2)), Convolution(4, stride=(2, 2))),
        joint=16,
        head=8,
    )
    torch.manual_seed(3)
    made = {"read-once": ReadOnceNetwork(tiny_network_config), "window": WindowNetwork(window)}
    made["carries"] = ReadOnceNetwork(carrying_config)
    for name in ("read-once", "carries"):
        torch.nn.init.normal_(made[name].policy.tracker.readout.weight, std=0.1)
    return {name: explained(network) for name, network in made.items()}


@pytest.fixture(scope="module")
def played(networks, tiny_pieces):
    """What each of them computed on the first performance of each piece."""
    from standpartner.explain.activations.recording import record_activations
    from standpartner.game.rules import NOTTINGHAM, PIANO

    tracks = [piece.tracks()[0] for piece in tiny_pieces]
    games = {"read-once": PIANO, "carries": PIANO, "window": NOTTINGHAM}
    return {name: list(record_activations(network, tracks, game=games[name])) for name, network in networks.items()}
