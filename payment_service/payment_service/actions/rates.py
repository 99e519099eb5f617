"""Publish the day's exchange rates."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import Max

from payment_service.models import RateTable
from shared.audit import record
from shared.contracts.payment import ExchangeRate, ExchangeRatesPublished
from shared.outbox import publish


@transaction.atomic
def publish_rates(*, day: date, base: str, rates: Mapping[str, Decimal]) -> RateTable:
    """Keep the rates of a day in the place of any before, by an admin. The newest day's are told to everybody.

    `rates`: what one unit of `base` is worth in each other currency.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('exchange rates'))")
    known = RateTable.objects.aggregate(version=Max("version"), day=Max("day"))
    told = {currency: rate.normalize() for currency, rate in sorted(rates.items())}
    table, _ = RateTable.objects.update_or_create(
        day=day,
        defaults={
            "base": base,
            "rates": {currency: f"{rate:f}" for currency, rate in told.items()},
            "version": (known["version"] or 0) + 1,
        },
    )
    if known["day"] is None or day >= known["day"]:
        _tell(table, told)
    record(
        action="payment.exchange_rates.publish", subject_kind="exchange_rates", subject_id=day.isoformat(), base=base
    )
    return table


def _tell(table: RateTable, rates: Mapping[str, Decimal]) -> None:
    every = tuple(ExchangeRate(currency=currency, rate=rate) for currency, rate in rates.items())
    publish(
        ExchangeRatesPublished(base=table.base, day=table.day, rates=every, version=table.version),
        version=table.version,
    )
