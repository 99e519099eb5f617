"""What lowers the cost of an order: by itself, or by a code."""

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from order_service.errors import CouponRefused, IllegalMove
from shared.context import new_id


class Promotion(models.Model):
    """A rule; one with a `code` is a coupon. What it gives never changes, so that what it gave can be explained.

    `redeemed` guards `redemption_limit` and never passes it: the database refuses it. Without a limit nobody counts
    there, and orders need not wait for each other.
    """

    class Kind(models.TextChoices):
        PERCENTAGE = "percentage"
        AMOUNT = "amount"
        FREE_SHIPPING = "free_shipping"
        BUY_X_GET_Y = "buy_x_get_y"

    class Payer(models.TextChoices):
        PLATFORM = "platform"
        VENDOR = "vendor"

    id = models.UUIDField(primary_key=True, default=new_id)
    code = models.CharField(max_length=40, unique=True, null=True)
    name = models.CharField(max_length=100, blank=True, default="", db_default="")
    vendor_id = models.UUIDField(null=True)
    """Whose own it is, for its own products only; null for the platform's."""
    paid_by = models.CharField(
        max_length=10, choices=Payer.choices, default=Payer.VENDOR, db_default=Payer.VENDOR.value
    )
    kind = models.CharField(max_length=20, choices=Kind.choices)
    basis_points = models.PositiveIntegerField(default=0)
    amount = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True)
    buy_quantity = models.PositiveIntegerField(default=0, db_default=0)
    get_quantity = models.PositiveIntegerField(default=0, db_default=0)
    minimum = models.BigIntegerField(default=0)
    minimum_currency = models.CharField(max_length=3, blank=True)
    products = ArrayField(models.UUIDField(), default=list, db_default=[])
    categories = ArrayField(models.UUIDField(), default=list, db_default=[])
    vendors = ArrayField(models.UUIDField(), default=list, db_default=[])
    first_order_only = models.BooleanField(default=False, db_default=False)
    redemption_limit = models.PositiveIntegerField(null=True)
    per_user_limit = models.PositiveIntegerField(null=True)
    starts_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    priority = models.IntegerField(default=0, db_default=0)
    exclusive = models.BooleanField(default=False, db_default=False)
    redeemed = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "coupon"  # its first name: instances of before keep reading it while they are replaced
        indexes = (
            models.Index(fields=["ends_at"], name="promotion_automatic", condition=Q(code__isnull=True)),
            models.Index(fields=["vendor_id", "-id"], name="promotion_of_vendor"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(redemption_limit__isnull=True) | Q(redeemed__lte=F("redemption_limit")),
                name="coupon_within_limit",
            ),
            models.CheckConstraint(condition=Q(basis_points__lte=10_000), name="coupon_at_most_all"),
            models.CheckConstraint(
                condition=~Q(kind="buy_x_get_y") | Q(buy_quantity__gte=1, get_quantity__gte=1),
                name="promotion_buys_and_gets",
            ),
            models.CheckConstraint(
                condition=Q(vendor_id__isnull=True) | Q(paid_by="vendor"), name="promotion_of_vendor_paid_by_it"
            ),
        )

    def __str__(self) -> str:
        return self.code or self.name

    @property
    def title(self) -> str:
        """As a buyer reads it."""
        return self.name or self.code or self.kind

    @property
    def noun(self) -> str:
        return "coupon" if self.code else "promotion"

    @property
    def is_limited_by_buyer(self) -> bool:
        return self.per_user_limit is not None or self.first_order_only

    def redeem(self) -> None:
        """Raises CouponRefused when the limit is reached. The caller holds the row's lock."""
        if self.redemption_limit is not None and self.redeemed >= self.redemption_limit:
            raise CouponRefused(f"{self.title}: this has been used up.")
        self.redeemed += 1

    def end(self, *, at: datetime) -> None:
        if self.ends_at is not None and self.ends_at <= at:
            raise IllegalMove(f"This {self.noun} has ended.")
        self.ends_at = at

    def release(self) -> None:
        self.redeemed = max(self.redeemed - 1, 0)


class Redemption(models.Model):
    """An order's use of a promotion; `released_at` when the order was cancelled."""

    id = models.UUIDField(primary_key=True, default=new_id)
    promotion = models.ForeignKey(
        Promotion, on_delete=models.PROTECT, related_name="redemptions", db_column="coupon_id"
    )
    order_id = models.UUIDField()
    buyer_key = models.CharField(max_length=254)
    released_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "coupon_redemption"
        indexes = (models.Index(fields=["promotion", "buyer_key"], name="redemption_by_buyer"),)
        constraints = (models.UniqueConstraint(fields=["order_id", "promotion"], name="one_redemption_an_order"),)

    def __str__(self) -> str:
        return str(self.order_id)
