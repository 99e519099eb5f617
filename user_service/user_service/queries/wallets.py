"""Reads of wallets."""

from uuid import UUID

from django.db.models import QuerySet

from shared.errors import NotFound
from user_service.models import Wallet


def wallets(user_id: UUID) -> QuerySet[Wallet]:
    return Wallet.objects.filter(user_id=user_id)


def wallet(*, user_id: UUID, wallet_id: UUID) -> Wallet:
    """Raises NotFound, also for somebody else's."""
    found = wallets(user_id).filter(id=wallet_id).first()
    if found is None:
        raise NotFound()
    return found
