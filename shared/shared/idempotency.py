"""`Idempotency-Key`: the effect and the answer are committed together, and a repetition gets the same answer.

An advisory lock on (caller, route, key) makes parallel repetitions find each other: the second is told 409 while the
first still runs. A 5xx and a 429 store nothing, so that trying again really tries again.
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

import orjson
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from shared import consistency, plans
from shared.auth import Caller
from shared.context import current
from shared.errors import Delayed, Invalid, TooMany, Unprocessable
from shared.http import PROBLEM, problem_response
from shared.models import IdempotencyKey

HEADER = "Idempotency-Key"
KEPT_HEADERS = ("Location", "Retry-After")
ASKED_AS = "correlation_id"
"""Kept among the headers, and not answered: the first request's id, by which its messages are found again."""
NOT_KEPT = {"x-idempotency-key": False}
"""For OpenAPI (`extensions=`): a key would have no meaning. The answer is a secret, which is not kept, or the request
can be repeated without one.
"""
MUST_BE_GIVEN = {"x-idempotency-key": "required"}
"""For OpenAPI (`extensions=`), beside `@idempotent(required=True)`."""
View = Callable[..., Response]


class KeyInUse(Delayed):
    status = 409
    code = "idempotency_key_in_use"
    title = "A request with this Idempotency-Key is still running"


class KeyReused(Unprocessable):
    code = "idempotency_key_reused"
    title = "This Idempotency-Key was used with another body"


class _Refused(Exception):
    """Carries a refusal's response out of the transaction, whose effects are rolled back."""

    def __init__(self, response: Response) -> None:
        self.response = response


def idempotent(*, required: bool = False) -> Callable[[View], View]:
    """Decorates a view method: `@idempotent(required=True)` above `def post(self, request): ...`."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
            key = request.headers.get(HEADER, "")
            if not key and not required:
                return view(self, request, *args, **kwargs)
            _check(key)
            with plans.kept():
                return _once(request, key, lambda: view(self, request, *args, **kwargs))

        return wrapped

    return decorate


def _check(key: str) -> None:
    if not key:
        raise Invalid({HEADER: ["This header is required."]})
    if not (1 <= len(key) <= 200) or not key.isascii() or not key.isprintable():
        raise Invalid({HEADER: ["1 to 200 printable ASCII characters."]})


def _once(request: Request, key: str, run: Callable[[], Response]) -> Response:
    """A refusal is kept by a transaction of its own, which costs less than a savepoint in everybody's."""
    key_hash, request_hash = _hashes(request, key)
    try:
        with transaction.atomic():
            if kept := _claim(key_hash):
                return _replay(kept, request_hash)
            response = _run(run)
            if not _is_for_now(response):
                _keep(key_hash, request_hash, response)
            return response
    except _Refused as refused:
        with transaction.atomic():
            if kept := _claim(key_hash):  # of a repetition that came in between
                return _replay(kept, request_hash)
            _keep(key_hash, request_hash, refused.response)
        return refused.response


def _claim(key_hash: bytes) -> IdempotencyKey | None:
    """Lock the key until the transaction ends; the answer to replay, if there is one. Raises KeyInUse."""
    if not _lock(key_hash):
        raise KeyInUse(retry_after=1)
    since = timezone.now() - settings.IDEMPOTENCY_KEEP
    return next(iter(IdempotencyKey.objects.filter(key_hash=key_hash, created_at__gt=since)), None)


def _is_for_now(response: Response) -> bool:
    return response.status_code >= 500 or response.status_code == TooMany.status


def _hashes(request: Request, key: str) -> tuple[bytes, bytes]:
    scope = f"{_caller(request)}\n{request.method}\n{request.path.rstrip('/')}\n{key}"
    return _digest(scope.encode()), _digest(JSONRenderer().render(_comparable(request.data)))


def _caller(request: Request) -> str:
    """Guests are told apart by all they can prove: the cart's token, and a link's token in the query."""
    if isinstance(request.user, Caller):
        return f"user {request.user.id}"
    return f"guest {request.headers.get('X-Cart-Token', '')} {request.META.get('QUERY_STRING', '')}"


def _digest(text: bytes) -> bytes:
    """Keyed, since bodies may hold passwords, which a plain digest would let be guessed."""
    return hmac.digest(settings.SECRET_KEY.encode(), text, "sha256")


def _comparable(body: Any) -> Any:
    """The body as JSON can show it: an uploaded file stands in for itself by its digest."""
    if isinstance(body, MultiValueDict):
        return {name: [_comparable(value) for value in values] for name, values in body.lists()}
    if isinstance(body, UploadedFile):
        digest = hashlib.file_digest(body, "sha256").hexdigest()
        body.seek(0)
        return digest
    return body if isinstance(body, dict | list) else str(body)


def _lock(key_hash: bytes) -> bool:
    number = int.from_bytes(key_hash[:8], signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        return bool(cursor.fetchone()[0])


def _replay(kept: IdempotencyKey, request_hash: bytes) -> Response:
    if bytes(kept.request_hash) != request_hash:
        raise KeyReused()
    headers = {**kept.headers, "Idempotent-Replayed": "true"}
    if told := consistency.token_of(headers.pop(ASKED_AS, "")):
        headers[consistency.HEADER] = told
    response = Response(status=kept.status, headers=headers)
    response.data = _Rendered(bytes(kept.body))
    response.content_type = PROBLEM if kept.status >= 400 else None
    return response


def _run(run: Callable[[], Response]) -> Response:
    try:
        return run()
    except Exception as error:
        response = problem_response(error, {})
        if response is None or _is_for_now(response):
            raise
        raise _Refused(response) from error


class _Rendered(bytes):
    """A body that was rendered when it was first answered; replayed byte for byte."""


def _keep(key_hash: bytes, request_hash: bytes, response: Response) -> None:
    body = ReplayRenderer().render(response.data)
    headers = {name: response[name] for name in KEPT_HEADERS if response.has_header(name)}
    headers[ASKED_AS] = current().correlation_id
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, [key_hash, request_hash, response.status_code, json.dumps(headers), body, timezone.now()])


_KEEP = """
    INSERT INTO idempotency_key (key_hash, request_hash, status, headers, body, created_at)
    VALUES (%s, %s, %s, %s, %s, %s)
    ON CONFLICT (key_hash) DO UPDATE SET request_hash = excluded.request_hash, status = excluded.status,
        headers = excluded.headers, body = excluded.body, created_at = excluded.created_at
"""


class ReplayRenderer(JSONRenderer):
    """DRF's JSON renderer, with a quicker encoder; it lets a replayed body through as it is."""

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        if isinstance(data, _Rendered):
            return bytes(data)
        if data is None:
            return b""
        try:
            return orjson.dumps(data, _ENCODER.default, orjson.OPT_UTC_Z)
        except orjson.JSONEncodeError:  # keys that are no text, and integers of more than 64 bits
            rendered: bytes = super().render(data, accepted_media_type, renderer_context)
            return rendered


_ENCODER = JSONRenderer.encoder_class()


class PdfRenderer(ReplayRenderer):
    """For clients that ask for PDF alone: what is refused is told as JSON all the same."""

    media_type = "application/pdf"
    format = "pdf"


def forget_old_answers() -> int:
    """A job for the clock: delete the keys that may not be replayed any more; answers how many."""
    return clean_up(settings.IDEMPOTENCY_KEEP)


def clean_up(keep: timedelta) -> int:
    return IdempotencyKey.objects.filter(created_at__lt=timezone.now() - keep).delete()[0]
