"""What a vendor keeps for a customer elsewhere: at the counter, on the phone, on another market."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from catalog_service.actions.offers import tell_untold
from catalog_service.actions.vendor_holds import expire_vendor_holds
from catalog_service.models import DailySales, Movement, StockItem, Variant, VendorHold
from catalog_service.queries.books import broken_rules
from shared.context import new_id
from shared.contracts.catalog import OfferChanged, StockRanOut, StockRejected
from shared.testing import audited, body, client_as, published
from tests.factories import ask, hear, make_variant, make_vendor, place_elsewhere

pytestmark = pytest.mark.django_db
HOLDS = "/api/v1/inventory/holds"


def seller(variant: Variant) -> Any:
    return client_as("vendor", vendor_id=variant.vendor_id)


def foreign() -> Variant:
    return make_variant(vendor=make_vendor("Other"), stock=5)


def held(variant: Variant, quantity: int, **more: object) -> Any:
    return seller(variant).post(HOLDS, {"sku": variant.sku, "quantity": quantity, **more})


def counters(variant: Variant) -> tuple[int, int]:
    """On hand and reserved; the books agree."""
    assert broken_rules() == []
    item = StockItem.objects.get(variant=variant)
    return item.on_hand, item.reserved


def test_what_a_vendor_holds_is_sold_to_nobody_here() -> None:
    variant = make_variant(stock=5)

    made = held(variant, 3, note="Ms Okoye calls on Friday")

    assert made.status_code == 201
    hold = body(made)
    assert hold["quantity"], hold["status"] == (3, "held")
    assert hold["location"] == str(variant.vendor_id)
    assert body(seller(variant).get(made["Location"])) == hold
    assert counters(variant) == (5, 3)
    hear(ask((variant, 3)))
    assert published(StockRejected)[-1].missing[0].available == 2


def test_no_more_is_held_than_is_free_there() -> None:
    variant = make_variant(stock=5)
    harbour = place_elsewhere(variant, 2)

    too_much, elsewhere = held(variant, 4), held(variant, 3, location=str(harbour.id))

    assert (too_much.status_code, body(too_much)["code"]) == (409, "not_available")
    assert body(too_much)["detail"] == "3 are available there."
    assert body(elsewhere)["detail"] == "2 are available there."
    assert counters(variant) == (5, 0)


def test_a_hold_is_of_the_place_it_names() -> None:
    variant = make_variant(stock=5)
    harbour = place_elsewhere(variant, 2)

    hold = body(held(variant, 2, location=str(harbour.id)))

    assert hold["location"] == str(harbour.id)
    levels = body(seller(variant).get(f"/api/v1/inventory/{variant.sku}/levels"))["results"]
    assert {row["location"]["name"]: row["reserved"] for row in levels} == {"Main": 0, "Harbour": 2}
    body(seller(variant).post(f"{HOLDS}/{hold['id']}/sell"))
    assert Movement.objects.get(kind="sale").location_id == harbour.id
    assert counters(variant) == (3, 0)


def test_a_released_hold_is_for_sale_again() -> None:
    variant = make_variant(stock=5)
    hold = body(held(variant, 3))

    released = body(seller(variant).post(f"{HOLDS}/{hold['id']}/release"))

    assert released["status"] == "released"
    assert released["ended_at"]
    assert counters(variant) == (5, 0)
    assert audited()[-1] == ("catalog.stock.release_hold", "vendor_hold")


def test_carts_are_told_once_however_often_it_was_held_and_released() -> None:
    variant = make_variant(stock=9)
    before = len(published(OfferChanged))
    first = body(held(variant, 3))
    body(held(variant, 4))
    body(seller(variant).post(f"{HOLDS}/{first['id']}/release"))

    assert tell_untold() == 1

    (told,) = published(OfferChanged)[before:]
    item = StockItem.objects.get(variant=variant)
    assert (told.available, told.version) == (5, item.version)
    assert tell_untold() == 0


def test_what_is_held_to_the_last_one_is_off_the_shelf_at_once() -> None:
    variant = make_variant(stock=3)

    def on_the_shelf() -> list[Any]:
        return body(client_as().get("/api/v1/products", {"in_stock": "true"}))["results"]

    assert on_the_shelf()
    body(held(variant, 3))
    assert not on_the_shelf()


def test_a_sold_hold_leaves_the_shelf_and_counts_as_a_sale() -> None:
    variant = make_variant(stock=3)
    hold = body(held(variant, 3, note="Counter"))

    sold = body(seller(variant).post(f"{HOLDS}/{hold['id']}/sell"))

    assert sold["status"] == "sold"
    assert counters(variant) == (0, 0)
    movement = Movement.objects.get(kind="sale")
    assert (movement.quantity, str(movement.reference), movement.reason) == (-3, hold["id"], "Counter")
    assert DailySales.objects.get().sold == 3
    assert published(StockRanOut)
    assert ("catalog.stock.sell_hold", "vendor_hold") in audited()


@pytest.mark.parametrize("how", ["sell", "release"])
def test_a_hold_ends_once(how: str) -> None:
    variant = make_variant(stock=5)
    hold = body(held(variant, 3))
    seller(variant).post(f"{HOLDS}/{hold['id']}/{how}")
    level = counters(variant)

    for again in ("sell", "release"):
        refused = seller(variant).post(f"{HOLDS}/{hold['id']}/{again}")
        assert (refused.status_code, body(refused)["code"]) == (409, "hold_ended")

    assert counters(variant) == level


def test_a_hold_whose_time_is_up_ends_by_itself() -> None:
    variant, other = make_variant(stock=5), make_variant(stock=5)
    soon = str(timezone.now() + timedelta(hours=1))
    body(held(variant, 3, expires_at=soon)), body(held(variant, 1)), body(held(other, 2, expires_at=soon))
    assert expire_vendor_holds() == 0
    VendorHold.objects.filter(expires_at__isnull=False).update(expires_at=timezone.now() - timedelta(seconds=1))

    assert expire_vendor_holds() == 2

    assert sorted(VendorHold.objects.values_list("status", flat=True)) == ["expired", "expired", "held"]
    assert (counters(variant), counters(other)) == ((5, 1), (5, 0))


def test_a_repeated_request_holds_once() -> None:
    variant = make_variant(stock=5)
    request = {"sku": variant.sku, "quantity": 2}
    client = seller(variant)

    first, second = (client.post(HOLDS, request, headers={"Idempotency-Key": "k-1"}) for _time in range(2))

    assert body(first) == body(second)
    assert counters(variant) == (5, 2)


def test_holds_are_listed_by_status_newest_first_to_their_vendor_only() -> None:
    variant, other = make_variant(stock=5), foreign()
    ids = [body(held(variant, 1))["id"] for _time in range(3)]
    body(held(other, 1))
    seller(variant).post(f"{HOLDS}/{ids[0]}/release")

    def listed(client: Any, **query: str) -> list[str]:
        return [row["id"] for row in body(client.get(HOLDS, query))["results"]]

    assert listed(seller(variant)) == ids[::-1]
    assert listed(seller(variant), status="held") == [ids[2], ids[1]]
    assert listed(seller(variant), vendor=str(other.vendor_id)) == ids[::-1]
    assert len(listed(client_as("admin"))) == 4
    assert listed(client_as("admin"), vendor=str(variant.vendor_id), status="released") == [ids[0]]


def test_a_strangers_hold_is_none() -> None:
    variant = make_variant(stock=5)
    hold = body(held(variant, 1))
    stranger = client_as("vendor", vendor_id=make_vendor("Other").id)

    answers = [
        stranger.get(f"{HOLDS}/{hold['id']}"),
        stranger.post(f"{HOLDS}/{hold['id']}/sell"),
        stranger.post(f"{HOLDS}/{hold['id']}/release"),
        stranger.post(HOLDS, {"sku": variant.sku, "quantity": 1}),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert counters(variant) == (5, 1)


def test_every_wrong_field_is_named() -> None:
    variant, other = make_variant(stock=5), foreign()
    strange = place_elsewhere(other, 1)

    bad = held(variant, 0, location="x", expires_at="never", note="a\x00b")
    past = held(variant, 1, expires_at="2020-01-01T00:00:00Z")
    elsewhere = held(variant, 1, location=str(strange.id))

    assert body(bad)["errors"].keys() == {"quantity", "location", "expires_at", "note"}
    assert body(past)["errors"] == {"expires_at": ["In the future."]}
    assert body(elsewhere)["errors"] == {"location": ["There is no such location."]}
    assert held(variant, 1, location=str(new_id())).status_code == 400
    assert not VendorHold.objects.exists()


def test_the_database_refuses_holds_that_cannot_be() -> None:
    variant = make_variant(stock=5)
    body(held(variant, 1))

    for wrong in ({"status": "lost"}, {"quantity": 0}, {"status": "sold"}, {"ended_at": timezone.now()}):
        with pytest.raises(IntegrityError), transaction.atomic():
            VendorHold.objects.update(**wrong)


def test_a_hold_that_is_in_no_book_is_found() -> None:
    variant = make_variant(stock=5)
    body(held(variant, 2))

    VendorHold.objects.update(quantity=1)

    assert broken_rules() == [f"reserved is what orders and vendors hold: variant {variant.id}: 2, not 1"]
