"""Store credit: granted, held for a payment, spent or given back; never below nothing, and always in the books."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone
from factories import LUMEN, NORTHWIND, asked, balances, due_now, hear, part_of, refund_of, released, split, take, usd

from payment_service.actions import payments, refunds
from payment_service.actions.gift_cards import issue_cards, redeem_card
from payment_service.actions.ledger import Kind, Line, record
from payment_service.actions.store_credit import grant_credit
from payment_service.clients import Charge
from payment_service.models import Account, Entry, Payment, Refund, SimulatedCharge
from payment_service.queries.books import broken_rules
from shared.context import new_id
from shared.contracts.payment import (
    CancelPayment,
    PaymentDeclined,
    PaymentRefunded,
    PaymentTaken,
    RefundFailed,
    StoreCreditChanged,
    TakePayment,
)
from shared.contracts.user import RecordAudit
from shared.money import Money
from shared.testing import body, client_as, published

pytestmark = pytest.mark.django_db(transaction=True)

ADA = UUID(int=0xADA)
CREDIT, GRANT = "/api/v1/store-credit", "/api/v1/admin/store-credit"
WHOLE = 10_000
"""What `take()` is about, in cents."""


@pytest.fixture(autouse=True)
def _books() -> Any:
    """Whatever a test does, the books agree afterwards."""
    yield
    assert broken_rules() == []


def grant(minor: int, user_id: UUID = ADA, currency: str = "USD") -> None:
    grant_credit(user_id=user_id, amount=Money(minor, currency), reason="sorry")


def buy(credit: int = WHOLE, *, exact: bool = False, **changes: Any) -> TakePayment:
    return take(user_id=ADA, **{"store_credit": credit, "store_credit_exact": exact, **changes})


def mine() -> tuple[int, int]:
    """Ada's: available and held."""
    owned = balances(ADA)
    return owned.get("store_credit", 0), owned.get("store_credit_held", 0)


def charged() -> list[int]:
    return list(SimulatedCharge.objects.filter(status="succeeded").values_list("minor", flat=True))


# ── Paying ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_credit_pays_what_it_can_and_the_provider_the_rest(provider: Any) -> None:
    grant(3_000)

    payment = asked(buy())

    assert (payment.status, payment.credit, charged()) == ("taken", 3_000, [7_000])
    assert mine() == (0, 0)
    assert balances() == {"given_away": -3_000, "provider": 7_000, "tax": 1_600, "commission": 800}
    assert (balances(NORTHWIND)["vendor_pending"], balances(LUMEN)["vendor_pending"]) == (4_500, 3_100)
    assert [(told.amount.minor, told.store_credit) for told in published(PaymentTaken)] == [(WHOLE, 3_000)]


def test_credit_that_covers_the_whole_asks_no_provider(provider: Any) -> None:
    grant(12_500)
    provider.SIMULATOR_URL = "http://127.0.0.1:1"

    payment = asked(buy())

    assert (payment.status, payment.credit, SimulatedCharge.objects.count()) == ("taken", WHOLE, 0)
    assert mine() == (2_500, 0)
    assert "provider" not in balances() or balances()["provider"] == 0


def test_while_the_buyer_decides_the_credit_is_held(provider: Any) -> None:
    grant(3_000)

    payment = asked(buy(token="requires_action"))

    assert (payment.status, mine()) == ("action_required", (0, 3_000))
    assert asked(buy(3_000)).credit == 0


@pytest.mark.parametrize("token", ["decline", "insufficient_funds"])
def test_a_provider_that_declines_gives_the_credit_back(provider: Any, token: str) -> None:
    grant(3_000)

    payment = asked(buy(token=token))

    assert (payment.status, mine()) == ("declined", (3_000, 0))
    assert [event.available for event in published(StoreCreditChanged)] == [3_000, 0, 3_000]


def test_a_cancelled_payment_gives_the_credit_back(provider: Any) -> None:
    grant(3_000)
    message = buy(token="requires_action")
    asked(message)

    hear(CancelPayment(payment_id=message.payment_id, order_id=message.order_id))
    payments.ask_providers()

    assert (Payment.objects.get().status, mine()) == ("declined", (3_000, 0))


def test_a_payment_by_credit_alone_that_is_cancelled_before_it_is_taken(provider: Any) -> None:
    grant(WHOLE)
    message = buy()
    hear(message)
    hear(CancelPayment(payment_id=message.payment_id, order_id=message.order_id))

    payments.ask_providers()

    assert (Payment.objects.get().status, mine()) == ("declined", (WHOLE, 0))
    assert published(PaymentTaken) == []


def test_a_cancellation_that_overtakes_its_payment_holds_nothing(provider: Any) -> None:
    grant(3_000)
    message = buy()
    hear(CancelPayment(payment_id=message.payment_id, order_id=message.order_id))

    assert asked(message).status == "declined"
    assert mine() == (3_000, 0)


def test_the_time_to_pay_ends_and_the_credit_is_back(provider: Any) -> None:
    grant(3_000)
    asked(buy(token="requires_action"))
    Payment.objects.update(expires_at=timezone.now() - timedelta(seconds=1), due_at=timezone.now())

    payments.ask_providers()

    assert ([told.reason for told in published(PaymentDeclined)], mine()) == (["expired"], (3_000, 0))


