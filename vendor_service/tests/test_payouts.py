from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone
from factories import earn, hear, make_payout, make_vendor

from shared.contracts.payment import PayOut, PayoutPaid, PayoutRefused, PayoutReturned, PayoutStarted
from shared.contracts.vendor import PayoutSettled
from shared.messages import MoneyData
from shared.testing import body, client_as, published
from vendor_service.actions import vendors
from vendor_service.errors import PayoutNotFound, PayoutSettledBefore
from vendor_service.models import Balance, Payout, Vendor

pytestmark = pytest.mark.django_db
BALANCE = "/api/v1/vendors/me/balance"
PATH = "/api/v1/vendors/me/payouts"


def me(vendor: Vendor) -> Any:
    return client_as("customer", "vendor", user_id=vendor.owner_id, vendor_id=vendor.id)


def usd(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "USD"}


def ask(vendor: Vendor, amount: Any = None) -> Any:
    return me(vendor).post(PATH, {} if amount is None else {"amount": amount})


def paid(payout: Payout) -> PayoutPaid:
    amount = MoneyData(minor=payout.amount, currency=payout.currency)
    return PayoutPaid(payout_id=payout.id, vendor_id=payout.vendor_id, amount=amount, paid_at=timezone.now())


def refused(payout: Payout, reason: str = "insufficient_balance") -> PayoutRefused:
    return PayoutRefused(payout_id=payout.id, vendor_id=payout.vendor_id, reason=reason)


# ── Balance ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_new_vendor_has_nothing() -> None:
    answer = body(me(make_vendor(payout_currency="JPY")).get(BALANCE))

    nothing = {"amount": "0", "currency": "JPY"}
    assert answer == {"pending": nothing, "available": nothing, "balances": []}


def test_the_balance_is_told_in_every_currency() -> None:
    vendor = make_vendor()
    earn(vendor, available=5_050, pending=199)
    earn(vendor, available=700, currency="JPY")
    earn(make_vendor(), available=99_999)

    answer = body(me(vendor).get(BALANCE))

    assert (answer["pending"], answer["available"]) == (usd("1.99"), usd("50.50"))
    assert [(row["currency"], row["available"]["amount"]) for row in answer["balances"]] == [
        ("JPY", "700"),
        ("USD", "50.50"),
    ]


@pytest.mark.parametrize("versions", [(1, 2, 3), (3, 1, 2), (3, 2, 3), (2, 3, 1)])
def test_the_newest_balance_stays_whatever_the_order(versions: tuple[int, ...]) -> None:
    vendor = make_vendor()

    for version in versions:
        earn(vendor, available=version * 100, version=version)

    balance = Balance.objects.get()
    assert (balance.available, balance.version) == (300, 3)


def test_a_balance_below_zero_is_shown_and_not_paid_out() -> None:
    vendor = make_vendor()
    earn(vendor, available=-250)

    assert body(me(vendor).get(BALANCE))["available"] == usd("-2.50")
    assert body(ask(vendor))["code"] == "nothing_available"


# ── Asking ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_an_amount_all_is_asked_for() -> None:
    vendor = make_vendor()
    earn(vendor, available=5_050)

    answer = ask(vendor)

    given = body(answer)
    assert (answer.status_code, given["status"], given["amount"]) == (201, "requested", usd("50.50"))
    assert answer["Location"] == f"{PATH}/{given['id']}"
    (asked,) = published(PayOut)
    assert (str(asked.payout_id), asked.vendor_id, asked.amount.minor) == (given["id"], vendor.id, 5_050)
    assert asked.member_id == vendor.owner_id


def test_a_part_can_be_asked_for() -> None:
    vendor = make_vendor()
    earn(vendor)

    assert body(ask(vendor, usd("12.34")))["amount"] == usd("12.34")


@pytest.mark.parametrize(
    ("available", "amount", "code"),
    [
        (0, None, "nothing_available"),
        (0, usd("0.01"), "nothing_available"),
        (5_000, usd("50.01"), "insufficient_balance"),
        (5_000, {"amount": "1.00", "currency": "EUR"}, "nothing_available"),
    ],
)
def test_what_is_not_available_is_not_asked_for(available: int, amount: Any, code: str) -> None:
    vendor = make_vendor()
    earn(vendor, available=available)

    answer = ask(vendor, amount)

    assert (answer.status_code, body(answer)["code"]) == (409, code)
    assert not published(PayOut)


def test_a_second_payout_waits_for_the_first_to_settle() -> None:
    vendor = make_vendor()
    earn(vendor)
    ask(vendor, usd("1.00"))

    second = ask(vendor, usd("1.00"))
    hear(paid(Payout.objects.get()))

    assert (second.status_code, body(second)["code"]) == (409, "payout_pending")
    assert ask(vendor, usd("1.00")).status_code == 201


def test_another_currency_does_not_wait() -> None:
    vendor = make_vendor()
    earn(vendor)
    earn(vendor, available=700, currency="JPY")
    ask(vendor)

    assert ask(vendor, {"amount": "700", "currency": "JPY"}).status_code == 201


def test_a_suspended_vendor_is_not_paid_out_and_a_closed_one_is() -> None:
    vendor = make_vendor()
    earn(vendor)

    vendors.change_vendor(vendor_id=vendor.id, changes={"status": "suspended"})
    assert body(ask(vendor))["code"] == "vendor_suspended"

    vendors.change_vendor(vendor_id=vendor.id, changes={"status": "closed"})
    assert ask(vendor).status_code == 201


