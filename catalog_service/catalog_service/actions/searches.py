"""Remember what people look for: counted in Redis while they wait, and kept by the clock, so that no search writes."""

import logging
import time
from datetime import timedelta
from functools import lru_cache
from typing import Any

import redis
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from catalog_service.models import SearchCount
from catalog_service.models.search import TERM_LENGTH
from shared.stores import connected

log = logging.getLogger("nexus.catalog")
_NEW, _TAKEN = "searches:new", "searches:taken"
_KEEP_SECONDS = 24 * 3600
_TIMEOUT_SECONDS = 0.25
_LEFT_ALONE_SECONDS = 1.0
"""After a failure Redis is not asked for so long: a server that hangs would cost each search its timeout."""
_MANY_DIGITS = 7

_LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('searches'))"

_ADD = """
    INSERT INTO search_count (id, day, text, searches, fruitless)
    SELECT gen_random_uuid(), %s, text, searches, fruitless
    FROM unnest(%s::text[], %s::int[], %s::int[]) AS new (text, searches, fruitless)
    ON CONFLICT (day, text) DO UPDATE SET
        searches = search_count.searches + excluded.searches, fruitless = search_count.fruitless + excluded.fruitless
"""


class _Away:
    until = 0.0


def note(text: str, *, found: bool) -> None:
    """Count a search; nobody waits for Redis, or knows when it is away. What may be somebody's own is not kept."""
    text = " ".join(text.lower().split())[:TERM_LENGTH].strip()
    if not text or _is_personal(text) or time.monotonic() < _Away.until:
        return
    try:
        with _redis().pipeline(transaction=False) as pipe:
            pipe.hincrby(_NEW, f"{int(found)}{text}").expire(_NEW, _KEEP_SECONDS)
            pipe.execute()
    except redis.RedisError as error:
        _Away.until = time.monotonic() + _LEFT_ALONE_SECONDS
        log.warning("a search was not counted: %s", type(error).__name__)


def keep_counts() -> int:
    """Carry what was counted to the table; answers how many texts. A crash just then loses them."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK)
        if not cursor.fetchone()[0]:
            return 0
        counts = _take()
        if counts:
            texts = sorted(counts)
            searches = [sum(counts[text].values()) for text in texts]
            fruitless = [counts[text].get("0", 0) for text in texts]
            cursor.execute(_ADD, [timezone.now().date(), texts, searches, fruitless])
        return len(counts)


def forget_old_counts() -> int:
    """Answers how many rows went."""
    before = timezone.now().date() - timedelta(days=settings.SEARCHES_KEEP_DAYS)
    return SearchCount.objects.filter(day__lt=before).delete()[0]


def _take() -> dict[str, dict[str, int]]:
    """Text → found ("1") or not ("0") → how often."""
    client = _redis()
    if not client.exists(_TAKEN):
        try:
            client.rename(_NEW, _TAKEN)  # type: ignore[no-untyped-call]
        except redis.ResponseError:  # there is nothing new
            return {}
    counts: dict[str, dict[str, int]] = {}
    for field, number in client.hgetall(_TAKEN).items():
        counts.setdefault(field[1:], {})[field[0]] = int(number)
    client.delete(_TAKEN)
    return counts


def _is_personal(text: str) -> bool:
    """Mail addresses, and numbers that could be of a telephone or a card."""
    return "@" in text or sum(letter.isdigit() for letter in text) >= _MANY_DIGITS


@lru_cache(maxsize=1)
def _redis() -> "redis.Redis[Any]":
    return connected(settings.REDIS_URL, seconds=_TIMEOUT_SECONDS)
