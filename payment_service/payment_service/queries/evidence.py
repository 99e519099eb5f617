"""What the auditor compares with other services: payments with what the ledger says of them, balances, payouts."""

from collections import Counter, defaultdict
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Sum
from django.utils import timezone

from payment_service.models import Account, Entry, Payment, Payout, Posting, Refund, Release, Vendor
from payment_service.queries.books import broken_rules
from shared.evidence import Checks, Page, Row, Topics

_SHARES = {
    Account.Kind.TAX: "tax",
    Account.Kind.COMMISSION: "commission",
    Account.Kind.COMMISSION_TAX: "commission_tax",
    Account.Kind.VENDOR_PENDING: "vendor",
    Account.Kind.VENDOR_AVAILABLE: "vendor",
}
_OF_A_VENDOR = (Account.Kind.VENDOR_PENDING, Account.Kind.VENDOR_AVAILABLE)


def payments(page: Page) -> list[Row]:
    """By order, in four statements; amounts in minor units."""
    payments = Payment.objects.defer("next_action").prefetch_related(
        Prefetch("refunds", Refund.objects.defer("splits"))
    )
    rows = list(page.of(payments, "order_id"))
    booked = _booked([row.id for row in rows])
    releases = _releases([UUID(split["vendor_order_id"]) for row in rows for split in row.splits])
    return [_payment(row, booked[row.id], releases) for row in rows]


def _payment(row: Payment, booked: dict[str, dict[str, int]], releases: dict[str, int | None]) -> Row:
    refunds, parts = list(row.refunds.all()), [split["vendor_order_id"] for split in row.splits]
    return {
        "id": row.order_id,
        "changed_at": max([row.updated_at, *(one.done_at or one.created_at for one in refunds)]),
        "payment": row.id,
        "status": row.status,
        "currency": row.currency,
        "amount": row.minor,
        "refunded": row.refunded,
        "splits": {split["vendor_order_id"]: _split(split) for split in row.splits},
        "booked": booked,
        "released": {part: releases[part] is None for part in parts if part in releases},
        "overdue": {part: late for part in parts if (late := releases.get(part)) is not None},
        "refunds": {str(one.id): {"status": one.status, "amount": one.minor} for one in refunds},
    }


def _split(split: dict[str, Any]) -> dict[str, Any]:
    names = ("gross", "tax", "commission", "commission_tax")
    return {"vendor": split["vendor_id"], **{name: split.get(name, 0) for name in names}}


def _booked(payment_ids: list[UUID]) -> defaultdict[UUID, dict[str, dict[str, int]]]:
    """Payment → vendor order → whose how much of it is, as the ledger says."""
    found: defaultdict[UUID, dict[str, dict[str, int]]] = defaultdict(dict)
    rows = Posting.objects.filter(
        entry__kind=Entry.Kind.PAYMENT, entry__reference__in=payment_ids, vendor_order_id__isnull=False
    )
    columns = ("entry__reference", "vendor_order_id", "account__kind")
    for payment_id, part, kind, minor in rows.values_list(*columns).annotate(sum=Sum("minor")).order_by():
        shares = found[payment_id].setdefault(str(part), dict.fromkeys(_SHARES.values(), 0))
        if kind in _SHARES:
            shares[_SHARES[Account.Kind(kind)]] -= minor
    return found


def _releases(vendor_order_ids: list[UUID]) -> dict[str, int | None]:
    """Vendor orders that are to be released: seconds since that was due, or less than none; None: they have been."""
    rows, now = Release.objects.filter(vendor_order_id__in=vendor_order_ids), timezone.now()
    return {
        str(row.vendor_order_id): None if row.released_at else int((now - row.due_at).total_seconds()) for row in rows
    }


def balances(page: Page) -> list[Row]:
    """By vendor and currency; what is owed is above zero. Versions as vendor is told them."""
    accounts = Account.objects.filter(kind__in=_OF_A_VENDOR)
    versions: defaultdict[UUID, Counter[str]] = defaultdict(Counter)
    sums: dict[UUID, dict[str, dict[str, int]]] = {owner: {} for owner in page.keys(accounts, "owner_id") if owner}
    for row in accounts.filter(owner_id__in=sums):
        assert row.owner_id is not None
        figures = sums[row.owner_id].setdefault(row.currency, {"pending": 0, "available": 0})
        figures["pending" if row.kind == Account.Kind.VENDOR_PENDING else "available"] = -row.balance
        versions[row.owner_id][row.currency] += row.version
    return [{"id": owner, "version": +versions[owner], "balances": figures} for owner, figures in sums.items()]


def credits(page: Page) -> list[Row]:
    """What each buyer has of store credit, by currency."""
    accounts = Account.objects.filter(kind=Account.Kind.STORE_CREDIT)
    owners: dict[UUID, dict[str, int]] = {owner: {} for owner in page.keys(accounts, "owner_id") if owner}
    for row in accounts.filter(owner_id__in=owners):
        assert row.owner_id is not None
        owners[row.owner_id][row.currency] = -row.balance
    return [{"id": owner, "available": available} for owner, available in owners.items()]


def payouts(page: Page) -> list[Row]:
    return [
        {"id": row.id, "status": row.status, "vendor": row.vendor_id, "amount": row.minor, "currency": row.currency}
        for row in page.of(Payout.objects.all())
    ]


def vendors(page: Page) -> list[Row]:
    rows = page.of(Vendor.objects.all())
    return [
        {"id": row.id, "version": row.version, "name": row.name, "status": row.status, "owner": row.owner_id}
        for row in rows
    ]


TOPICS: Topics = {
    "payments": payments, "balances": balances, "credits": credits, "payouts": payouts, "vendors": vendors,
}  # fmt: skip
CHECKS: Checks = {"ledger": broken_rules}
