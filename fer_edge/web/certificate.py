"""A certificate for trying the page on a phone in the same network: made on the spot, and vouched for by nobody.

Each start makes a new key. It is in a file only while OpenSSL reads it, in a folder and with a mode that shut out other
users: so nothing is left on the disk that could be stolen, and a phone's exception for it is worth nothing later.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from fer_edge.errors import FerEdgeError, install_hint

if TYPE_CHECKING:
    from cryptography import x509

LIFE = timedelta(days=7)
CLOCKS_APART = timedelta(hours=1)
"""How far a phone's clock may be behind."""


@dataclass(frozen=True)
class Certificate:
    """A certificate and its private key, both in PEM."""

    pem: bytes
    key: bytes = field(repr=False)
    fingerprint: str
    """SHA-256, as browsers write it: `AB:CD:...`."""

    def server_context(self) -> ssl.SSLContext:
        """Return what a server needs to speak https with this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with TemporaryDirectory() as folder:
            path = Path(folder, "key.pem")
            path.touch(0o600)
            path.write_bytes(self.key + self.pem)
            context.load_cert_chain(path)
        return context


def make_certificate(names: Iterable[str]) -> Certificate:
    """Return a new certificate for the names and IP addresses of a server.

    Raises:
        FerEdgeError: `cryptography` is not installed.
    """
    try:
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
    except ImportError as error:
        raise FerEdgeError(f"A certificate needs the package cryptography: {install_hint('sign')}.") from error
    key = ec.generate_private_key(ec.SECP256R1())
    owner = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fer-edge web")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(owner, owner, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - CLOCKS_APART)
        .not_valid_after(now + LIFE)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Certificate(
        pem=certificate.public_bytes(serialization.Encoding.PEM),
        key=key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
    )


def _general_name(name: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
