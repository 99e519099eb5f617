"""Who is calling, once a view's permissions have let them in."""

from uuid import UUID

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from shared.auth import caller_of, roles


def user_of(request: Request) -> UUID:
    return caller_of(request).id


def vendor_of(request: Request) -> UUID:
    """`roles("vendor")` has made sure that there is one."""
    vendor_id = caller_of(request).vendor_id
    assert vendor_id is not None
    return vendor_id


class AdminView(APIView):
    """Admins change, support reads."""

    def get_permissions(self) -> list[BasePermission]:
        allowed = roles("admin", "support") if self.request.method == "GET" else roles("admin")
        return [allowed()]
