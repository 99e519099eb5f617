"""Answers that everybody gets, kept for as long as nothing of what they show has changed, and their seconds last.

They lie in the process, under a key of the whole address, the reader's languages and the edition: whoever fills them
with ever new queries pushes out others' answers and no more, and no server's absence matters. The edition is read
before the answer is made, so that a change meanwhile leaves an answer behind that nobody will look for.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Any, NamedTuple

from django.core.cache import cache
from django.http import HttpResponse
from django.utils import timezone
from django.utils.cache import set_response_etag
from rest_framework.request import Request
from rest_framework.response import Response

from catalog_service.api.translations import languages_of
from catalog_service.queries.editions import Edition
from shared.idempotency import ReplayRenderer

MAX_BYTES = 100_000


class Kept(NamedTuple):
    """`noted` is what is counted each time that the answer is given."""

    content: bytes
    headers: dict[str, str]
    noted: Any


def answer(
    request: Request,
    seconds: int,
    edition: Callable[[], Edition | None],
    make: Callable[[], tuple[Response, Any]],
    note: Callable[[Any], None] = lambda noted: None,
) -> HttpResponse:
    """What `make` answers to everybody alike, or did lately; 0 seconds: always what it answers."""
    current = edition() if seconds else None
    lasts = _seconds_left(current, seconds)
    key = _key(request, current) if current and lasts > 0 else ""
    kept = cache.get(key) if key else None
    if kept is None:
        kept = _rendered(*make())
        if key and len(kept.content) <= MAX_BYTES:
            cache.set(key, kept, lasts)
    note(kept.noted)
    return HttpResponse(kept.content, content_type="application/json", headers=kept.headers)


def _seconds_left(edition: Edition | None, seconds: int) -> float:
    """Until a price turns; none while one is overdue."""
    if edition is None or edition.turns_at is None:
        return seconds
    return min(seconds, (edition.turns_at - timezone.now()).total_seconds())


def _key(request: Request, edition: Edition) -> str:
    parts = (request.build_absolute_uri(), *languages_of(request), edition.stamps)
    return sha256("\n".join(parts).encode()).hexdigest()


def _rendered(response: Response, noted: Any) -> Kept:
    content = ReplayRenderer().render(response.data)
    plain = HttpResponse(content, headers=dict(response.items()))
    del plain["Content-Type"]
    set_response_etag(plain)
    return Kept(content, dict(plain.items()), noted)
