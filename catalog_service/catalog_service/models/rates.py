"""What currencies are worth in each other: a projection of payment's daily rates."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property

from django.db import models
from django.db.models import OuterRef, Q, Subquery

from catalog_service.models.products import ProductPrice
from shared.money import EXPONENTS, Money, convert, factor


class ExchangeRate(models.Model):
    """What one unit of the rates' base is worth on `day`; the base itself has a row, too. Only the newest is kept."""

    currency = models.CharField(max_length=3, primary_key=True)
    rate = models.DecimalField(max_digits=30, decimal_places=12)
    day = models.DateField()
    version = models.PositiveBigIntegerField()

    class Meta:
        db_table = "exchange_rate"
        constraints = (
            models.CheckConstraint(condition=Q(rate__gt=0), name="exchange_rate_positive"),
            models.CheckConstraint(condition=Q(currency__in=sorted(EXPONENTS)), name="exchange_rate_currency_traded"),
        )

    def __str__(self) -> str:
        return f"{self.rate} {self.currency}"


class Wish:
    """The currency that somebody wants prices in, and the way there: rates are read once, and only if need be."""

    def __init__(self, currency: str) -> None:
        self.currency = currency

    @cached_property
    def _rates(self) -> list[tuple[str, Decimal, int | None]]:
        """Each with the least price that is converted from it, if any is: the first step of a walk along the index,
        where a question for any at all might be answered by a look at all rows.
        """
        prices = ProductPrice.objects.filter(currency=OuterRef("currency"), own__isnull=False)
        least = Subquery(prices.order_by("currency", "minor").values("minor")[:1])
        return list(ExchangeRate.objects.annotate(least=least).values_list("currency", "rate", "least"))

    @cached_property
    def _by_currency(self) -> Mapping[str, Decimal]:
        return {currency: rate for currency, rate, _least in self._rates}

    @cached_property
    def factors(self) -> Mapping[str, Decimal]:
        """What minor units of each other currency that products are priced in count for, where there are rates."""
        sources = [currency for currency, _rate, least in self._rates if least and currency != self.currency]
        found = {source: factor(self._by_currency, source, self.currency) for source in sorted(sources)}
        return {source: by for source, by in found.items() if by}

    def convert(self, money: Money) -> Money | None:
        """None where there is no rate, or the amount is beyond all reason."""
        if money.currency == self.currency:
            return money
        by = factor(self._by_currency, money.currency, self.currency)
        return convert(money, self.currency, by) if by else None
