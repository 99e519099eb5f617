"""What happens to gift cards and store credit at one moment: nothing is spent twice, and nothing is lost.

The classes of anomalies are those of ACIDRain (Warszawski and Bailis, 2017): a card that many redeem, credit that many
orders want, and one request that is sent many times. Longer: NEXUS_ROUNDS=100.
"""

import os
from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from factories import balances, hear, refund_of, split, take, usd

from payment_service.actions import payments, refunds
from payment_service.actions.gift_cards import disable_card, issue_cards, redeem_card
from payment_service.actions.store_credit import grant_credit
from payment_service.clients import Charge
from payment_service.errors import GiftCardNotValid, GiftCardRedeemed, IllegalMove
from payment_service.models import Entry, GiftCard, Payment, Refund
from payment_service.queries.books import broken_rules
from shared.context import new_id
from shared.contracts.payment import CancelPayment, StoreCreditChanged, TakePayment
from shared.money import Money
from shared.testing import client_as, in_parallel, published

pytestmark = pytest.mark.django_db(transaction=True)
PARALLEL = int(os.environ.get("NEXUS_PARALLEL", "50"))
ROUNDS = int(os.environ.get("NEXUS_ROUNDS", "1"))
EACH_ROUND = pytest.mark.parametrize("round_", range(ROUNDS))


@pytest.fixture(autouse=True)
def _books() -> Iterator[None]:
    """Whatever a test does, the books agree afterwards, and there was no deadlock, not even one that was retried."""
    before = deadlocks()
    yield
    assert broken_rules() == []
    assert deadlocks() == before


def deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def kinds(answers: list[Any]) -> Counter[str]:
    return Counter(type(answer).__name__ for answer in answers)


def issue(minor: int = 2_500) -> tuple[GiftCard, str]:
    return issue_cards(amount=Money(minor, "USD"), count=1)[0]


def grant(user_id: UUID, minor: int) -> None:
    grant_credit(user_id=user_id, amount=Money(minor, "USD"), reason="sorry")


