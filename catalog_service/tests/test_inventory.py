"""Stock in its owner's hands."""

from typing import Any

import pytest

from shared.contracts.catalog import OfferChanged
from shared.testing import body, client_as, published
from tests.factories import ask, hear, make_product, make_variant, make_vendor

pytestmark = pytest.mark.django_db


def test_stock_is_adjusted_by_difference_or_by_count_and_every_step_is_kept() -> None:
    variant = make_variant(stock=10)
    client = client_as("vendor", vendor_id=variant.vendor_id)
    url = f"/api/v1/inventory/{variant.sku}"

    added = client.post(f"{url}/adjustments", {"delta": -3, "reason": "broken"})
    counted = client.post(f"{url}/adjustments", {"on_hand": 20, "reason": "counted"})
    same = client.post(f"{url}/adjustments", {"on_hand": 20})

    assert [answer.status_code for answer in (added, counted, same)] == [201] * 3
    assert body(client.get(url)) == {
        "variant_id": str(variant.id),
        "product_id": str(variant.product_id),
        "sku": variant.sku,
        "on_hand": 20,
        "reserved": 0,
        "available": 20,
        "low_at": 5,
    }
    movements = body(client.get(f"{url}/movements"))["results"]
    assert [(m["kind"], m["quantity"], m["on_hand_after"]) for m in movements] == [
        ("adjustment", 13, 20),
        ("adjustment", -3, 7),
        ("initial", 10, 10),
    ]
    assert [offer.available for offer in published(OfferChanged)] == [10, 7, 20, 20]


def test_stock_never_falls_below_what_orders_hold() -> None:
    variant = make_variant(stock=10)
    hear(ask((variant, 4)))

    response = client_as("admin").post(f"/api/v1/inventory/{variant.sku}/adjustments", {"on_hand": 3})

    assert (response.status_code, body(response)["code"]) == (409, "below_reserved")


@pytest.mark.parametrize(
    "wrong", [{}, {"delta": 1, "on_hand": 1}, {"delta": 10**12}, {"delta": "x"}, {"delta": 1, "reason": "\x00"}]
)
def test_strange_adjustments_are_refused(wrong: dict[str, Any]) -> None:
    variant = make_variant()

    assert client_as("admin").post(f"/api/v1/inventory/{variant.sku}/adjustments", wrong).status_code == 400


def test_an_admin_says_whose_sku_is_meant_when_two_vendors_have_it() -> None:
    make_product(sku="POT-1")
    other = make_product(sku="POT-1", vendor=make_vendor("Other"))
    admin = client_as("admin")

    assert body(admin.get("/api/v1/inventory/POT-1"))["code"] == "ambiguous_sku"
    assert body(admin.get(f"/api/v1/inventory/POT-1?vendor={other.vendor_id}"))["product_id"] == str(other.id)
    assert admin.get("/api/v1/inventory/%00").status_code == 404
