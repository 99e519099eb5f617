"""The provider's records against the ledger: what matches, and what does not and probably why.

What happens at midnight is booked on one day here and on another there. So what is of these days on one side is looked
for a day further on the other, and only then missing.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q, Sum

from payment_service.models import Account, Difference, Entry, Misfit, Payment, Payout, Posting, Refund
from payment_service.queries.provider_records import Record
from shared.money import Money

Kind = Difference.Kind
DAY = timedelta(days=1)
_WHAT = {Entry.Kind.PAYMENT: "charge", Entry.Kind.REFUND: "refund", Entry.Kind.PAYOUT_PAID: "payout"}
_WHAT |= {Entry.Kind.MISFIT: "charge", Entry.Kind.MISFIT_RETURNED: "refund"}


@dataclass(frozen=True)
class Booked:
    """What the ledger says that the provider took or sent. `key` is the payment, refund or payout."""

    what: str
    key: str
    reference: str
    amount: Money
    at: datetime


@dataclass(frozen=True)
class Comparison:
    matched: int
    differences: list[Difference]


def compare(records: Sequence[Record], *, provider: str, since: date, until: date) -> Comparison:
    """Of the days from `since` to `until`, both included, in UTC."""
    start, end = (datetime.combine(day, time(), UTC) for day in (since, until + DAY))
    ours = _booked(provider, start - DAY, end + DAY)
    by_name = {(one.what, name): one for one in ours for name in (one.key, one.reference) if name}
    theirs: dict[Booked, list[Record]] = defaultdict(list)
    unknown: list[Record] = []
    for record in records:
        found = by_name.get((record.kind, record.key)) or by_name.get((record.kind, record.reference))
        if found:
            theirs[found].append(record)
        elif start <= record.at < end:
            unknown.append(record)
    in_days = [one for one in ours if start <= one.at < end]
    differences = _missing_here(unknown)
    differences += [_missing_there(one, end) for one in in_days if one not in theirs]
    pairs = [(one, rows[0]) for one, rows in theirs.items()]
    wrong = [_amount_differs(one, record) for one, record in pairs if one.amount != record.amount]
    differences += wrong
    differences += [_duplicate(one, rows[0], extra) for one, rows in theirs.items() for extra in rows[1:]]
    return Comparison(len(pairs) - len(wrong), differences)


def _booked(provider: str, start: datetime, end: datetime) -> list[Booked]:
    """A payout by bank file is none of the provider's."""
    mine = Posting.objects.filter(
        account__kind=Account.Kind.PROVIDER, entry__recorded_at__gte=start, entry__recorded_at__lt=end
    )
    columns = ("entry__kind", "entry__reference", "currency", "entry__recorded_at")
    rows = mine.filter(entry__kind__in=list(_WHAT)).values_list(*columns).annotate(sum=Sum("minor"))
    sums = list(rows.order_by())
    ids = {reference for _kind, reference, *_rest in sums}
    names = _names(ids, provider)
    return [
        Booked(_WHAT[Entry.Kind(kind)], *names[kind, reference], Money(abs(minor), currency), at)
        for kind, reference, currency, at, minor in sums
        if (kind, reference) in names
    ]


def _names(ids: set[UUID], provider: str) -> dict[tuple[str, UUID], tuple[str, str]]:
    """What each entry is about → the key that the provider was asked with, and its own reference where it is known."""
    kind, names = Entry.Kind, {}
    for payment_id, told in Payment.objects.filter(id__in=ids, method=provider).values_list("id", "provider_reference"):
        names[kind.PAYMENT.value, payment_id] = (str(payment_id), told)
    for refund_id in Refund.objects.filter(id__in=ids, payment__method=provider).values_list("id", flat=True):
        names[kind.REFUND.value, refund_id] = (str(refund_id), "")
    by_provider = Payout.objects.filter(Q(item__isnull=True) | Q(item__run__method="provider"), id__in=ids)
    for payout_id, told in (
        by_provider.values_list("id", "provider_reference") if provider == settings.PAYOUT_PROVIDER else ()
    ):
        names[kind.PAYOUT_PAID.value, payout_id] = (str(payout_id), told)
    for misfit in Misfit.objects.filter(id__in=ids, payment__method=provider).select_related("payment"):
        names[kind.MISFIT.value, misfit.id] = (str(misfit.payment_id), misfit.payment.provider_reference)
        names[kind.MISFIT_RETURNED.value, misfit.id] = (str(misfit.key), "")
    return names


