"""Orders as buyers and guests place, read and cancel them."""

from uuid import UUID, uuid4

import pytest
from conftest import CartService
from django.utils import timezone
from factories import ADDRESS, confirmed, hear, make_cart, make_line, payment_taken, place, stock_reserved
from rest_framework.test import APIClient

from order_service.actions.coupons import create_coupon
from order_service.models import Order
from shared.contracts.order import OrderCancelled, OrderPlaced
from shared.contracts.payment import NextAction, PaymentActionRequired, RefundPayment
from shared.contracts.user import UserChanged
from shared.testing import body, client_as, in_parallel, published

pytestmark = pytest.mark.django_db
ADA, EVE = UUID(int=0xADA), UUID(int=0xE7E)


def ada() -> APIClient:
    return client_as("customer", user_id=ADA)


TOKEN = "a-guests-token"
FORM = {"shipping_address": ADDRESS, "payment_method": "simulator"}
ORDERS = "/api/v1/orders"


def post(client: APIClient, form: object = None, key: str = "k-1", token: str = ""):
    headers = {"Idempotency-Key": key, **({"X-Cart-Token": token} if token else {})}
    return client.post(ORDERS, form or FORM, headers={name: value for name, value in headers.items() if value})


def without_request_id(response) -> dict[str, object]:
    return {**body(response), "request_id": ""}


@pytest.fixture(autouse=True)
def _filled_carts(cart_service: CartService) -> None:
    cart_service.carts = {str(ADA): make_cart(), TOKEN: make_cart(make_line()), "other": make_cart(make_line())}


# ── Placing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_order_is_placed_with_all_that_the_journey_names() -> None:
    response = post(ada())

    order = body(response)
    assert (response.status_code, response["Location"]) == (201, f"{ORDERS}/{order['id']}")
    assert (order["status"], order["payment"]["status"], order["number"][:2]) == ("placed", "pending", "N-")
    assert order["total"] == {"amount": "84.00", "currency": "USD"}
    assert [part["total"]["amount"] for part in order["vendor_orders"]] == ["54.00", "30.00"]
    assert "access_token" not in order


def test_a_quote_tells_the_same_total_and_writes_nothing() -> None:
    quoted = body(ada().post("/api/v1/checkout/quote", {"shipping_address": ADDRESS}))

    placed = body(post(ada(), {**FORM, "expected_total": quoted["total"]}))

    assert placed["total"] == quoted["total"]
    assert {"items_total", "discount_total", "shipping_total", "tax_total", "vendor_orders"} <= quoted.keys()
    assert [method["code"] for method in quoted["shipping_methods"] if method["selected"]] == ["standard"]
    assert Order.objects.count() == 1


def test_the_same_key_gets_the_same_answer_and_another_body_is_refused() -> None:
    first, again = post(ada()), post(ada())
    other = post(ada(), {**FORM, "shipping_method": "express"})

    assert again.content == first.content
    assert (other.status_code, body(other)["code"]) == (422, "idempotency_key_reused")
    assert Order.objects.count() == 1


def test_an_order_needs_a_key() -> None:
    response = post(ada(), key="")

    assert (response.status_code, list(body(response)["errors"])) == (400, ["Idempotency-Key"])


@pytest.mark.django_db(transaction=True)
def test_eight_parallel_requests_with_one_key_place_one_order() -> None:
    answers = in_parallel(8, lambda _number: post(ada()))

    made = {answer.content for answer in answers if answer.status_code == 201}
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert (len(made), Order.objects.count()) == (1, 1)
    assert post(ada()).content in made


def test_a_total_that_changed_and_an_empty_cart_are_conflicts(cart_service: CartService) -> None:
    changed = post(ada(), {**FORM, "expected_total": {"amount": "1.00", "currency": "USD"}})
    cart_service.carts.clear()
    empty = post(ada(), key="k-2")

    assert [(answer.status_code, body(answer)["code"]) for answer in (changed, empty)] == [
        (409, "price_changed"),
        (409, "cart_empty"),
    ]
    assert (Order.objects.count(), published()) == (0, [])


