"""A vendor's money: pending, available, paid out; never more than there is."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from factories import (
    LUMEN,
    NORTHWIND,
    asked,
    balances,
    completed,
    delivered,
    hear,
    pay_out,
    refund_of,
    released,
    split,
    take,
)

from payment_service.actions import payouts, refunds
from payment_service.models import Payout, Release
from shared.contracts.payment import PayoutPaid, PayoutRefused
from shared.testing import published

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def earned(provider: Any) -> Any:
    """45.00 USD of Northwind's are available."""
    message = take(split())
    asked(message)
    released(message)
    return message


def test_a_delivered_share_becomes_available(earned: Any) -> None:
    assert balances(NORTHWIND) == {"vendor_pending": 0, "vendor_available": 4_500}


def test_a_share_stays_pending_while_the_buyer_may_send_it_back(provider: Any) -> None:
    provider.PAYOUT_HOLD = timedelta(days=14)
    message = take(split())
    asked(message)

    released(message)

    assert balances(NORTHWIND) == {"vendor_pending": 4_500, "vendor_available": 0}


def test_a_completed_order_ends_the_wait(provider: Any) -> None:
    provider.PAYOUT_HOLD = timedelta(days=14)
    message = take(split())
    asked(message)
    released(message)

    for _ in range(2):
        hear(completed(message))
        payouts.release_due()

    assert balances(NORTHWIND) == {"vendor_pending": 0, "vendor_available": 4_500}


def test_a_share_whose_payment_is_not_here_yet_keeps_no_others_waiting(provider: Any) -> None:
    message, unknown = take(split()), take(split(LUMEN))
    asked(message)
    hear(delivered(unknown, unknown.splits[0]))
    hear(delivered(message, message.splits[0]))

    assert payouts.release_due() == 1

    assert balances(NORTHWIND) == {"vendor_pending": 0, "vendor_available": 4_500}
    assert Release.objects.get(released_at=None).due_at > timezone.now()


def test_what_is_sent_in_exchange_earns_nothing(provider: Any) -> None:
    message = take(split())
    asked(message)

    hear(delivered(message, message.splits[0]).model_copy(update={"charged": False}))

    assert (payouts.release_due(), Release.objects.count()) == (0, 0)


def test_only_what_is_left_is_released(provider: Any) -> None:
    message = take(split())
    asked(message)
    hear(refund_of(message))
    refunds.ask_for_refunds()

    released(message)

    assert balances(NORTHWIND) == {"vendor_pending": 0, "vendor_available": 0}


def test_a_delivery_told_twice_releases_once(earned: Any) -> None:
    hear(delivered(earned, earned.splits[0]))
    payouts.release_due()

    assert balances(NORTHWIND)["vendor_available"] == 4_500


def test_a_payout_is_paid(earned: Any) -> None:
    hear(pay_out(4_000))
    payouts.ask_for_payouts()

    assert [told.amount.minor for told in published(PayoutPaid)] == [4_000]
    assert balances(NORTHWIND)["vendor_available"] == 500
    assert balances()["provider"] == 2_000
    assert balances()["in_transit"] == 0


@pytest.mark.parametrize("minor", [4_501, 0, -5])
def test_more_than_there_is_or_nothing_is_refused(earned: Any, minor: int) -> None:
    hear(pay_out(minor))

    assert [told.reason for told in published(PayoutRefused)] == ["insufficient_balance"]
    assert balances(NORTHWIND)["vendor_available"] == 4_500


def test_a_stranger_without_a_balance_is_refused(provider: Any) -> None:
    hear(pay_out(1))

    assert [told.reason for told in published(PayoutRefused)] == ["insufficient_balance"]


def test_two_payouts_at_once_do_not_exceed_the_balance(earned: Any) -> None:
    def ask(_number: int) -> None:
        hear(pay_out(3_000))
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(4)))

    assert Payout.objects.filter(status="pending").count() == 1
    assert balances(NORTHWIND)["vendor_available"] == 1_500


def test_the_same_command_twice_pays_once(earned: Any) -> None:
    command = pay_out(2_000)
    hear(command)
    payouts.ask_for_payouts()

    hear(command)
    payouts.settle_payout(payout_id=command.payout_id, transfer=payouts.Transfer("again", True))

    assert len(published(PayoutPaid)) == 1


def test_a_payout_the_provider_refuses_is_given_back(earned: Any) -> None:
    command = pay_out(2_000)
    hear(command)

    payouts.settle_payout(payout_id=command.payout_id, transfer=payouts.Transfer("", False, "account_closed"))

    assert [told.reason for told in published(PayoutRefused)] == ["account_closed"]
    assert balances(NORTHWIND)["vendor_available"] == 4_500


@pytest.mark.parametrize("attempts", [0, 1_000], ids=["once", "for ever so long"])
def test_a_provider_that_is_away_delays_a_payout(attempts: int, earned: Any, provider: Any) -> None:
    url, provider.SIMULATOR_URL = provider.SIMULATOR_URL, "http://127.0.0.1:1"
    hear(pay_out(2_000))
    Payout.objects.update(attempts=attempts)
    payouts.ask_for_payouts()
    assert Payout.objects.get().status == "pending"

    provider.SIMULATOR_URL = url
    Payout.objects.update(due_at="2020-01-01T00:00:00Z")
    payouts.ask_for_payouts()

    assert Payout.objects.get().status == "paid"
