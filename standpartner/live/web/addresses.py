"""Finds the addresses under which other devices reach the server, and draws them as QR codes."""

import io
import ipaddress
import socket
from contextlib import suppress
from typing import Final

import segno

from standpartner.live.config import LOOPBACK, LiveConfig

_ANY: Final = ("0.0.0.0", "::", "")  # noqa: S104 (compared with, not bound to)


def page_address(config: LiveConfig, host: str | None = None) -> str:
    """Return the address of the page, with the token if there is one."""
    host = host or ("127.0.0.1" if config.host in _ANY else config.host)
    name = f"[{host}]" if ":" in host else host
    token = "" if config.token is None else f"?token={config.token}"
    return f"{'https' if config.tls else 'http'}://{name}:{config.port}/{token}"


def addresses(config: LiveConfig) -> list[str]:
    """Return the addresses for other devices; none where the server listens to this machine alone."""
    if config.host in LOOPBACK:
        return []
    hosts = own_addresses() if config.host in _ANY else [config.host]
    return [page_address(config, host) for host in hosts]


def own_addresses() -> list[str]:
    """Return this machine's addresses in its networks, the one that leads outwards first."""
    found: list[str] = []
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # an address for documentation; nothing is sent
        found.append(str(probe.getsockname()[0]))
    with suppress(OSError):
        found += [str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    return [host for host in dict.fromkeys(found) if not ipaddress.ip_address(host).is_loopback]


def qr_code(address: str) -> bytes:
    """Return an address as a QR code, an SVG picture."""
    target = io.BytesIO()
    segno.make(address, error="m").save(target, kind="svg", scale=6, border=2, xmldecl=False, light="white")
    return target.getvalue()


def qr_text(address: str) -> str:
    """Return an address as a QR code of block letters for a terminal."""
    target = io.StringIO()
    segno.make(address, error="l").terminal(out=target, compact=True)
    return target.getvalue()
