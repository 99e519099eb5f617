"""HTTP in: one error format (RFC 9457), strict input shapes, money fields, request context, paths."""

import ipaddress
import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from copy import copy
from functools import cache
from http import HTTPStatus
from itertools import islice
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern
from django.urls.resolvers import RoutePattern
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions, serializers, status
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response

from shared import context, errors, patience
from shared.context import Context, new_id
from shared.money import EXPONENTS, Money, MoneyError
from shared.text import is_odd

log = logging.getLogger("nexus.http")
_SAFE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
PROBLEM = "application/problem+json"
MAX_DEPTH = 32
"""Lists and objects within one another in a body. Ours need six; open-ended ones, such as specifications, few more."""
MAX_UNKNOWN = 100
"""Of the fields that a body should not have, so many are named: a body has room for a hundred thousand."""
_BREAKS = "\n\r\t"


# ── Request context ──────────────────────────────────────────────────────────────────────────────────────────────────


class RequestContextMiddleware:
    """The request id becomes the correlation id of everything that follows; one access line is logged."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        offered = request.headers.get("X-Request-Id", "")
        request_id = offered if _SAFE_REQUEST_ID.fullmatch(offered) else str(new_id())
        traceparent = request.headers.get("traceparent")
        told = Context(request_id, traceparent=traceparent, address=address_of(request))
        with context.acting(told), patience.of(settings.REQUEST_WAIT_MS / 1_000):
            response = self.get_response(request)
            response["X-Request-Id"] = request_id
            self._log(request, response, started)
        return response

    @staticmethod
    def _log(request: HttpRequest, response: HttpResponse, started: float) -> None:
        took = round((time.perf_counter() - started) * 1000, 1)
        if not request.path.startswith("/health"):
            extra = {"method": request.method, "path": request.path, "status": response.status_code, "ms": took}
            log.info("request", extra=extra)


def address_of(request: HttpRequest) -> str | None:
    """The client's address as the edge saw it (X-Real-IP), or of whoever connects; None when that is none."""
    told = request.META.get("HTTP_X_REAL_IP") or request.META.get("REMOTE_ADDR") or ""
    try:
        return str(ipaddress.ip_address(told.partition("%")[0]))
    except ValueError:
        return None


# ── Paths ────────────────────────────────────────────────────────────────────────────────────────────────────────────


class _SlashOptional(RoutePattern):
    """Django's route, which also matches with one slash more."""

    def match(self, path: str) -> Any:
        return super().match(path.removesuffix("/"))


def path(route: str, view: Any, name: str | None = None) -> URLPattern:
    """Django's `path`, with one trailing slash accepted: `path("api/v1/orders/<uuid:order>", ...)`."""
    return URLPattern(_SlashOptional(route, name=name, is_endpoint=True), view, None, name)


