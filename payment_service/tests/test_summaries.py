"""What happened to the money by period: it agrees with the ledger, the payments and itself, whatever happened.

Longer: NEXUS_HISTORIES=1000.
"""

import csv
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.db.models import Sum
from factories import LUMEN, asked, hear, refund_of, split, take
from histories import CURRENCIES, HISTORIES, IBAN, VENDORS, History, Step
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from payment_service.actions import payments, refunds
from payment_service.actions.gift_cards import disable_card, issue_cards, redeem_card
from payment_service.actions.store_credit import grant_credit
from payment_service.clients import Charge
from payment_service.models import Payment, PayoutAccount, Refund
from payment_service.queries.ledger import financials
from payment_service.queries.summaries import FIGURES, STEPS, Summary, periods, summaries
from shared.money import Money
from shared.testing import body, client_as

pytestmark = pytest.mark.django_db(transaction=True)
RUNS = int(os.environ.get("NEXUS_HISTORIES", "40"))
PATH = "/api/v1/admin/financials/summaries"
ADA = UUID(int=0xADA)
BEGIN = datetime(2026, 1, 30, 20, tzinfo=UTC)
MOVING = [name for name in FIGURES if not name.endswith(("_opening", "_closing"))]


@dataclass
class Clock:
    """The only time there is: it stands until it is moved."""

    now: datetime = BEGIN

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("django.utils.timezone.now", clock)
    return clock


@pytest.fixture(autouse=True)
def _bank(settings: Any) -> None:
    settings.PAYOUT_DEBTOR_NAME, settings.PAYOUT_DEBTOR_IBAN = "Nexus", "GB82WEST12345698765432"
    settings.PAYOUT_HOLD = timedelta(0)


def of(first: str, last: str, by: str = "all", currency: str = "") -> list[Summary]:
    return summaries(first=date.fromisoformat(first), last=date.fromisoformat(last), by=by, currency=currency)


# ── By hand ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_figure_is_where_it_belongs(clock: Clock, provider: Any) -> None:
    message = take(split(commission_tax=100), split(LUMEN, gross=4_000, tax=600, commission=300))
    asked(message)
    clock.now += timedelta(days=3)
    hear(refund_of(message, message.splits[0]))
    refunds.ask_for_refunds()
    grant_credit(user_id=ADA, amount=Money(250, "USD"), reason="sorry")
    (kept, _code), (_card, code) = issue_cards(amount=Money(500, "USD"), count=2)
    redeem_card(code=code, user_id=ADA)
    disable_card(card_id=kept.id, reason="lost")

    january, february = of("2026-01-01", "2026-02-28", "month")

    assert (january.first, january.last, february.first) == (date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 1))
    assert (january.sales, january.tax_collected, january.commission, january.commission_tax) == (
        10_000,
        1_600,
        800,
        100,
    )
    assert (january.fees, january.refunds, january.payouts) == (900, 0, 0)
    assert (january.vendors_opening, january.vendors_closing, january.taxes_closing) == (0, 7_500, 1_700)
    assert (february.sales, february.refunds, february.tax_collected) == (0, 6_000, -1_000)
    assert (february.commission, february.commission_tax, february.fees) == (-500, -100, -600)
    assert (february.vendors_opening, february.vendors_closing) == (7_500, 3_100)
    assert (february.gift_cards_issued, february.gift_cards_redeemed, february.gift_cards_ended) == (1_000, 500, 500)
    assert (february.store_credit_issued, february.store_credit_closing, february.given_away) == (750, 750, 750)
    assert (february.provider_opening, february.provider_closing) == (10_000, 4_000)


def test_a_day_begins_and_ends_in_utc(clock: Clock, provider: Any) -> None:
    for at in ("2026-03-31T23:59:59.999999", "2026-04-01T00:00:00"):
        clock.now = datetime.fromisoformat(f"{at}+00:00")
        asked(take(split()))

    assert [(one.first.day, one.sales) for one in of("2026-03-31", "2026-04-01", "day")] == [(31, 6_000), (1, 6_000)]
    assert [one.sales for one in of("2026-03-01", "2026-03-31")] == [6_000]


