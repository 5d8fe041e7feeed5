"""The machine's own sound card, and playing it to a server."""

from types import SimpleNamespace

import numpy as np
import pytest

from standpartner.errors import AudioError, ScoreError, ToolError
from standpartner.hear import ArraySource
from standpartner.live.config import LiveConfig
from standpartner.live.scores.adding import add_from_disk
from standpartner.live.scores.library import Library
from standpartner.live.sound_card import microphone
from standpartner.live.sound_card.listening import listen_when_ready
from tests.live.conftest import SCORE


class PortAudioError(Exception):
    pass


class Stream:
    """An input that gives three blocks and then ends."""

    def __init__(self, *, channels, samplerate, blocksize, callback, **_):
        self.active = True
        self._give = lambda: [callback(np.full((blocksize, channels), k, np.float32), blocksize) for k in (0.1, 0.2)]

    def __enter__(self):
        self._give()
        return self

    def __exit__(self, *_):
        return None


@pytest.fixture
def sound_card(monkeypatch):
    inputs = [{"name": "Piano room", "index": 3, "default_samplerate": 48_000.0, "max_input_channels": 8}]

    def query(device=None, kind=None):
        if device == "nothing":
            raise ValueError("No input device matching 'nothing'")
        return inputs[0] if kind else inputs

    module = SimpleNamespace(PortAudioError=PortAudioError, query_devices=query, InputStream=Stream)
    monkeypatch.setattr(microphone, "_sounddevice", lambda: module)
    return module


def test_the_sound_card_is_a_source(sound_card):
    source = microphone.MicrophoneSource()
    assert (source.name, source.rate_hz, source.channels) == ("Piano room", 48_000, 2)
    chunks = iter(source)
    assert [float(next(chunks)[0, 1]) for _ in range(2)] == pytest.approx([0.1, 0.2])
    chunks.close()
    assert microphone.input_names() == ["3: Piano room"]


def test_an_input_that_is_not_there_is_one_sentence(sound_card):
    with pytest.raises(AudioError, match=r"there is no such input .*listen --devices"):
        microphone.MicrophoneSource("nothing")


def test_an_input_that_is_in_use_is_one_sentence(sound_card):
    def busy(**_):
        raise PortAudioError("Device unavailable")

    sound_card.InputStream = busy
    with pytest.raises(AudioError, match=r"cannot be opened .*another program"):
        next(iter(microphone.MicrophoneSource()))


def test_sound_is_played_to_a_server(server):
    source = ArraySource(np.zeros((22_050, 2), np.float32))
    microphone.play_to(f"ws://127.0.0.1:{server.port}/ws", SCORE, source)
    (take,) = server.json("GET", f"/api/scores/{SCORE}/takes")["takes"]
    assert take["duration_s"] == pytest.approx(1.0, abs=0.1)


def test_a_server_of_this_machine_is_reached_past_a_proxy(server, monkeypatch):
    for name in ("http_proxy", "https_proxy", "no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "" if "no" in name.lower() else "http://127.0.0.1:9")
    microphone.play_to(f"ws://127.0.0.1:{server.port}/ws", SCORE, ArraySource(np.zeros(22_050, np.float32)))


def test_a_server_that_ends_says_why(server):
    with pytest.raises(ToolError, match="no such score"):
        microphone.play_to(f"ws://127.0.0.1:{server.port}/ws", "unknown", ArraySource(np.zeros(44_100, np.float32)))


def test_a_server_that_is_not_there_is_one_sentence():
    with pytest.raises(ToolError, match="cannot be reached"):
        microphone.play_to("ws://127.0.0.1:9/ws", SCORE, ArraySource(np.zeros(10, np.float32)))


def test_listening_begins_when_the_score_is_read(run_server):
    server = run_server()
    config = LiveConfig(folder=server.app.config.folder, port=server.port)
    said = []
    listen_when_ready(config, SCORE, ArraySource(np.zeros(22_050, np.float32)), failed=said.append)
    assert said == []
    assert len(server.json("GET", f"/api/scores/{SCORE}/takes")["takes"]) == 1
    listen_when_ready(config, "unknown", ArraySource(np.zeros(10, np.float32)), failed=said.append)
    assert said == ["The score is gone."]


def test_a_file_is_added_once(tmp_path):
    tune = tmp_path / "My tune.abc"
    tune.write_text("X:1\nK:C\nCDEF|]\n")
    library = Library(tmp_path / "library")
    first = add_from_disk(library, tune)
    assert add_from_disk(library, tune) == first
    assert library.score(first).title == "My tune"
    tune.write_text("X:1\nK:C\nGABc|]\n")
    assert add_from_disk(library, tune) != first
    with pytest.raises(ScoreError, match="no file"):
        add_from_disk(library, tmp_path / "nothing.pdf")
    library.close()
