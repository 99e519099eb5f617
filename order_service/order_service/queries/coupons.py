from uuid import UUID

from django.db.models import QuerySet

from order_service.models import Coupon
from shared.errors import NotFound


def coupons() -> QuerySet[Coupon]:
    return Coupon.objects.all()


def coupon_by_id(coupon_id: UUID) -> Coupon:
    row = Coupon.objects.filter(id=coupon_id).first()
    if row is None:
        raise NotFound()
    return row
