"""Promotions: made by admins and vendors, redeemed with an order, given back when it is cancelled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from order_service.errors import CouponRefused, PriceChanged, refusing
from order_service.models import Order, Promotion, Redemption
from order_service.queries.promotions import has_ordered, uses_of
from shared.audit import record
from shared.errors import Invalid, NotFound
from shared.money import Money

CODE_TAKEN = {"coupon_code": {"code": ["A coupon with this code is there already."]}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a promotion gives, to whom, and when. Without a code it comes by itself; empty lists cover everything."""

    kind: str
    code: str | None = None
    name: str = ""
    paid_by: str = Promotion.Payer.VENDOR
    basis_points: int = 0
    amount: Money | None = None
    buy_quantity: int = 0
    get_quantity: int = 0
    minimum: Money | None = None
    products: Sequence[UUID] = ()
    categories: Sequence[UUID] = ()
    vendors: Sequence[UUID] = ()
    first_order_only: bool = False
    limit: int | None = None
    per_user_limit: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    priority: int = 0
    exclusive: bool = False


@transaction.atomic
def create_promotion(*, terms: Terms, vendor_id: UUID | None = None) -> Promotion:
    """The platform's, or a vendor's own, who pays for it. Raises Invalid when the code is taken."""
    with refusing(CODE_TAKEN):
        row = Promotion.objects.create(
            vendor_id=vendor_id,
            code=terms.code.strip().upper() if terms.code else None,
            paid_by=Promotion.Payer.VENDOR if vendor_id else terms.paid_by,
            redemption_limit=terms.limit,
            amount=terms.amount.minor if terms.amount else 0,
            currency=terms.amount.currency if terms.amount else "",
            minimum=terms.minimum.minor if terms.minimum else 0,
            minimum_currency=terms.minimum.currency if terms.minimum else "",
            **{name: list(getattr(terms, name)) for name in ("products", "categories", "vendors")},
            **{name: getattr(terms, name) for name in _AS_GIVEN},
        )
    if vendor_id is None:
        record(action=f"order.{row.noun}.create", subject_kind=row.noun, subject_id=row.id, kind=terms.kind)
    return row


_AS_GIVEN = (
    "kind", "name", "basis_points", "buy_quantity", "get_quantity", "first_order_only", "per_user_limit", "starts_at",
    "ends_at", "priority", "exclusive",
)  # fmt: skip


@transaction.atomic
def change_promotion(*, promotion_id: UUID, vendor_id: UUID | None, changes: dict[str, Any]) -> Promotion:
    """`changes`: any of name, starts_at, ends_at, priority, exclusive, limit. What it gives stays: orders explain
    themselves by it. Raises NotFound, Invalid: a limit is changed where there is one, to no less than is used.
    """
    row = _locked(promotion_id, vendor_id)
    if "limit" in changes:
        row.redemption_limit = _new_limit(row, changes["limit"])
    for name in changes.keys() - {"limit"}:
        setattr(row, name, changes[name])
    if row.starts_at and row.ends_at and row.ends_at <= row.starts_at:
        raise Invalid({"ends_at": ["Later than starts_at."]})
    row.save()
    if vendor_id is None:
        told = {"changed": sorted(changes)}
        record(action=f"order.{row.noun}.change", subject_kind=row.noun, subject_id=promotion_id, **told)
    return row


def _new_limit(row: Promotion, limit: int | None) -> int:
    """Orders count only where there is a limit, so that none can be put up or taken down while they are placed."""
    if row.redemption_limit is None or limit is None:
        raise Invalid({"limit": ["A limit is there from the beginning, or never."]})
    if limit < row.redeemed:
        raise Invalid({"limit": [f"Used {row.redeemed} times already."]})
    return limit


@transaction.atomic
def end_promotion(*, promotion_id: UUID, vendor_id: UUID | None = None) -> Promotion:
    """Nobody uses it from now on; orders that did keep it. Raises NotFound, IllegalMove."""
    row = _locked(promotion_id, vendor_id)
    row.end(at=timezone.now())
    row.save(update_fields=["ends_at"])
    if vendor_id is None:
        record(action=f"order.{row.noun}.end", subject_kind=row.noun, subject_id=row.id)
    return row


def _locked(promotion_id: UUID, vendor_id: UUID | None) -> Promotion:
    rows = Promotion.objects.select_for_update(no_key=True).filter(id=promotion_id)
    row = (rows if vendor_id is None else rows.filter(vendor_id=vendor_id)).first()
    if row is None:
        raise NotFound()
    return row


# ── With orders ──────────────────────────────────────────────────────────────────────────────────────────────────────


def redeem_promotions(*, promotions: Sequence[Promotion], order: Order, buyer_key: str) -> None:
    """In the order's own transaction, by id, so that no two orders wait for each other in a circle.

    Limits hold under any concurrency: the total under the promotion's lock, a buyer's under a lock of the buyer, since
    two promotions for a first order must not both find it. Raises CouponRefused; PriceChanged for a promotion that came
    without a code.
    """
    if any(promotion.is_limited_by_buyer for promotion in promotions):
        _lock_buyer(buyer_key)
    for promotion in sorted(promotions, key=lambda one: one.id):
        try:
            _redeem(promotion, order, buyer_key)
        except CouponRefused as refused:
            if promotion.code:
                raise
            raise PriceChanged(f"{promotion.title} is not there any more: {refused.detail}") from None


def _redeem(promotion: Promotion, order: Order, buyer_key: str) -> None:
    if promotion.redemption_limit is not None:
        locked = Promotion.objects.select_for_update(no_key=True).get(id=promotion.id)
        locked.redeem()
        locked.save(update_fields=["redeemed"])
    if promotion.is_limited_by_buyer:
        _refuse_used_enough(promotion, order, buyer_key)
    Redemption.objects.create(promotion=promotion, order_id=order.id, buyer_key=buyer_key)


def _lock_buyer(buyer_key: str) -> None:
    """Until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"promotions {buyer_key}"])


def _refuse_used_enough(promotion: Promotion, order: Order, buyer_key: str) -> None:
    used = uses_of([promotion.id], buyer_key).get(promotion.id, 0)
    if promotion.per_user_limit is not None and used >= promotion.per_user_limit:
        raise CouponRefused("You have used this coupon as often as it allows.")
    if promotion.first_order_only and (used or has_ordered(buyer_key, but=order.id)):
        raise CouponRefused("This coupon is for a first order.")


def release_promotions(*, order_id: UUID) -> None:
    """Give a cancelled order's redemptions back; once, and nothing if there were none."""
    rows = Redemption.objects.select_for_update().filter(order_id=order_id, released_at=None)
    for redemption in rows.order_by("promotion_id"):
        promotion = Promotion.objects.select_for_update(no_key=True).get(id=redemption.promotion_id)
        if promotion.redemption_limit is not None:
            promotion.release()
            promotion.save(update_fields=["redeemed"])
        redemption.released_at = timezone.now()
        redemption.save(update_fields=["released_at"])
