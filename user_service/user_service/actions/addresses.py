"""The address book."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction

from shared.errors import NotFound
from user_service.errors import TooManyAddresses
from user_service.models import Address, User, postal

MOST = 50


@transaction.atomic
def add_address(*, user_id: UUID, fields: Mapping[str, Any]) -> Address:
    """The first of its kind becomes the default. Raises TooManyAddresses, Invalid, NotFound."""
    fields = {**fields, **postal.in_its_country({"region": "", "postal_code": "", **fields})}
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
    """Raises NotFound for another user's, Invalid."""
    address = _locked(user_id, address_id)
    before = address.kind
    for name, value in fields.items():
        setattr(address, name, value)
    _check(address)
    if address.default:
        others = Address.objects.filter(user_id=user_id, kind=address.kind, default=True).exclude(id=address_id)
        others.update(default=False)
    address.save()
    if address.kind != before:
        _give_default(user_id, before)
    return address


@transaction.atomic
def remove_address(*, user_id: UUID, address_id: UUID) -> None:
    """The newest of its kind takes its place as the default. Raises NotFound."""
    address = _locked(user_id, address_id)
    address.delete()
    if address.default:
        _give_default(user_id, address.kind)


def _check(address: Address) -> None:
    """Raises Invalid."""
    names = ("country", "region", "postal_code", "city")
    for name, value in postal.in_its_country({name: getattr(address, name) for name in names}).items():
        setattr(address, name, value)


def _give_default(user_id: UUID, kind: str) -> None:
    own = Address.objects.filter(user_id=user_id, kind=kind)
    newest = own.order_by("-id").first()
    if newest and not own.filter(default=True).exists():
        newest.default = True
        newest.save(update_fields=["default", "updated_at"])


def _locked(user_id: UUID, address_id: UUID) -> Address:
    """The account's row first: changes of one address book stand in line."""
    User.objects.select_for_update().filter(id=user_id).first()
    address = Address.objects.select_for_update().filter(id=address_id, user_id=user_id).first()
    if address is None:
        raise NotFound()
    return address
