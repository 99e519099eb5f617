"""Promotions as buyers, admins and vendors see and change them."""

from typing import Any
from uuid import uuid4

import pytest
from conftest import CartService
from factories import ADDRESS, VENDOR_A, VENDOR_B, confirmed, make_cart, make_line, place
from promoting import ADA, discounts, price, promote

from order_service.clients import Cart
from order_service.models import Promotion
from shared.contracts.user import RecordAudit
from shared.testing import body, client_as, published

pytestmark = pytest.mark.django_db
ADMIN = "/api/v1/admin/promotions"
OWN = "/api/v1/promotions"
TEN = {"name": "Ten off", "kind": "percentage", "value": "10"}


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
        ({**TEN, "value": "0"}, {"value"}),
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
