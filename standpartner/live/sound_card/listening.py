"""Lets this machine's sound card listen to a server that runs in the same process."""

import ssl
import time
from collections.abc import Callable
from pathlib import Path

from standpartner.errors import ScoreError, StandpartnerError
from standpartner.hear import Source
from standpartner.live.config import LiveConfig
from standpartner.live.scores.library import Library
from standpartner.live.sentences import sentence_of
from standpartner.live.sound_card.microphone import play_to

_LOOK_S = 0.3


def listen_when_ready(config: LiveConfig, score: str, source: Source, *, failed: Callable[[str], None]) -> None:
    """Wait until a score is read, then play sound to the server until it ends; runs in a thread.

    Args:
        config: The settings of the server that runs.
        score: The score.
        source: The sound.
        failed: The function that is called with a sentence when it cannot go on.
    """
    try:
        _wait_until_read(config.folder, score)
        play_to(_address(config), score, source, token=config.token, certificate=_certificate(config))
    except StandpartnerError as error:
        failed(sentence_of(str(error)))


def _wait_until_read(folder: Path, score: str) -> None:
    library = Library(folder, tidy=False)
    try:
        while True:
            record = library.score(score)
            if record is None or record.state == "failed":
                raise ScoreError("The score is gone." if record is None else record.sentence)
            if record.state == "ready":
                return
            time.sleep(_LOOK_S)
    finally:
        library.close()


def _address(config: LiveConfig) -> str:
    host = "127.0.0.1" if config.host in ("0.0.0.0", "127.0.0.1", "localhost", "") else config.host  # noqa: S104
    return f"{'wss' if config.tls else 'ws'}://{f'[{host}]' if ':' in host else host}:{config.port}/ws"


def _certificate(config: LiveConfig) -> ssl.SSLContext | None:
    """The trust in the server's own certificate, which is that of this library."""
    if not config.tls:
        return None
    return ssl.create_default_context(cafile=str(config.folder / "certificate.pem"))
