from datetime import datetime

from django.db import models
from django.db.models import F, Q

from order_service.errors import CouponRefused, IllegalMove
from shared.context import new_id


class Coupon(models.Model):
    """A code that lowers what an order costs. `redeemed` never passes `redemption_limit`: the database refuses it."""

    class Kind(models.TextChoices):
        PERCENTAGE = "percentage"
        AMOUNT = "amount"
        FREE_SHIPPING = "free_shipping"

    id = models.UUIDField(primary_key=True, default=new_id)
    code = models.CharField(max_length=40, unique=True)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    basis_points = models.PositiveIntegerField(default=0)
    amount = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True)
    minimum = models.BigIntegerField(default=0)
    minimum_currency = models.CharField(max_length=3, blank=True)
    redemption_limit = models.PositiveIntegerField(null=True)
    per_user_limit = models.PositiveIntegerField(null=True)
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    redeemed = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "coupon"
        constraints = (
            models.CheckConstraint(
                condition=Q(redemption_limit__isnull=True) | Q(redeemed__lte=F("redemption_limit")),
                name="coupon_within_limit",
            ),
            models.CheckConstraint(condition=Q(basis_points__lte=10_000), name="coupon_at_most_all"),
        )

    def __str__(self) -> str:
        return self.code

    def redeem(self) -> None:
        """Raises CouponRefused when the limit is reached. The caller holds the row's lock."""
        if self.redemption_limit is not None and self.redeemed >= self.redemption_limit:
            raise CouponRefused("This coupon has been used up.")
        self.redeemed += 1

    def end(self, *, at: datetime) -> None:
        if self.ends_at is not None and self.ends_at <= at:
            raise IllegalMove("This coupon has ended.")
        self.ends_at = at

    def release(self) -> None:
        self.redeemed = max(self.redeemed - 1, 0)


class CouponRedemption(models.Model):
    """An order's use of a coupon; `released_at` when the order was cancelled."""

    id = models.UUIDField(primary_key=True, default=new_id)
    coupon = models.ForeignKey(Coupon, on_delete=models.PROTECT, related_name="redemptions")
    order_id = models.UUIDField(unique=True)
    buyer_key = models.CharField(max_length=254)
    released_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "coupon_redemption"
        indexes = (models.Index(fields=["coupon", "buyer_key"], name="redemption_by_buyer"),)

    def __str__(self) -> str:
        return str(self.order_id)
