"""What the auditor compares with other services: orders, and the copies that are kept here."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Prefetch
from django.utils import timezone

from order_service.actions.customers import ERASED, FINISHED
from order_service.models import Customer, Order, OrderLine, Refund, StoreCredit, VendorOrder, VendorTerms
from order_service.queries.report_books import broken_rules
from shared.evidence import Checks, Page, Row, Topics, digest, kept_of

_FORGOTTEN_WITHIN = timedelta(hours=2)
_LONG = ("shipping_address", "billing_address", "next_action", "buyer_name", "guest_digest")


def orders(page: Page) -> list[Row]:
    """In five statements; amounts in minor units."""
    lines = OrderLine.objects.only("vendor_order", "variant_id", "quantity", "cancelled_quantity")
    parts = VendorOrder.objects.defer("why").prefetch_related(Prefetch("lines", lines))
    refunds = Prefetch("refunds", Refund.objects.defer("splits"))
    wanted = Order.objects.defer(*_LONG).prefetch_related(Prefetch("vendor_orders", parts), refunds)
    rows = list(page.of(wanted))
    gone = Customer.objects.filter(user_id__in={row.user_id for row in rows}, erased_at__isnull=False)
    erased = set(gone.values_list("user_id", flat=True))
    return [_order(row, erased=row.email == ERASED or row.user_id in erased) for row in rows]


def _order(row: Order, *, erased: bool) -> Row:
    parts, refunds = list(row.vendor_orders.all()), list(row.refunds.all())
    kept = [line for part in parts for line in part.lines.all()]
    return {
        "id": row.id,
        "changed_at": _changed_at(row, parts, refunds),
        "status": row.status,
        "charged": not row.is_replacement,
        "confirmed": row.confirmed_at is not None,
        "erased": erased,
        "currency": row.currency,
        "total": row.total,
        "payment": row.payment_id,
        "overdue": _overdue(row),
        "parts": {str(part.id): _part(part) for part in parts},
        "ordered": _sums((line.variant_id, line.quantity) for line in kept),
        "cancelled": _sums((line.variant_id, line.cancelled_quantity) for line in kept),
        "refunds": {str(one.id): {"status": one.status, "amount": one.amount} for one in refunds},
    }


def _changed_at(row: Order, parts: list[VendorOrder], refunds: list[Refund]) -> datetime:
    """Refunds and deliveries of a part do not touch the order's own row."""
    times = [one.done_at or one.created_at for one in refunds] + [part.delivered_at for part in parts]
    return max([row.updated_at, *(time for time in times if time)])


def _overdue(row: Order) -> int | None:
    """Seconds since an open order should have ended; None: it has no end, or has ended."""
    if not row.is_open or row.deadline is None:
        return None
    return int((timezone.now() - row.deadline).total_seconds())


def _part(part: VendorOrder) -> dict[str, Any]:
    return {
        "vendor": part.vendor_id,
        "status": part.status,
        "total": part.total,
        "tax": part.tax_total + part.tax_included,
        "commission": part.commission,
        "commission_tax": part.commission_tax,
    }


def _sums(pairs: Any) -> dict[str, int]:
    sums = Counter[str]()
    for variant_id, quantity in pairs:
        sums[str(variant_id)] += quantity
    return dict(+sums)


def vendors(page: Page) -> list[Row]:
    rows = page.of(VendorTerms.objects.all(), "vendor_id")
    return [
        {
            "id": row.vendor_id,
            "version": row.version,
            "name": row.name,
            "active": row.active,
            "commission_basis_points": row.commission_basis_points,
        }
        for row in rows
    ]


def customers(page: Page) -> list[Row]:
    """Without those who are to be forgotten."""
    rows = page.of(Customer.objects.filter(erased_at=None), "user_id")
    return [{"id": row.user_id, "version": row.version, "knows": digest(row.email, row.locale)} for row in rows]


def credits(page: Page) -> list[Row]:
    """What each buyer has of store credit, by currency."""
    owners: dict[UUID, dict[str, int]] = {user_id: {} for user_id in page.keys(StoreCredit.objects.all(), "user_id")}
    for row in StoreCredit.objects.filter(user_id__in=owners):
        owners[row.user_id][row.currency] = row.available
    return [{"id": user_id, "available": available} for user_id, available in owners.items()]


def people(page: Page) -> list[Row]:
    """Of those who were erased; orders that ended since are forgotten within the hour."""
    ended = Order.objects.filter(status__in=FINISHED, updated_at__lt=timezone.now() - _FORGOTTEN_WITHIN)
    known = Customer.objects.exclude(email=ERASED)
    return kept_of(page, {"orders that name the buyer": ended.exclude(email=ERASED), "mail addresses": known})


TOPICS: Topics = {
    "orders": orders, "vendors": vendors, "customers": customers, "credits": credits, "people": people,
}  # fmt: skip
CHECKS: Checks = {"reports": broken_rules}
