"""What happened to the money in a day, week or month (UTC), by currency: sums of postings, all asked in one statement,
so that what a period closes with is what the next opens with, and the last what the trial balance says.
"""

from collections import Counter
from collections.abc import Container, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection

from payment_service.models import Account, Entry

Kind, Happening = Account.Kind, Entry.Kind
CREDIT = frozenset({Kind.STORE_CREDIT, Kind.STORE_CREDIT_HELD})
BUYERS = CREDIT | {Kind.PROVIDER}
"""Where a payment comes from, and a refund goes to."""
VENDORS = frozenset({Kind.VENDOR_PENDING, Kind.VENDOR_AVAILABLE, Kind.IN_TRANSIT})
STATE = frozenset({Kind.TAX, Kind.COMMISSION_TAX})
PAYOUTS = frozenset({Happening.PAYOUT, Happening.PAYOUT_PAID, Happening.PAYOUT_RETURNED})
OWED, HELD = -1, 1
"""A liability has a credit balance."""
BALANCES: dict[str, tuple[int, Container[str]]] = {
    "vendors": (OWED, VENDORS),
    "taxes": (OWED, STATE),
    "gift_cards": (OWED, {Kind.GIFT_CARDS}),
    "store_credit": (OWED, CREDIT),
    "unclaimed": (OWED, {Kind.UNCLAIMED}),
    "provider": (HELD, {Kind.PROVIDER}),
}
STEPS = ("day", "week", "month", "all")
Sums = Counter[tuple[str, str]]
"""Kind of entry and kind of account → minor units, a debit positive."""


@dataclass(frozen=True, slots=True)
class Summary:
    """In minor units. What is owed closes with what it opened with and what moved it:

    vendors        + sales − refunds − tax_collected − commission − commission_tax − payouts
    taxes          + tax_collected + commission_tax
    gift_cards     + issued − redeemed − ended
    store_credit   + issued + returned − spent
    provider       + sales − spent − (refunds − returned) − payouts + what unclaimed grew by; held, not owed
    """

    first: date
    last: date
    currency: str
    sales: int
    """What buyers paid, by store credit too."""
    refunds: int
    tax_collected: int
    """From buyers, less what went back; so are the two that follow."""
    commission: int
    commission_tax: int
    fees: int
    """What vendors were charged: commission and its tax."""
    payouts: int
    """Carried out, less what came back."""
    given_away: int
    vendors_opening: int
    vendors_closing: int
    """Owed to vendors: pending, available, and on its way."""
    taxes_opening: int
    taxes_closing: int
    gift_cards_opening: int
    gift_cards_issued: int
    gift_cards_redeemed: int
    gift_cards_ended: int
    gift_cards_closing: int
    store_credit_opening: int
    store_credit_issued: int
    """Of redeemed cards, and granted."""
    store_credit_spent: int
    store_credit_returned: int
    store_credit_closing: int
    unclaimed_opening: int
    unclaimed_closing: int
    provider_opening: int
    provider_closing: int


FIGURES = tuple(one.name for one in fields(Summary) if one.name not in {"first", "last", "currency"})

_QUESTION = """
    SELECT posting.currency, CASE WHEN recorded_at >= %(since)s THEN
            CASE WHEN %(by)s = 'all' THEN %(first)s
            ELSE greatest(date_trunc(%(by)s, recorded_at AT TIME ZONE 'UTC')::date, %(first)s) END
        END AS first, entry.kind, account.kind, sum(minor)
    FROM ledger_posting posting JOIN ledger_entry entry ON entry.id = entry_id
    JOIN ledger_account account ON account.id = account_id
    WHERE recorded_at < %(until)s AND (%(currency)s = '' OR posting.currency = %(currency)s)
    GROUP BY 1, 2, 3, 4
"""