@pytest.mark.parametrize(
    "amount",
    [
        usd("0.00"),
        usd("-1.00"),
        usd("0.001"),
        usd("NaN"),
        usd("9" * 24),
        usd("1e999990"),
        usd("1\0"),
        "12.00",
        12,
        [],
        {"amount": "1.00"},
        {"amount": "1.00", "currency": "XXX"},
        {"amount": "1.00", "currency": "USD", "more": 1},
    ],
)
def test_odd_amounts_are_refused(amount: Any) -> None:
    vendor = make_vendor()
    earn(vendor)

    answer = ask(vendor, amount)

    assert answer.status_code == 400
    assert all(field.startswith("amount") for field in body(answer)["errors"])
    assert not Payout.objects.exists()


@pytest.mark.parametrize("given", [[], "all", {"currency": "USD"}, {"amount": None}])
def test_odd_bodies_are_refused(given: Any) -> None:
    assert me(make_vendor()).post(PATH, given).status_code == 400


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_vendor_sees_its_own_payouts_newest_first() -> None:
    vendor, other = make_vendor(), make_vendor()
    first = make_payout(vendor, status="paid", settled_at=timezone.now())
    second, theirs = make_payout(vendor), make_payout(other)
    client = me(vendor)

    assert [row["id"] for row in body(client.get(PATH))["results"]] == [str(second.id), str(first.id)]
    assert body(client.get(f"{PATH}/{first.id}"))["status"] == "paid"
    found, absent = client.get(f"{PATH}/{theirs.id}"), client.get(f"{PATH}/{uuid4()}")
    assert (found.status_code, absent.status_code) == (404, 404)
    assert {**body(found), "request_id": ""} == {**body(absent), "request_id": ""}


# ── Settling ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_paid_payout_is_settled_and_told() -> None:
    payout = make_payout(make_vendor())

    hear(paid(payout))

    payout.refresh_from_db()
    assert (payout.status, payout.settled_at is not None) == ("paid", True)
    (told,) = published(PayoutSettled)
    assert (told.payout_id, told.status, told.amount.minor) == (payout.id, "paid", 1_000)


def test_a_refused_payout_says_why_and_another_may_be_asked_for() -> None:
    vendor = make_vendor()
    earn(vendor)
    ask(vendor)

    hear(refused(Payout.objects.get()))

    assert body(me(vendor).get(PATH))["results"][0]["reason"] == "insufficient_balance"
    assert [(told.status, told.reason) for told in published(PayoutSettled)] == [("refused", "insufficient_balance")]
    assert ask(vendor).status_code == 201


def test_an_answer_told_twice_settles_once() -> None:
    payout = make_payout(make_vendor())

    hear(paid(payout))
    hear(paid(payout))

    assert len(published(PayoutSettled)) == 1


def test_a_paid_payout_cannot_be_refused_any_more() -> None:
    payout = make_payout(make_vendor())
    hear(paid(payout))

    with pytest.raises(PayoutSettledBefore):
        hear(refused(payout))

    payout.refresh_from_db()
    assert (payout.status, len(published(PayoutSettled))) == ("paid", 1)


def test_an_answer_to_no_payout_is_refused() -> None:
    unknown = Payout(id=uuid4(), vendor_id=uuid4(), amount=1, currency="USD")

    with pytest.raises(PayoutNotFound):
        hear(paid(unknown))


def returned(payout: Payout) -> PayoutReturned:
    amount = MoneyData(minor=payout.amount, currency=payout.currency)
    return PayoutReturned(payout_id=payout.id, vendor_id=payout.vendor_id, amount=amount, reason="Account closed.")


@pytest.mark.parametrize("paid_first", [True, False])
def test_what_the_bank_returns_is_told_whenever_it_is_heard(paid_first: bool) -> None:
    payout = make_payout(make_vendor())

    hear(paid(payout) if paid_first else returned(payout))
    hear(returned(payout) if paid_first else paid(payout))

    payout.refresh_from_db()
    assert (payout.status, payout.reason) == ("returned", "Account closed.")
    assert published(PayoutSettled)[-1].status == "returned"


def started(vendor: Vendor, minor: int = 5_000) -> PayoutStarted:
    return PayoutStarted(payout_id=uuid4(), vendor_id=vendor.id, amount=MoneyData(minor=minor, currency="USD"))


def test_a_payout_of_a_run_is_shown_and_settled_like_ones_own() -> None:
    vendor = make_vendor()
    told = started(vendor)

    hear(told)
    hear(told)
    (shown,) = body(me(vendor).get(PATH))["results"]
    hear(paid(Payout.objects.get()))

    assert (shown["id"], shown["status"], shown["amount"]) == (str(told.payout_id), "requested", usd("50.00"))
    assert [one.status for one in published(PayoutSettled)] == ["paid"]


def test_a_run_may_pay_while_the_vendor_asks_itself() -> None:
    vendor = make_vendor()
    earn(vendor)
    ask(vendor)

    hear(started(vendor))
    hear(refused(Payout.objects.get(by_run=False), "payout_pending"))

    assert body(ask(vendor))["code"] == "payout_pending"
    assert Payout.objects.filter(status="requested").count() == 1


# ── At the same moment ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db(transaction=True)
def test_of_two_requests_at_once_one_is_accepted() -> None:
    vendor, start = make_vendor(), Barrier(4)
    earn(vendor)

    def request(_number: int) -> int:
        try:
            start.wait()
            return int(ask(vendor).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        answers = sorted(threads.map(request, range(4)))

    assert answers == [201, 409, 409, 409]
    assert (Payout.objects.count(), len(published(PayOut))) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_balances_heard_at_once_end_with_the_newest() -> None:
    vendor, start = make_vendor(), Barrier(4)

    def tell(version: int) -> None:
        try:
            start.wait()
            earn(vendor, available=version, version=version)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(tell, [4, 2, 3, 1]))

    assert [(row.available, row.version) for row in Balance.objects.all()] == [(4, 4)]
