"""Offers follow catalog."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from cart_service.actions.alerts import tell_wishers
from cart_service.models import Offer
from cart_service.models.offers import NEWER
from shared.context import acting
from shared.contracts.catalog import OfferChanged
from shared.messages import Received
from shared.money import EXPONENTS


def keep_offers(told: Sequence[Received[OfferChanged]]) -> None:
    """Remember variants as catalog tells them: of several tidings of one, only the last is looked at."""
    newest: dict[UUID, Received[OfferChanged]] = {}
    for one in sorted(told, key=lambda one: one.message.version):
        newest[one.message.variant_id] = one
    for _variant_id, one in sorted(newest.items()):
        with acting(one.context):
            _keep(one.message)


def _keep(event: OfferChanged) -> None:
    """Unless something newer is known; and tell who wishes for it."""
    before = Offer.objects.select_for_update().filter(variant_id=event.variant_id).first()
    with connection.cursor() as cursor:
        cursor.execute(NEWER, row_of(event))
        kept = cursor.rowcount == 1
    if kept and before is not None:
        tell_wishers(before, Offer(**columns_of(event)))


def columns_of(event: OfferChanged) -> dict[str, Any]:
    """As it is kept here. Currencies not traded are left out."""
    return event.model_dump(exclude={"prices", "available"}) | {
        "prices": {price.currency: price.minor for price in event.prices if price.currency in EXPONENTS},
        "available": max(event.available, 0),
    }


def row_of(event: OfferChanged) -> dict[str, Any]:
    columns = columns_of(event)
    return columns | {name: json.dumps(columns[name]) for name in ("prices", "options")}


def told(offer: Offer) -> OfferChanged:
    """What is kept, as catalog would have told it."""
    columns = {field.attname: getattr(offer, field.attname) for field in Offer._meta.concrete_fields}
    prices = [{"currency": currency, "minor": minor} for currency, minor in sorted(offer.prices.items())]
    return OfferChanged.model_validate(columns | {"prices": prices})
