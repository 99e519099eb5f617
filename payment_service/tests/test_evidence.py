"""What the auditor is told of payments, and what it may have mended."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from factories import LUMEN, NORTHWIND, asked, delivered, due_now, hear, refund_of, split, take

from payment_service.actions.payouts import release_due
from payment_service.actions.refunds import ask_for_refunds
from payment_service.models import Refund, Release
from payment_service.queries import evidence
from shared.contracts.payment import PaymentRefunded, PaymentTaken, RefundFailed, VendorBalanceChanged
from shared.evidence import Page
from shared.testing import body, client_of, published

pytestmark = pytest.mark.django_db(transaction=True)


def mend(name: str, *ids: Any) -> int:
    response = client_of("auditor").post(f"/internal/audit/repairs/{name}", {"ids": list(map(str, ids))}, format="json")
    assert response.status_code == 200
    return int(body(response)["mended"])


def test_a_payment_is_told_with_whose_the_ledger_says_it_is(provider: Any) -> None:
    message = take()
    asked(message)
    hear(delivered(message, message.splits[0]))

    [row] = evidence.payments(Page(ids=(message.order_id,)))

    assert (row["status"], row["amount"], row["refunded"]) == ("taken", 10_000, 0)
    assert row["booked"].keys() == row["splits"].keys()
    for part, shares in row["booked"].items():
        assert sum(shares.values()) == row["splits"][part]["gross"]
    part = str(message.splits[0].vendor_order_id)
    assert row["released"] == {part: False}
    assert row["overdue"].keys() == {part}


def test_a_release_that_is_late_is_told_with_its_seconds_until_it_is_made(provider: Any) -> None:
    message = take()
    asked(message)
    hear(delivered(message, message.splits[0]))
    Release.objects.update(due_at=timezone.now() - timedelta(hours=1))
    [late] = evidence.payments(Page(ids=(message.order_id,)))

    release_due()

    [made] = evidence.payments(Page(ids=(message.order_id,)))
    part = str(message.splits[0].vendor_order_id)
    assert 3_600 <= late["overdue"][part] < 3_700
    assert (made["released"], made["overdue"]) == ({part: True}, {})


def test_more_payments_ask_the_database_no_more(provider: Any, django_assert_num_queries: Any) -> None:
    asked(take())
    with django_assert_num_queries(4):
        evidence.payments(Page())
    for _ in range(3):
        asked(take(split()))
    with django_assert_num_queries(4):
        assert len(evidence.payments(Page())) == 4


def test_balances_are_told_by_vendor_and_currency(provider: Any) -> None:
    asked(take())

    told = {row["id"]: row["balances"] for row in evidence.balances(Page())}

    assert told == {
        NORTHWIND: {"USD": {"pending": 4_500, "available": 0}},
        LUMEN: {"USD": {"pending": 3_100, "available": 0}},
    }


def test_a_balance_has_the_version_that_vendor_was_told(provider: Any) -> None:
    asked(take())

    versions = {row["id"]: row["version"] for row in evidence.balances(Page())}

    last = {told.vendor_id: told.version for told in published(VendorBalanceChanged)}
    assert versions == {vendor: {"USD": version} for vendor, version in last.items()}


def test_a_payment_and_its_refund_are_told_again_as_they_were(provider: Any) -> None:
    message = take()
    asked(message)
    hear(refund_of(message, *message.splits))
    due_now()
    ask_for_refunds()

    assert (mend("payments", message.order_id), mend("refunds", message.order_id)) == (1, 1)

    for contract in (PaymentTaken, PaymentRefunded):
        first, again = published(contract)
        assert first == again


def test_a_refund_that_failed_is_told_again_as_it_was(provider: Any) -> None:
    message = take()
    asked(message)
    hear(refund_of(message, *message.splits))
    Refund.objects.update(status=Refund.Status.FAILED, failure="refused")

    assert (mend("refunds", message.order_id), mend("failed_refunds", message.order_id)) == (0, 1)

    [told] = published(RefundFailed)
    assert (told.refund_id, told.order_id, told.reason) == (Refund.objects.get().id, message.order_id, "refused")


def test_a_balance_is_told_again_as_it_is(provider: Any) -> None:
    asked(take())
    before = [told for told in published(VendorBalanceChanged) if told.vendor_id == NORTHWIND][-1]

    assert mend("balances", NORTHWIND) == 1
    assert published(VendorBalanceChanged)[-1] == before
