"""Views: documents for machines, pages for people, one answer for NGINX."""

import re
import time
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST, require_safe
from rest_framework.exceptions import AuthenticationFailed

from gateway import clients, errors
from gateway.queries import degradation, events, fleet, openapi, postman, sessions
from shared import auth, http
from shared.auth import Caller
from shared.errors import Unavailable

View = Callable[[HttpRequest], HttpResponse]
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
    response = _either(request, report, "status", report=report, degradation=degradation.policy())
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


# ── Operators ────────────────────────────────────────────────────────────────────────────────────────────────────────
# Django's admin of every service is entered with an ordinary session of an admin or of support. Its tokens are kept in
# cookies that no script reads and no other site's page sends along; the edge hands the first to the services.

ACCESS, RENEWAL = "nexus_admin", "nexus_admin_renewal"
ADMIN, LOGIN = "/admin", "/admin/login"
COOKIES = {ACCESS: ADMIN, RENEWAL: f"{ADMIN}/session"}
"""Cookie → path: the services never see the second."""
TOKEN = re.compile(r"[A-Za-z0-9._~-]+")
REFRESH = re.compile(r"[A-Za-z0-9._~-]{1,200}")
OPERATORS = frozenset({"admin", "support"})
RECORDS = {
    "catalog": "Products, stock, reviews, imports",
    "order": "Orders, coupons, returns",
    "payment": "Payments, refunds, ledger, payouts",
    "vendor": "Applications, vendors, commissions",
    "user": "Accounts, sessions, the audit log",
    "cart": "Offers, wishlists",
    "notification": "Deliveries, recipients",
}
"""Service → what is found there."""


def _own_pages_only(view: View) -> View:
    """Cookies are not enough to be believed: the request must not come from a page of another origin."""

    @wraps(view)
    def checked(request: HttpRequest) -> HttpResponse:
        own = f"{request.scheme}://{request.get_host()}"
        if request.headers.get("Origin", own) != own:
            return _refusal(403, "permission_denied")
        try:
            return view(request)
        except Unavailable:
            return _refusal(503, "unavailable")

    return checked


def _refusal(status: int, code: str) -> HttpResponse:
    body = http.problem(code, errors.CODES[code].title, status)
    return JsonResponse(body, status=status, content_type=http.PROBLEM, headers={"Cache-Control": "no-store"})


def _operator(request: HttpRequest) -> Caller | None:
    try:
        caller = auth.caller(request)
    except AuthenticationFailed:
        return None
    return caller if caller and caller.roles & OPERATORS else None


@require_safe
def operators(request: HttpRequest) -> HttpResponse:
    """The way into each service's records."""
    return _page(request, "operators", records=RECORDS) if _operator(request) else HttpResponseRedirect(LOGIN)


@require_safe
def records(_request: HttpRequest, service: str) -> HttpResponse:
    """Below a slash begins the service's own."""
    if service not in RECORDS:
        raise Http404
    return HttpResponseRedirect(f"{ADMIN}/{service}/")


@require_safe
def history(request: HttpRequest) -> HttpResponse:
    """What was done to a record, whichever service's it is: the audit log, searched."""
    return HttpResponseRedirect(
        f"{ADMIN}/user/user_service/auditentry/?{urlencode({'q': request.GET.get('subject', '')})}"
    )


@require_safe
def sign_in(request: HttpRequest) -> HttpResponse:
    """Afterwards it goes on to `next`, if that is a page of operators."""
    asked = request.GET.get("next", "")
    then = asked if asked.startswith(f"{ADMIN}/") and "\\" not in asked else f"{ADMIN}/"
    response = _page(request, "sign_in", then=then, ended="ended" in request.GET)
    response["Cache-Control"] = "no-store"
    return response


@require_POST
@_own_pages_only
def operator_session(request: HttpRequest) -> HttpResponse:
    """Keeps the tokens of somebody who has just signed in: the access token is sent as ever, the other is the body."""
    if _operator(request) is None:
        return _refusal(403, "permission_denied")
    refresh = request.body.decode(errors="replace")
    if not REFRESH.fullmatch(refresh):
        return _refusal(400, "bad_request")
    return _keep(request, request.headers["Authorization"].split()[1], refresh)


@require_POST
@_own_pages_only
def operator_renewal(request: HttpRequest) -> HttpResponse:
    """New cookies while the session lives; 401 when it has ended."""
    tokens = clients.renewed(_held(request, RENEWAL))
    return _keep(request, *tokens) if tokens else _forget(_refusal(401, "session_ended"))


@require_POST
@_own_pages_only
def sign_out(request: HttpRequest) -> HttpResponse:
    """Ends the session everywhere, also if its access token has expired meanwhile."""
    ended = clients.log_out(_held(request, ACCESS))
    if not ended and (tokens := clients.renewed(_held(request, RENEWAL))):
        clients.log_out(tokens[0])
    see_other = HttpResponseRedirect(f"{LOGIN}?ended=1")
    see_other.status_code = 303
    return _forget(see_other)


def _held(request: HttpRequest, cookie: str) -> str:
    """What looks like a token; other programs on the same host may have set anything, even what no header can say."""
    value = request.COOKIES.get(cookie, "")
    return value if TOKEN.fullmatch(value) else "-"


def _keep(request: HttpRequest, access: str, refresh: str) -> HttpResponse:
    """For as long as the browser runs; how long they hold is up to user_service."""
    response = HttpResponse(status=204, headers={"Cache-Control": "no-store"})
    for (name, path), value in zip(COOKIES.items(), (access, refresh), strict=True):
        response.set_cookie(name, value, path=path, secure=request.is_secure(), httponly=True, samesite="Strict")
    return response


def _forget(response: HttpResponse) -> HttpResponse:
    for name, path in COOKIES.items():
        response.delete_cookie(name, path=path, samesite="Strict")
    return response
