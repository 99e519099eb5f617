"""Passwords and keys, made at first start under var/secrets and var/keys, never overwritten.

Except the certificate for HTTPS on this machine, which is made anew before it ends.
"""

import fcntl
import os
import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fleet.table import Table

AUDITOR = "auditor"
"""Asks services as one of them, with a key of its own."""


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """One launcher at a time."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


class Secrets:
    """Named secrets, one file each, made when first asked for: `Secrets(var)["database_order"]`."""

    def __init__(self, var: Path) -> None:
        self.folder = var / "secrets"

    def __getitem__(self, name: str) -> str:
        file = self.folder / name
        if not file.exists():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with locked(self.folder / ".lock"):
                if not file.exists():
                    write_private(file, secrets.token_urlsafe(32))
        return file.read_text()


def write_private(file: Path, text: str) -> None:
    """Whole or not at all, readable by its owner only."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    beside.touch(mode=0o600)
    beside.chmod(0o600)
    beside.write_text(text)
    beside.replace(file)


def prepare(table: Table) -> None:
    """The first token signing key, a key pair for each service and the auditor, a certificate for HTTPS."""
    from fleet import certificates  # which writes with what stands here

    keys = table.var / "keys"
    with locked(keys / ".lock"):
        if not list((keys / "jwt" / "private").glob("*.pem")):
            make_pair(keys / "jwt", uuid.uuid4().hex[:12])
        for name in (*(service.short for service in table.services), AUDITOR):
            if not (keys / "services" / "private" / f"{name}.pem").exists():
                make_pair(keys / "services", name)
        certificates.prepare(keys / "tls")


def make_pair(folder: Path, name: str) -> None:
    """ES256: `private/<name>.pem` (PKCS 8) and `public/<name>.pem` (SPKI)."""
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    public = key.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    (folder / "private").mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "public").mkdir(parents=True, exist_ok=True)
    (folder / "public" / f"{name}.pem").write_bytes(public)
    write_private(folder / "private" / f"{name}.pem", private.decode())
