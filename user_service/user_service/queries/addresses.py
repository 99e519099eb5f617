"""Reads of addresses."""

from uuid import UUID

from django.db.models import QuerySet

from shared.errors import NotFound
from user_service.models import Address


def addresses(user_id: UUID) -> QuerySet[Address]:
    return Address.objects.filter(user_id=user_id)


def address(*, user_id: UUID, address_id: UUID) -> Address:
    """Raises NotFound, also for somebody else's."""
    found = addresses(user_id).filter(id=address_id).first()
    if found is None:
        raise NotFound()
    return found
