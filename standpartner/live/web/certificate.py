"""Makes a certificate of the server's own, by which browsers on other devices speak https with it."""

import datetime
import ipaddress
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from standpartner.errors import OutputError

_DAYS: Final = 397  # browsers accept no longer ones
_LEFT_DAYS: Final = 14


def own_certificate(folder: Path, hosts: Sequence[str]) -> tuple[Path, Path]:
    """Return the files of the certificate and its key, made anew if they are missing, old, or for other addresses.

    Args:
        folder: The folder of the library.
        hosts: The addresses and names of the server.

    Raises:
        OutputError: The files cannot be written.
    """
    certificate, key = folder / "certificate.pem", folder / "certificate-key.pem"
    names = sorted({*hosts, "localhost", "127.0.0.1", socket.gethostname()})
    if not (key.is_file() and _is_good(certificate, names)):
        try:
            _make(certificate, key, names)
        except OSError as error:
            raise OutputError(f"the certificate cannot be written to {folder}: {error.strerror or error}") from error
    return certificate, key


def _is_good(certificate: Path, names: Sequence[str]) -> bool:
    try:
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        held = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    left = found.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    return {str(name.value) for name in held} >= set(names) and left > datetime.timedelta(days=_LEFT_DAYS)


def _make(certificate: Path, key: Path, names: Sequence[str]) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "standpartner")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=_DAYS))
        .add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    secret = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(secret)
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))


def _name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
