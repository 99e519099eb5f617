"""A vendor's figures, in a handful of questions to the database however much was sold."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Avg, Count, Q, QuerySet, Sum
from django.utils import timezone

from shared.money import Money
from vendor_service.models import ReturnCase, ReviewNote, Sale, ScarceVariant

Figures = dict[str, Any]


def periods(now: datetime | None = None) -> dict[str, datetime]:
    """Name → its beginning. Days are those of UTC, and today counts as one of them."""
    midnight = (now or timezone.now()).replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        name: midnight - timedelta(days=days) for name, days in (("today", 0), ("last_7_days", 6), ("last_30_days", 29))
    }


def figures(vendor_id: UUID) -> dict[str, Figures]:
    """Period → its figures."""
    begun = periods()
    sold, counted = _sold(vendor_id, begun), _counted(vendor_id, begun)
    return {name: {"since": since, **counted[name], "sold": sold[name]} for name, since in begun.items()}


def to_do(vendor_id: UUID) -> dict[str, int]:
    """What waits for the vendor."""
    scarce = dict(ScarceVariant.objects.filter(vendor_id=vendor_id).values_list("state").annotate(Count("pk")))
    waiting = Q(requested_at__isnull=False, received_at__isnull=True)
    returns = ReturnCase.objects.filter(vendor_id=vendor_id).aggregate(
        decide=Count("pk", filter=waiting & Q(approved__isnull=True)),
        receive=Count("pk", filter=waiting & Q(approved=True)),
    )
    unsent = Q(confirmed_at__isnull=False, shipped_at__isnull=True, cancelled_at__isnull=True)
    return {
        "orders_to_ship": Sale.objects.filter(unsent, vendor_id=vendor_id).count(),
        "returns_to_decide": returns["decide"],
        "returns_to_receive": returns["receive"],
        "stock_low": scarce.get(ScarceVariant.State.LOW, 0),
        "stock_out": scarce.get(ScarceVariant.State.OUT, 0),
    }


def _counted(vendor_id: UUID, begun: Mapping[str, datetime]) -> dict[str, Figures]:
    """Period → how much happened in it."""
    sales = _per_period(Sale.objects.filter(vendor_id=vendor_id), begun, "confirmed_at", "shipped_at", "cancelled_at")
    returns = _per_period(ReturnCase.objects.filter(vendor_id=vendor_id), begun, "requested_at")
    notes = ReviewNote.objects.filter(vendor_id=vendor_id)
    reviews = _per_period(notes, begun, "heard_at")
    rated = notes.aggregate(**{name: Avg("rating", filter=Q(heard_at__gte=since)) for name, since in begun.items()})
    return {
        name: {
            "orders_confirmed": sales[name, "confirmed_at"],
            "orders_shipped": sales[name, "shipped_at"],
            "orders_cancelled": sales[name, "cancelled_at"],
            "returns_requested": returns[name, "requested_at"],
            "reviews": reviews[name, "heard_at"],
            "rating": None if rated[name] is None else round(rated[name], 2),
        }
        for name in begun
    }


def _per_period(rows: QuerySet[Any], begun: Mapping[str, datetime], *times: str) -> dict[tuple[str, str], int]:
    """(period, time) → of how many rows that time lies in the period."""
    asked = {(name, time): Count("pk", filter=Q(**{f"{time}__gte": begun[name]})) for name in begun for time in times}
    told = rows.aggregate(**{f"{time}_in_{name}": count for (name, time), count in asked.items()})
    return {(name, time): told[f"{time}_in_{name}"] for name, time in asked}


def _sold(vendor_id: UUID, begun: Mapping[str, datetime]) -> dict[str, list[Figures]]:
    """Period → for each currency, how many orders were confirmed in it and stand, their totals, and what was refunded
    in it of returns.
    """
    stand = Sale.objects.filter(vendor_id=vendor_id, confirmed_at__isnull=False, cancelled_at__isnull=True)
    back = ReturnCase.objects.filter(vendor_id=vendor_id, refunded_at__isnull=False)
    orders = _per_currency(stand, begun, "confirmed_at", Count, "pk")
    totals = _per_currency(stand, begun, "confirmed_at", Sum, "total")
    refunded = _per_currency(back, begun, "refunded_at", Sum, "refunded")
    currencies = sorted({currency for _name, currency in (*orders, *refunded)})
    return {
        name: [
            {
                "currency": currency,
                "orders": orders[name, currency],
                "total": Money(totals[name, currency], currency).as_json(),
                "refunded": Money(refunded[name, currency], currency).as_json(),
            }
            for currency in currencies
        ]
        for name in begun
    }


def _per_currency(
    rows: QuerySet[Any], begun: Mapping[str, datetime], time: str, kind: type[Count | Sum], about: str
) -> dict[tuple[str, str], int]:
    """(period, currency) → how many, or their sum; 0 for what there is none of."""
    asked = {f"in_{name}": kind(about, filter=Q(**{f"{time}__gte": since})) for name, since in begun.items()}
    found: dict[tuple[str, str], int] = defaultdict(int)
    for row in rows.values("currency").annotate(**asked).order_by("currency"):
        found |= {(name, row["currency"]): row[f"in_{name}"] or 0 for name in begun}
    return found