def test_a_cart_service_that_is_away_is_503_and_a_later_try_works(cart_service: CartService, settings) -> None:
    settings.CART_URL = "http://127.0.0.1:1"
    away = post(ada())
    settings.CART_URL = cart_service.url

    assert (away.status_code, "Retry-After" in away) == (503, True)
    assert post(ada()).status_code == 201


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"payment_method": "cash", "email": "no", "more": 1}, {"payment_method", "email", "more"}),
        ({"shipping_address": {**ADDRESS, "name": "Ada\nEve", "city": "\u202enodnoL"}},
         {"shipping_address.name", "shipping_address.city"}),
        ({"shipping_address": {}}, {f"shipping_address.{name}" for name in ADDRESS}),
        ({"shipping_address": "London"}, {"shipping_address.non_field_errors", "shipping_address"}),
        ({"shipping_address": {**ADDRESS, "country": "gb", "line3": "x"}},
         {"shipping_address.country", "shipping_address.line3"}),
        ({"shipping_address": {**ADDRESS, "name": "x" * 10_000, "city": "a\x00b"}},
         {"shipping_address.name", "shipping_address.city"}),
        ({"expected_total": {"amount": "1e999999", "currency": "USD"}}, {"expected_total.amount"}),
        ({"expected_total": 5, "coupon": ["x"]}, {"expected_total", "expected_total.non_field_errors", "coupon"}),
        ({"email": "a@" + "b." * 140 + "example"}, {"email"}),
        ({"payment_token": "gold"}, {"payment_token"}),
        ({"shipping_method": "teleport"}, {"shipping_method"}),
    ],
)  # fmt: skip
def test_odd_orders_are_refused_by_every_wrong_field(changes: dict[str, object], wrong: set[str]) -> None:
    response = post(ada(), {**FORM, **changes})

    assert response.status_code == 400
    assert set(body(response)["errors"]) <= wrong
    assert len({name.split(".")[0] for name in wrong}) == len({n.split(".")[0] for n in body(response)["errors"]})
    assert Order.objects.count() == 0


def test_a_coupon_of_the_cart_counts_and_one_that_is_unknown_is_refused(cart_service: CartService) -> None:
    create_coupon(code="half", kind="percentage", basis_points=5_000)
    cart_service.carts[str(ADA)] = make_cart(coupon="HALF")

    placed, unknown = post(ada()), post(ada(), {**FORM, "coupon": "what"}, "k-2")

    assert (body(placed)["coupon"], body(placed)["discount_total"]["amount"]) == ("HALF", "30.00")
    assert (unknown.status_code, body(unknown)["code"]) == (409, "coupon_not_valid")


# ── Guests ───────────────────────────────────────────────────────────────────────────────────────────────────────────


GUEST = {**FORM, "email": "guest@example.com"}


def test_a_guest_without_a_carts_token_is_refused_and_the_key_stays_free() -> None:
    refused = post(client_as(), GUEST)
    quoted = client_as().post("/api/v1/checkout/quote", {"shipping_address": ADDRESS})

    for answer in (refused, quoted):
        assert (answer.status_code, list(body(answer)["errors"])) == (400, ["X-Cart-Token"])
    assert post(client_as(), GUEST, token=TOKEN).status_code == 201


def test_a_guest_gives_an_address_to_write_to() -> None:
    response = post(client_as(), FORM, token=TOKEN)

    assert (response.status_code, list(body(response)["errors"])) == (400, ["email"])


def test_two_guests_with_one_key_place_two_orders() -> None:
    one, other = (post(client_as(), GUEST, token=token) for token in (TOKEN, "other"))

    assert (one.status_code, other.status_code) == (201, 201)
    assert body(one)["id"] != body(other)["id"]