def order_of(user_id: UUID, gross: int, credit: int, *, exact: bool = True) -> TakePayment:
    share = split(gross=gross, tax=gross // 6, commission=gross // 12)
    wish = {"store_credit": credit, "store_credit_exact": exact}
    return take(share, user_id=user_id, amount=usd(gross), token="requires_action", **wish)


def credit(user_id: UUID) -> tuple[int, int]:
    owned = balances(user_id)
    return owned.get("store_credit", 0), owned.get("store_credit_held", 0)


# ── Gift cards ───────────────────────────────────────────────────────────────────────────────────────────────────────


@EACH_ROUND
def test_a_card_that_many_redeem_at_once_is_one_persons(round_: int) -> None:
    _card, code = issue()
    people = [new_id() for _person in range(PARALLEL)]

    answers = in_parallel(PARALLEL, lambda number: redeem_card(code=code, user_id=people[number]))

    assert kinds(answers) == {"GiftCard": 1, "GiftCardNotValid": PARALLEL - 1}
    winner = next(answer.redeemed_by for answer in answers if isinstance(answer, GiftCard))
    assert [person for person in people if balances(person)] == [winner]
    assert (credit(winner), balances()["gift_cards"]) == ((2_500, 0), 0)


@EACH_ROUND
def test_a_card_that_one_person_redeems_many_times_at_once_counts_once(round_: int) -> None:
    (_card, code), me = issue(), new_id()

    answers = in_parallel(PARALLEL, lambda _number: redeem_card(code=code, user_id=me))

    assert kinds(answers) == {"GiftCard": 1, GiftCardRedeemed.__name__: PARALLEL - 1}
    assert credit(me) == (2_500, 0)


@EACH_ROUND
def test_many_cards_that_one_person_redeems_at_once_all_count(round_: int) -> None:
    me, issued = new_id(), issue_cards(amount=Money(100, "USD"), count=PARALLEL)

    answers = in_parallel(PARALLEL, lambda number: redeem_card(code=issued[number][1], user_id=me))

    assert kinds(answers) == {"GiftCard": PARALLEL}
    assert credit(me) == (100 * PARALLEL, 0)
    newest = max(published(StoreCreditChanged), key=lambda event: event.version)
    assert (newest.available, newest.version) == (100 * PARALLEL, PARALLEL)


@EACH_ROUND
def test_a_card_is_redeemed_or_disabled(round_: int) -> None:
    (card, code), me = issue(), new_id()

    def act(number: int) -> object:
        if number % 2:
            return redeem_card(code=code, user_id=me)
        return disable_card(card_id=card.id, reason="stolen")

    answers = in_parallel(PARALLEL, act)

    assert kinds(answers)["GiftCard"] == 1
    assert kinds(answers).keys() <= {"GiftCard", "GiftCardNotValid", "GiftCardRedeemed", IllegalMove.__name__}
    card.refresh_from_db()
    assert credit(me) == ((2_500, 0) if card.status == "redeemed" else (0, 0))
    assert balances()["gift_cards"] == 0


@EACH_ROUND
def test_one_redemption_sent_many_times_at_once_is_one(round_: int) -> None:
    (_card, code), me = issue(), new_id()
    client = client_as("customer", user_id=me)

    def send(_number: int) -> Any:
        return client.post("/api/v1/gift-cards/redeem", {"code": code}, headers={"Idempotency-Key": "k"})

    answers = in_parallel(PARALLEL, send)

    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {200, 409}
    assert len({answer.content for answer in answers if answer.status_code == 200}) == 1
    assert credit(me) == (2_500, 0)


# ── Store credit ─────────────────────────────────────────────────────────────────────────────────────────────────────


@EACH_ROUND
def test_credit_that_many_orders_want_at_once_is_spent_once(round_: int) -> None:
    """Enough for seven of them."""
    me = new_id()
    grant(me, 7 * 600 + 599)
    orders = [order_of(me, 1_000, 600) for _order in range(PARALLEL)]

    answers = in_parallel(PARALLEL, lambda number: hear(orders[number]))

    assert answers == [True] * PARALLEL
    assert Counter(Payment.objects.values_list("status", "credit")) == {
        ("pending", 600): 7,
        ("declined", 0): PARALLEL - 7,
    }
    assert credit(me) == (599, 4_200)


@EACH_ROUND
def test_what_there_is_of_credit_is_shared_by_orders_and_never_more(round_: int) -> None:
    me = new_id()
    grant(me, 4_321)
    orders = [order_of(me, 1_000, 1_000, exact=False) for _order in range(PARALLEL)]

    answers = in_parallel(PARALLEL, lambda number: hear(orders[number]))

    assert answers == [True] * PARALLEL
    assert Counter(Payment.objects.values_list("credit", flat=True)) == {1_000: 4, 321: 1, 0: PARALLEL - 5}
    assert credit(me) == (0, 4_321)


@EACH_ROUND
def test_held_credit_is_taken_or_given_back_once_whoever_ends_the_payment(round_: int) -> None:
    """Answers of the provider that contradict each other, told many times, and the order's wish to stop."""
    me = new_id()
    grant(me, 600)
    order = order_of(me, 1_000, 600)
    hear(order)
    settle = partial(payments.settle, payment_id=order.payment_id)
    ends = [
        lambda: settle(charge=Charge("c-1", "succeeded")),
        lambda: settle(charge=Charge("c-1", "declined", "declined")),
        lambda: hear(CancelPayment(payment_id=order.payment_id, order_id=order.order_id)),
    ]

    answers = in_parallel(PARALLEL, lambda number: ends[number % 3]())

    assert not [answer for answer in answers if isinstance(answer, Exception)]
    payment = Payment.objects.get()
    assert payment.status == "taken"  # a success that comes after a decline is money all the same
    declined_first = payment.minor == 400
    assert (payment.credit, credit(me)) == ((0, (600, 0)) if declined_first else (600, (0, 0)))
    assert Entry.objects.filter(kind="credit_returned").count() == declined_first


@EACH_ROUND
def test_refunds_at_once_give_back_what_was_paid_and_no_more(round_: int) -> None:
    me = new_id()
    grant(me, 600)
    order = order_of(me, 1_000, 600)
    hear(order)
    payments.settle(payment_id=order.payment_id, charge=Charge("c-1", "succeeded"))
    part = order.splits[0].model_copy(update={"gross": 30, "tax": 5, "commission": 2})
    wanted = [refund_of(order, part) for _refund in range(PARALLEL)]

    def give_back(number: int) -> None:
        hear(wanted[number])
        if Refund.objects.filter(id=wanted[number].refund_id).exists():
            refunds.settle_refund(refund_id=wanted[number].refund_id, transfer=refunds.Transfer("r", True))

    answers = in_parallel(PARALLEL, give_back)

    assert answers == [None] * PARALLEL
    payment, asked = Payment.objects.get(), min(30 * PARALLEL, 1_000)
    assert (payment.refunded, payment.credit_refunded) == (asked, max(asked - 400, 0))
    assert credit(me) == (payment.credit_refunded, 0)


@EACH_ROUND
def test_everything_at_once_keeps_the_books(round_: int) -> None:
    """Cards are redeemed, credit is granted, spent, given back and refunded, all of two people, all at once."""
    people = [new_id(), new_id()]
    for person in people:
        grant(person, 2_000)
    paid = [order_of(person, 1_000, 500) for person in people]
    for order in paid:
        hear(order)
        payments.settle(payment_id=order.payment_id, charge=Charge("c-1", "succeeded"))
    issued = issue_cards(amount=Money(100, "USD"), count=PARALLEL)

    def act(number: int) -> object:
        me, other = people[number % 2], people[(number + 1) % 2]
        match number % 5:
            case 0:
                return redeem_card(code=issued[number][1], user_id=me)
            case 1:
                return grant(me, 50)
            case 2:
                return hear(refund_of(paid[number % 2], refund_id=new_id()))
            case 3:
                return hear(order_of(other, 1_000, 700, exact=False))
        order = order_of(me, 1_000, 300)
        hear(order)
        return payments.settle(payment_id=order.payment_id, charge=Charge("c-2", "declined", "declined"))

    answers = in_parallel(PARALLEL, act)

    assert not [answer for answer in answers if isinstance(answer, Exception)]
    refused = GiftCardNotValid.__name__
    assert refused not in kinds(answers)
    assert all(minor >= 0 for person in people for minor in credit(person))