# ── Differences and their causes ─────────────────────────────────────────────────────────────────────────────────────


def _difference(kind: str, cause: str, one: Booked | None, record: Record | None) -> Difference:
    return Difference(
        kind=kind,
        what=one.what if one else record.kind if record else "",
        key=one.key if one else record.key if record else "",
        reference=record.reference if record else one.reference if one else "",
        ours=one.amount.minor if one else None,
        our_currency=one.amount.currency if one else "",
        theirs=record.amount.minor if record else None,
        their_currency=record.amount.currency if record else "",
        cause=cause,
    )


_STATES = {
    "charge": {
        "pending": "The payment is still open here: the provider's answer has not been heard yet.",
        "action_required": "The payment waits for the buyer here: the provider's webhook may be lost.",
        "declined": "The payment was declined here and taken there: it has to be looked at and sent back.",
    },
    "refund": {
        "pending": "The refund is still open here: the provider's answer has not been heard yet.",
        "failed": "The refund failed here and was made there: it has to be booked by hand.",
    },
    "payout": {
        "pending": "The payout is still open here: the provider's answer has not been heard yet.",
        "refused": "The payout was refused here and made there: the vendor may be paid twice.",
    },
}


def _missing_here(records: Sequence[Record]) -> list[Difference]:
    known = _statuses(records)
    return [
        _difference(Kind.MISSING_HERE, _why_not_here(one, known.get((one.kind, one.key), "")), None, one)
        for one in records
    ]


def _why_not_here(record: Record, status: str) -> str:
    if not status:
        return "Nobody here asked for it: somebody else uses the account, or a row is lost."
    return _STATES[record.kind].get(status, "It is booked on other days here: the clocks or the days asked for differ.")


def _statuses(records: Sequence[Record]) -> dict[tuple[str, str], str]:
    """Of the payments, refunds and payouts that the records name by their keys."""
    models = {"charge": Payment.objects.all(), "refund": Refund.objects.all(), "payout": Payout.objects.all()}
    found: dict[tuple[str, str], str] = {}
    for kind, rows in models.items():
        ids = [UUID(one.key) for one in records if one.kind == kind and _ID.fullmatch(one.key)]
        found |= {(kind, str(key)): status for key, status in rows.filter(id__in=ids).values_list("id", "status")}
    return found


_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _missing_there(one: Booked, end: datetime) -> Difference:
    late = "Booked in the last hour of these days: the provider may have it on the next."
    never = "Booked here and unknown there: the file is not complete, or the provider has taken it back."
    return _difference(Kind.MISSING_THERE, late if one.at > end - timedelta(hours=1) else never, one, None)


def _amount_differs(one: Booked, record: Record) -> Difference:
    if one.amount.currency != record.amount.currency:
        cause = "Another currency: the provider has converted it."
    elif record.amount < one.amount:
        cause = "Less there: perhaps the provider's fee was kept back, or a part was taken back."
    else:
        cause = "More there: it was asked for less than was moved."
    return _difference(Kind.AMOUNT, cause, one, record)


def _duplicate(one: Booked, first: Record, extra: Record) -> Difference:
    same = "The file lists it twice, under the same reference."
    twice = "It was moved twice there, under two references: one of them has to be sent back."
    return _difference(Kind.DUPLICATE, same if extra.reference == first.reference else twice, one, extra)
