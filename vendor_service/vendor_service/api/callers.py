"""Who is calling, once a view's permissions have let them in."""

from uuid import UUID

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from shared.auth import caller_of, roles
from shared.errors import Forbidden
from vendor_service.errors import ApplicationNotFound
from vendor_service.models import Application
from vendor_service.models.members import Right
from vendor_service.queries import applications, members


def user_of(request: Request) -> UUID:
    return caller_of(request).id


def vendor_of(request: Request, right: Right | None = None) -> UUID:
    """Whom the caller sells for, as `roles("vendor")` has made sure, and still does, with this right. A token that is
    older than a removal gets what a token for no vendor gets. Raises VendorNotFound, Forbidden.
    """
    caller = caller_of(request)
    assert caller.vendor_id is not None
    member = members.member(vendor_id=caller.vendor_id, user_id=caller.id)
    if right and not member.may(right):
        raise Forbidden(f"The role {member.role} may not {right.label}.")
    return caller.vendor_id


def application_of(request: Request, application_id: UUID) -> Application:
    """The caller's own; once it became a vendor, it is the vendor's, and whoever may edit that sees it. Raises
    ApplicationNotFound.
    """
    row = applications.application(application_id=application_id)
    vendor = getattr(row, "vendor", None)
    mine = members.may(vendor.id, user_of(request), Right.EDIT) if vendor else row.user_id == user_of(request)
    if not mine:
        raise ApplicationNotFound()
    return row


class AdminView(APIView):
    """Admins change, support reads."""

    def get_permissions(self) -> list[BasePermission]:
        allowed = roles("admin", "support") if self.request.method == "GET" else roles("admin")
        return [allowed()]
