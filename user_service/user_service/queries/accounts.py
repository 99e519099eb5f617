from uuid import UUID

from django.db.models import Q, QuerySet

from shared.errors import NotFound
from user_service.models import Address, Session, User


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


def addresses(user_id: UUID) -> QuerySet[Address]:
    return Address.objects.filter(user_id=user_id)


def address(user_id: UUID, address_id: UUID) -> Address:
    """Raises NotFound for another user's."""
    row = addresses(user_id).filter(id=address_id).first()
    if row is None:
        raise NotFound()
    return row


def live_sessions(user_id: UUID) -> QuerySet[Session]:
    return Session.objects.filter(user_id=user_id, ended_at__isnull=True)


def session_is_live(session_id: UUID) -> bool:
    return Session.objects.filter(id=session_id, ended_at__isnull=True, user__active=True).exists()
