"""Where an address is, by a local database file (MaxMind's format, city or country). Without a file nobody knows.

The reader is maxminddb, which geoip2 is built upon; geoip2 itself would bring an HTTP client for a service not asked.
"""

import ipaddress
import logging
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import maxminddb
from django.conf import settings

log = logging.getLogger("nexus.places")


@dataclass(frozen=True, slots=True)
class Place:
    """`name` for people, `country` (ISO 3166) for comparing."""

    name: str
    country: str


def place_of(address: str | None) -> Place | None:
    """None for what is not in the file, is no public address, or when there is no file that can be read."""
    reader = _reader(settings.GEOIP_DATABASE) if settings.GEOIP_DATABASE else None
    if reader is None or address is None:
        return None
    try:
        found = reader.get(ipaddress.ip_address(address))
    except (ValueError, maxminddb.InvalidDatabaseError) as error:
        log.warning("no place for an address: %s", error)
        return None
    return _place(found) if isinstance(found, dict) else None


def _place(found: dict[str, Any]) -> Place | None:
    country = found.get("country", {})
    names = [part.get("names", {}).get("en") for part in (found.get("city", {}), country)]
    name = ", ".join(filter(None, names))
    return Place(name[:120], str(country.get("iso_code", ""))[:2]) if name else None


@lru_cache(maxsize=4)
def _reader(file: str) -> maxminddb.Reader | None:
    """Read once: a new file needs a new worker."""
    try:
        return maxminddb.open_database(file)
    except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
        log.warning("GEOIP_DATABASE cannot be read, places stay unknown: %s", error)
        return None