def test_a_quiet_period_carries_on_what_is_owed_and_one_before_everything_is_not_told(
    clock: Clock, provider: Any
) -> None:
    asked(take(split()))

    assert [(one.first.month, one.sales, one.vendors_closing) for one in of("2025-12-01", "2026-03-31", "month")] == [
        (1, 6_000, 4_500), (2, 0, 4_500), (3, 0, 4_500),
    ]  # fmt: skip


def test_weeks_begin_on_monday_and_the_ends_are_cut_short() -> None:
    found = list(periods(date(2026, 2, 25), date(2026, 3, 10), "week"))

    assert found == [
        (date(2026, 2, 25), date(2026, 3, 1)),
        (date(2026, 3, 2), date(2026, 3, 8)),
        (date(2026, 3, 9), date(2026, 3, 10)),
    ]  # fmt: skip


# ── Over HTTP ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_admins_read_them_as_json_and_as_a_table(clock: Clock, provider: Any) -> None:
    for code in ("JPY", "USD"):
        asked(take(split(), amount={"minor": 6_000, "currency": code}))
    query = {"from": "2026-01-30", "to": "2026-01-30", "by": "day"}
    admin = client_as("admin")

    told = body(admin.get(PATH, query))["summaries"]
    table = admin.get(f"{PATH}.csv", query, headers={"Accept": "text/csv"})

    assert [(one["from"], one["to"], one["currency"]) for one in told] == [
        ("2026-01-30", "2026-01-30", "JPY"), ("2026-01-30", "2026-01-30", "USD"),
    ]  # fmt: skip
    assert [one["sales"]["amount"] for one in told] == ["6000", "60.00"]
    rows = list(csv.DictReader(table.content.decode().splitlines()))
    assert table["Content-Type"] == "text/csv; charset=utf-8"
    assert [{name: one[name]["amount"] for name in FIGURES} for one in told] == [
        {name: row[name] for name in FIGURES} for row in rows
    ]
    assert [one["currency"] for one in body(admin.get(PATH, {**query, "currency": "JPY"}))["summaries"]] == ["JPY"]


