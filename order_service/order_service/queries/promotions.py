"""Which promotions a cart gets, and promotions as admins and vendors see them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Lower
from django.utils import timezone

from order_service.clients import Cart
from order_service.errors import CouponRefused
from order_service.models import Order, Promotion, Redemption
from order_service.queries.discounts import covered_total, gives_nothing
from shared.errors import NotFound


def promotions_for(*, cart: Cart, code: str | None, buyer_key: str) -> tuple[Promotion, ...]:
    """What this buyer gets on this cart now, in the order it is taken off.

    By priority, a coupon before others of its own. An exclusive one comes alone: if it is the first, nothing follows;
    if not, it is left out. Raises CouponRefused, which says why: what a buyer asked for is never left out in silence.
    """
    code = (code or "").strip().upper()
    now, rows = timezone.now(), list(_candidates(cart, code))
    coupon = next((row for row in rows if row.code), None)
    if code and coupon is None:
        raise CouponRefused("There is no such coupon.")
    used, ordered = _uses(rows, buyer_key), _has_ordered(rows, buyer_key)
    refused = {row.id: _why_not(row, cart, now) or _used_enough(row, used, ordered) for row in rows}
    if coupon and refused[coupon.id]:
        raise CouponRefused(refused[coupon.id])
    chosen = _combined([row for row in rows if not refused[row.id]])
    if coupon and coupon not in chosen:
        raise CouponRefused(f"This coupon cannot be combined with: {chosen[0].title}.")
    return tuple(chosen)


def _candidates(cart: Cart, code: str) -> QuerySet[Promotion]:
    """The coupon however it is, and of the others those that are on."""
    now = timezone.now()
    automatic = (
        Q(code=None)
        & (Q(vendor_id=None) | Q(vendor_id__in={line.vendor_id for line in cart.lines}))
        & (Q(ends_at=None) | Q(ends_at__gt=now))
        & (Q(starts_at=None) | Q(starts_at__lte=now))
    )
    return Promotion.objects.filter(automatic | Q(code=code)) if code else Promotion.objects.filter(automatic)


def _combined(rows: Sequence[Promotion]) -> list[Promotion]:
    in_order = sorted(rows, key=lambda row: (-row.priority, row.code is None, row.id))
    if in_order and in_order[0].exclusive:
        return in_order[:1]
    return [row for row in in_order if not row.exclusive]


def _why_not(row: Promotion, cart: Cart, now: datetime) -> str:
    reasons = {
        "This coupon is not valid yet.": row.starts_at is not None and now < row.starts_at,
        "This coupon has expired.": row.ends_at is not None and now >= row.ends_at,
        "This coupon has been used up.": row.redemption_limit is not None and row.redeemed >= row.redemption_limit,
        "This coupon is for another currency.": bool(
            (row.amount and row.currency != cart.currency) or (row.minimum and row.minimum_currency != cart.currency)
        ),
        "The cart has not reached this coupon's minimum.": covered_total(row, cart.lines) < row.minimum,
        "This coupon is for other things than these.": gives_nothing(row, cart.lines),
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _used_enough(row: Promotion, used: dict[UUID, int], ordered: bool) -> str:
    if row.first_order_only and ordered:
        return "This coupon is for a first order."
    if row.per_user_limit is not None and used.get(row.id, 0) >= row.per_user_limit:
        return "You have used this coupon as often as it allows."
    return ""


def _uses(rows: Iterable[Promotion], buyer_key: str) -> dict[UUID, int]:
    """Promotion → how often this buyer has used it; asked only where it matters."""
    limited = [row.id for row in rows if row.per_user_limit is not None]
    return uses_of(limited, buyer_key) if limited else {}


def uses_of(promotions: Iterable[UUID], buyer_key: str) -> dict[UUID, int]:
    mine = Redemption.objects.filter(promotion_id__in=promotions, buyer_key=buyer_key, released_at=None)
    return dict(mine.values("promotion_id").annotate(times=Count("id")).values_list("promotion_id", "times"))


def _has_ordered(rows: Iterable[Promotion], buyer_key: str) -> bool:
    return any(row.first_order_only for row in rows) and has_ordered(buyer_key)


def has_ordered(buyer_key: str, *, but: UUID | None = None) -> bool:
    """Something that was not cancelled: an account by its id, a guest by address."""
    orders = Order.objects.exclude(status=Order.Status.CANCELLED)
    orders = orders.exclude(id=but) if but else orders
    try:
        return orders.filter(user_id=UUID(buyer_key)).exists()
    except ValueError:
        return orders.alias(address=Lower("email")).filter(user_id=None, address=buyer_key).exists()


# ── As admins and vendors manage them ────────────────────────────────────────────────────────────────────────────────


def promotions(*, vendor_id: UUID | None = None) -> QuerySet[Promotion]:
    """All, or a vendor's own; `used`: by how many orders that stand."""
    standing = Redemption.objects.filter(promotion=OuterRef("id"), released_at=None).order_by()
    used = standing.values("promotion").annotate(times=Count("id")).values("times")
    rows = Promotion.objects.annotate(used=Coalesce(Subquery(used), 0))
    return rows if vendor_id is None else rows.filter(vendor_id=vendor_id)


def coupons() -> QuerySet[Promotion]:
    return promotions().filter(code__isnull=False)


def promotion_by_id(promotion_id: UUID, *, vendor_id: UUID | None = None) -> Promotion:
    """Raises NotFound, for another vendor's too."""
    row = promotions(vendor_id=vendor_id).filter(id=promotion_id).first()
    if row is None:
        raise NotFound()
    return row


def coupon_by_id(coupon_id: UUID) -> Promotion:
    row = coupons().filter(id=coupon_id).first()
    if row is None:
        raise NotFound()
    return row


def used_up() -> Q:
    return Q(redemption_limit__isnull=False, redeemed__gte=F("redemption_limit"))
