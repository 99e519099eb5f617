"""Reviews in numbers, and all of them in one go. `vendor_id` None means everybody's, for admins."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Avg, Count, F, Q, QuerySet
from django.db.models.functions import TruncDay, TruncMonth, TruncWeek

from catalog_service.models import Review

INTERVALS = {"day": TruncDay, "week": TruncWeek, "month": TruncMonth}
CHUNK = 1_000
MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Scope:
    """Which reviews: those written from the first day to the last, both included, in UTC."""

    vendor_id: UUID | None = None
    product_id: UUID | None = None
    status: str = ""
    since: date | None = None
    until: date | None = None

    def rows(self) -> QuerySet[Review]:
        rows = Review.objects.all()
        if self.vendor_id:
            rows = rows.filter(product__vendor_id=self.vendor_id)
        if self.product_id:
            rows = rows.filter(product_id=self.product_id)
        if self.status:
            rows = rows.filter(status=self.status)
        if self.since:
            rows = rows.filter(created_at__gte=_start_of(self.since))
        if self.until:
            rows = rows.filter(created_at__lt=_start_of(self.until) + timedelta(days=1))
        return rows


@dataclass(frozen=True, slots=True)
class Report:
    """`series`: start, count, average of approved ones; `products`, `vendors`: those with most of them, by name."""

    totals: dict[str, Any]
    series: list[dict[str, Any]]
    products: list[dict[str, Any]]
    vendors: list[dict[str, Any]]


def export(scope: Scope) -> Iterator[Review]:
    """All, oldest first, a chunk at a time: no statement lasts as long as the reader takes."""
    rows = scope.rows().select_related("product__vendor").order_by("id")
    last: UUID | None = None
    while chunk := list((rows.filter(id__gt=last) if last else rows)[:CHUNK]):
        yield from chunk
        last = chunk[-1].id


def report(scope: Scope, *, interval: str) -> Report:
    """Four statements."""
    rows = scope.rows()
    public = rows.filter(status=Review.Status.APPROVED)
    start = INTERVALS[interval]("created_at", tzinfo=UTC)
    return Report(
        totals=_totals(rows),
        series=list(_rated(public.values(start=start)).order_by("start")),
        products=_most(public.values(subject=F("product_id"), name=F("product__name"))),
        vendors=_most(public.values(subject=F("product__vendor_id"), name=F("product__vendor__name"))),
    )


def _rated(groups: Any) -> Any:
    return groups.annotate(count=Count("id"), average=Avg("rating"))


def _most(groups: Any) -> list[dict[str, Any]]:
    return list(_rated(groups).order_by("-count", "subject")[:MOST_NAMED])


def _totals(rows: QuerySet[Review]) -> dict[str, Any]:
    public = Q(status=Review.Status.APPROVED)
    return rows.aggregate(
        **{status: Count("id", Q(status=status)) for status in Review.Status.values},
        **{f"stars_{stars}": Count("id", public & Q(rating=stars)) for stars in range(1, 6)},
        average=Avg("rating", filter=public),
        verified=Count("id", public & Q(verified_purchase=True)),
        answered=Count("id", public & Q(answered_at__isnull=False)),
        flagged=Count("id", Q(open_flags__gt=0)),
    )


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
