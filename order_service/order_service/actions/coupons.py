"""Coupons: made by admins, redeemed with an order, released when it is cancelled."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from order_service.errors import CouponRefused
from order_service.models import Coupon, CouponRedemption, Order
from shared.audit import record
from shared.errors import Invalid, NotFound
from shared.money import Money


@transaction.atomic
def create_coupon(
    *,
    code: str,
    kind: str,
    basis_points: int = 0,
    amount: Money | None = None,
    limit: int | None = None,
    per_user_limit: int | None = None,
    minimum: Money | None = None,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
) -> Coupon:
    """Raises Invalid when the code is taken."""
    try:
        with transaction.atomic():
            coupon = Coupon.objects.create(
                code=code.strip().upper(),
                kind=kind,
                basis_points=basis_points,
                amount=amount.minor if amount else 0,
                currency=amount.currency if amount else "",
                minimum=minimum.minor if minimum else 0,
                minimum_currency=minimum.currency if minimum else "",
                redemption_limit=limit,
                per_user_limit=per_user_limit,
                starts_at=starts_at,
                ends_at=ends_at,
            )
    except IntegrityError:
        raise Invalid({"code": ["A coupon with this code is there already."]}) from None
    record(action="order.coupon.create", subject_kind="coupon", subject_id=coupon.id, kind=kind)
    return coupon


@transaction.atomic
def end_coupon(*, coupon_id: UUID) -> Coupon:
    """Nobody uses it from now on; orders that did keep it. Raises NotFound, IllegalMove."""
    coupon = Coupon.objects.select_for_update().filter(id=coupon_id).first()
    if coupon is None:
        raise NotFound
    coupon.end(at=timezone.now())
    coupon.save(update_fields=["ends_at"])
    record(action="order.coupon.end", subject_kind="coupon", subject_id=coupon.id)
    return coupon


def redeem_coupon(*, coupon: Coupon, order: Order, buyer_key: str) -> None:
    """In the order's own transaction, under the coupon's lock: its limits hold under any concurrency."""
    locked = Coupon.objects.select_for_update().get(id=coupon.id)
    if locked.per_user_limit is not None:
        used = CouponRedemption.objects.filter(coupon=locked, buyer_key=buyer_key, released_at=None).count()
        if used >= locked.per_user_limit:
            raise CouponRefused("You have used this coupon as often as it allows.")
    locked.redeem()
    locked.save(update_fields=["redeemed"])
    CouponRedemption.objects.create(coupon=locked, order_id=order.id, buyer_key=buyer_key)


def release_coupon(*, order_id: UUID) -> None:
    """Give a cancelled order's redemption back; once, and nothing if there was none."""
    redemption = CouponRedemption.objects.select_for_update().filter(order_id=order_id, released_at=None).first()
    if redemption is None:
        return
    coupon = Coupon.objects.select_for_update().get(id=redemption.coupon_id)
    coupon.release()
    coupon.save(update_fields=["redeemed"])
    redemption.released_at = timezone.now()
    redemption.save(update_fields=["released_at"])
