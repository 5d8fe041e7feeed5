"""Cues for other programs: OSC over UDP, and MIDI."""

import socket

import pytest

from standpartner.errors import ConfigError
from standpartner.live.protocol import messages
from standpartner.live.protocol.cues import MidiCues, OscCues
from tests.live.scores.test_live_library import AT

osc_message = pytest.importorskip("pythonosc.osc_message")


def at(bar, page):
    position = messages.decode_from_server(messages.encode(AT))
    position.bar, position.page = bar, page
    return position


def test_osc_tells_bars_and_pages_when_they_change():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        cues = OscCues(f"127.0.0.1:{receiver.getsockname()[1]}")
        for position in (at(1, 1), at(1, 1), at(2, 1), at(None, 2)):
            cues(None, position)
        cues(None, messages.Turn(page=2, reason="ahead"))
        told = []
        while not told or told[-1][0] != "/standpartner/turn":
            message = osc_message.OscMessage(receiver.recv(4096))
            told.append((message.address, message.params))
        cues.close()
    changes = [(name.rpartition("/")[2], values) for name, values in told if "position" not in name]
    assert changes == [("page", [1]), ("bar", [1]), ("bar", [2]), ("page", [2]), ("bar", [0]), ("turn", [2, "ahead"])]
    positions = [values for name, values in told if name == "/standpartner/position"]
    assert positions[0] == pytest.approx([0.0, 1, 1, 0.1, 0.2, "sure"])
    assert len(positions) == 4


@pytest.mark.parametrize("target", ["nothing", "127.0.0.1:", ":9000", "127.0.0.1:99999"])
def test_a_receiver_that_cannot_be_is_one_sentence(target):
    with pytest.raises(ConfigError, match="expected HOST:PORT for OSC"):
        OscCues(target)


class Output:
    def __init__(self):
        self.sent = []

    def send(self, message):
        self.sent.append(message.hex())


def test_midi_tells_bars_and_pages_when_they_change():
    output = Output()
    cues = MidiCues("any", opened=lambda name: output)
    for position in (at(1, 1), at(1, 1), at(130, 2)):
        cues(None, position)
    cues(None, messages.Turn(page=3, reason="ahead"))
    assert output.sent == ["CF 00", "BF 14 00", "BF 34 01", "CF 01", "BF 14 01", "BF 34 02"]


def test_a_midi_output_that_is_not_there_is_one_sentence():
    pytest.importorskip("rtmidi")
    with pytest.raises(ConfigError, match=r"no MIDI output 'no such thing'|has no MIDI outputs"):
        MidiCues("no such thing")
