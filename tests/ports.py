"""Ports for servers that start later, or again."""

import secrets
import socket


def free_port() -> int:
    """A port that is free now, and that the system hands out to nobody who asks for any (on Linux from 32768 on)."""
    while True:
        port = 20_000 + secrets.randbelow(10_000)
        with socket.socket() as found:
            try:
                found.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
