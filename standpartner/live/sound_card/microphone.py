"""Hears this machine's own sound card, and plays sound to a live server as a listening device."""

import json
import queue
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

from standpartner.errors import AudioError, MissingExtraError, ToolError
from standpartner.hear import Source
from standpartner.live.protocol.messages import PROTOCOL_VERSION
from standpartner.support.requirements import check_installed

_BLOCK_S: Final = 0.02
_MOST_WAITING: Final = 500
_TAKE_S: Final = 30.0  # for so long the server may save the take


class MicrophoneSource:
    """Sound of an input of this machine, as it comes; it ends when the input fails.

    Args:
        device: The number of the input, or part of its name; None takes the system's own choice.

    Raises:
        MissingExtraError: sounddevice or its library PortAudio is not installed.
        AudioError: There is no such input, or it cannot be opened.
    """

    def __init__(self, device: int | str | None = None) -> None:
        self._module = _sounddevice()
        try:
            about = self._module.query_devices(device, "input")
        except (ValueError, self._module.PortAudioError) as error:
            raise AudioError(
                f"there is no such input ({error}); list them with: standpartner listen --devices"
            ) from error
        self.name, self.rate_hz = str(about["name"]), int(about["default_samplerate"])
        self.channels = min(2, int(about["max_input_channels"]))
        self._device = device

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """Yield the samples, (n, channels), in [-1, 1] as they come.

        Raises:
            AudioError: The input cannot be opened.
        """
        heard: queue.Queue[NDArray[np.float32]] = queue.Queue(_MOST_WAITING)

        def take(samples: NDArray[np.float32], *_: Any) -> None:
            if not heard.full():
                heard.put_nowait(samples.copy())

        try:
            stream = self._module.InputStream(
                device=self._device,
                channels=self.channels,
                samplerate=self.rate_hz,
                blocksize=round(self.rate_hz * _BLOCK_S),
                dtype="float32",
                callback=take,
            )
        except self._module.PortAudioError as error:
            raise AudioError(
                f"the input {self.name} cannot be opened ({error}); is another program using it?"
            ) from error
        with stream:
            while stream.active:
                try:
                    yield heard.get(timeout=1.0)
                except queue.Empty:
                    continue


def input_names() -> list[str]:
    """Return the inputs of this machine, one line each, by their numbers.

    Raises:
        MissingExtraError: sounddevice or its library PortAudio is not installed.
    """
    return [
        f"{about['index']}: {about['name']}"
        for about in _sounddevice().query_devices()
        if about["max_input_channels"] > 0
    ]


def play_to(
    address: str, score: str, source: Source, *, token: str | None = None, certificate: ssl.SSLContext | None = None
) -> None:
    """Play a source of sound to a live server until it ends; the server follows it.

    Args:
        address: The address of the server's WebSocket.
        score: The score that is played.
        source: The sound.
        token: The token of the server.
        certificate: The trust in the server's certificate, for https.

    Raises:
        ToolError: The server cannot be reached, or ended the connection; its own words are in the message.
        AudioError: The source fails.
    """
    with _connected(address, certificate) as server:
        hello = {"type": "hello", "version": PROTOCOL_VERSION, "role": "listen", "score": score, "token": token}
        audio = {"type": "audio", "sample_rate_hz": source.rate_hz, "channels": source.channels}
        try:
            server.send(json.dumps(hello))
            _check(json.loads(server.recv(timeout=10.0)))
            server.send(json.dumps(audio))
            server.send(json.dumps({"type": "start"}))
            for chunk in source:
                server.send(np.ascontiguousarray(chunk, "<f4").tobytes())
                _read_away(server)
            server.send(json.dumps({"type": "stop"}))
            until_s = time.monotonic() + _TAKE_S
            while json.loads(server.recv(timeout=max(0.0, until_s - time.monotonic())))["type"] != "take":
                continue
        except (ConnectionClosed, TimeoutError) as error:
            raise ToolError(f"the server listens no more ({error}); start again") from error


@contextmanager
def _connected(address: str, certificate: ssl.SSLContext | None) -> Iterator[Any]:
    try:
        with connect(address, ssl=certificate, proxy=None) as server:  # it is a server of this machine
            yield server
    except (OSError, InvalidHandshake) as error:
        raise ToolError(f"the server at {address} cannot be reached ({error}); is it running?") from error


def _read_away(server: Any) -> None:
    """Read what the server said, so that it does not wait for us.

    Raises:
        ToolError: It said that it ends.
    """
    while True:
        try:
            message = json.loads(server.recv(timeout=0))
        except TimeoutError:
            return
        _check(message)


def _check(message: dict[str, Any]) -> None:
    """Raise an error for what a server says before it ends."""
    if message["type"] == "busy" or message.get("fatal"):
        raise ToolError(str(message["sentence"]))


def _sounddevice() -> Any:
    check_installed("mic", {"sounddevice": "sounddevice"})
    try:
        import sounddevice
    except OSError as error:
        raise MissingExtraError(
            "PortAudio, by which sounddevice hears,",
            "apt install libportaudio2 (Debian), brew install portaudio (macOS)",
        ) from error
    return sounddevice
