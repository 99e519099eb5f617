"""What variants cost in each currency: always, and while a sale is on."""

from datetime import datetime
from typing import NamedTuple

from django.db import models
from django.db.models import Q

from catalog_service.models.products import Product, Variant
from shared.context import new_id
from shared.money import EXPONENTS, MAX_MINOR, Money


class Asked(NamedTuple):
    """What is asked for a variant at some moment, what it is crossed out from, and what was asked before that."""

    money: Money
    compare_at: Money | None
    lowest: Money | None = None


class Price(models.Model):
    """What a variant costs in one currency, in minor units; `compare_at_minor` is what it is crossed out from.

    A sale asks `sale_minor` from `sale_starts_at` until before `sale_ends_at` (null: always, for good), crossed out
    from `minor`. The database's function `price_at(moment)` says the same as `asked`. `approved_minor` is what an admin
    agreed to, if the price has moved since. `lowest_minor` is the least that was asked in the 30 days before the latest
    PriceChange (null: nothing was).
    """

    variant = models.ForeignKey(Variant, models.CASCADE, related_name="prices")
    currency = models.CharField(max_length=3)
    minor = models.BigIntegerField()
    compare_at_minor = models.BigIntegerField(null=True)
    sale_minor = models.BigIntegerField(null=True)
    sale_starts_at = models.DateTimeField(null=True)
    sale_ends_at = models.DateTimeField(null=True)
    approved_minor = models.BigIntegerField(null=True)
    lowest_minor = models.BigIntegerField(null=True)

    class Meta:
        db_table = "price"
        constraints = (
            models.UniqueConstraint(fields=["variant", "currency"], name="price_once"),
            models.CheckConstraint(condition=Q(minor__gt=0, minor__lte=MAX_MINOR), name="price_in_range"),
            models.CheckConstraint(
                condition=Q(compare_at_minor__isnull=True) | Q(compare_at_minor__gt=models.F("minor")),
                name="price_compare_at_above",
            ),
            models.CheckConstraint(
                condition=Q(sale_minor__isnull=True) | Q(sale_minor__gt=0, sale_minor__lt=models.F("minor")),
                name="price_sale_below",
            ),
            models.CheckConstraint(
                condition=Q(sale_starts_at__isnull=True)
                | Q(sale_ends_at__isnull=True)
                | Q(sale_ends_at__gt=models.F("sale_starts_at")),
                name="price_sale_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(sale_minor__isnull=False) | Q(sale_starts_at__isnull=True, sale_ends_at__isnull=True),
                name="price_sale_complete",
            ),
            models.CheckConstraint(condition=Q(currency__in=sorted(EXPONENTS)), name="price_currency_traded"),
        )

    def __str__(self) -> str:
        return str(self.money)

    @property
    def money(self) -> Money:
        return Money(self.minor, self.currency)

    @property
    def compare_at(self) -> Money | None:
        return None if self.compare_at_minor is None else Money(self.compare_at_minor, self.currency)

    @property
    def sale(self) -> Money | None:
        """What the sale asks, whether it is on or not."""
        return None if self.sale_minor is None else Money(self.sale_minor, self.currency)

    def is_on_sale(self, moment: datetime) -> bool:
        return (
            self.sale_minor is not None
            and (self.sale_starts_at is None or self.sale_starts_at <= moment)
            and (self.sale_ends_at is None or moment < self.sale_ends_at)
        )

    def asked(self, moment: datetime) -> Asked:
        money, compare_at = (
            (self.sale, self.money) if self.sale and self.is_on_sale(moment) else (self.money, self.compare_at)
        )
        lowest = Money(self.lowest_minor, self.currency) if compare_at and self.lowest_minor else None
        return Asked(money, compare_at, lowest)

    def put_on_sale(self, money: Money, starts_at: datetime | None, ends_at: datetime | None) -> None:
        self.sale_minor, self.sale_starts_at, self.sale_ends_at = money.minor, starts_at, ends_at

    def end_sale(self) -> None:
        self.sale_minor = self.sale_starts_at = self.sale_ends_at = None


class PriceChange(models.Model):
    """What was asked for a variant in a currency from `at` on, and what that was crossed out from. Null: nothing is."""

    id = models.UUIDField(primary_key=True, default=new_id)
    variant = models.ForeignKey(Variant, models.CASCADE, related_name="price_changes")
    product = models.ForeignKey(Product, models.CASCADE, related_name="+")
    currency = models.CharField(max_length=3)
    minor = models.BigIntegerField(null=True)
    compare_at_minor = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "price_change"
        indexes = (
            models.Index(fields=["variant", "currency", "-at"], name="price_change_of_variant"),
            models.Index(fields=["product", "at", "id"], name="price_change_of_product"),
        )

    def __str__(self) -> str:
        return f"{self.minor} {self.currency}"