def summaries(*, first: date, last: date, by: str, currency: str = "") -> list[Summary]:
    """From the first day to the last, both included, one for each period (`by`: one of STEPS) and each currency in
    which there was anything by then; the first and the last period may be cut short.
    """
    found = _asked(first, last, by, currency)
    rows = []
    for code in sorted({code for code, _first in found}):
        opening = _by_account(found.pop((code, None), Counter()))
        for start, end in periods(first, last, by):
            moved = found.get((code, start), Counter())
            closing = Counter(opening)
            closing.update(_by_account(moved))
            if any(opening.values()) or moved:
                rows.append(_summary(start, end, code, opening, moved, closing))
            opening = closing
    return sorted(rows, key=lambda row: (row.first, row.currency))


def periods(first: date, last: date, by: str) -> Iterator[tuple[date, date]]:
    """Days from and to, both included; weeks begin on Monday."""
    while first <= last:
        end = min(_end_of(first, last, by), last)
        yield first, end
        first = end + timedelta(days=1)


def _end_of(day: date, last: date, by: str) -> date:
    if by == "all":
        return last
    if by == "month":
        return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return day + timedelta(days=6 - day.weekday()) if by == "week" else day


def _asked(first: date, last: date, by: str, currency: str) -> dict[tuple[str, date | None], Sums]:
    """By currency and period; None: before the first."""
    since, until = (datetime.combine(day, time(), UTC) for day in (first, last + timedelta(days=1)))
    given: dict[str, Any] = {"first": first, "since": since, "until": until, "by": by, "currency": currency}
    found: dict[tuple[str, date | None], Sums] = {}
    with connection.cursor() as cursor:
        cursor.execute(_QUESTION, given)
        for code, start, entry, account, minor in cursor:
            found.setdefault((code, start), Counter())[entry, account] = int(minor)
    return found


def _by_account(moved: Sums) -> Counter[str]:
    balances: Counter[str] = Counter()
    for (_entry, account), minor in moved.items():
        balances[account] += minor
    return balances


def _summary(
    first: date, last: date, currency: str, opening: Counter[str], moved: Sums, closing: Counter[str]
) -> Summary:
    balances = {f"{name}_opening": sign * _sum(opening, kinds) for name, (sign, kinds) in BALANCES.items()}
    balances |= {f"{name}_closing": sign * _sum(closing, kinds) for name, (sign, kinds) in BALANCES.items()}
    return Summary(first=first, last=last, currency=currency, **balances, **_movements(moved))


def _movements(moved: Sums) -> dict[str, int]:
    def of(accounts: Container[str], entries: Container[str] = Happening.values) -> int:
        return sum(minor for (entry, account), minor in moved.items() if account in accounts and entry in entries)

    issued = {Happening.GIFT_CARD_REDEEMED, Happening.CREDIT_GRANTED}
    commission, commission_tax = -of({Kind.COMMISSION}), -of({Kind.COMMISSION_TAX})
    return {
        "sales": of(BUYERS, {Happening.PAYMENT}),
        "refunds": -of(BUYERS, {Happening.REFUND}),
        "tax_collected": -of({Kind.TAX}),
        "commission": commission,
        "commission_tax": commission_tax,
        "fees": commission + commission_tax,
        "payouts": -of({Kind.PROVIDER}, PAYOUTS),
        "given_away": of({Kind.GIVEN_AWAY}),
        "gift_cards_issued": -of({Kind.GIFT_CARDS}, {Happening.GIFT_CARDS_ISSUED}),
        "gift_cards_redeemed": of({Kind.GIFT_CARDS}, {Happening.GIFT_CARD_REDEEMED}),
        "gift_cards_ended": of({Kind.GIFT_CARDS}, {Happening.GIFT_CARD_CLOSED}),
        "store_credit_issued": -of(CREDIT, issued),
        "store_credit_spent": of(CREDIT, {Happening.PAYMENT}),
        "store_credit_returned": -of(CREDIT, {Happening.REFUND}),
    }


def _sum(balances: Counter[str], kinds: Container[str]) -> int:
    return sum(minor for kind, minor in balances.items() if kind in kinds)
