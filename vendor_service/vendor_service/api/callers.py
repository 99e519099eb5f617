"""Who is calling, once a view's permissions have let them in."""

from uuid import UUID

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from shared.auth import Caller, roles


def user_of(request: Request) -> UUID:
    return _caller(request).id


def vendor_of(request: Request) -> UUID:
    """`roles("vendor")` has made sure that there is one."""
    vendor_id = _caller(request).vendor_id
    assert vendor_id is not None
    return vendor_id


def _caller(request: Request) -> Caller:
    caller = request.user
    assert isinstance(caller, Caller)
    return caller


class AdminView(APIView):
    """Admins change, support reads."""

    def get_permissions(self) -> list[BasePermission]:
        allowed = roles("admin", "support") if self.request.method == "GET" else roles("admin")
        return [allowed()]
