"""Keys that sign access tokens: `<kid>.pem` in a folder of private halves and in one of public halves.

    prepared ──activate──▶ signing ──(the next one is activated)──▶ retiring ──retire──▶ gone

`state.json` beside the private halves says which is which. It is replaced as a whole, and running processes look at
its time stamp once a second, so that a rotation needs no restart.
"""

import fcntl
import json
import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from jwt.algorithms import ECAlgorithm

from user_service.errors import NoSuchKey

_LOOK_AGAIN_SECONDS = 1.0


@dataclass
class KeyState:
    """Key ids, and times as seconds since 1970: when the signing key began, when the prepared one was published, and
    until when tokens of each retiring key may still live.
    """

    signing: str
    signing_since: float
    prepared: str | None = None
    prepared_since: float | None = None
    retiring: dict[str, float] = field(default_factory=dict)


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────


class _Ring:
    """The signing key of this process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.looked_at = 0.0
        self.stamp: tuple[int, int] | None = None
        self.kid, self.key = "", ""

    def signing(self) -> tuple[str, str]:
        with self.lock:
            if not self.kid or time.monotonic() - self.looked_at > _LOOK_AGAIN_SECONDS:
                self._look()
            return self.kid, self.key

    def _look(self) -> None:
        self.looked_at = time.monotonic()
        stamp = _stamp()
        if stamp == self.stamp and self.kid:
            return
        kid = read_state().signing
        self.key, self.kid, self.stamp = _private(kid).read_text(), kid, stamp


@lru_cache(maxsize=4)
def _ring(_folder: Path) -> _Ring:
    return _Ring()


def signing_key() -> tuple[str, str]:
    """The key id and the private key (PEM) that sign now."""
    return _ring(settings.JWT_PRIVATE_KEYS_DIR).signing()


def read_state() -> KeyState:
    """What state.json says; without it, the oldest private key signs. Raises NoSuchKey when there is none at all."""
    try:
        return KeyState(**json.loads(_state_file().read_text()))
    except FileNotFoundError:
        pass
    files = sorted(settings.JWT_PRIVATE_KEYS_DIR.glob("*.pem"), key=lambda file: (file.stat().st_mtime, file.name))
    if not files:
        raise NoSuchKey("There is no key to sign with: run manage.py first_start.")
    return KeyState(files[0].stem, files[0].stat().st_mtime)


def public_jwks() -> dict[str, list[dict[str, Any]]]:
    """The public halves as a JSON Web Key Set (RFC 7517)."""
    files = sorted(settings.JWT_PUBLIC_KEYS_DIR.glob("*.pem"))
    return {"keys": [_jwk(file.stem, file.read_bytes()) for file in files]}


@lru_cache(maxsize=32)
def _jwk(kid: str, pem: bytes) -> dict[str, Any]:
    key = form.load_pem_public_key(pem)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return {**ECAlgorithm.to_jwk(key, as_dict=True), "kid": kid, "use": "sig", "alg": "ES256"}


# ── Writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def changing() -> Iterator[None]:
    """One rotation at a time."""
    settings.JWT_PRIVATE_KEYS_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (settings.JWT_PRIVATE_KEYS_DIR / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def make_pair() -> str:
    """A new ES256 pair; answers its key id. The public half is written first: nobody signs with what is unknown."""
    kid = f"{datetime.now(UTC):%Y%m%d}-{secrets.token_hex(4)}"
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
    private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    settings.JWT_PUBLIC_KEYS_DIR.mkdir(parents=True, exist_ok=True)
    _replace(_public(kid), public, mode=0o644)
    _replace(_private(kid), private, mode=0o600)
    return kid


def write_state(state: KeyState) -> None:
    _replace(_state_file(), json.dumps(asdict(state), indent=1).encode(), mode=0o600)


def remove_pair(kid: str) -> None:
    """The public half goes first, and with it every token that the key signed."""
    _public(kid).unlink(missing_ok=True)
    _private(kid).unlink(missing_ok=True)


def exists() -> bool:
    return any(settings.JWT_PRIVATE_KEYS_DIR.glob("*.pem"))


def _replace(file: Path, content: bytes, *, mode: int) -> None:
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    beside.touch(mode=mode)
    beside.write_bytes(content)
    beside.replace(file)


def _stamp() -> tuple[int, int] | None:
    try:
        found = _state_file().stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_ino


def _state_file() -> Path:
    return Path(settings.JWT_PRIVATE_KEYS_DIR) / "state.json"


def _private(kid: str) -> Path:
    return Path(settings.JWT_PRIVATE_KEYS_DIR) / f"{kid}.pem"


def _public(kid: str) -> Path:
    return Path(settings.JWT_PUBLIC_KEYS_DIR) / f"{kid}.pem"
