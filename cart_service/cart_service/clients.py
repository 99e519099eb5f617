"""HTTP out: the catalogue's offers, asked for only to rebuild the projection of them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings

from shared.calls import call
from shared.contracts.catalog import OfferChanged

PATIENCE_SECONDS = 30.0
"""Nobody waits for a rebuild, and catalog may have other things to do."""


@dataclass(frozen=True, slots=True)
class Run:
    """Offers by variant id, after `after`. `upto` None: to the end."""

    after: UUID | None
    upto: UUID | None
    count: int
    checksum: str
    offers: tuple[OfferChanged, ...] = ()


def run_of_offers(after: UUID | None, limit: int, *, whole: bool = False) -> Run:
    """The next `limit` offers of the catalogue; without `whole` only their checksum. Raises Unavailable."""
    params: dict[str, Any] = {"limit": limit, "whole": whole, **({"after": after} if after else {})}
    response = call("catalog", settings.CATALOG_URL, "GET", "/internal/offers", params=params, timeout=PATIENCE_SECONDS)
    response.raise_for_status()
    body = response.json()
    offers = tuple(OfferChanged.model_validate(one) for one in body.get("offers", ()))
    return Run(after, UUID(body["upto"]) if body["upto"] else None, body["count"], body["checksum"], offers)
