from uuid import UUID

from django.db.models import Q, QuerySet

from shared.errors import NotFound
from user_service.models import User


def account(user_id: UUID) -> User:
    """Raises NotFound for one that is deleted, too."""
    user = User.objects.present().filter(id=user_id).first()
    if user is None:
        raise NotFound()
    return user


def accounts(*, search: str = "", role: str = "", active: bool | None = None) -> QuerySet[User]:
    rows = User.objects.present()
    if search:
        wanted = Q(email__icontains=search) | Q(first_name__icontains=search) | Q(last_name__icontains=search)
        rows = rows.filter(wanted)
    if role:
        rows = rows.filter(roles__contains=[role])
    return rows if active is None else rows.filter(active=active)
