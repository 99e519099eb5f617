"""Who comes in to Django's admin, and how.

There is no second table of users: an operator is the user whose access token came with the request. The edge takes it
from a cookie on these pages, and it is checked here as at every other door.
"""

from functools import wraps
from typing import Any, NoReturn
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.messages.middleware import MessageMiddleware
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.decorators import decorator_from_middleware
from rest_framework.exceptions import AuthenticationFailed

from shared import auth, context
from shared.auth import Caller

SIGN_IN, SIGN_OUT = "/admin/login", "/admin/session/end"
"""The gateway's pages."""
OPERATE, LOOK = frozenset({"admin"}), frozenset({"admin", "support"})
CONTENT_SECURITY = (
    "default-src 'self'; img-src 'self' data:{media}; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)


def _origin_of_media() -> str:
    """Where pictures come from, if it is not where the pages come from."""
    if settings.MEDIA_URL.startswith(f"{settings.PUBLIC_URL}/"):
        return ""
    where = urlsplit(settings.MEDIA_URL)
    return f" {where.scheme}://{where.netloc}"


class NoUserTables:
    """A database router: Django's admin needs the apps `auth` and `admin`, but nobody needs their tables."""

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return False if app_label in {"auth", "admin"} else None


class Operator:
    """What Django's admin asks of a user. A guest is one without a caller."""

    is_active = True

    def __init__(self, caller: Caller | None) -> None:
        self.caller = caller
        self.pk = caller and caller.id
        self.is_authenticated = caller is not None
        self.is_anonymous = caller is None
        self.is_staff = caller is not None and bool(caller.roles & LOOK)
        self.may_operate = caller is not None and bool(caller.roles & OPERATE)

    def get_username(self) -> str:
        return str(self.pk)

    def get_short_name(self) -> str:
        return "admin" if self.may_operate else "support (looking only)"

    def has_usable_password(self) -> bool:
        """Passwords are changed where accounts are, not here."""
        return False


class Site(AdminSite):
    site_url = None
    index_title = "Records"
    enable_nav_sidebar = True

    @property
    def site_header(self) -> str:  # type: ignore[override]
        return f"Nexus {settings.SERVICE}"

    site_title = site_header

    def has_permission(self, request: HttpRequest) -> bool:
        request.user = operator = Operator(_caller(request))  # type: ignore[assignment]
        if operator.caller:
            context.remember_user(str(operator.caller.id), operator.caller.roles)
        return operator.is_staff

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Brings what other projects have as middleware for all requests: here, pages are few."""
        inner = decorator_from_middleware(MessageMiddleware)(super().admin_view(view, cacheable))

        @wraps(inner)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if "%00" in request.META.get("QUERY_STRING", ""):
                raise BadRequest("PostgreSQL knows no NUL.")
            response: HttpResponseBase = inner(request, *args, **kwargs)
            response["Content-Security-Policy"] = CONTENT_SECURITY.format(media=_origin_of_media())
            return response

        return answer

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_permission(request) and request.user.is_authenticated:
            return render(request, "admin/forbidden.html", self.each_context(request), status=403)
        return HttpResponseRedirect(f"{SIGN_IN}?{urlencode({'next': request.GET.get('next', '/admin/')})}")

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # type: ignore[override]
        return HttpResponseRedirect(SIGN_OUT, preserve_request=True)

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> NoReturn:
        raise Http404

    password_change_done = password_change

    def get_log_entries(self, request: HttpRequest) -> list[Any]:  # type: ignore[override]
        return []


def _caller(request: HttpRequest) -> Caller | None:
    try:
        return auth.caller(request)
    except AuthenticationFailed:
        return None
