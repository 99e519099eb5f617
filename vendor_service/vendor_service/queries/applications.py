from uuid import UUID

from django.db.models import QuerySet

from vendor_service.errors import ApplicationNotFound
from vendor_service.models import Application


def applications(*, user_id: UUID | None = None, status: str = "") -> QuerySet[Application]:
    """Of one user, or of all for admins; with a status, only those."""
    rows = Application.objects.select_related("vendor")
    if user_id is not None:
        rows = rows.filter(user_id=user_id)
    return rows.filter(status=status) if status else rows


def application(*, application_id: UUID, user_id: UUID | None = None) -> Application:
    """Raises ApplicationNotFound, also for somebody else's."""
    row = applications(user_id=user_id).filter(id=application_id).first()
    if row is None:
        raise ApplicationNotFound()
    return row
