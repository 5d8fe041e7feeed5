"""Runs the live server until it is told to stop."""

import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import uvicorn

from standpartner.errors import ConfigError
from standpartner.live.config import LOOPBACK, LiveConfig
from standpartner.live.scores.library import Library
from standpartner.live.sessions.session import Listener
from standpartner.live.web.access import own_token
from standpartner.live.web.addresses import addresses
from standpartner.live.web.app import LiveApp
from standpartner.live.web.certificate import own_certificate

_SWITCH_S: Final = 0.002  # the thread that follows gives way to the event loop after this time
_STOP_S: Final = 3


def serve(
    config: LiveConfig, *, ready: Callable[[LiveConfig], None] | None = None, cues: Sequence[Listener] = ()
) -> None:
    """Serve until an interrupt.

    Args:
        config: The settings; off this machine's own address a token is made and kept if there is none.
        ready: The function that is called with the settings in force once the port is open.
        cues: Functions that are told every message of every session; see `standpartner.live.protocol.cues`.

    Raises:
        ConfigError: The address or the port cannot be had.
        OutputError: The library, the token or the certificate cannot be written.
    """
    Library(config.folder).close()  # what is wrong with it is told here, in one sentence
    if config.host not in LOOPBACK and config.token is None:
        config = replace(config, token=own_token(config.folder))
    listening = _opened(config)
    config = replace(config, port=listening.getsockname()[1])
    sys.setswitchinterval(_SWITCH_S)
    server = uvicorn.Server(_uvicorn_config(config, cues))
    if ready is not None:
        ready(config)
    try:
        server.run(sockets=[listening])
    finally:
        listening.close()


def _uvicorn_config(config: LiveConfig, cues: Sequence[Listener]) -> uvicorn.Config:
    certificate = key = None
    if config.tls:
        hosts = [address.split("//")[1].split("/")[0].rpartition(":")[0].strip("[]") for address in addresses(config)]
        certificate, key = own_certificate(config.folder, hosts)
    return uvicorn.Config(
        LiveApp(config, cues=cues).asgi,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="websockets-sansio",
        ws_max_size=config.most_frame_bytes,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=_STOP_S,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )


def _opened(config: LiveConfig) -> socket.socket:
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((config.host, config.port))
        made.listen(128)
    except (OSError, OverflowError) as error:
        made.close()
        raise ConfigError(
            f"cannot listen on {config.host} port {config.port} ({error}); choose another with --host and --port"
        ) from error
    return made
