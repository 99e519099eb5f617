"""Whatever happens in whatever order: the ledger sums to zero, balances are their postings, statements add up.

Longer: NEXUS_HISTORIES=1000.
"""

import os
from collections import defaultdict
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone
from histories import CURRENCIES, HISTORIES, IBAN, VENDORS, History, Step
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from payment_service.models import Account, Payment, Payout, PayoutAccount, Posting
from payment_service.queries.books import broken_rules
from payment_service.queries.ledger import financials, trial_balance
from payment_service.queries.statements import Statement, statements

pytestmark = pytest.mark.django_db
RUNS = int(os.environ.get("NEXUS_HISTORIES", "60"))


@pytest.fixture(autouse=True)
def _bank(settings: Any) -> None:
    settings.PAYOUT_DEBTOR_NAME, settings.PAYOUT_DEBTOR_IBAN = "Nexus", "GB82WEST12345698765432"
    settings.PAYOUT_HOLD = timedelta(0)


def moved(one: Statement) -> int:
    return one.sales + one.refunds + one.commissions + one.commission_tax + one.tax + one.payouts + one.other


@seed(20261121)
@settings(max_examples=RUNS, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(currency=st.sampled_from(CURRENCIES), steps=HISTORIES)
def test_no_history_unbalances_the_books(currency: str, steps: list[Step]) -> None:
    with transaction.atomic():
        PayoutAccount.objects.bulk_create(
            PayoutAccount(vendor_id=vendor, details=IBAN, usable_from=timezone.now(), version=1)
            for vendor in VENDORS[:2]
        )
        moments = [timezone.now()]
        for _step in History(currency).play(steps):
            moments.append(timezone.now())
        connection.check_constraints()  # an entry that does not balance is refused only at the end of its transaction

        assert broken_rules() == []
        assert [one["difference"].minor for one in trial_balance()] == [0]
        check_balances()
        check_vendor_orders()
        check_summary(currency)
        check_statements(moments)
        transaction.set_rollback(True)


def check_balances() -> None:
    for account in Account.objects.filter(owner_id__in=VENDORS):
        assert account.balance == Posting.objects.filter(account=account).aggregate(sum=Sum("minor", default=0))["sum"]


def check_vendor_orders() -> None:
    """What vendor orders had of a payment is the payment, to the last unit."""
    for payment in Payment.objects.filter(status="taken"):
        assert payment.minor == sum(split["gross"] for split in payment.splits)


def check_summary(currency: str) -> None:
    (one,) = financials()
    paid = Payout.objects.filter(status="paid").aggregate(sum=Sum("minor", default=0))["sum"]
    assert one.currency == currency
    assert (one.paid_out, one.taken - one.refunded - one.paid_out) == (paid, one.at_provider)
    owed = one.vendors_pending + one.vendors_available + one.payouts_in_transit
    assert one.at_provider == one.commission + one.commission_tax + one.tax + owed


def check_statements(moments: list[Any]) -> None:
    """Periods that follow upon each other: what one closes with, the next opens with, and the last is the balance."""
    marks = [moments[0], *moments[2::3], moments[-1] + timedelta(seconds=9)]
    periods = list(pairwise(marks))
    balances: dict[Any, int] = defaultdict(int)
    for account in Account.objects.filter(owner_id__in=VENDORS):
        balances[account.owner_id] -= account.balance
    for vendor in VENDORS:
        closing = 0
        for since, until in periods:
            for one in statements(vendor_id=vendor, since=since, until=until):
                assert one.opening == closing
                assert one.opening + moved(one) == one.closing
                closing = one.closing
        assert closing == balances[vendor]
