"""Store credit as it is granted, seen and kept; nobody has less than nothing, and the books agree."""

from typing import Any

import pytest
from credited import ADA, buy, grant, mine, refunded
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from factories import LUMEN, asked, split, usd

from payment_service.actions.gift_cards import issue_cards, redeem_card
from payment_service.actions.ledger import Kind, Line, record
from payment_service.models import Account, Entry, Payment
from shared.context import new_id
from shared.contracts.user import RecordAudit
from shared.money import Money
from shared.testing import body, client_as, published

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("balanced_books")]
CREDIT, GRANT = "/api/v1/store-credit", "/api/v1/admin/store-credit"


# ── The database's own guards ────────────────────────────────────────────────────────────────────────────────────────


def test_the_database_lets_nobody_spend_what_is_not_there() -> None:
    grant(100)

    lines = [Line(Kind.STORE_CREDIT, 101, ADA), Line(Kind.GIVEN_AWAY, -101)]
    with pytest.raises(IntegrityError, match="nobody_spends_what_is_not_there"), transaction.atomic():
        record(kind=Entry.Kind.CREDIT_HELD, reference=new_id(), currency="USD", lines=lines)

    assert mine() == (100, 0)


@pytest.mark.parametrize(
    "change",
    [{"credit": 10_001}, {"credit": -1}, {"credit_refunded": 1}, {"refunded": 7_001}],
    ids=lambda change: str(change),
)
def test_the_database_keeps_parts_within_wholes(provider: Any, change: dict[str, int]) -> None:
    grant(3_000)
    asked(buy())

    with pytest.raises(IntegrityError, match=r"credit_within_payment|refunds_within_what_the_provider_took"):
        Payment.objects.update(**change)


def test_an_account_of_credit_names_its_owner() -> None:
    with pytest.raises(IntegrityError, match="account_of_somebody_names_them"):
        Account.objects.create(kind=Kind.STORE_CREDIT, currency="USD")


# ── Seeing and granting ──────────────────────────────────────────────────────────────────────────────────────────────


def test_a_buyer_sees_what_there_is_and_how_it_came_and_went(provider: Any, django_assert_num_queries: Any) -> None:
    grant(5_000)
    grant(700, currency="JPY")
    redeem_card(code=issue_cards(amount=Money(1_500, "USD"), count=1)[0][1], user_id=ADA)
    message = buy(6_000)
    asked(message)
    refunded(message)
    asked(buy(1_000, token="requires_action", order_number="N-1002"))
    client = client_as("customer", user_id=ADA)

    with django_assert_num_queries(1):
        credit = body(client.get(CREDIT))["results"]
    with django_assert_num_queries(1):
        moves = body(client.get(f"{CREDIT}/movements?currency=USD"))["results"]

    assert credit == [
        {
            "currency": "JPY",
            "available": {"amount": "700", "currency": "JPY"},
            "held": {"amount": "0", "currency": "JPY"},
        },
        {
            "currency": "USD",
            "available": {"amount": "55.00", "currency": "USD"},
            "held": {"amount": "10.00", "currency": "USD"},
        },
    ]
    assert [(move["kind"], move["amount"]["amount"], move["order_number"]) for move in moves] == [
        ("credit_held", "-10.00", "N-1002"),
        ("refund", "60.00", "N-1001"),
        ("credit_held", "-60.00", "N-1001"),
        ("gift_card_redeemed", "15.00", None),
        ("credit_granted", "50.00", None),
    ]
    assert body(client_as("customer").get(CREDIT))["results"] == []
    assert body(client_as("customer").get(f"{CREDIT}/movements"))["results"] == []


def test_an_admin_grants_credit_with_a_reason_and_it_is_audited() -> None:
    admin, me = new_id(), {"user_id": str(ADA), "amount": {"amount": "5.00", "currency": "USD"}, "reason": "Late."}
    client = client_as("admin", user_id=admin)

    made, again = (client.post(GRANT, me, headers={"Idempotency-Key": "k"}) for _time in range(2))

    assert (made.status_code, again.content) == (201, made.content)
    assert body(client.get(made["Location"])) == body(made)
    assert mine() == (500, 0)
    (entry,) = published(RecordAudit)
    assert (entry.action, entry.actor_id, entry.subject_id) == ("payment.store_credit.grant", admin, str(ADA))
    assert (entry.detail["minor"], entry.detail["reason"]) == ("500", "Late.")


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"user_id": "x", "reason": ""}, {"user_id", "reason"}),
        ({"amount": {"amount": "0.00", "currency": "USD"}}, {"amount"}),
        ({"amount": {"amount": "-5.00", "currency": "USD"}, "minor": 5}, {"amount", "minor"}),
        ({"amount": {"amount": "1000000000.01", "currency": "USD"}}, {"amount"}),
    ],
)
def test_odd_grants_are_refused(changes: dict[str, Any], wrong: set[str]) -> None:
    form = {"user_id": str(ADA), "amount": {"amount": "5.00", "currency": "USD"}, "reason": "Late.", **changes}

    response = client_as("admin").post(GRANT, form)

    assert (response.status_code, set(body(response)["errors"])) == (400, wrong)


def test_granting_is_the_admins_business() -> None:
    assert client_as("customer", user_id=ADA).post(GRANT, {}).status_code == 403
    assert client_as("customer", user_id=ADA).get(f"{GRANT}/{ADA}").status_code == 403
    assert client_as().get(CREDIT).status_code == 401
    assert client_as().get(f"{CREDIT}/movements").status_code == 401


def test_financials_know_what_is_owed_in_goods(provider: Any) -> None:
    grant(5_000)
    issue_cards(amount=Money(2_000, "USD"), count=1)
    asked(buy(3_000))
    asked(buy(500, token="requires_action"))

    money = body(client_as("admin").get("/api/v1/admin/financials"))["currencies"][0]

    figures = {name: Money.parse(**value).minor for name, value in money.items() if name != "currency"}
    assert (figures["gift_cards"], figures["store_credit"], figures["given_away"]) == (2_000, 2_000, 7_000)
    owed = ("commission", "tax", "vendors_pending", "vendors_available", "payouts_in_transit", "gift_cards")
    assert figures["at_provider"] + figures["given_away"] == sum(figures[name] for name in owed) + 2_000


def test_the_auditor_finds_a_payment_that_is_not_what_was_booked(provider: Any) -> None:
    grant(3_000)
    asked(buy())
    call_command("verify_ledger")

    Payment.objects.update(credit=2_000)
    with pytest.raises(CommandError, match="store credit's part") as told:
        call_command("verify_ledger")

    assert "provider's part" in str(told.value)
    Payment.objects.update(credit=3_000)


def test_one_share_of_nothing_makes_no_difference(provider: Any) -> None:
    grant(3_000)

    message = buy(4_000, splits=(split(), split(LUMEN, gross=0, tax=0, commission=0)), amount=usd(6_000))
    asked(message)

    assert Payment.objects.get().status == "taken"
