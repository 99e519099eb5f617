"""What the auditor may have mended: told again what others have missed. Each may be asked twice."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction

from shared.contracts.user import UserErased
from shared.evidence import Repairs
from shared.outbox import publish
from user_service.actions.accounts import tell_changed
from user_service.models import User


@transaction.atomic
def tell_users(user_ids: Sequence[UUID]) -> int:
    """Once more, each as its next version."""
    users = list(User.objects.present().filter(id__in=user_ids).select_for_update().order_by("id"))
    for user in users:
        tell_changed(user)
    return len(users)


@transaction.atomic
def tell_erasures(user_ids: Sequence[UUID]) -> int:
    erased = User.objects.filter(id__in=user_ids, deleted_at__isnull=False)
    for user in (users := erased.order_by("id")):
        publish(UserErased(user_id=user.id), version=user.version)
    return len(users)


REPAIRS: Repairs = {"users": tell_users, "erasures": tell_erasures}
