"""Holds the settings and limits of the live server."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
DEFAULT_PORT: Final = 8765


@dataclass(frozen=True, kw_only=True)
class LiveConfig:
    """The settings and limits of the live server.

    Attributes:
        folder: The folder of the library.
        host: The address to listen on.
        port: The port; 0 takes any free one.
        token: The token that requests must carry, or None where none is asked for.
        tls: Whether the server speaks https and wss.
        most_upload_bytes: The size of one upload above which it is refused.
        most_files: The number of files in one upload.
        max_pages: The number of pages above which a score is refused.
        most_listeners: The number of takes that may go on at a time.
        most_connections: The number of open WebSockets.
        most_frame_bytes: The size of one WebSocket message above which the connection is closed.
        most_text_bytes: The size of one text message above which the connection is closed.
        hello_s: The seconds within which a client must say hello.
        ahead_s: The seconds of sound by which a client may be ahead of real time.
        stuck_s: The seconds after which a client that does not read is dropped.
        forget_s: The seconds after which a session without clients is forgotten.
        late_s: The delay of the sound in the queue, in seconds, above which new listeners are told to come later.
    """

    folder: Path
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    token: str | None = None
    tls: bool = False
    most_upload_bytes: int = 300_000_000
    most_files: int = 100
    max_pages: int = 60
    most_listeners: int = 64
    most_connections: int = 300
    most_frame_bytes: int = 1 << 20
    most_text_bytes: int = 1 << 16
    hello_s: float = 10.0
    ahead_s: float = 10.0
    stuck_s: float = 5.0
    forget_s: float = 3600.0
    late_s: float = 0.15


def library_folder() -> Path:
    """Return the folder of the library: the user's data folder."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "standpartner" / "library"
