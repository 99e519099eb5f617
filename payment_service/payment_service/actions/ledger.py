"""The only way into the books.

Locks are taken on accounts in key order, both accounts of a vendor together, so that entries never deadlock and
balances are told in the order in which they changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Sum

from payment_service.models import Account, Entry, Posting
from shared.contracts.payment import Split, StoreCreditChanged, VendorBalanceChanged
from shared.outbox import publish

Kind = Account.Kind
_OF_A_VENDOR = (Kind.VENDOR_PENDING, Kind.VENDOR_AVAILABLE)


@dataclass(frozen=True)
class Line:
    """`minor` above zero is a debit. `owner_id` is the vendor, or the buyer, whose account it is."""

    kind: str
    minor: int
    owner_id: UUID | None = None
    vendor_order_id: UUID | None = None


def tax_on_commission(split: Split, minor: int) -> list[Line]:
    """None where nothing is owed of it: a marketplace that charges no tax on its service has no such account."""
    return [Line(Kind.COMMISSION_TAX, minor, vendor_order_id=split.vendor_order_id)] if split.commission_tax else []


def record(*, kind: Entry.Kind, reference: UUID, currency: str, lines: Sequence[Line], memo: str = "") -> Entry:
    """Book an entry inside the caller's transaction and tell the balances that changed.

    Raises IntegrityError when it was booked before; the database refuses it at commit when it does not sum to zero.
    """
    accounts = lock_accounts(currency=currency, lines=lines)
    entry = Entry.objects.create(kind=kind, reference=reference, memo=memo[:200])
    postings = [
        Posting(
            entry=entry,
            account=accounts[line.kind, line.owner_id],
            minor=line.minor,
            currency=currency,
            vendor_order_id=line.vendor_order_id,
        )
        for line in lines
        if line.minor
    ]
    Posting.objects.bulk_create(sorted(postings, key=lambda posting: posting.account_id))
    tell_balances(sorted({line.owner_id for line in lines if line.owner_id and line.kind in _OF_A_VENDOR}), currency)
    for user_id in sorted({line.owner_id for line in lines if line.owner_id and line.kind == Kind.STORE_CREDIT}):
        tell_credit(user_id=user_id, currency=currency)
    return entry


def lock_accounts(*, currency: str, lines: Sequence[Line]) -> dict[tuple[str, UUID | None], Account]:
    """The accounts of these lines, made where they are missing, locked until the transaction ends.

    A transaction that locks before it records names all that it will book on, or two could wait for each other.
    """
    wanted: set[tuple[str, UUID | None]] = {(line.kind, line.owner_id) for line in lines}
    wanted |= {(kind, owner) for one, owner in wanted if one in _OF_A_VENDOR for kind in _OF_A_VENDOR}
    missing = wanted - set(_accounts(wanted, currency))
    rows = [Account(kind=kind, owner_id=owner, currency=currency) for kind, owner in sorted(missing, key=str)]
    Account.objects.bulk_create(rows, ignore_conflicts=True)
    return _accounts(wanted, currency, lock=True)


def _accounts(
    wanted: set[tuple[str, UUID | None]], currency: str, *, lock: bool = False
) -> dict[tuple[str, UUID | None], Account]:
    rows = Account.objects.filter(currency=currency, kind__in={kind for kind, _owner in wanted}).order_by("id")
    owners = {owner for _kind, owner in wanted if owner}
    rows = rows.filter(owner_id__in=owners) | rows.filter(owner_id__isnull=True)
    if lock:
        rows = rows.select_for_update()
    return {(row.kind, row.owner_id): row for row in rows if (row.kind, row.owner_id) in wanted}


def tell_balances(vendor_ids: Sequence[UUID], currency: str) -> None:
    """A liability has a credit balance, so what a vendor is owed is the negative of its account's."""
    rows = Account.objects.filter(owner_id__in=vendor_ids, currency=currency, kind__in=_OF_A_VENDOR)
    accounts = {(row.owner_id, row.kind): row for row in rows}
    for vendor_id in vendor_ids:
        pending, available = (accounts[vendor_id, kind] for kind in _OF_A_VENDOR)
        version = pending.version + available.version
        told = {"pending": -pending.balance, "available": -available.balance, "version": version}
        publish(VendorBalanceChanged(vendor_id=vendor_id, currency=currency, **told), version=version)


def tell_credit(*, user_id: UUID, currency: str) -> None:
    row = Account.objects.get(kind=Kind.STORE_CREDIT, owner_id=user_id, currency=currency)
    told = StoreCreditChanged(user_id=user_id, currency=currency, available=-row.balance, version=row.version)
    publish(told, version=row.version)


def pending_share(*, vendor_id: UUID, vendor_order_id: UUID) -> int:
    """What of a vendor order is still pending, in minor units. The vendor's accounts are locked by the caller."""
    rows = Posting.objects.filter(
        vendor_order_id=vendor_order_id, account__kind=Kind.VENDOR_PENDING, account__owner_id=vendor_id
    )
    return -int(rows.aggregate(sum=Sum("minor"))["sum"] or 0)
