"""What a simulated provider tells of its own books: a page at a time, as a real one does."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from payment_service.models import SimulatedCharge, SimulatedTransfer

PAGE = 100


def page_of_records(*, since: datetime, until: datetime, after: str) -> tuple[list[dict[str, Any]], str]:
    """The simulator's charges, and then its refunds and payouts; and after which to go on, empty at the end. Raises
    ValueError for an `after` that was none of its own.
    """
    kind, _, last = (after or "charge:").partition(":")
    rows: QuerySet[Any] = SimulatedCharge.objects.all() if kind == "charge" else SimulatedTransfer.objects.all()
    mine = rows.filter(provider="simulator", status="succeeded", created_at__gte=since, created_at__lt=until)
    if last:
        mine = mine.filter(id__gt=UUID(last))
    page = list(mine.order_by("id")[:PAGE])
    if len(page) == PAGE:
        return [_told(row) for row in page], f"{kind}:{page[-1].id}"
    return [_told(row) for row in page], "transfer:" if kind == "charge" else ""


def _told(row: Any) -> dict[str, Any]:
    return {
        "kind": getattr(row, "kind", "charge"),
        "key": row.key,
        "id": str(row.id),
        "minor": row.minor,
        "currency": row.currency,
        "at": row.created_at.isoformat(),
    }


def chapas_transactions(*, page: int, per_page: int) -> tuple[Sequence[SimulatedCharge], bool]:
    """The newest first; is there a page after it?"""
    rows = SimulatedCharge.objects.filter(provider="chapa").order_by("-created_at", "-id")
    found = list(rows[(page - 1) * per_page : page * per_page + 1])
    return found[:per_page], len(found) > per_page
