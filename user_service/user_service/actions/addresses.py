"""The address book."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from shared.errors import NotFound
from user_service.errors import TooManyAddresses
from user_service.models import Address, User

MOST = 50


@transaction.atomic
def add_address(*, user_id: UUID, fields: Mapping[str, Any]) -> Address:
    """The first of its kind becomes the default. Raises TooManyAddresses, NotFound."""
    if not User.objects.present().select_for_update().filter(id=user_id).exists():
        raise NotFound()
    own = Address.objects.filter(user_id=user_id)
    if own.count() >= MOST:
        raise TooManyAddresses()
    kind = fields.get("kind", "shipping")
    wants = fields.get("default", False) or not own.filter(kind=kind, default=True).exists()
    if wants:
        own.filter(kind=kind, default=True).update(default=False)
    return Address.objects.create(user_id=user_id, **{**fields, "kind": kind, "default": wants})


@transaction.atomic
def change_address(*, user_id: UUID, address_id: UUID, fields: Mapping[str, Any]) -> Address:
    """Raises NotFound for another user's."""
    address = _locked(user_id, address_id)
    for name, value in fields.items():
        setattr(address, name, value)
    if address.default:
        others = Address.objects.filter(user_id=user_id, kind=address.kind, default=True).exclude(id=address_id)
        others.update(default=False)
    address.save()
    return address


@transaction.atomic
def remove_address(*, user_id: UUID, address_id: UUID) -> None:
    _locked(user_id, address_id).delete()


def _locked(user_id: UUID, address_id: UUID) -> Address:
    """The account's row first: changes of one address book stand in line."""
    User.objects.select_for_update().filter(id=user_id).first()
    address = Address.objects.select_for_update().filter(id=address_id, user_id=user_id).first()
    if address is None:
        raise NotFound()
    return address
