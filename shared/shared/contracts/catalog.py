"""catalog_service: what is for sale, at what price, and how much of it there is."""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.messages import Command, Event, MoneyData


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class LineToReserve(_Part):
    line_id: UUID
    variant_id: UUID
    quantity: int = Field(ge=1)


class ReservedLine(_Part):
    """What is held, and everything about it that the order snapshots."""

    line_id: UUID
    variant_id: UUID
    product_id: UUID
    category_id: UUID | None = None
    vendor_id: UUID
    vendor_name: str
    sku: str
    name: str
    quantity: int
    unit_price: MoneyData


class MissingLine(_Part):
    line_id: UUID
    variant_id: UUID
    requested: int
    available: int


class ReserveStock(Command):
    """Hold all lines or none, until `expires_at`. Answered by StockReserved or StockRejected."""

    type = "catalog.reserve_stock.v1"
    key = "order_id"
    asked_by: ClassVar[tuple[str, ...]] = ("order",)
    order_id: UUID
    currency: str
    lines: tuple[LineToReserve, ...]
    expires_at: datetime


class ReleaseStock(Command):
    """Give back whatever is held for the order; nothing held is not an error. A later ReserveStock is refused."""

    type = "catalog.release_stock.v1"
    key = "order_id"
    asked_by: ClassVar[tuple[str, ...]] = ("order",)
    order_id: UUID
    reason: str


class StockReserved(Event):
    type = "catalog.stock_reserved.v1"
    key = "order_id"
    order_id: UUID
    lines: tuple[ReservedLine, ...]
    expires_at: datetime


class StockRejected(Event):
    type = "catalog.stock_rejected.v1"
    key = "order_id"
    order_id: UUID
    reason: Literal["out_of_stock", "unavailable", "expired"]
    missing: tuple[MissingLine, ...] = ()


class StockReleased(Event):
    """`reason` is the asker's, or `expired` when the hold's time limit ran out."""

    type = "catalog.stock_released.v1"
    key = "order_id"
    order_id: UUID
    reason: str


class StockCommitted(Event):
    """The hold became a sale."""

    type = "catalog.stock_committed.v1"
    key = "order_id"
    order_id: UUID


class CommitFailed(Event):
    """A confirmed order whose hold was gone and whose stock could not be taken again: order must refund it."""

    type = "catalog.commit_failed.v1"
    key = "order_id"
    order_id: UUID


class OfferChanged(Event):
    """The whole present truth about a variant as something to buy; cart keeps it."""

    type = "catalog.offer_changed.v1"
    key = "variant_id"
    variant_id: UUID
    product_id: UUID
    category_id: UUID | None = None
    slug: str
    name: str
    sku: str
    options: dict[str, str] = Field(default_factory=dict)
    image: str | None = None
    vendor_id: UUID
    vendor_name: str
    prices: tuple[MoneyData, ...]
    available: int
    weight_grams: int = 0
    active: bool
    version: int


def checksum_of_offers(offers: Iterable[OfferChanged]) -> str:
    """Of a run of offers, in their order: the same for whoever knows the same of them."""
    whole = hashlib.sha256()
    for offer in offers:
        told = offer.model_dump(mode="json") | {"prices": sorted([one.currency, one.minor] for one in offer.prices)}
        whole.update(json.dumps(told, sort_keys=True).encode() + b"\n")
    return whole.hexdigest()


class CategoryChanged(Event):
    """Where a category stands: `lineage` is the ids from the root down to itself; empty, it is gone."""

    type = "catalog.category_changed.v1"
    key = "category_id"
    category_id: UUID
    lineage: tuple[UUID, ...]
    version: int


class ProductSubmitted(Event):
    """A new product waits for approval, or, with `revision_id`, an edit of one that was approved."""

    type = "catalog.product_submitted.v1"
    key = "product_id"
    product_id: UUID
    vendor_id: UUID
    name: str
    revision_id: UUID | None = None


class ProductDecided(Event):
    type = "catalog.product_decided.v1"
    key = "product_id"
    product_id: UUID
    vendor_id: UUID
    name: str
    slug: str
    approved: bool
    reason: str = ""
    revision_id: UUID | None = None


class StockRanLow(Event):
    type = "catalog.stock_ran_low.v1"
    key = "variant_id"
    variant_id: UUID
    vendor_id: UUID
    sku: str
    name: str
    available: int


class StockRanOut(Event):
    """The last one on hand was sold or taken away."""

    type = "catalog.stock_ran_out.v1"
    key = "variant_id"
    variant_id: UUID
    vendor_id: UUID
    sku: str
    name: str
    available: int = 0


class StockCameBack(Event):
    """There are some on hand again, after there were none."""

    type = "catalog.stock_came_back.v1"
    key = "variant_id"
    variant_id: UUID
    vendor_id: UUID
    sku: str
    name: str
    available: int


class ReviewPublished(Event):
    type = "catalog.review_published.v1"
    key = "product_id"
    review_id: UUID
    product_id: UUID
    vendor_id: UUID
    product_name: str
    rating: int
