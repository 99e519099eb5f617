"""How often promotions are redeemed: up to their limits, however many ask at once, and given back once."""

from uuid import uuid4

import pytest
from conftest import CartService
from factories import ADDRESS, hear, make_cart, make_line, payment_declined, place, stock_rejected, stock_reserved
from promoting import ADA, promote

from order_service import checkout
from order_service.errors import CouponRefused, PriceChanged
from order_service.models import Order, Promotion, Redemption
from order_service.queries.promotions import promotions
from shared.money import Money
from shared.testing import body, client_as, in_parallel

pytestmark = pytest.mark.django_db


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("code", ["LAST", None], ids=["by code", "by itself"])
def test_of_fifty_parallel_orders_as_many_redeem_it_as_the_limit_says(code: str | None) -> None:
    promote(code=code, limit=7)

    answers = in_parallel(50, lambda _number: place(make_cart(make_line()), user_id=uuid4(), coupon=code))

    placed = [answer for answer in answers if isinstance(answer, Order)]
    at_full_price = [order for order in placed if order.discount_total == 0]
    refused = [answer for answer in answers if isinstance(answer, CouponRefused if code else PriceChanged)]
    assert len(placed) - len(at_full_price) == 7
    assert len(placed) + len(refused) == 50
    assert not (code and at_full_price)
    assert (Promotion.objects.get().redeemed, Redemption.objects.count(), promotions().get().used) == (7, 7, 7)


@pytest.mark.django_db(transaction=True)
def test_of_fifty_parallel_orders_of_one_buyer_as_many_redeem_it_as_the_limit_per_user_says() -> None:
    promote(code="MINE", per_user_limit=3)

    answers = in_parallel(50, lambda _number: place(make_cart(make_line()), user_id=ADA, coupon="MINE"))

    assert sum(isinstance(answer, Order) for answer in answers) == 3
    assert sum(isinstance(answer, CouponRefused) for answer in answers) == 47
    assert promotions().get().used == Order.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_of_parallel_first_orders_one_is_the_first() -> None:
    promote(code="HELLO", first_order_only=True)

    answers = in_parallel(12, lambda _number: place(make_cart(make_line()), user_id=ADA, coupon="HELLO"))

    assert sum(isinstance(answer, Order) for answer in answers) == Order.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_orders_that_redeem_several_in_parallel_never_wait_in_a_circle() -> None:
    for priority in (1, 2, 3):
        promote("amount", amount=Money(10, "USD"), limit=1_000, priority=priority)
        promote("amount", amount=Money(10, "USD"), limit=1_000, priority=-priority)

    placed = in_parallel(20, lambda number: place(make_cart(make_line()), user_id=uuid4()))
    in_parallel(20, lambda number: checkout.cancel_order(order_id=placed[number].id, reason="cancelled_by_buyer"))

    assert all(isinstance(answer, Order) for answer in placed)
    assert list(Promotion.objects.values_list("redeemed", flat=True)) == [0] * 6
    assert Redemption.objects.filter(released_at=None).count() == 0


@pytest.mark.parametrize(
    "end",
    [
        lambda order: checkout.cancel_order(order_id=order.id, reason="cancelled_by_buyer"),
        lambda order: hear(stock_rejected(order)),
        lambda order: (hear(stock_reserved(order)), hear(payment_declined(order)), hear(payment_declined(order))),
    ],
    ids=["by the buyer", "no stock", "declined twice"],
)
def test_whatever_cancels_an_order_gives_all_its_promotions_back_once(end) -> None:
    promote(limit=5)
    promote(code="TOO", limit=5)
    place(user_id=uuid4(), coupon="TOO")
    order = place(user_id=ADA, coupon="TOO")

    end(order)

    assert [row.redeemed for row in Promotion.objects.all()] == [1, 1]
    assert [row.used for row in promotions()] == [1, 1]


def test_the_same_request_again_redeems_once(cart_service: CartService) -> None:
    promote(code="ONCE", limit=5, per_user_limit=5)
    cart_service.carts[str(ADA)] = make_cart(make_line(), coupon="ONCE")
    form = {"shipping_address": ADDRESS, "payment_method": "simulator", "email": "ada@example.com"}
    client = client_as("customer", user_id=ADA)

    answers = [client.post("/api/v1/orders", form, HTTP_IDEMPOTENCY_KEY="k1") for _time in range(3)]

    assert [answer.status_code for answer in answers] == [201] * 3
    assert len({body(answer)["id"] for answer in answers}) == 1
    assert (Promotion.objects.get().redeemed, promotions().get().used) == (1, 1)


def test_without_a_total_limit_no_row_is_locked_that_another_order_needs(django_assert_max_num_queries) -> None:
    promote()

    order = place(user_id=ADA)

    assert order.discount_total == 600
    assert (Promotion.objects.get().redeemed, promotions().get().used) == (0, 1)
