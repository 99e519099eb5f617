"""How much one caller may ask in an hour, counted across the fleet in Redis (RateLimit headers of the IETF's draft).

An hour begins with a caller's first request. While Redis is away every process counts for itself, going on from the
last count it saw: nobody is let in without limit, and nobody waits for Redis.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import redis
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from rest_framework.exceptions import AuthenticationFailed

from shared import auth, stores
from shared.errors import TooMany
from shared.http import PROBLEM, problem

log = logging.getLogger("nexus.throttling")
WINDOW_SECONDS = 3600
COUNTED = ("/api/v1/", "/graphql")
NOT_COUNTED = ("/api/v1/payment-webhooks/",)
"""Providers send as much as there is to tell, and sign it."""
_TIMEOUT_SECONDS = 0.25
_LEFT_ALONE_SECONDS = 1.0
"""After a failure Redis is not asked for so long: a server that hangs would cost each request its timeout."""
_CALLERS_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose requests are counted together: a user's, wherever from, or a client address's."""

    key: str
    quota: int


@dataclass(frozen=True, slots=True)
class Spent:
    """Requests in this hour, this one included, and the seconds until the hour ends."""

    requests: int
    seconds_left: int


class QuotaMiddleware:
    """Refuses with 429 what is over the caller's quota, and tells all others how much is left."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(COUNTED) or request.path.startswith(NOT_COUNTED):
            return self.get_response(request)
        caller = caller_of(request)
        spent = spend(caller)
        response = self.get_response(request) if spent.requests <= caller.quota else _refusal(spent)
        left = max(caller.quota - spent.requests, 0)
        response["RateLimit-Policy"] = f'"hour";q={caller.quota};w={WINDOW_SECONDS}'
        response["RateLimit"] = f'"hour";r={left};t={spent.seconds_left}'
        return response


def _refusal(spent: Spent) -> HttpResponse:
    body = problem(TooMany.code, TooMany.title, TooMany.status, "The hourly quota is used up.")
    retry_after = {"Retry-After": str(max(spent.seconds_left, 1))}
    return JsonResponse(body, status=TooMany.status, content_type=PROBLEM, headers=retry_after)


def caller_of(request: HttpRequest) -> Caller:
    """By the token's user, if it is a good one of ours; by address otherwise, as the edge tells it."""
    try:
        user = auth.user_of(request)
    except AuthenticationFailed:
        user = None
    if user is not None:
        return Caller(f"quota:user:{user}", settings.QUOTA_USER_PER_HOUR)
    address = request.headers.get("X-Real-IP") or request.META.get("REMOTE_ADDR", "")
    return Caller(f"quota:guest:{address[:64]}", settings.QUOTA_GUEST_PER_HOUR)


def spend(caller: Caller) -> Spent:
    """Count one request of the caller, for the whole fleet if Redis answers."""
    counter = _counter(settings.SESSIONS_REDIS_URL)
    return counter.spend(caller.key)


# ── Counting ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Counter:
    """Of one process: asks Redis, and remembers what it last said."""

    def __init__(self, url: str) -> None:
        self.redis: redis.Redis[str] = stores.connected(url, seconds=_TIMEOUT_SECONDS)
        self.local = LocalBucket()
        self.alone_until = 0.0

    def spend(self, key: str) -> Spent:
        if time.monotonic() < self.alone_until:
            return self.local.spend(key)
        try:
            return self._spend_together(key)
        except redis.RedisError as error:
            self.alone_until = time.monotonic() + _LEFT_ALONE_SECONDS
            log.warning("Redis did not answer, this process counts for itself: %s", type(error).__name__)
            return self.local.spend(key)

    def _spend_together(self, key: str) -> Spent:
        """One round trip: count, and ask when the hour ends only if this process does not know."""
        ends = self.local.end_of(key)
        requests = int(self.redis.incr(key)) if ends else 0
        if requests < 2:  # not known here, or ended in Redis a moment earlier than here
            requests, ends = self._begin(key, counted=requests)
        self.local.keep(key, requests, ends)
        return Spent(requests, int(ends - time.monotonic()))

    def _begin(self, key: str, *, counted: int) -> tuple[int, float]:
        """Begin the hour if there is none, count what is not counted yet, ask when it ends."""
        with self.redis.pipeline(transaction=True) as pipe:
            pipe.set(key, 0, ex=WINDOW_SECONDS, nx=True).incrby(key, 1 - counted).pttl(key)
            _begun, requests, milliseconds_left = pipe.execute()
        if milliseconds_left < 0:  # the hour ended between two commands
            self.redis.expire(key, WINDOW_SECONDS)
            milliseconds_left = WINDOW_SECONDS * 1000
        return int(requests), time.monotonic() + milliseconds_left / 1000


class LocalBucket:
    """What one process knows of callers: how much they have spent, and until when that counts. The last ones only."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.spent: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def spend(self, key: str) -> Spent:
        now = time.monotonic()
        with self.lock:
            requests, ends = self.spent.get(key, (0, 0.0))
            if ends <= now:
                requests, ends = 0, now + WINDOW_SECONDS
            self._keep(key, requests + 1, ends)
        return Spent(requests + 1, int(ends - now))

    def end_of(self, key: str) -> float:
        """Of the caller's hour; 0 if none is known here that goes on."""
        with self.lock:
            _requests, ends = self.spent.get(key, (0, 0.0))
        return ends if ends > time.monotonic() else 0.0

    def keep(self, key: str, requests: int, ends: float) -> None:
        with self.lock:
            self._keep(key, requests, ends)

    def _keep(self, key: str, requests: int, ends: float) -> None:
        self.spent[key] = (requests, ends)
        self.spent.move_to_end(key)
        if len(self.spent) > _CALLERS_KEPT:
            self.spent.popitem(last=False)


@lru_cache(maxsize=4)
def _counter(url: str) -> Counter:
    return Counter(url)