def test_a_guest_reads_and_cancels_with_the_carts_token_or_the_link() -> None:
    placed = body(post(client_as(), GUEST, token=TOKEN))
    path = f"{ORDERS}/{placed['id']}"
    mine, theirs = {"X-Cart-Token": TOKEN}, {"X-Cart-Token": "other"}

    seen = [
        client_as().get(path, headers=mine),
        client_as().get(f"{path}?token={placed['access_token']}"),
        client_as().get(f"{path}/timeline", headers=mine),
    ]
    closed = [
        client_as().get(path),
        client_as().get(path, headers=theirs),
        client_as().get(f"{path}?token={placed['access_token']}x"),
        client_as().get(f"{path}?token=a%00b"),
        client_as().post(f"{path}/cancel", headers=theirs),
        ada().get(path),
    ]

    assert [answer.status_code for answer in seen] == [200] * 3
    assert [answer.status_code for answer in closed] == [404] * 6
    assert body(client_as().post(f"{path}/cancel", headers=mine))["cancel_reason"] == "cancelled_by_buyer"


def test_an_answer_to_a_guest_is_not_replayed_to_a_stranger() -> None:
    placed = body(post(client_as(), GUEST, token=TOKEN))
    path, key = f"{ORDERS}/{placed['id']}/cancel", {"Idempotency-Key": "1"}
    client_as().post(f"{path}?token={placed['access_token']}", headers=key)

    assert client_as().post(path, headers=key).status_code == 404


def test_a_carts_token_opens_no_order_of_an_account(cart_service: CartService) -> None:
    placed = body(post(ada(), token=TOKEN))

    assert client_as().get(f"{ORDERS}/{placed['id']}", headers={"X-Cart-Token": TOKEN}).status_code == 404


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_anothers_order_is_as_good_as_absent() -> None:
    theirs, absent = (f"{ORDERS}/{found}" for found in (place(user_id=EVE).id, uuid4()))

    for path in ("", "/timeline"):
        answers = [ada().get(found + path) for found in (theirs, absent)]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert without_request_id(answers[0]) == without_request_id(answers[1])
    cancelled = [ada().post(f"{found}/cancel") for found in (theirs, absent)]
    assert without_request_id(cancelled[0]) == without_request_id(cancelled[1])
    assert Order.objects.get().status == "placed"


def test_everybody_lists_the_own_orders_newest_first() -> None:
    place(user_id=EVE)
    mine = [str(place(user_id=ADA).id) for _ in range(3)]

    page = body(ada().get(f"{ORDERS}?limit=2"))
    following = body(ada().get(page["next"]))

    assert [row["id"] for row in page["results"] + following["results"]] == mine[::-1]
    assert following["next"] is None
    assert client_as().get(ORDERS).status_code == 401


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "cursor=x", "cursor=cD1ub25zZW5zZQ=="])
def test_an_odd_page_is_refused(query: str) -> None:
    place(user_id=ADA)

    assert ada().get(f"{ORDERS}?{query}").status_code in {400, 404}


@pytest.mark.parametrize("count", [1, 5])
def test_a_list_costs_as_many_statements_for_one_order_as_for_five(count: int, django_assert_num_queries) -> None:
    for _ in range(count):
        place(user_id=ADA)
    client = ada()

    with django_assert_num_queries(4):
        assert len(body(client.get(ORDERS))["results"]) == count


def test_the_buyer_cancels_and_an_admin_is_named_when_it_was_one() -> None:
    mine, other = confirmed(user_id=ADA), confirmed(user_id=EVE)

    by_buyer = ada().post(f"{ORDERS}/{mine.id}/cancel")
    again = ada().post(f"{ORDERS}/{mine.id}/cancel")
    by_admin = client_as("admin").post(f"{ORDERS}/{other.id}/cancel")

    assert [body(answer)["cancel_reason"] for answer in (by_buyer, by_admin)] == [
        "cancelled_by_buyer",
        "cancelled_by_admin",
    ]
    assert (again.status_code, body(again)["code"]) == (409, "illegal_transition")
    assert len(published(RefundPayment)) == len(published(OrderCancelled)) == 2


