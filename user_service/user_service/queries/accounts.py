from uuid import UUID

from django.db.models import Q, QuerySet

from shared.errors import NotFound
from user_service.models import User


def account(user_id: UUID) -> User:
    """Raises NotFound for one that is deleted, too."""
    user = User.objects.present().select_related("two_factor").filter(id=user_id).first()
    if user is None:
        raise NotFound()
    return user


def accounts(*, search: str = "", role: str = "", active: bool | None = None) -> QuerySet[User]:
    """Each word of `search` stands in the address or in a name: `ada king` finds Ada King."""
    rows = User.objects.present().select_related("two_factor")
    for word in search.split():
        rows = rows.filter(Q(email__icontains=word) | Q(first_name__icontains=word) | Q(last_name__icontains=word))
    if role:
        rows = rows.filter(roles__contains=[role])
    return rows if active is None else rows.filter(active=active)
