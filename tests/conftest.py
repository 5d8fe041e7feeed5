"""Fixtures shared by all rooms: small real pieces, a tiny network, a tiny bundle."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from standpartner.agent.config import NetworkConfig
from standpartner.audio import PerformanceStyle, soundfonts
from standpartner.corpus.build import render_performance
from standpartner.piece import Piece
from standpartner.score import read_score

TUNE = """X:1
T:Test tune {number}
M:4/4
L:1/8
K:{key}
{music}|]
"""
MUSIC = ("GABc dedB|dedB dedB|c2ec B2dB|A2F2 G4|g2gf gdBd|e2ef e2d2|", "d2fd e2ge|f2af e2ce|dcde fgaf|e2c2 d4|")


@pytest.fixture(scope="session")
def tiny_pieces(tmp_path_factory: pytest.TempPathFactory) -> list[Piece]:
    """Two short tunes, engraved and played twice each by whatever synthesiser there is."""
    if not soundfonts():
        pytest.skip('no soundfont; install one with: pip install "standpartner[synth]"')
    folder = tmp_path_factory.mktemp("tunes")
    style = PerformanceStyle(soundfonts=(next(iter(soundfonts())),), lead_silence_range_s=(0.2, 0.6))
    pieces = []
    for number, (key, music) in enumerate(zip(("G", "D"), MUSIC, strict=True)):
        path = folder / f"tune-{number}.abc"
        path.write_text(TUNE.format(number=number, key=key, music=music))
        score = read_score(path)
        performances = tuple(render_performance(score, style, name=f"p{k}", seed=10 * number + k) for k in range(2))
        pieces.append(Piece(f"tune-{number}", score, performances))
    return pieces


@pytest.fixture(scope="session")
def tiny_network_config() -> NetworkConfig:
    """A network of the same structure, small enough for seconds."""
    return NetworkConfig(
        strip_channels=(4, 8, 8, 8, 8),
        frame_channels=(4, 8, 8),
        features=16,
        heads=4,
        column_dilations=(1, 2),
        frame_dilations=(1, 2),
        policy_hidden=32,
        memory=16,
    )


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory, tiny_network_config: NetworkConfig) -> Path:
    """An untrained agent exported to ONNX."""
    torch = pytest.importorskip("torch")
    from standpartner.agent.export import export_bundle
    from standpartner.agent.networks import ReadOnceNetwork

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("bundle")
    export_bundle(ReadOnceNetwork(tiny_network_config), folder, about={"name": "tiny"})
    return folder
