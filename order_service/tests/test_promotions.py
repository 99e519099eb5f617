"""Promotions: what they give, on what, with what else, how often, and who pays."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from conftest import CartService
from django.utils import timezone
from factories import (
    ADDRESS,
    VENDOR_A,
    VENDOR_B,
    confirmed,
    hear,
    make_cart,
    make_line,
    part_of,
    payment_declined,
    place,
    stock_rejected,
    stock_reserved,
)

from order_service import checkout
from order_service.actions.orders import splits_of
from order_service.actions.promotions import Terms, create_promotion
from order_service.clients import Cart
from order_service.errors import CouponRefused, PriceChanged
from order_service.models import Order, OrderLine, Promotion, Redemption
from order_service.queries.promotions import promotions
from order_service.queries.quotes import Quote, quote
from shared.contracts.payment import TakePayment
from shared.contracts.user import RecordAudit
from shared.money import Money
from shared.testing import body, client_as, in_parallel, published

pytestmark = pytest.mark.django_db

ADA = UUID(int=0xADA)
ADMIN = "/api/v1/admin/promotions"
OWN = "/api/v1/promotions"
TEN = {"name": "Ten off", "kind": "percentage", "value": "10"}


def promote(kind: str = "percentage", *, vendor_id: UUID | None = None, **terms: Any) -> Promotion:
    plain: dict[str, Any] = {"basis_points": 1_000} if kind == "percentage" else {}
    return create_promotion(terms=Terms(**{"kind": kind, "name": kind, **plain, **terms}), vendor_id=vendor_id)


def price(*lines: Any, coupon: str | None = None, buyer: str = str(ADA)) -> Quote:
    return quote(cart=make_cart(*lines), country="XX", method=None, coupon_code=coupon, buyer_key=buyer)


def discounts(quoted: Quote) -> list[int]:
    return [line.discount for part in quoted.parts for line in part.lines]


def two_for_one(**terms: Any) -> Promotion:
    return promote("buy_x_get_y", buy_quantity=2, get_quantity=1, basis_points=10_000, **terms)


# ── What they give ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_promotion_without_a_code_comes_by_itself_and_says_so_on_each_line() -> None:
    promote(name="Spring")

    quoted = price(make_line(quantity=2), make_line(quantity=1, vendor_id=VENDOR_B))

    assert discounts(quoted) == [400, 200]
    reason = quoted.parts[0].lines[0].why[0]
    assert (reason.kind, reason.rule, reason.base, reason.basis_points, reason.amount) == (
        "discount", "Spring", 4_000, 1_000, -400,
    )  # fmt: skip


def test_an_amount_is_spread_to_the_last_cent() -> None:
    promote("amount", amount=Money(1_000, "USD"))

    quoted = price(*(make_line(quantity=1, unit_price=Money(3_333, "USD")) for _ in range(3)))

    assert discounts(quoted) == [334, 333, 333]


@pytest.mark.parametrize(
    ("quantities", "prices", "given"),
    [
        ([3], [1_000], [1_000]),
        ([2], [1_000], [0]),
        ([5], [1_000], [1_000]),
        ([6], [1_000], [2_000]),
        ([2, 1], [1_000, 400], [0, 400]),
        ([1, 5], [100, 900], [100, 900]),
        ([4, 2], [700, 900], [1_400, 0]),
    ],
)
def test_buy_two_get_one_gives_the_cheapest_of_each_whole_group(quantities, prices, given) -> None:
    two_for_one()
    lines = [
        make_line(quantity=quantity, unit_price=Money(each, "USD"))
        for quantity, each in zip(quantities, prices, strict=True)
    ]

    assert discounts(price(*lines)) == given


def test_what_is_got_may_be_half_off() -> None:
    promote("buy_x_get_y", buy_quantity=1, get_quantity=1, basis_points=5_000)

    assert discounts(price(make_line(quantity=2, unit_price=Money(1_001, "USD")))) == [501]


def test_free_shipping_is_for_the_vendors_whose_goods_are_covered() -> None:
    promote("free_shipping", vendors=[VENDOR_B])

    quoted = price(make_line(), make_line(vendor_id=VENDOR_B))

    assert [part.shipping for part in quoted.parts] == [500, 0]
    assert quoted.parts[1].parcel.why[1].kind == "shipping_discount"


# ── On what ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_products_categories_and_vendors_narrow_it() -> None:
    product, category = uuid4(), uuid4()
    lines = [
        make_line(product_id=product, category_id=category),
        make_line(product_id=product),
        make_line(category_id=category, vendor_id=VENDOR_B),
    ]

    for terms, covered in (
        ({"products": [product]}, [400, 400, 0]),
        ({"categories": [category]}, [400, 0, 400]),
        ({"vendors": [VENDOR_B]}, [0, 0, 400]),
        ({"products": [product], "categories": [category]}, [400, 0, 0]),
        ({"products": [uuid4()]}, [0, 0, 0]),
    ):
        promotion = promote(**terms)
        assert discounts(price(*lines)) == covered
        promotion.delete()


def test_the_minimum_counts_what_is_covered_only() -> None:
    promote(vendors=[VENDOR_A], minimum=Money(4_000, "USD"))

    enough = price(make_line(quantity=2), make_line(quantity=9, vendor_id=VENDOR_B))
    too_little = price(make_line(quantity=1), make_line(quantity=9, vendor_id=VENDOR_B))

    assert (discounts(enough), discounts(too_little)) == ([400, 0], [0, 0])


@pytest.mark.parametrize(
    "terms",
    [
        {"starts_at": timezone.now() + timedelta(days=1)},
        {"ends_at": timezone.now() - timedelta(days=1)},
        {"minimum": Money(1, "EUR")},
        {"products": [uuid4()]},
        {"vendors": [uuid4()]},
    ],
    ids=["early", "late", "other currency", "other product", "other vendor"],
)
def test_what_does_not_apply_is_silent_by_itself_and_refused_by_code(terms) -> None:
    promote(**terms)
    promote(code="ASKED", **terms)

    assert price(make_line()).promotions == ()
    with pytest.raises(CouponRefused):
        price(make_line(), coupon="asked")


def test_a_first_order_is_one_that_nothing_but_cancelled_ones_came_before() -> None:
    promote(first_order_only=True)
    first = place(user_id=ADA)
    second = place(user_id=ADA)
    checkout.cancel_order(order_id=first.id, reason="cancelled_by_buyer")
    checkout.cancel_order(order_id=second.id, reason="cancelled_by_buyer")

    again = place(user_id=ADA)

    assert [order.discount_total for order in (first, second, again)] == [600, 0, 600]
    assert place(user_id=uuid4()).discount_total == 600


def test_a_guests_first_order_is_told_by_address_in_any_case() -> None:
    promote(first_order_only=True)

    assert [place().discount_total, place().discount_total] == [600, 0]
    assert price(make_line(), buyer="ada@example.com").discount == 0


# ── With what else ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_those_that_combine_take_from_what_is_left_by_priority() -> None:
    promote("amount", amount=Money(1_000, "USD"), priority=1)
    promote(priority=2)

    quoted = price(make_line(quantity=2))

    assert [reason.amount for reason in quoted.parts[0].lines[0].why] == [-400, -1_000]
    assert quoted.parts[0].lines[0].why[1].base == 3_600


def test_an_exclusive_one_comes_alone_or_not_at_all() -> None:
    plain, exclusive = promote(priority=5), promote(basis_points=2_000, exclusive=True, priority=1)
    assert price(make_line()).promotions == (plain,)

    Promotion.objects.filter(id=exclusive.id).update(priority=9)

    assert price(make_line()).promotions == (exclusive,)


def test_a_coupon_that_cannot_be_combined_is_refused_by_name_and_never_left_out() -> None:
    promote(name="Black Friday", exclusive=True, priority=9)
    promote(code="PLUS")

    with pytest.raises(CouponRefused, match="Black Friday"):
        price(make_line(), coupon="plus")


def test_an_exclusive_coupon_goes_before_automatic_ones_of_its_priority() -> None:
    promote(exclusive=True)
    asked = promote(code="ALONE", basis_points=500, exclusive=True)

    assert price(make_line(), coupon="alone").promotions == (asked,)


def test_no_line_is_ever_less_than_nothing_however_much_is_promised() -> None:
    two_for_one(priority=3)
    promote("amount", amount=Money(10**9, "USD"), priority=2)
    promote(basis_points=10_000)

    quoted = price(make_line(quantity=3), make_line(quantity=1, vendor_id=VENDOR_B))

    assert (quoted.discount, quoted.total) == (quoted.items, quoted.shipping)


# ── Who pays ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_the_vendor_pays_lowers_its_share_and_what_the_platform_pays_its_commission() -> None:
    own, given = promote(vendors=[VENDOR_A]), promote(vendors=[VENDOR_B], paid_by="platform")

    order = place(make_cart(make_line(quantity=2), make_line(quantity=2, vendor_id=VENDOR_B)))

    splits = {split.vendor_id: split for split in splits_of(order)}
    owed = {vendor: split.gross - split.tax - split.commission for vendor, split in splits.items()}
    assert (splits[VENDOR_A].commission, owed[VENDOR_A]) == (360, 3_600 - 360 + 500)
    assert (splits[VENDOR_B].commission, owed[VENDOR_B]) == (0, 4_000 - 400 + 500)
    assert {own.paid_by, given.paid_by} == {"vendor", "platform"}
    kept = OrderLine.objects.get(vendor_order__vendor_id=VENDOR_B)
    assert (kept.commission_basis, kept.commission, kept.platform_discount) == (4_000, 0, 400)


def test_shipping_that_the_platform_pays_is_the_vendors_all_the_same() -> None:
    promote("free_shipping", paid_by="platform")

    order = place(make_cart(make_line(quantity=2)))

    split = splits_of(order)[0]
    assert (order.shipping_total, part_of(order).shipping_discount) == (0, 500)
    assert (split.commission, split.gross - split.tax - split.commission) == (400 - 500, 4_000 - 400 + 500)


# ── How often ────────────────────────────────────────────────────────────────────────────────────────────────────────


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


# ── As buyers, admins and vendors see them ───────────────────────────────────────────────────────────────────────────


def quoted_over_http(cart_service: CartService, cart: Cart, **form: Any) -> Any:
    cart_service.carts[str(ADA)] = cart
    return client_as("customer", user_id=ADA).post("/api/v1/checkout/quote", {"shipping_address": ADDRESS, **form})


def test_a_quote_shows_each_promotion_its_effect_and_why(cart_service: CartService) -> None:
    promote(name="Spring")
    promote("free_shipping", code="SHIP", name="")

    told = body(quoted_over_http(cart_service, make_cart(make_line(quantity=2), coupon="SHIP")))

    assert [(row["name"], row["code"], row["discount"]["amount"]) for row in told["promotions"]] == [
        ("SHIP", "SHIP", "5.00"),
        ("Spring", None, "4.00"),
    ]
    why = told["vendor_orders"][0]["items"][0]["why"]
    assert [(row["rule"], row["rate"], row["amount"]["amount"]) for row in why] == [
        ("Spring", "10.00", "-4.00"),
        ("VAT GB", "20.00", "7.20"),
    ]  # fmt: skip
    assert told["coupon"] == "SHIP"


def test_an_order_keeps_its_reasons_when_the_promotion_is_renamed_and_ended() -> None:
    promotion = promote(name="Spring", limit=5)
    order = confirmed(user_id=ADA)

    client_as("admin").patch(f"{ADMIN}/{promotion.id}", {"name": "Autumn"})
    client_as("admin").delete(f"{ADMIN}/{promotion.id}")

    told = body(client_as("customer", user_id=ADA).get(f"/api/v1/orders/{order.id}"))
    assert told["vendor_orders"][0]["items"][0]["why"][0]["rule"] == "Spring"
    assert place(user_id=uuid4()).discount_total == 0


def test_an_admin_makes_changes_and_ends_a_promotion_and_all_is_recorded() -> None:
    admin = client_as("admin")

    made = admin.post(ADMIN, {**TEN, "limit": 5, "paid_by": "platform"})
    changed = admin.patch(made["Location"], {"limit": 9, "priority": 3, "exclusive": True})
    ended, again = admin.delete(made["Location"]), admin.delete(made["Location"])

    assert (made.status_code, changed.status_code, ended.status_code, again.status_code) == (201, 200, 204, 409)
    assert [body(changed)[name] for name in ("limit", "priority", "exclusive", "paid_by")] == [9, 3, True, "platform"]
    assert body(admin.get(made["Location"]))["ends_at"] is not None
    assert [row["id"] for row in body(admin.get(ADMIN))["results"]] == [body(made)["id"]]
    assert [entry.action for entry in published(RecordAudit)] == [
        "order.promotion.create", "order.promotion.change", "order.promotion.end",
    ]  # fmt: skip


def test_a_limit_is_changed_to_no_less_than_is_used_and_never_put_up_later() -> None:
    limited, free = promote(limit=5), promote()
    for _ in range(2):
        place(user_id=uuid4())
    admin = client_as("admin")

    answers = [
        admin.patch(f"{ADMIN}/{row.id}", {"limit": limit}).status_code
        for row, limit in ((limited, 1), (limited, None), (limited, 2), (free, 3))
    ]

    assert answers == [400, 400, 200, 400]


BUNDLE = {"name": "3 for 2", "kind": "buy_x_get_y", "buy_quantity": 2, "get_quantity": 1}


@pytest.mark.parametrize(
    ("form", "wrong"),
    [
        ({}, {"kind"}),
        ({"kind": "gift", "extra": 1, "priority": 10**9}, {"kind", "extra", "priority"}),
        ({"kind": "percentage"}, {"value"}),
        ({"kind": "percentage", "value": "10", "buy_quantity": 2}, {"buy_quantity"}),
        ({**BUNDLE, "buy_quantity": 0}, {"buy_quantity"}),
        ({"kind": "buy_x_get_y"}, {"buy_quantity", "get_quantity"}),
        ({**BUNDLE, "value": "101"}, {"value"}),
        ({**TEN, "products": ["x"], "categories": "all"}, {"products.0", "categories"}),
        ({**TEN, "name": "a\x00b"}, {"name"}),
        ({**TEN, "paid_by": "nobody"}, {"paid_by"}),
        ({**TEN, "minimum": {"amount": "-1.00", "currency": "USD"}}, {"minimum.amount"}),
        ({**TEN, "starts_at": "2026-02-01T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z"}, {"ends_at"}),
        ({**TEN, "code": "a b"}, {"code"}),
    ],
)
def test_an_odd_promotion_is_refused_by_its_fields(form, wrong) -> None:
    response = client_as("admin").post(ADMIN, form)

    assert (response.status_code, set(body(response).get("errors", ()))) == (400, wrong)
    assert Promotion.objects.count() == 0


def test_a_vendors_promotion_is_for_its_own_products_at_its_own_cost() -> None:
    vendor = client_as("vendor", vendor_id=VENDOR_A)

    made = vendor.post(OWN, TEN)
    smuggled = vendor.post(OWN, {**TEN, "paid_by": "platform", "vendors": [str(VENDOR_B)]})

    assert (made.status_code, body(made)["vendor_id"], body(made)["paid_by"]) == (201, str(VENDOR_A), "vendor")
    assert (smuggled.status_code, set(body(smuggled)["errors"])) == (400, {"paid_by", "vendors"})
    assert discounts(price(make_line(), make_line(vendor_id=VENDOR_B))) == [400, 0]


def test_a_vendors_promotion_that_names_anothers_products_gives_nothing_there() -> None:
    product = uuid4()
    promote(vendor_id=VENDOR_A, products=[product])

    assert discounts(price(make_line(product_id=product, vendor_id=VENDOR_B))) == [0]


def test_a_vendors_promotions_are_nobody_elses() -> None:
    own = client_as("vendor", vendor_id=VENDOR_A).post(OWN, TEN)
    platforms = promote()
    other, buyer = client_as("vendor", vendor_id=VENDOR_B), client_as("customer", user_id=ADA)

    for path in (own["Location"], f"{OWN}/{platforms.id}", f"{OWN}/{uuid4()}"):
        asked = [other.get(path), other.patch(path, {"name": "Mine"}), other.delete(path)]
        assert [answer.status_code for answer in asked] == [404] * 3
    assert body(other.get(OWN))["results"] == []
    assert [buyer.get(path).status_code for path in (OWN, ADMIN)] == [403, 403]
    assert [client_as().get(path).status_code for path in (OWN, ADMIN)] == [401, 401]
    assert client_as("vendor", vendor_id=VENDOR_A).get(ADMIN).status_code == 403


def test_a_vendor_changes_and_ends_its_own() -> None:
    vendor = client_as("vendor", vendor_id=VENDOR_A)
    path = vendor.post(OWN, BUNDLE)["Location"]

    assert body(vendor.patch(path, {"name": "4 for 3"}))["name"] == "4 for 3"
    assert (vendor.delete(path).status_code, vendor.get(path).status_code) == (204, 200)
    assert body(vendor.get(path))["value"] == "100.00"


@pytest.mark.parametrize("path", [ADMIN, OWN, "/api/v1/coupons"])
def test_a_list_of_promotions_asks_the_database_no_more_for_more_rows(path, django_assert_num_queries) -> None:
    client = client_as("vendor" if path == OWN else "admin", vendor_id=VENDOR_A)
    for number in range(20):
        promote(code=f"CODE{number}", vendor_id=VENDOR_A)

    with django_assert_num_queries(1):
        assert len(body(client.get(path))["results"]) == 20


def test_the_payment_is_the_sum_of_its_splits_with_promotions_of_both() -> None:
    promote(paid_by="platform")
    promote(vendor_id=VENDOR_A, basis_points=333)
    order = place()

    hear(stock_reserved(order))

    asked = published(TakePayment)[0]
    assert asked.amount.minor == order.total == sum(split.gross for split in asked.splits)
