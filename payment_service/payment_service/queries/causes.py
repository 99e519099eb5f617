"""Why a provider's record and the ledger differ, probably, in words for whoever looks into it."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from payment_service.clients.port import Record
from payment_service.models import BANK, Difference, Misfit, Payment, Payout, Refund
from payment_service.queries.booked import Booked

Kind = Difference.Kind
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_OPEN = "is still open here: the provider's answer has not been heard yet."
_STATES = {
    "charge": {
        "pending": f"The payment {_OPEN}",
        "action_required": "The payment waits for the buyer here: the provider's webhook may be lost.",
        "declined": "The payment was declined here and taken there: it has to be looked at and sent back.",
    },
    "refund": {
        "pending": f"The refund {_OPEN}",
        "failed": "The refund failed here and was made there: it has to be booked by hand.",
    },
    "payout": {
        "awaiting_approval": "The payout still waits for approval here and was made there: somebody paid it past us.",
        "pending": f"The payout {_OPEN}",
        "in_transit": "The bank has carried it out and nobody has marked it here: mark it as executed.",
        "refused": "The payout was refused here and made there: the vendor may be paid twice.",
    },
    "payout_return": {
        "awaiting_approval": "It came back and still waits for approval here: somebody paid it past us.",
        "pending": f"The payout came back, and {_OPEN}",
        "in_transit": "The payout came back and is still on its way here: book its return.",
        "paid": "The payout came back and is still booked as paid here: book its return.",
        "refused": "The payout was refused here, made there and came back: nothing is left to do, but ask why.",
    },
}
_ALWAYS = {
    "dispute": "A buyer disputes the charge: the provider moved the sum, and nothing here books it.",
    "refund_return": "The refund failed there after it was booked here: the buyer has not got it.",
}
"""Of kinds of records that the ledger has no entry for."""
_OTHER_DAYS = "It is booked on other days here: the clocks or the days asked for differ."
_NOBODY = "Nobody here asked for it: somebody else uses the account, or a row is lost."


def difference(kind: str, cause: str, one: Booked | None, record: Record | None) -> Difference:
    told = record.reference if record else next(iter(one.references), "") if one else ""
    return Difference(
        kind=kind,
        what=one.what if one else record.kind if record else "",
        key=one.key if one else record.key if record else "",
        reference=told,
        ours=one.amount.minor if one else None,
        our_currency=one.amount.currency if one else "",
        theirs=record.amount.minor if record else None,
        their_currency=record.amount.currency if record else "",
        cause=cause,
    )


# ── Missing here ─────────────────────────────────────────────────────────────────────────────────────────────────────


def missing_here(records: Sequence[Record], *, provider: str) -> list[Difference]:
    known = _statuses(records, provider)
    return [difference(Kind.MISSING_HERE, _why_not_here(one, known), None, one) for one in records]


def _why_not_here(record: Record, known: dict[tuple[str, str], str]) -> str:
    if record.kind in _ALWAYS:
        return _ALWAYS[record.kind]
    names = ((record.kind, name) for name in (record.key, record.reference))
    status = next((known[name] for name in names if name in known), "")
    return _STATES[record.kind].get(status, _OTHER_DAYS) if status else _NOBODY


def _statuses(records: Sequence[Record], provider: str) -> dict[tuple[str, str], str]:
    """Of the payments, refunds and payouts that the records name."""
    found: dict[tuple[str, str], str] = {}
    charges = [one for one in records if one.kind == "charge"]
    names = {name for one in charges for name in (one.key, one.reference) if name}
    for told, listed, status in _payments(provider, names):
        found |= {("charge", name): status for name in (told, listed)}
    tables: dict[str, QuerySet[Any]] = {
        "charge": Payment.objects.filter(method=provider),
        "refund": Refund.objects.filter(payment__method=provider),
        "payout": Payout.objects.all(),
        "payout_return": Payout.objects.all(),
    }
    for kind, rows in tables.items():
        named = rows.filter(id__in=_ids(one.key for one in records if one.kind == kind))
        found |= {(kind, str(key)): status for key, status in named.values_list("id", "status")}
    misfits = Misfit.objects.filter(key__in=_ids(one.key for one in records if one.kind == "refund"))
    return found | {("refund", str(key)): status for key, status in misfits.values_list("key", "status")}


def _payments(provider: str, names: set[str]) -> Iterable[tuple[str, str, str]]:
    by_name = Q(provider_reference__in=names) | Q(listed_as__in=names)
    rows = Payment.objects.filter(by_name, method=provider) if names else Payment.objects.none()
    return rows.values_list("provider_reference", "listed_as", "status")


def _ids(keys: Iterable[str]) -> list[UUID]:
    return [UUID(key) for key in keys if _ID.fullmatch(key)]


# ── Missing there, or otherwise there ────────────────────────────────────────────────────────────────────────────────


def missing_there(one: Booked, *, provider: str, end: datetime) -> Difference:
    return difference(Kind.MISSING_THERE, _why_not_there(one, provider, end), one, None)


def _why_not_there(one: Booked, provider: str, end: datetime) -> str:
    if provider == BANK and one.at > end - timedelta(days=1):
        return "Booked on the last of these days: the bank may have it on the next."
    if one.at > end - timedelta(hours=1):
        return "Booked in the last hour of these days: the provider may have it on the next."
    if one.what == "payout_return":
        return "Booked as come back here and unknown there: the vendor may be paid twice."
    if provider == BANK:
        return "Marked as carried out here and unknown to the bank: it was not in what was sent, or was refused there."
    return "Booked here and unknown there: the file is not complete, or the provider has taken it back."


def amount_differs(one: Booked, record: Record) -> Difference:
    if one.amount.currency != record.amount.currency:
        cause = "Another currency: the provider has converted it."
    elif one.amount < record.amount:
        cause = "More there: it was asked for less than was moved."
    elif one.what.startswith("payout"):
        cause = "Less there: perhaps a fee was taken out of it on its way, or only a part was moved."
    else:
        cause = "Less there: perhaps the provider's fee was kept back, or a part was taken back."
    return difference(Kind.AMOUNT, cause, one, record)


def duplicate(one: Booked, first: Record, extra: Record) -> Difference:
    same = "The file lists it twice, under the same reference."
    twice = "It was moved twice there, under two references: one of them has to be sent back."
    return difference(Kind.DUPLICATE, same if extra.reference == first.reference else twice, one, extra)
