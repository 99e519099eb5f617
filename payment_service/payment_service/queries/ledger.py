"""The books as an admin reads them: everything here is a sum of postings."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, F, IntegerField, QuerySet, Sum, Value, When

from payment_service.models import Account, Entry, Payout, Posting
from shared.money import Money

_DEBIT = Case(When(minor__gt=0, then=F("minor")), default=Value(0), output_field=IntegerField())
_CREDIT = Case(When(minor__lt=0, then=-F("minor")), default=Value(0), output_field=IntegerField())


def entries() -> QuerySet[Entry]:
    return Entry.objects.prefetch_related("postings__account")


def payouts() -> QuerySet[Payout]:
    return Payout.objects.all()


def trial_balance() -> list[dict[str, Any]]:
    """Debits and credits by currency, and by account kind; their difference is zero, or something is very wrong."""
    rows = Posting.objects.values("currency", "account__kind").annotate(
        debits=Sum(_DEBIT, default=0), credits=Sum(_CREDIT, default=0)
    )
    by_currency: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows.order_by("currency", "account__kind"):
        by_currency[row["currency"]].append(dict(row))
    return [_balance(currency, kinds) for currency, kinds in by_currency.items()]


def _balance(currency: str, kinds: list[dict[str, Any]]) -> dict[str, Any]:
    accounts = [_sides(currency, row) | {"kind": row["account__kind"]} for row in kinds]
    total = {side: sum(row[side] for row in kinds) for side in ("debits", "credits")}
    return {"currency": currency, **_sides(currency, total), "accounts": accounts}


def _sides(currency: str, row: dict[str, Any]) -> dict[str, Money]:
    debits, credits = int(row["debits"]), int(row["credits"])
    return {
        "debits": Money(debits, currency),
        "credits": Money(credits, currency),
        "difference": Money(debits - credits, currency),
    }


@dataclass(frozen=True)
class Financials:
    """What was earned and is owed in one currency. taken − refunded − paid_out + unclaimed = at_provider; that and
    given_away are all that is earned and owed: commission, commission_tax, tax, vendors', payouts_in_transit,
    gift_cards, store_credit and unclaimed.
    """

    currency: str
    taken: int
    refunded: int
    commission: int
    commission_tax: int
    tax: int
    vendors_pending: int
    vendors_available: int
    payouts_in_transit: int
    paid_out: int
    at_provider: int
    gift_cards: int
    store_credit: int
    """What is held for payments that are not decided is in it."""
    given_away: int
    unclaimed: int


def financials() -> list[Financials]:
    """Summaries by currency, from the ledger alone."""
    happened: dict[tuple[str, str], int] = defaultdict(int)
    rows = Posting.objects.filter(account__kind=Account.Kind.PROVIDER).values("currency", "entry__kind")
    for row in rows.annotate(sum=Sum("minor")):
        happened[row["currency"], row["entry__kind"]] += int(row["sum"])
    owned: dict[tuple[str, str], int] = defaultdict(int)
    for sums in Posting.objects.values("currency", "account__kind").annotate(sum=Sum("minor")):
        owned[sums["currency"], sums["account__kind"]] = int(sums["sum"])
    return [_financials(currency, happened, owned) for currency in sorted({currency for currency, _kind in owned})]


def _financials(currency: str, happened: dict[tuple[str, str], int], owned: dict[tuple[str, str], int]) -> Financials:
    kind, entry = Account.Kind, Entry.Kind
    return Financials(
        currency=currency,
        taken=happened[currency, entry.PAYMENT],
        refunded=-happened[currency, entry.REFUND],
        commission=-owned[currency, kind.COMMISSION],
        commission_tax=-owned[currency, kind.COMMISSION_TAX],
        tax=-owned[currency, kind.TAX],
        vendors_pending=-owned[currency, kind.VENDOR_PENDING],
        vendors_available=-owned[currency, kind.VENDOR_AVAILABLE],
        payouts_in_transit=-owned[currency, kind.IN_TRANSIT],
        paid_out=-happened[currency, entry.PAYOUT_PAID] - happened[currency, entry.PAYOUT_RETURNED],
        at_provider=owned[currency, kind.PROVIDER],
        gift_cards=-owned[currency, kind.GIFT_CARDS],
        store_credit=-owned[currency, kind.STORE_CREDIT] - owned[currency, kind.STORE_CREDIT_HELD],
        given_away=owned[currency, kind.GIVEN_AWAY],
        unclaimed=-owned[currency, kind.UNCLAIMED],
    )
