"""Fixtures shared by all rooms: small real pieces, a tiny network, a tiny bundle, a browser."""

import dataclasses
import json
import os
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ["COLUMNS"] = "250"  # rich reads it when a console is made, so that tables are not wrapped
os.environ["no_proxy"] = f"127.0.0.1,localhost,{os.environ.get('no_proxy', '')}"  # servers are on this machine
os.environ.pop("FORCE_COLOR", None)  # because of these, rich and typer would colour what is not for a terminal
os.environ.pop("GITHUB_ACTIONS", None)
os.environ.pop("PY_COLORS", None)
os.environ.pop("TTY_COMPATIBLE", None)

from standpartner.agent.bundle import Decision
from standpartner.agent.calibration import Calibration
from standpartner.agent.columns import pad_columns
from standpartner.agent.config import NetworkConfig
from standpartner.corpus.build import render_performance
from standpartner.demo.bundled import load_menuet
from standpartner.perform import PerformanceStyle, soundfonts
from standpartner.piece import Piece
from standpartner.score import Bars, Printed, Score, read_score
from tests.needs import NEEDS, find_browser, missing_needs

TUNE = """X:1
T:Test tune {number}
M:4/4
L:1/8
K:{key}
{music}|]
"""
MUSIC = ("GABc dedB|dedB dedB|c2ec B2dB|A2F2 G4|g2gf gdBd|e2ef e2d2|", "d2fd e2ge|f2af e2ce|dcde fgaf|e2c2 d4|")


@pytest.fixture(scope="session")
def wait_for() -> Callable[[Callable[[], bool]], bool]:
    """Waits up to half a minute until a condition holds; returns whether it does."""

    def wait(condition: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + 30
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    return wait


@pytest.fixture(scope="session")
def is_over() -> Callable[[int], bool]:
    """Whether a process has ended, by its id; one that nobody has waited for yet (a zombie) has."""

    def over(process_id: int) -> bool:
        try:
            os.kill(process_id, 0)
        except ProcessLookupError:
            return True
        status = Path(f"/proc/{process_id}/stat")
        return status.is_file() and status.read_text().rpartition(")")[2].split()[0] == "Z"

    return over


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give slow tests more time, and leave out those whose system programs are missing, but for one that says so."""
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(900))
    missing = missing_needs()
    lacking = [item for item in items if missing.keys() & needs_of(item)]
    if lacking:
        wanted = set.union(*map(needs_of, lacking))
        commands = sorted({command for name, command in missing.items() if name in wanted})
        reason = f"{len(lacking)} tests are left out; to run them: {'; '.join(commands)}"
        lacking[0].add_marker(pytest.mark.skip(reason=reason))
        config.hook.pytest_deselected(items=lacking[1:])
        items[:] = [item for item in items if item not in lacking[1:]]


def needs_of(item: pytest.Item) -> set[str]:
    """What a test needs, by its marks and its fixtures."""
    marked = {str(name) for mark in item.iter_markers("needs") for name in mark.args}
    return marked | NEEDS.keys() & set(getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def menuet() -> Score:
    """The bundled score: 48 measures, 8 systems on 2 pages."""
    return read_score(load_menuet().score)


@pytest.fixture(scope="session")
def picture(menuet: Score) -> Score:
    """The bundled score as a picture shows it: systems, counted bars, where the music begins and ends; no notes."""
    table = menuet.measures
    bars = Bars(table.label, table.strip_left_px, table.strip_right_px, table.system, np.linspace(0.0, 0.3, len(table)))
    return replace(menuet, music=Printed(menuet.begin_px, menuet.width_px - 2.0, bars))


@pytest.fixture(scope="session")
def picture_without_bars(picture: Score) -> Score:
    """The same where no bar was found."""
    return replace(picture, music=Printed(picture.begin_px, picture.end_px))


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
def carrying_config(tiny_network_config: NetworkConfig) -> NetworkConfig:
    """One that also carries something along the strip."""
    return dataclasses.replace(tiny_network_config, carried=8, carried_units=32)


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory, tiny_network_config: NetworkConfig) -> Path:
    """An untrained agent exported to ONNX."""
    torch = pytest.importorskip("torch")
    from standpartner.networks.export import export_bundle
    from standpartner.networks.read_once import ReadOnceNetwork

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("bundle")
    export_bundle(ReadOnceNetwork(tiny_network_config), folder, about={"name": "tiny"})
    return folder


class PitchAgent:
    """An agent with perfect pitch in scores of one pitch a column, who reads on at a steady speed, right or wrong.

    Attributes:
        speed_px: at which it reads, strip px a frame; a whole number.
    """

    pitches = 12

    def __init__(self, speed_px=4):
        self.speed_px = speed_px
        self.calibration = Calibration()
        self.jump_policy = None
        self.decisions = 0

    def view(self, melody):
        return pad_columns(np.eye(self.pitches, dtype=np.float32)[melody])

    def sound(self, pitch):
        return np.eye(self.pitches, dtype=np.float32)[[pitch]]

    def play(self, melody, first, last, *, speed_px=None):
        """Embeddings of a melody from a column to another."""
        at_px = np.arange(first * 8.0 + 4, last * 8.0, speed_px or self.speed_px)
        return [self.sound(melody[int(x // 8)]) for x in at_px]

    def search_keys(self, view):
        return np.ascontiguousarray(view[64:-64].T[None])

    def search(self, keys, embedding):
        return 12.0 * (embedding @ keys[0])[0]

    def empty_memory(self, count):
        return np.zeros((count, 1), np.float32)

    def decide(self, view, embedding, *, speed_px, memory):
        self.decisions += 1
        action = np.zeros((1, 3), np.float32)
        action[0, 1 + int(np.sign(self.speed_px - speed_px[0]))] = 1.0
        nowhere = np.zeros((1, 64), np.float32)
        return Decision(action, np.zeros(1, np.float32), locate=nowhere, track=nowhere, memory=memory + 1)


@pytest.fixture(name="pitch_agent")
def _pitch_agent():
    return PitchAgent()


class Reports(BaseHTTPRequestHandler):
    """Takes in what a page sends."""

    def do_POST(self):
        self.server.report = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


class Browser:
    """Chromium, which opens a page and brings back what a script in it reports.

    Attributes:
        report_url: to which the page has to post its report, as JSON.
    """

    def __init__(self, command: str, server: HTTPServer, profile: Path) -> None:
        self.command, self.server, self.profile = command, server, profile
        self.report_url = f"http://127.0.0.1:{server.server_port}/"

    def browse(self, url: str, size: str = "1280,800"):
        """Open a page and wait for its report."""
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--mute-audio"]
        flags += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
        flags += ["--autoplay-policy=no-user-gesture-required", f"--window-size={size}", "--remote-debugging-port=0"]
        command = [self.command, *flags, f"--user-data-dir={self.profile}", url]
        browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self.server.report, self.server.timeout = None, 60
            self.server.handle_request()
        finally:
            browser.terminate()
            with suppress(subprocess.TimeoutExpired):
                browser.wait(20)
            browser.kill()
            browser.wait()
        assert self.server.report, "the page did not report in time"
        assert "error" not in self.server.report, self.server.report["error"]
        return self.server.report


@pytest.fixture
def browser(tmp_path: Path):
    """A real browser."""
    command = find_browser()
    assert command, "conftest leaves out tests that need a browser where there is none"
    with HTTPServer(("127.0.0.1", 0), Reports) as server:
        yield Browser(command, server, tmp_path / "profile")
