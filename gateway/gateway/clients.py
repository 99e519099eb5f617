"""The other systems: every service's health and API document, the marks of ended sessions, user_service."""

import logging
from functools import lru_cache
from typing import Any
from uuid import UUID

import httpx
import redis
from django.conf import settings

from shared import calls, context, stores
from shared.errors import Unavailable

log = logging.getLogger("nexus.gateway")
REDIS_TIMEOUT_SECONDS = 0.25
EPOCH = "ended:epoch"
"""Written by user_service when all marks are there: the run id of the Redis server that holds them. If it is missing,
Redis was emptied; where it does not fit, Redis came back with an older state: a mark that is missing proves nothing."""


@lru_cache(maxsize=1)
def _http() -> httpx.Client:
    return httpx.Client(timeout=5.0, transport=calls.Punctual(limits=httpx.Limits(max_keepalive_connections=32)))


def health_of(service: str) -> dict[str, Any]:
    """What the service says of itself, well or not. Raises Unavailable."""
    return _document(service, "/health/status", settings.STATUS_DEADLINE.total_seconds(), good=(200, 503))


def openapi_of(service: str) -> dict[str, Any]:
    """The service's own OpenAPI document. Raises Unavailable."""
    return _document(service, "/internal/openapi.json", settings.OPENAPI_DEADLINE.total_seconds(), good=(200,))


def _document(service: str, path: str, timeout: float, good: tuple[int, ...]) -> dict[str, Any]:
    try:
        with calls.within(timeout):
            response = _http().get(settings.FLEET[service] + path, timeout=timeout)
        document = response.json() if response.status_code in good else None
    except (httpx.HTTPError, ValueError) as error:
        raise Unavailable(f"{service} does not answer: {type(error).__name__}") from None
    if not isinstance(document, dict):
        raise Unavailable(f"{service} answers nonsense")
    return document


@lru_cache(maxsize=1)
def _sessions() -> "redis.Redis[str]":
    return stores.connected(settings.SESSIONS_REDIS_URL, seconds=REDIS_TIMEOUT_SECONDS)


def session_marks(session_id: UUID) -> tuple[bool, bool]:
    """Whether the session is marked as ended, and whether Redis can be believed about it. Raises Unavailable."""
    try:
        with _sessions().pipeline(transaction=False) as pipe:
            (ended, epoch), server = pipe.mget(f"ended:{session_id}", EPOCH).info("server").execute()
    except redis.RedisError as error:
        log.warning("Redis did not answer: %s", error)
        raise Unavailable("The marks of ended sessions cannot be read.") from None
    return ended is not None, epoch == server["run_id"]


def session_lives(session_id: UUID) -> bool:
    """user_service's own word. Raises Unavailable when it has none."""
    try:
        response = calls.call("user", settings.FLEET["user"], "GET", f"/internal/sessions/{session_id}")
    except OSError as error:
        log.error("the gateway's own key cannot be read: %s", error)
        raise Unavailable("user_service cannot be asked.") from None
    if response.status_code not in {204, 404}:
        raise Unavailable(f"user_service answers {response.status_code}")
    return response.status_code == 204


def renewed(refresh: str) -> tuple[str, str] | None:
    """The next access and refresh tokens; None if the session has ended. Raises Unavailable."""
    answer = _user("/api/v1/auth/refresh", json={"refresh": refresh})
    if answer.status_code != 200:
        return None
    tokens = answer.json()
    return tokens["access"], tokens["refresh"]


def log_out(access: str) -> bool:
    """End the token's session; False if the token holds no more. Raises Unavailable."""
    answer = _user("/api/v1/auth/logout", json={}, headers={"Authorization": f"Bearer {access}"})
    return answer.status_code == 204


def _user(path: str, json: Any, headers: dict[str, str] | None = None) -> httpx.Response:
    """As the client whose request is in hand, so that the session's place and the audit's are the client's."""
    now = context.current()
    told = {
        "X-Request-Id": now.correlation_id,
        **({"X-Real-IP": now.address} if now.address else {}),
        **(headers or {}),
    }
    try:
        deadline = settings.SIGN_IN_DEADLINE.total_seconds()
        with calls.within(deadline):
            answer = _http().post(settings.FLEET["user"] + path, json=json, headers=told, timeout=deadline)
    except httpx.HTTPError as error:
        raise Unavailable(f"user_service does not answer: {type(error).__name__}") from None
    if answer.status_code >= 500:
        raise Unavailable(f"user_service answers {answer.status_code}")
    return answer