def test_support_reads_but_does_not_cancel() -> None:
    order = confirmed(user_id=EVE)
    support = client_as("support")

    assert support.get(f"{ORDERS}/{order.id}").status_code == 200
    assert support.post(f"{ORDERS}/{order.id}/cancel").status_code == 404


def test_the_timeline_tells_the_whole_story_in_order() -> None:
    placed = body(post(ada()))
    order = Order.objects.get(id=placed["id"])
    hear(stock_reserved(order))
    hear(payment_taken(order))
    ada().post(f"{ORDERS}/{order.id}/cancel")

    happenings = body(ada().get(f"{ORDERS}/{order.id}/timeline"))["results"]

    sent = [(one["kind"], one["name"]) for one in happenings if one["service"] == "order"]
    assert sent == [
        ("request", "POST /api/v1/orders"),
        ("event", "order.order_placed.v1"),
        ("command", "catalog.reserve_stock.v1"),
        ("command", "payment.take_payment.v1"),
        ("event", "order.order_confirmed.v1"),
        ("compensation", "payment.refund_payment.v1"),
        ("event", "order.order_cancelled.v1"),
    ]
    assert [one["at"] for one in happenings] == sorted(one["at"] for one in happenings)


# ── In whose language ────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_order_keeps_the_language_of_the_buyers_account_and_tells_it() -> None:
    changed = {"first_name": "Ada", "last_name": "Buyer", "version": 1, "locale": "fr"}
    hear(UserChanged(user_id=ADA, email="ada@example.com", **changed))

    order = body(post(ada()))

    assert order["locale"] == "fr"
    assert published(OrderPlaced)[0].buyer.locale == "fr"


@pytest.mark.parametrize(
    ("accepted", "locale"),
    [
        ("de-CH,de;q=0.9,en;q=0.8", "de-CH"),
        ("fr", "fr"),
        ("*", "en"),
        ("", "en"),
        ("<script>", "en"),
        ("x" * 5_000, "en"),
    ],
    ids=["several", "one", "any", "none", "odd", "long"],
)
def test_a_guests_order_keeps_the_language_that_the_browser_prefers(accepted: str, locale: str) -> None:
    headers = {"Idempotency-Key": "k-1", "X-Cart-Token": TOKEN, "Accept-Language": accepted}

    response = client_as().post(ORDERS, {**FORM, "email": "guest@example.com"}, headers=headers)

    assert body(response)["locale"] == locale


# ── More than can be carried out ─────────────────────────────────────────────────────────────────────────────────────


def test_who_comes_while_enough_checkouts_are_under_way_is_told_when_to_come_again(settings) -> None:
    settings.CHECKOUTS_AT_ONCE = 1
    first = place()

    refused = post(ada())
    hear(stock_reserved(first))
    hear(payment_taken(first))
    again = post(ada())

    assert (refused.status_code, body(refused)["code"], refused["Retry-After"]) == (429, "checkout_busy", "2")
    assert (again.status_code, again.has_header("Idempotent-Replayed")) == (201, False)


def test_who_has_to_act_keeps_no_other_buyer_waiting(settings) -> None:
    settings.CHECKOUTS_AT_ONCE = 1
    order = place()
    act = NextAction(kind="redirect", url="https://pay.example/1", expires_at=timezone.now())
    hear(stock_reserved(order))
    hear(PaymentActionRequired(payment_id=order.payment_id, order_id=order.id, next_action=act))

    assert post(ada()).status_code == 201


def test_a_payment_method_that_hangs_keeps_only_its_own_buyers_waiting(settings) -> None:
    settings.CHECKOUTS_AT_ONCE = 1
    order = place()
    Order.objects.filter(id=order.id).update(payment_method="chapa")

    assert post(ada()).status_code == 201
