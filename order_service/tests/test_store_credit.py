"""Store credit at checkout: what a quote shows of it, what an order asks for, what the payment says it was."""

from uuid import UUID

import pytest
from conftest import CartService
from factories import ADDRESS, confirmed, hear, make_cart, make_line, payment_taken, place, stock_reserved
from rest_framework.test import APIClient

from order_service.models import Order, StoreCredit
from shared.contracts.payment import StoreCreditChanged, TakePayment
from shared.money import Money
from shared.testing import body, client_as, published

pytestmark = pytest.mark.django_db

ADA = UUID(int=0xADA)
TOKEN = "a-guests-token"
FORM = {"shipping_address": ADDRESS, "payment_method": "simulator"}
USD_10 = {"amount": "10.00", "currency": "USD"}


def ada() -> APIClient:
    return client_as("customer", user_id=ADA)


def post(form: dict[str, object], client: APIClient | None = None, path: str = "orders"):
    headers = {"Idempotency-Key": "k", "X-Cart-Token": TOKEN}
    return (client or ada()).post(f"/api/v1/{path}", form, headers=headers)


def quoted(**changes: object):
    return body(post({"shipping_address": ADDRESS, **changes}, path="checkout/quote"))["store_credit"]


def credit(available: int, version: int = 1, currency: str = "USD") -> None:
    hear(StoreCreditChanged(user_id=ADA, currency=currency, available=available, version=version))


@pytest.fixture(autouse=True)
def _filled_carts(cart_service: CartService) -> None:
    """Of 84.00 USD."""
    cart_service.carts = {str(ADA): make_cart(), TOKEN: make_cart(make_line())}


@pytest.mark.parametrize(
    ("available", "use", "covers", "left"),
    [
        (3_000, None, "30.00", "54.00"),
        (3_000, True, "30.00", "54.00"),
        (3_000, USD_10, "10.00", "74.00"),
        (500, USD_10, "5.00", "79.00"),
        (9_000, True, "84.00", "0.00"),
        (0, True, "0.00", "84.00"),
    ],
)
def test_a_quote_shows_what_credit_would_cover(available: int, use: object, covers: str, left: str) -> None:
    credit(available)

    shown = quoted(**({} if use is None else {"use_store_credit": use}))

    assert (shown["available"]["amount"], shown["covers"]["amount"], shown["left_to_pay"]["amount"]) == (
        str(Money(available, "USD")).split()[0],
        covers,
        left,
    )


def test_a_guests_quote_has_none_and_credit_in_another_currency_covers_nothing() -> None:
    credit(3_000, currency="EUR")

    guests = body(post({"shipping_address": ADDRESS}, client_as(), path="checkout/quote"))

    assert guests["store_credit"] is None
    assert quoted()["covers"]["amount"] == "0.00"


@pytest.mark.parametrize(
    ("use", "asked"), [(True, (8_400, False)), (USD_10, (1_000, True)), (False, (0, False)), (None, (0, False))]
)
def test_an_order_asks_payment_for_what_the_buyer_said(use: object, asked: tuple[int, bool]) -> None:
    post(FORM if use is None else {**FORM, "use_store_credit": use})

    hear(stock_reserved(Order.objects.get()))

    (command,) = published(TakePayment)
    assert (command.store_credit, command.store_credit_exact) == asked
    assert command.amount.minor == 8_400


def test_an_order_tells_how_much_credit_paid() -> None:
    placed = body(post({**FORM, "use_store_credit": True}))
    order = Order.objects.get()

    hear(stock_reserved(order))
    hear(payment_taken(order).model_copy(update={"store_credit": 3_000}))

    seen = body(ada().get(f"/api/v1/orders/{order.id}"))
    assert placed["payment"]["store_credit"]["amount"] == "0.00"
    assert (seen["status"], seen["payment"]["store_credit"]["amount"]) == ("confirmed", "30.00")


@pytest.mark.parametrize(
    ("use", "wrong"),
    [
        ({"amount": "84.01", "currency": "USD"}, {"use_store_credit"}),
        ({"amount": "0.00", "currency": "USD"}, {"use_store_credit"}),
        ({"amount": "-1.00", "currency": "USD"}, {"use_store_credit"}),
        ({"amount": "10.00", "currency": "EUR"}, {"use_store_credit"}),
        ({"amount": "10.001", "currency": "USD"}, {"use_store_credit.amount"}),
        ({"amount": 10, "currency": "USD"}, {"use_store_credit.amount"}),
        ({"amount": "10.00"}, {"use_store_credit.currency"}),
        ({"amount": "10.00", "currency": "USD", "more": 1}, {"use_store_credit.more"}),
        ("yes", {"use_store_credit"}),
        (10, {"use_store_credit"}),
        ([], {"use_store_credit"}),
        (None, {"use_store_credit"}),
    ],
)
@pytest.mark.parametrize("path", ["orders", "checkout/quote"])
def test_odd_wishes_are_refused(path: str, use: object, wrong: set[str]) -> None:
    form = FORM if path == "orders" else {"shipping_address": ADDRESS}

    response = post({**form, "use_store_credit": use}, path=path)

    assert (response.status_code, set(body(response)["errors"])) == (400, wrong)
    assert Order.objects.count() == 0


@pytest.mark.parametrize("use", [True, USD_10])
def test_a_guest_cannot_use_any(use: object) -> None:
    form = {**FORM, "email": "guest@example.com", "use_store_credit": use}

    response = post(form, client_as())

    assert (response.status_code, list(body(response)["errors"])) == (400, ["use_store_credit"])
    assert post({**form, "use_store_credit": False}, client_as(), path="orders").status_code in {201, 422}


def test_the_projection_keeps_the_newest_balance_of_each_currency() -> None:
    credit(3_000, version=2)
    credit(9_000, version=1)
    credit(500, version=1, currency="EUR")

    assert sorted(StoreCredit.objects.values_list("currency", "available")) == [("EUR", 500), ("USD", 3_000)]


def test_an_order_without_a_word_of_credit_uses_none() -> None:
    order = confirmed()

    assert (order.credit_wanted, order.credit_exact, order.credit_used) == (0, False, 0)
    assert place().credit_wanted == 0
