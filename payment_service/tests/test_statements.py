"""What moved a vendor's balance, with memorable figures, asked by vendor_service alone."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from factories import LUMEN, NORTHWIND, asked, hear, part_of, pay_out, refund_of, released, take

from payment_service.actions import payouts, refunds
from shared.testing import body, client_as, client_of

pytestmark = pytest.mark.django_db(transaction=True)
PATH = "/internal/statements"


def statement(vendor_id: Any = NORTHWIND, days: int = 0) -> list[dict[str, Any]]:
    since = timezone.now() + timedelta(days=days - 1)
    period = {"since": since.isoformat(), "until": (since + timedelta(days=2)).isoformat()}
    rows = body(client_of("vendor").get(PATH, {"vendor_id": str(vendor_id), **period}))["statements"]
    return list(rows)


def test_each_figure_is_where_it_belongs(provider: Any) -> None:
    message = take()
    asked(message)
    hear(refund_of(message, part_of(message.splits[0], 4)))
    refunds.ask_for_refunds()
    released(message)
    hear(pay_out(2_000))
    payouts.ask_for_payouts()

    assert statement() == [
        {
            "currency": "USD", "opening": 0, "sales": 6_000, "refunds": -1_500, "commissions": -375,
            "commission_tax": 0, "tax": -750, "payouts": -2_000, "other": 0, "closing": 1_375,
        }
    ]  # fmt: skip
    assert [(one["sales"], one["closing"]) for one in statement(LUMEN)] == [(4_000, 3_100)]


def test_a_quiet_month_carries_the_balance_on(provider: Any) -> None:
    asked(take())

    (later,) = statement(days=10)

    assert (later["opening"], later["sales"], later["closing"]) == (4_500, 0, 4_500)
    assert statement(days=-10) == []


def test_a_refused_payout_is_given_back(provider: Any) -> None:
    message = take()
    asked(message)
    released(message)
    command = pay_out(2_000)
    hear(command)
    payouts.settle_payout(payout_id=command.payout_id, transfer=payouts.Transfer("", False, "closed"))

    assert [(one["payouts"], one["closing"]) for one in statement()] == [(0, 4_500)]


def test_vendor_service_alone_may_ask(provider: Any) -> None:
    assert {client_of(name).get(PATH).status_code for name in ("order", "cart")} == {403}
    assert client_as("admin").get(PATH).status_code == 403
    assert client_of("vendor").get(PATH, {"vendor_id": "x"}).status_code == 400


def test_it_is_one_question_to_the_database(provider: Any, django_assert_num_queries: Any) -> None:
    asked(take())

    with django_assert_num_queries(1):
        statement()