def only_public_paths(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """OpenAPI: leave out what NGINX never routes."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith("/api/")]


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """OpenAPI: how UserAuthentication is spoken of."""

    target_class = "shared.auth.UserAuthentication"
    name = "bearerAuth"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}


class AsItIs(DefaultContentNegotiation):
    """For files: each has the type it has, whatever the client says it accepts; problems are JSON."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


# ── Errors ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def problem(
    code: str, title: str, http_status: int, detail: str = "", wrong: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The body of every error: RFC 9457's members plus `code`, `errors` and `request_id`."""
    body: dict[str, Any] = {
        "type": f"{settings.PUBLIC_URL}/problems/{code}",
        "title": title,
        "status": http_status,
        "detail": detail or title,
        "code": code,
        "request_id": context.current().correlation_id,
    }
    if wrong:
        body["errors"] = wrong
    return body


def problem_response(error: Exception, _context: Mapping[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER. None for a bug, which becomes a 500 in `server_error`."""
    known = _as_problem(error)
    if known is None:
        return None
    body, headers = known
    return Response(body, status=body["status"], headers=headers, content_type=PROBLEM)


def _as_problem(error: Exception) -> tuple[dict[str, Any], dict[str, str]] | None:
    if isinstance(error, errors.Refused):
        return _refused(error)
    if isinstance(error, Http404):
        return _refused(errors.NotFound())
    if isinstance(error, MoneyError):
        return _refused(errors.Invalid({"amount": [str(error)]}))
    if isinstance(error, exceptions.ValidationError):
        return _refused(errors.Invalid(flatten(error.detail)))
    if isinstance(error, exceptions.APIException):
        return _api_exception(error)
    if isinstance(error, RequestDataTooBig):
        return problem("too_large", "The body is too large", 413), {}
    if isinstance(error, OperationalError | InterfaceError):
        log.error("database unavailable", exc_info=error)
        return _refused(errors.Unavailable(retry_after=2))
    return None


def _refused(error: errors.Refused) -> tuple[dict[str, Any], dict[str, str]]:
    wrong = getattr(error, "errors", None)
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, errors.Delayed) else {}
    if isinstance(error, errors.Unauthenticated):
        headers["WWW-Authenticate"] = 'Bearer realm="nexus"'
    return problem(error.reason, error.title, error.status, error.detail, wrong), headers


def _api_exception(error: exceptions.APIException) -> tuple[dict[str, Any], dict[str, str]]:
    headers = {}
    if header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = header
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    code = error.get_codes()
    name = code if isinstance(code, str) else error.default_code
    title = HTTPStatus(error.status_code).phrase  # the default detail may be a template: `Method "{method}" …`
    return problem(str(name), title, error.status_code, str(error.detail)), headers


def flatten(detail: Any, prefix: str = "") -> dict[str, list[str]]:
    """DRF's nested error detail as one level of `field.path` → messages."""
    if isinstance(detail, Mapping):
        flat: dict[str, list[str]] = {}
        for key, value in detail.items():
            here = prefix if key == "non_field_errors" and prefix else f"{prefix}.{key}" if prefix else str(key)
            flat.update(flatten(value, here))
        return flat
    if isinstance(detail, list) and any(isinstance(item, Mapping) for item in detail):
        return {
            field: messages
            for i, item in enumerate(detail)
            for field, messages in flatten(item, f"{prefix}.{i}").items()
        }
    return {prefix or "non_field_errors": [str(item) for item in (detail if isinstance(detail, list) else [detail])]}


def _plain_problem(code: str, title: str, http_status: int) -> JsonResponse:
    return JsonResponse(problem(code, title, http_status), status=http_status, content_type=PROBLEM)


def not_found(_request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    """`handler404` of every service."""
    return _plain_problem("not_found", "Not found", 404)


def server_error(_request: HttpRequest) -> JsonResponse:
    """`handler500` of every service: a bug, told without its inside."""
    return _plain_problem("internal_error", "Something went wrong on our side", 500)


def bad_request(_request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    """`handler400` of every service."""
    return _plain_problem("bad_request", "The request cannot be read", 400)


# ── Shapes ───────────────────────────────────────────────────────────────────────────────────────────────────────────


class JsonObject(dict[str, Any]):
    """A body as a client wrote it. In a query and a form all is text; here `0` is no boolean, and no name."""


class Shape(serializers.Serializer[Any]):
    """A body, in or out. Coming in, fields it does not name are refused, and in JSON other types than the document's,
    all wrong ones at once.
    """

    def to_internal_value(self, data: Any) -> Any:
        wrong = self._wrong(data) if isinstance(data, Mapping) else {}
        try:
            value = super().to_internal_value(data)
        except serializers.ValidationError as error:
            detail = error.detail if isinstance(error.detail, dict) else {}
            raise serializers.ValidationError({**wrong, **detail}) from None
        if wrong:
            raise serializers.ValidationError(wrong)
        return value

    def _wrong(self, data: Mapping[str, Any]) -> dict[str, list[str]]:
        names = islice((name for name in data if name not in self.fields), MAX_UNKNOWN)
        unknown = {str(name): ["This field is not known."] for name in names}
        if not self.context.get("strict"):
            return unknown
        given = ((name, field) for name, field in self.fields.items() if name in data)
        return unknown | {name: [wrong] for name, field in given if (wrong := _wrong_type(field, data[name]))}


def _wrong_type(field: serializers.Field[Any, Any, Any, Any], value: Any) -> str:
    """What DRF would have taken for the field's type although JSON has another for it; empty when all is well."""
    if isinstance(field, serializers.ListField) and isinstance(value, list):
        return next(filter(None, (_wrong_type(field.child, one) for one in value)), "")
    if value is None or not isinstance(field, tuple(_JSON_TYPES)):
        return ""
    types, wrong = next(told for kind, told in _JSON_TYPES.items() if isinstance(field, kind))
    whole = types is int and isinstance(value, float) and value.is_integer()  # 2.0 is an integer to JSON Schema
    return "" if type(value) is types or whole else wrong


_JSON_TYPES: dict[type[serializers.Field[Any, Any, Any, Any]], tuple[type, str]] = {
    serializers.BooleanField: (bool, "Must be a valid boolean."),
    serializers.IntegerField: (int, "A valid integer is required."),
    serializers.CharField: (str, "Not a valid string."),
    serializers.UUIDField: (str, "Must be a valid UUID."),
}


class StrictJSONParser(JSONParser):
    """JSON that can be written down again, by anybody: no half of a surrogate pair and no number beyond a float's
    range, both of which Python lets through, and nothing nested deeper than any body of ours."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            data = super().parse(stream, media_type, parser_context)
            json.dumps(data, ensure_ascii=False, allow_nan=False).encode()
        except UnicodeEncodeError:
            raise exceptions.ParseError("JSON parse error - half a surrogate pair") from None
        except ValueError:
            raise exceptions.ParseError("JSON parse error - a number out of range") from None
        except RecursionError:
            raise exceptions.ParseError("JSON parse error - nested too deeply") from None
        if _depth(data) > MAX_DEPTH:
            raise exceptions.ParseError("JSON parse error - nested too deeply")
        return JsonObject(data) if isinstance(data, dict) else data


def _depth(data: Any) -> int:
    """Levels of lists and objects, counted without recursion."""
    depth, level = 0, [data]
    while level := [one for one in level if isinstance(one, list | dict)]:
        depth += 1
        level = [inner for one in level for inner in (one.values() if isinstance(one, dict) else one)]
    return depth


class LineField(serializers.CharField):
    """A name, an address, a title: one line of text."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators.append(one_line)


class TextField(serializers.CharField):
    """A comment, a description: lines of text, with line ends and tabs, and nothing else that LineField refuses."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators.append(plain_text)


def plain_text(text: str) -> None:
    """A validator: as `one_line`, of each line. Raises ValidationError."""
    if any(character not in _BREAKS and is_odd(character) for character in text):
        raise serializers.ValidationError("Without control characters and invisible ones.", code="text")


def one_line(text: str) -> None:
    """A validator: nothing that ends a line, controls a terminal, cannot be seen, or turns the direction of what
    follows, by which one text looks like another. Raises ValidationError.
    """
    if any(map(is_odd, text)):
        raise serializers.ValidationError("One line, without control characters and invisible ones.", code="line")


class MoneyShape(Shape):
    """`{"amount": "12.50", "currency": "USD"}`; validated data is a shared.money.Money."""

    amount = serializers.CharField(max_length=24)
    currency = serializers.ChoiceField(sorted(EXPONENTS))

    def to_internal_value(self, data: Any) -> Money:
        value = super().to_internal_value(data)
        if missing := self.fields.keys() - value:  # parts of a body may be left out of a PATCH, parts of money not
            raise serializers.ValidationError({name: ["This field is required."] for name in sorted(missing)})
        try:
            return Money.parse(value["amount"], value["currency"])
        except MoneyError as error:
            raise serializers.ValidationError({"amount": [str(error)]}) from None

    def to_representation(self, instance: Money) -> dict[str, str]:
        return instance.as_json()


def read(shape: type[serializers.BaseSerializer[Any]], data: Any, **kwargs: Any) -> Any:
    """The validated body (or query) as a dict. Raises ValidationError naming every wrong field."""
    form = copy(_empty_form(shape, isinstance(data, JsonObject), **kwargs))  # type: ignore[arg-type]
    form.initial_data = data
    form.is_valid(raise_exception=True)
    return form.validated_data


@cache
def _empty_form(shape: type[serializers.BaseSerializer[Any]], strict: bool, **kwargs: Any) -> Any:
    """DRF copies all fields for each form, which takes longer than reading it. They hold nothing of what they read."""
    form: Any = shape(context={"strict": strict}, **kwargs)
    _made = getattr(form, "child", form).fields  # at the first look; a list's are its rows'
    return form


def written(shape: type[serializers.BaseSerializer[Any]], row: Any, *, many: bool = False) -> Any:
    """What a shape tells of a row, or of many: by one form for all, as in `read`."""
    return _answer_form(shape, many).to_representation(row)  # type: ignore[arg-type]


@cache
def _answer_form(shape: type[serializers.BaseSerializer[Any]], many: bool) -> Any:
    form: Any = shape(many=many)
    _made = getattr(form, "child", form).fields
    return form


def created(body: Any, location: str) -> Response:
    """201 with its Location, an absolute path under the gateway."""
    return Response(body, status=status.HTTP_201_CREATED, headers={"Location": location})
