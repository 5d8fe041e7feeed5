"""Tells other programs and instruments of bars and pages as they are reached: OSC over UDP, and MIDI.

OSC: ``/standpartner/bar`` and ``/standpartner/page`` with the number, counted from 1, when it changes;
``/standpartner/state`` with the word; ``/standpartner/position`` with second, bar, page, x and y on the page as shares,
and confidence as a word, 20 times a second. The bar is 0 where bars are unknown.

MIDI, on channel 16: a page is a program change (page 1 is program 0), and a bar is the controllers 20 and 52: its
number is 128 times the first and the second.
"""

from collections.abc import Callable
from typing import Any, Final

from standpartner.errors import ConfigError
from standpartner.live.protocol import messages
from standpartner.live.sessions.session import Session
from standpartner.support.requirements import check_installed

_MIDI_CHANNEL: Final = 15
_BAR_HIGH, _BAR_LOW = 20, 52
_HIGHEST_BAR: Final = 127 * 128 + 127


class _Changes:
    """Passes on numbers only when they change."""

    def __init__(self) -> None:
        self._last: dict[str, Any] = {}

    def changed(self, name: str, value: Any) -> bool:
        """Whether a value is another one than last time."""
        if self._last.get(name) == value:
            return False
        self._last[name] = value
        return True


class OscCues:
    """Sends OSC messages.

    Args:
        target: The receiver, ``HOST:PORT``.

    Raises:
        ConfigError: The receiver is no host and port.
        MissingExtraError: python-osc is not installed.
    """

    def __init__(self, target: str) -> None:
        check_installed("cues", {"pythonosc": "python-osc"})
        from pythonosc.udp_client import SimpleUDPClient

        host, _, port = target.rpartition(":")
        if not host or not port.isdecimal() or not 0 < int(port) < 65_536:
            raise ConfigError(f"expected HOST:PORT for OSC, such as 127.0.0.1:9000, got {target!r}")
        try:
            self._client = SimpleUDPClient(host, int(port))
        except OSError as error:
            raise ConfigError(f"OSC cannot be sent to {target} ({error}); check the host") from error
        self._changes = _Changes()

    def __call__(self, session: Session, message: messages.ServerMessage) -> None:
        """Tell of a message of a session."""
        if isinstance(message, messages.State) and self._changes.changed("state", message.state):
            self._send("state", message.state)
        elif isinstance(message, messages.Turn):
            self._send("turn", [message.page, message.reason])
        elif isinstance(message, messages.Position):
            bar = message.bar or 0
            for name, value in (("page", message.page), ("bar", bar)):
                if self._changes.changed(name, value):
                    self._send(name, value)
            place = [message.time_s, bar, message.page, message.page_x, message.page_y, message.confidence]
            self._send("position", place)

    def close(self) -> None:
        """Send no more."""
        self._client.close()

    def _send(self, name: str, value: Any) -> None:
        try:
            self._client.send_message(f"/standpartner/{name}", value)
        except OSError:
            return  # nobody receives; the next one may arrive


class MidiCues:
    """Sends MIDI messages.

    Args:
        port: The name of the output, or its beginning.
        opened: The function that opens an output by its name; by default that of mido.

    Raises:
        ConfigError: There is no such output.
        MissingExtraError: python-rtmidi is not installed.
    """

    def __init__(self, port: str, *, opened: Callable[[str], Any] | None = None) -> None:
        self._output = opened(port) if opened is not None else _midi_output(port)
        self._changes = _Changes()

    def __call__(self, session: Session, message: messages.ServerMessage) -> None:
        """Tell of a message of a session."""
        if not isinstance(message, messages.Position):
            return
        from mido import Message

        bar = min(message.bar or 0, _HIGHEST_BAR)
        if self._changes.changed("page", message.page):
            self._output.send(Message("program_change", channel=_MIDI_CHANNEL, program=min(message.page - 1, 127)))
        if self._changes.changed("bar", bar):
            for control, value in ((_BAR_HIGH, bar // 128), (_BAR_LOW, bar % 128)):
                self._output.send(Message("control_change", channel=_MIDI_CHANNEL, control=control, value=value))


def _midi_output(port: str) -> Any:
    check_installed("cues", {"rtmidi": "python-rtmidi"})
    import mido
    import rtmidi

    try:
        names = mido.get_output_names()
        found = next((name for name in names if name.startswith(port)), None)
        if found is not None:
            return mido.open_output(found)
    except (OSError, rtmidi.RtMidiError, rtmidi.SystemError) as error:
        raise ConfigError(f"this system has no MIDI outputs ({error}); leave out --midi") from error
    raise ConfigError(f"there is no MIDI output {port!r}; there are: {', '.join(names) or 'none'}")
