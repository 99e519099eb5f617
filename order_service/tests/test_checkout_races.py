"""What happens to coupons and carts at one moment: no use beyond a limit, one order of a cart, one effect of a key.

The classes of anomalies are those of ACIDRain (Warszawski and Bailis, 2017). Longer: NEXUS_ROUNDS=100.
"""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from factories import make_cart, make_line, place

from order_service import checkout
from order_service.actions.coupons import create_coupon
from order_service.actions.promotions import Terms, create_promotion
from order_service.models import Order, Promotion, Redemption
from shared.money import Money
from shared.testing import in_parallel

pytestmark = pytest.mark.django_db(transaction=True)
PARALLEL = int(os.environ.get("NEXUS_PARALLEL", "50"))
ROUNDS = int(os.environ.get("NEXUS_ROUNDS", "1"))
EACH_ROUND = pytest.mark.parametrize("round_", range(ROUNDS))
ADA = UUID(int=0xADA)
LIMIT = 7


@pytest.fixture(autouse=True)
def _no_deadlock() -> Iterator[None]:
    before = deadlocks()
    yield
    assert deadlocks() == before


def deadlocks() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(cursor.fetchone()[0])


def kinds(answers: list[Any]) -> Counter[str]:
    return Counter(type(answer).__name__ for answer in answers)


def one_lamp(user_id: UUID) -> Order:
    return place(make_cart(make_line()), user_id=user_id, coupon="few")


@EACH_ROUND
def test_a_coupon_is_used_as_often_as_it_may_be_and_no_more(round_: int) -> None:
    create_coupon(code="few", kind="amount", amount=Money(500, "USD"), limit=LIMIT)

    answers = in_parallel(PARALLEL, lambda _number: one_lamp(uuid4()))

    assert kinds(answers) == {"Order": LIMIT, "CouponRefused": PARALLEL - LIMIT}
    assert (Promotion.objects.get().redeemed, Redemption.objects.count(), Order.objects.count()) == (LIMIT,) * 3


@EACH_ROUND
def test_a_first_order_is_one_however_many_promotions_are_for_it(round_: int) -> None:
    for code in ("hello", "welcome"):
        create_promotion(terms=Terms(code=code, kind="percentage", basis_points=1_000, first_order_only=True))

    answers = in_parallel(
        PARALLEL,
        lambda number: place(make_cart(make_line()), user_id=ADA, coupon="welcome" if number % 2 else "hello"),
    )

    assert kinds(answers) == {"Order": 1, "CouponRefused": PARALLEL - 1}


@EACH_ROUND
def test_a_buyer_uses_a_coupon_as_often_as_one_may_and_no_more(round_: int) -> None:
    create_coupon(code="few", kind="percentage", basis_points=1_000, per_user_limit=2)
    eve = uuid4()

    answers = in_parallel(PARALLEL, lambda number: one_lamp(eve if number % 10 else ADA))

    assert kinds(answers) == {"Order": 4, "CouponRefused": PARALLEL - 4}
    assert Counter(Order.objects.values_list("user_id", flat=True)) == {ADA: 2, eve: 2}


@EACH_ROUND
def test_both_limits_hold_while_orders_are_cancelled(round_: int) -> None:
    """Each of the first orders is cancelled twice while others are placed: each gives back one use."""
    create_coupon(code="few", kind="percentage", basis_points=1_000, limit=LIMIT, per_user_limit=2)
    people = [uuid4() for _person in range(10)]
    first = [one_lamp(person) for person in people[:5]]

    def act(number: int) -> object:
        if number < 10:
            return checkout.cancel_order(order_id=first[number % 5].id, reason="cancelled_by_buyer")
        return one_lamp(people[number % 10])

    answers = in_parallel(PARALLEL, act)

    assert kinds(answers).keys() <= {"Order", "CouponRefused", "IllegalMove"}
    assert kinds(answers)["IllegalMove"] == 5
    standing = Order.objects.exclude(status="cancelled")
    used = Promotion.objects.get().redeemed
    assert used == Redemption.objects.filter(released_at=None).count() == standing.count() <= LIMIT
    assert max(Counter(standing.values_list("user_id", flat=True)).values(), default=0) <= 2


@EACH_ROUND
def test_a_cart_that_is_ordered_many_times_at_once_is_one_order(round_: int) -> None:
    cart = replace(make_cart(make_line()), id=str(uuid4()), version="1")

    answers = in_parallel(PARALLEL, lambda _number: place(cart, user_id=ADA))

    assert kinds(answers) == {"Order": 1, "CartOrdered": PARALLEL - 1}
    assert Order.objects.count() == 1
