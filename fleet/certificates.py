"""A certificate authority of this machine, and its certificate for HTTPS on localhost.

ca.pem      what a browser or `curl --cacert` has to trust      ca.key      signs server.pem, nothing else
server.pem  certificate, then the authority's                   server.key  for NGINX
"""

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from fleet.keys import write_private

if TYPE_CHECKING:  # before the virtual environment is there, the launcher reads this module without it
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

NAMES = ("localhost",)
ADDRESSES = ("127.0.0.1", "::1")
AUTHORITY_LIVES = timedelta(days=3650)
LIVES = timedelta(days=397)
"""Browsers trust no certificate for longer than 398 days."""
RENEWED_BEFORE = timedelta(days=30)
_EARLIER = timedelta(hours=1)
"""Clocks of clients may be slow."""


def prepare(folder: Path) -> None:
    """Make what is not there, and the certificate anew when it is about to end."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (folder / "ca.pem").exists():
        _make_authority(folder)
    if not (folder / "server.pem").exists() or _ends_soon(folder / "server.pem"):
        _make_certificate(folder)


def _ends_soon(file: Path) -> bool:
    from cryptography import x509

    ends = x509.load_pem_x509_certificate(file.read_bytes()).not_valid_after_utc
    return ends < datetime.now(UTC) + RENEWED_BEFORE


def _make_authority(folder: Path) -> None:
    from cryptography import x509

    key, name = _new_key(), _name("Nexus on this machine")
    builder = _builder(name, name, key, AUTHORITY_LIVES)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    write_private(folder / "ca.key", _private(key))
    (folder / "ca.pem").write_text(_signed(builder, key))


def _make_certificate(folder: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    authority = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
    authority_key = load_pem_private_key((folder / "ca.key").read_bytes(), None)
    assert isinstance(authority_key, ec.EllipticCurvePrivateKey)
    key = _new_key()
    builder = _builder(_name(NAMES[0]), authority.subject, key, LIVES)
    alternatives = [
        *(x509.DNSName(name) for name in NAMES),
        *(x509.IPAddress(ipaddress.ip_address(address)) for address in ADDRESSES),
    ]
    builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    builder = builder.add_extension(x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
    )
    write_private(folder / "server.key", _private(key))
    write_private(folder / "server.pem", _signed(builder, authority_key) + (folder / "ca.pem").read_text())


def _name(text: str) -> "x509.Name":
    from cryptography import x509

    return x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, text)])


def _builder(
    subject: "x509.Name", issuer: "x509.Name", key: "EllipticCurvePrivateKey", lives: timedelta
) -> "x509.CertificateBuilder":
    from cryptography import x509

    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + lives)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs_certificates: bool) -> "x509.KeyUsage":
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _new_key() -> "EllipticCurvePrivateKey":
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


def _private(key: "EllipticCurvePrivateKey") -> str:
    from cryptography.hazmat.primitives import serialization as form

    return key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()).decode()


def _signed(builder: "x509.CertificateBuilder", key: "EllipticCurvePrivateKey") -> str:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives import serialization as form

    return builder.sign(key, hashes.SHA256()).public_bytes(form.Encoding.PEM).decode()