@pytest.mark.parametrize("path", [PATH, f"{PATH}.csv"])
def test_they_are_for_admins(path: str) -> None:
    assert client_as().get(path).status_code == 401
    assert {client_as(role).get(path).status_code for role in ("customer", "support")} == {403}
    assert client_as("admin").get(path).status_code == 200


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=2026-02-02&to=2026-02-01", "from"),
        ("from=1999-12-31", "from"),
        ("to=9999-12-31", "from"),
        ("from=2026-02-30", "from"),
        ("to=%00", "to"),
        ("by=year", "by"),
        ("by=day&from=2020-01-01&to=2026-01-01", "by"),
        ("currency=XXX", "currency"),
        ("x=1", "x"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(query: str, field: str) -> None:
    for path in (PATH, f"{PATH}.csv"):
        answer = client_as("admin").get(f"{path}?{query}")

        assert (answer.status_code, list(body(answer)["errors"])) == (400, [field])


def test_it_is_one_question_to_the_database(provider: Any, django_assert_num_queries: Any) -> None:
    asked(take())

    with django_assert_num_queries(1):
        of("2020-01-01", "2030-01-01", "month")


# ── Any history ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Longer(History):
    """In which time passes, and cards and credit are given and spent."""

    clock: Clock = field(default_factory=Clock)

    def play(self, steps: Sequence[Step]) -> Iterator[None]:
        for step in steps:
            self.clock.now += timedelta(hours=step.size % 211)
            getattr(self, step.verb)(step)
            self.credit(step)
            yield

    def credit(self, step: Step) -> None:
        worth = Money(1 + step.size, self.currency)
        if step.which % 3 == 0:
            (card, code), *_rest = issue_cards(amount=worth, count=2)
            if step.which % 2:
                redeem_card(code=code, user_id=ADA)
            else:
                disable_card(card_id=card.id, reason="random")
        elif step.which % 3 == 1:
            grant_credit(user_id=ADA, amount=worth, reason="random")
        else:
            message = take(self._part(step, 0), user_id=ADA, store_credit=worth.minor)
            amount = message.amount.model_copy(update={"currency": self.currency})
            hear(message.model_copy(update={"amount": amount}))
            self.answer(message.payment_id, step)

    def answer(self, payment_id: UUID, step: Step) -> None:
        charge = Charge(str(payment_id), "succeeded" if step.works else "declined")
        payments.settle(payment_id=payment_id, charge=charge)


@seed(20261121)
@settings(max_examples=RUNS, deadline=None, suppress_health_check=list(HealthCheck))
@given(currency=st.sampled_from(CURRENCIES), steps=HISTORIES)
def test_whatever_happened_openings_and_movements_are_closings_and_agree_with_the_books(
    currency: str, steps: list[Step]
) -> None:
    with transaction.atomic(), pytest.MonkeyPatch.context() as patch:
        clock = Clock()
        patch.setattr("django.utils.timezone.now", clock)
        PayoutAccount.objects.bulk_create(
            PayoutAccount(vendor_id=vendor, details=IBAN, usable_from=clock.now, version=1) for vendor in VENDORS[:2]
        )
        for _step in Longer(currency, clock=clock).play(steps):
            pass
        first, last = date(2026, 1, 30), clock.now.date()

        (whole,) = summaries(first=first, last=last, by="all")
        for by in STEPS:
            rows = summaries(first=first, last=last, by=by)
            for row in rows:
                adds_up(row)
                agrees_with_payments(row)
            for one, next_one in pairwise(rows):
                goes_on(one, next_one)
            for name in MOVING:
                assert sum(getattr(row, name) for row in rows) == getattr(whole, name)
            agrees_with_the_books(rows[-1], whole)
        transaction.set_rollback(True)


def adds_up(row: Summary) -> None:
    charged = row.tax_collected + row.commission + row.commission_tax
    assert row.vendors_closing == row.vendors_opening + row.sales - row.refunds - charged - row.payouts
    assert row.taxes_closing == row.taxes_opening + row.tax_collected + row.commission_tax
    cards = row.gift_cards_issued - row.gift_cards_redeemed - row.gift_cards_ended
    assert row.gift_cards_closing == row.gift_cards_opening + cards
    credit = row.store_credit_issued + row.store_credit_returned - row.store_credit_spent
    assert row.store_credit_closing == row.store_credit_opening + credit
    came = row.sales - row.store_credit_spent - (row.refunds - row.store_credit_returned) - row.payouts
    assert row.provider_closing == row.provider_opening + came + row.unclaimed_closing - row.unclaimed_opening
    assert row.fees == row.commission + row.commission_tax


def agrees_with_payments(row: Summary) -> None:
    """Not from the ledger: from the rows of payments and refunds themselves."""
    days = (row.first, row.last)
    taken = Payment.objects.filter(status="taken", taken_at__date__range=days).aggregate(sum=Sum("minor", default=0))
    back = Refund.objects.filter(status="done", done_at__date__range=days).aggregate(
        sum=Sum("minor", default=0), credit=Sum("credit", default=0)
    )
    assert (row.sales, row.refunds, row.store_credit_returned) == (taken["sum"], back["sum"], back["credit"])


def goes_on(one: Summary, following: Summary) -> None:
    assert following.first == one.last + timedelta(days=1)
    for name in ("vendors", "taxes", "gift_cards", "store_credit", "unclaimed", "provider"):
        assert getattr(following, f"{name}_opening") == getattr(one, f"{name}_closing")


def agrees_with_the_books(end: Summary, whole: Summary) -> None:
    (books,) = financials()
    owed = books.vendors_pending + books.vendors_available + books.payouts_in_transit
    assert (end.vendors_closing, end.taxes_closing) == (owed, books.tax + books.commission_tax)
    assert (end.gift_cards_closing, end.store_credit_closing) == (books.gift_cards, books.store_credit)
    assert (end.provider_closing, end.unclaimed_closing) == (books.at_provider, books.unclaimed)
    assert (whole.sales - whole.store_credit_spent, whole.payouts) == (books.taken, books.paid_out)
    assert (whole.commission, whole.commission_tax, whole.given_away) == (
        books.commission, books.commission_tax, books.given_away,
    )  # fmt: skip