def test_less_than_the_buyer_said_exactly_is_declined_before_anybody_is_asked(provider: Any) -> None:
    grant(2_999)

    payment = asked(buy(3_000, exact=True))

    assert (payment.status, payment.reason) == ("declined", "insufficient_store_credit")
    assert (mine(), SimulatedCharge.objects.count()) == ((2_999, 0), 0)


def test_exactly_what_the_buyer_said_is_used(provider: Any) -> None:
    grant(5_000)

    assert asked(buy(3_000, exact=True)).credit == 3_000
    assert (mine(), charged()) == ((2_000, 0), [7_000])


def test_credit_in_another_currency_pays_nothing(provider: Any) -> None:
    grant(3_000, currency="EUR")

    assert (asked(buy()).credit, charged()) == (0, [WHOLE])


def test_a_guest_has_none(provider: Any) -> None:
    assert asked(take(user_id=None, store_credit=500)).credit == 0
    assert asked(take(user_id=None, store_credit=500, store_credit_exact=True)).status == "declined"


def test_the_same_command_twice_holds_once(provider: Any) -> None:
    grant(5_000)
    message = buy(3_000, token="requires_action")

    for _time in range(2):
        hear(message)

    assert mine() == (2_000, 3_000)


def test_a_lost_answer_is_asked_for_again_and_the_credit_spent_once(provider: Any) -> None:
    grant(3_000)
    asked(buy(token="timeout"))
    assert mine() == (0, 3_000)

    due_now()
    payments.ask_providers()

    assert (mine(), charged(), balances()["provider"]) == ((0, 0), [7_000], 7_000)


def test_money_that_comes_after_the_decline_is_the_payment_alone_and_all_of_it_goes_back(provider: Any) -> None:
    grant(3_001)
    message = buy(token="decline")
    asked(message)

    charge = SimulatedCharge.objects.get()
    SimulatedCharge.objects.update(status="succeeded")
    payments.settle(payment_id=message.payment_id, charge=Charge(str(charge.id), "succeeded"))

    payment = Payment.objects.get()
    assert (payment.status, payment.minor, payment.credit, mine()) == ("taken", 6_999, 0, (3_001, 0))
    assert [told.amount.minor for told in published(PaymentTaken)] == [6_999]
    hear(refund_of(message))
    refunds.ask_for_refunds()
    assert [told.amount.minor for told in published(PaymentRefunded)] == [6_999]
    assert balances() == {"given_away": -3_001, "provider": 0, "tax": 0, "commission": 0}


# ── Giving back ──────────────────────────────────────────────────────────────────────────────────────────────────────


def refunded(message: TakePayment, *splits: Any) -> Refund:
    command = refund_of(message, *splits)
    hear(command)
    refunds.ask_for_refunds()
    return Refund.objects.get(id=command.refund_id)


def test_the_provider_gives_back_what_it_took_and_the_rest_becomes_credit_again(provider: Any) -> None:
    grant(6_000)
    message = buy()
    asked(message)
    half = part_of(message.splits[0], 2)

    first, second = refunded(message, half), refunded(message)

    assert [(one.minor, one.credit) for one in (first, second)] == [(3_000, 0), (7_000, 6_000)]
    assert [told.store_credit for told in published(PaymentRefunded)] == [0, 6_000]
    assert SimulatedCharge.objects.get().refunded == 4_000
    assert mine() == (6_000, 0)
    assert balances() == {"given_away": -6_000, "provider": 0, "tax": 0, "commission": 0}
    assert balances(NORTHWIND)["vendor_pending"] == balances(LUMEN)["vendor_pending"] == 0


def test_what_credit_alone_paid_goes_back_without_a_provider(provider: Any) -> None:
    grant(WHOLE)
    message = buy()
    asked(message)
    released(message)
    provider.SIMULATOR_URL = "http://127.0.0.1:1"

    assert refunded(message).status == "done"

    assert mine() == (WHOLE, 0)


def test_a_refund_that_the_provider_refuses_returns_no_credit_and_can_be_asked_for_again(provider: Any) -> None:
    grant(6_000)
    message = buy()
    asked(message)
    SimulatedCharge.objects.update(refunded=4_000)

    failed = refunded(message)
    SimulatedCharge.objects.update(refunded=0)
    again = refunded(message)

    assert (failed.status, again.status, again.credit) == ("failed", "done", 6_000)
    assert len(published(RefundFailed)) == 1
    assert mine() == (6_000, 0)


def test_an_admins_refund_is_the_providers_first(provider: Any) -> None:
    grant(6_000)
    message = buy()
    asked(message)
    path = f"/api/v1/payments/{message.payment_id}"

    form = {"amount": {"amount": "50.00", "currency": "USD"}, "reason": "goodwill"}
    made = client_as("admin").post(f"{path}/refunds", form, headers={"Idempotency-Key": "k"})
    refunds.ask_for_refunds()

    seen = body(client_as("customer", user_id=ADA).get(path))
    assert body(made)["store_credit"]["amount"] == seen["refunds"][0]["store_credit"]["amount"] == "10.00"
    assert (seen["amount"]["amount"], seen["store_credit"]["amount"]) == ("100.00", "60.00")
    assert (mine(), SimulatedCharge.objects.get().refunded) == ((1_000, 0), 4_000)


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
