"""Views: documents for machines, pages for people, one answer for NGINX."""

import time
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from gateway import errors
from gateway.queries import events, fleet, openapi, postman, sessions

JSON, HTML = "application/json", "text/html"
CONTENT_SECURITY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; worker-src 'self' blob:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)


def _page(request: HttpRequest, template: str, status: int = 200, **facts: Any) -> HttpResponse:
    response = render(request, f"gateway/{template}.html", facts, status=status)
    response["Content-Security-Policy"] = CONTENT_SECURITY
    return response


def _wants_page(request: HttpRequest) -> bool:
    """`?format=json` is for links on pages: a browser cannot choose what it accepts."""
    return request.GET.get("format") != "json" and request.get_preferred_type([JSON, HTML]) == HTML


def _either(request: HttpRequest, document: Any, template: str, **facts: Any) -> HttpResponse:
    """JSON, unless the client would rather read a page."""
    response = _page(request, template, **facts) if _wants_page(request) else JsonResponse(document)
    patch_vary_headers(response, ["Accept"])
    return response


# ── Health ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@require_safe
def own_health(_request: HttpRequest) -> JsonResponse:
    """The gateway needs nothing to be alive, and nothing to be ready."""
    return JsonResponse({"status": "ok"})


@require_safe
def fleet_health(_request: HttpRequest) -> JsonResponse:
    """The fleet in one word; 503 while a service does not answer."""
    report = fleet.status()
    response = JsonResponse({"status": report["status"]}, status=200 if fleet.everyone_answers(report) else 503)
    response["Cache-Control"] = "no-store"
    return response


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    report = fleet.status()
    response = _either(request, report, "status", report=report)
    response["Cache-Control"] = "no-store"
    return response


@require_safe
def session(_request: HttpRequest, session_id: UUID) -> HttpResponse:
    """For NGINX: 204 the session lives, 403 it has ended, 503 nobody can tell. It holds until this second ends."""
    verdict = sessions.verdict(session_id)
    response = HttpResponse(status=verdict.value)
    if verdict is not sessions.Verdict.UNKNOWN:
        response["X-Accel-Expires"] = f"@{int(time.time())}"
    return response


# ── Documents ────────────────────────────────────────────────────────────────────────────────────────────────────────


@require_safe
def openapi_document(_request: HttpRequest) -> JsonResponse:
    return JsonResponse(openapi.document())


@require_safe
def postman_collection(_request: HttpRequest) -> JsonResponse:
    return JsonResponse(postman.collection(openapi.document(), settings.PUBLIC_URL))


@require_safe
def swagger(request: HttpRequest) -> HttpResponse:
    return _page(request, "swagger")


@require_safe
def redoc(request: HttpRequest) -> HttpResponse:
    return _page(request, "redoc")


@require_safe
def event_catalogue(request: HttpRequest) -> HttpResponse:
    return _either(request, events.document(), "events", services=events.by_service())


@require_safe
def problem(request: HttpRequest, code: str) -> HttpResponse:
    return _page(request, "problem", code=code, known=errors.explain(code))


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return _page(request, "home")
