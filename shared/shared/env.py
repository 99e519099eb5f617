"""Settings from the environment, read in one place, refused with one clear line when they cannot be used."""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from shared.money import Money

_FLAGS = dict.fromkeys(("1", "true", "yes", "on"), True) | dict.fromkeys(("", "0", "false", "no", "off"), False)


def text(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(f"{name} is not set; .env.example says what it is for")
    return value


def number(name: str, default: int) -> int:
    value = os.environ.get(name, str(default))
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {value!r}, which is not a whole number") from None


def flag(name: str, default: bool = False) -> bool:
    value = os.environ.get(name, str(default))
    if value.lower() not in _FLAGS:
        raise ImproperlyConfigured(f"{name} is {value!r}, which is neither true nor false")
    return _FLAGS[value.lower()]


def amounts(name: str, default: str) -> dict[str, int]:
    """`USD=10.00,JPY=1000` → minor units by currency."""
    given = os.environ.get(name, default)
    pairs = [pair.split("=") for pair in given.split(",") if pair.strip()]
    try:
        return {currency.strip(): Money.parse(amount.strip(), currency.strip()).minor for currency, amount in pairs}
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {given!r}, which is not like USD=10.00,JPY=1000") from None


def shares(name: str, default: str) -> dict[str, int]:
    """`DE=1900,GB=2000` → basis points by what they are of: at most all of it."""
    given = os.environ.get(name, default)
    pairs = [pair.split("=") for pair in given.split(",") if pair.strip()]
    try:
        found = {key.strip(): int(value) for key, value in pairs}
    except ValueError:
        found = {"": -1}
    if not all(key and 0 <= value <= 10_000 for key, value in found.items()):
        raise ImproperlyConfigured(f"{name} is {given!r}, which is not like DE=1900,GB=2000")
    return found


def folder(name: str, default: str | None = None) -> Path:
    return Path(text(name, default))


def database(url: str, *, pool_size: int) -> dict[str, object]:
    """`postgresql://role:password@host:port/name` → an entry of DATABASES, with psycopg's pool for web processes.

    `pool_size` 0 means one lasting connection a thread, as the worker wants it. The pool opens lazily, after
    gunicorn's fork (psycopg #395). Parameters are sent beside the statements, so that their plans can be kept
    (shared/plans.py).
    """
    parts = urlsplit(url)
    options: dict[str, object] = {"connect_timeout": 5, "server_side_binding": True, **_KEEPALIVES}
    if pool_size:
        options["pool"] = {"min_size": 1, "max_size": pool_size, "timeout": 4, "max_idle": 60, **_AFTER_AN_OUTAGE}
    return {
        "ENGINE": "shared.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or 5432),
        "CONN_MAX_AGE": 0 if pool_size else None,
        "CONN_HEALTH_CHECKS": not pool_size,
        "OPTIONS": options,
    }


_AFTER_AN_OUTAGE = {"reconnect_timeout": 3.0}
"""The pool gives up so soon, and whoever comes next makes it try at once. Usually it tries on by itself, each time
after twice as long: a server that was away for two minutes would be found two minutes later.
"""
_KEEPALIVES = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
"""By which this side learns within a minute that a server is gone which did not say so; usual are two hours."""


def media_url(public_url: str, name: str, endpoint: str, region: str) -> str:
    """Where clients fetch uploaded files: below NGINX, or from the bucket of this name."""
    if not name:
        return f"{public_url}/media"
    return f"{endpoint}/{name}" if endpoint else f"https://{name}.s3.{region}.amazonaws.com"


def bucket(name: str, *, endpoint: str, region: str, key: str, secret: str) -> dict[str, object]:
    """An entry of STORAGES. Without an endpoint it is Amazon's; without a key boto3 looks for one (a role, a file).

    Objects are readable by everybody through the bucket's policy, not by signed addresses, which would run out in carts
    and caches. Names are random, so nothing is ever overwritten but by the same bytes.
    """
    from botocore.config import Config  # of those services only that store files, and only where they use a bucket

    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": name,
            "endpoint_url": endpoint or None,
            "region_name": region,
            "access_key": key or None,
            "secret_key": secret or None,
            "client_config": Config(
                signature_version="s3v4",
                s3={"addressing_style": "path" if endpoint else "virtual"},
                connect_timeout=3,
                read_timeout=10,
                retries={"mode": "standard", "total_max_attempts": 2},
                # What others than Amazon offer knows nothing of the newer checksums.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
            "querystring_auth": False,
            "file_overwrite": True,
            "object_parameters": {"CacheControl": "public, max-age=31536000, immutable"},
        },
    }
