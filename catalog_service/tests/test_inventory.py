"""Stock in its owner's hands."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from catalog_service.actions.products import delete_product
from catalog_service.models import Movement, StockItem, Variant
from catalog_service.models.inventory import MAX_STOCK
from catalog_service.queries.books import broken_rules
from shared.context import new_id
from shared.contracts.catalog import OfferChanged, StockCameBack, StockRanLow, StockRanOut
from shared.contracts.user import UserErased
from shared.testing import audited, body, client_as, published
from tests.factories import (
    ask,
    cancelled,
    confirmed,
    hear,
    make_location,
    make_product,
    make_variant,
    make_vendor,
    place_elsewhere,
    release,
)

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


def test_a_movement_remembers_by_whose_hand_it_came() -> None:
    variant, owner = make_variant(stock=10), new_id()
    client = client_as("vendor", vendor_id=variant.vendor_id, user_id=owner)

    client.post(f"/api/v1/inventory/{variant.sku}/adjustments", {"delta": 1})
    client.post(MANY, {"lines": [{"sku": variant.sku, "delta": 1}]})

    hands = Movement.objects.filter(variant=variant, kind="adjustment").values_list("actor_id", flat=True)
    assert list(hands) == [owner, owner]


def test_there_is_never_more_of_a_sku_than_can_be_counted() -> None:
    variant = make_variant(stock=10)
    harbour, client = place_elsewhere(variant, 5), client_as("vendor", vendor_id=variant.vendor_id)
    half = MAX_STOCK // 2
    lines = [{"sku": variant.sku, "delta": half}, {"sku": variant.sku, "delta": half, "location": str(harbour.id)}]

    alone = client.post(f"/api/v1/inventory/{variant.sku}/adjustments", {"delta": MAX_STOCK - 9})
    together = client.post(MANY, {"lines": lines})

    assert (alone.status_code, body(alone)["errors"]) == (400, {"on_hand": [f"At most {MAX_STOCK}."]})
    assert (together.status_code, body(together)["errors"]) == (409, {"lines": [f"At most {MAX_STOCK} of a SKU."]})
    assert StockItem.objects.get(variant=variant).on_hand == 10


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


def test_the_list_of_stock_is_narrowed_to_what_runs_low_or_is_out() -> None:
    vendor = make_vendor()
    for sku, stock in (("A-PLENTY", 20), ("B-LOW", 3), ("C-OUT", 0), ("D-HELD", 1)):
        make_product(sku=sku, stock=stock, vendor=vendor)
    make_product(sku="THEIRS", vendor=make_vendor("Other"))
    hear(ask((Variant.objects.get(sku="D-HELD"), 1)))
    client, url = client_as("vendor", vendor_id=vendor.id), "/api/v1/inventory"

    def listed(query: str = "", client: Any = client) -> list[str]:
        return [row["sku"] for row in body(client.get(f"{url}{query}"))["results"]]

    assert listed() == ["A-PLENTY", "B-LOW", "C-OUT", "D-HELD"]
    assert listed("?supply=low") == ["B-LOW", "D-HELD"]
    assert listed("?supply=out") == ["C-OUT", "D-HELD"]
    assert listed("?supply=available") == ["A-PLENTY", "B-LOW"]
    assert listed(client=client_as("admin"))[-1] == "THEIRS"
    assert listed(f"?vendor={vendor.id}&limit=1", client_as("admin")) == ["A-PLENTY"]
    assert listed(f"?vendor={new_id()}") == listed(), "a vendor sees its own, whatever it asks for"
    first = body(client.get(f"{url}?limit=3"))
    assert [row["sku"] for row in body(client.get(first["next"]))["results"]] == ["D-HELD"]
    assert client.get(f"{url}?supply=some").status_code == client.get(f"{url}?cursor=x").status_code == 400


def test_a_list_of_stock_takes_one_statement(django_assert_num_queries: Callable[[int], Any]) -> None:
    vendor = make_vendor()
    for _time in range(3):
        make_product(vendor=vendor)

    with django_assert_num_queries(1):
        client_as("vendor", vendor_id=vendor.id).get("/api/v1/inventory")


def test_its_owner_says_when_stock_is_low() -> None:
    variant = make_variant(stock=10)
    client, url = client_as("vendor", vendor_id=variant.vendor_id), f"/api/v1/inventory/{variant.sku}"

    assert body(client.patch(url, {"low_at": 8}))["low_at"] == 8
    client.post(f"{url}/adjustments", {"delta": -2})

    assert [told.available for told in published(StockRanLow)] == [8]
    assert client.patch(url, {"low_at": -1}).status_code == client.patch(url, {"on_hand": 3}).status_code == 400
    stranger = client_as("vendor", vendor_id=make_vendor("Other").id)
    assert stranger.patch(url, {"low_at": 1}).status_code == 404


def test_low_out_and_back_are_told_once_each_time_a_line_is_crossed() -> None:
    variant = make_variant(stock=10)
    client, url = client_as("vendor", vendor_id=variant.vendor_id), f"/api/v1/inventory/{variant.sku}/adjustments"

    for on_hand in (6, 5, 4, 0, 0, 3, 9, 0, 8):
        client.post(url, {"on_hand": on_hand})

    told = published(StockRanLow, StockRanOut, StockCameBack)
    assert [(type(one), one.available) for one in told] == [
        (StockRanLow, 5), (StockRanOut, 0), (StockCameBack, 3), (StockRanOut, 0), (StockCameBack, 8),
    ]  # fmt: skip
    assert {(one.variant_id, one.vendor_id, one.sku) for one in told} == {(variant.id, variant.vendor_id, variant.sku)}


def test_a_sale_of_the_last_and_its_return_are_told_though_holds_are_not() -> None:
    variant = make_variant(stock=2)
    asked, given_up = ask((variant, 2)), ask((variant, 2))
    hear(given_up)
    hear(release(given_up.order_id))
    hear(asked)
    assert published(StockRanOut, StockCameBack) == []

    hear(confirmed(asked.order_id))
    hear(cancelled(asked.order_id))

    assert [type(one) for one in published(StockRanOut, StockCameBack)] == [StockRanOut, StockCameBack]


# ── Many at once ─────────────────────────────────────────────────────────────────────────────────────────────────────

MANY = "/api/v1/inventory/adjustments"


def test_many_adjustments_are_one_change() -> None:
    pot, mug = make_product(sku="POT", stock=10).variants.get(), make_product(sku="MUG", stock=4).variants.get()
    harbour = place_elsewhere(pot, 3)
    lines = [{"sku": "POT", "delta": -2}, {"sku": "POT", "on_hand": 5, "location": str(harbour.id)}]

    answer = client_as("vendor", vendor_id=pot.vendor_id).post(
        MANY, {"lines": [*lines, {"sku": "MUG", "on_hand": 0}], "reason": "counted"}
    )

    assert answer.status_code == 201
    assert [(row["sku"], row["on_hand"]) for row in body(answer)["results"]] == [("MUG", 0), ("POT", 10)]
    movements = Movement.objects.filter(reason="counted").order_by("id")
    assert [(row.location_id, row.quantity, row.on_hand_after) for row in movements] == [
        (None, -2, 8), (harbour.id, 2, 10), (None, -4, 0),
    ]  # fmt: skip
    assert len({row.reference for row in movements}) == 1
    assert [(offer.sku, offer.available) for offer in published(OfferChanged)][-2:] == [("POT", 10), ("MUG", 0)]
    assert [told.variant_id for told in published(StockRanOut)] == [mug.id]
    assert audited()[-1] == ("catalog.stock.adjust_many", "movements")
    assert broken_rules() == []


def test_one_line_that_the_stock_does_not_allow_undoes_them_all_and_each_is_named() -> None:
    make_product(sku="POT", stock=10)
    held = make_product(sku="HELD", stock=4).variants.get()
    hear(ask((held, 3)))
    told = published(OfferChanged)
    lines = [
        {"sku": "POT", "delta": -10},
        {"sku": "HELD", "on_hand": 2},
        {"sku": "HELD", "delta": -1, "location": str(make_location(held.vendor_id).id)},
    ]

    answer = client_as("vendor", vendor_id=held.vendor_id).post(MANY, {"lines": lines})

    assert (answer.status_code, body(answer)["code"]) == (409, "adjustments_refused")
    assert body(answer)["errors"] == {
        "lines.1.sku": ["4 are there, of which 3 are held."],
        "lines.2.sku": ["0 are there, of which 0 are held."],
    }
    assert list(StockItem.objects.order_by("variant__sku").values_list("on_hand", flat=True)) == [4, 10]
    assert published(OfferChanged) == told
    assert not Movement.objects.filter(kind="adjustment").exists()


def test_lines_that_make_no_sense_are_all_named() -> None:
    own = make_product(sku="POT").variants.get()
    make_product(sku="THEIRS", vendor=make_vendor("Other"))
    client = client_as("vendor", vendor_id=own.vendor_id)

    def wrong(*lines: dict[str, Any]) -> list[str]:
        answer = client.post(MANY, {"lines": list(lines)})
        assert answer.status_code == 400
        return sorted(body(answer)["errors"])

    assert wrong() == ["lines"]
    assert wrong({"sku": "POT"}, {"sku": "a\x00", "delta": 1}) == ["lines.0.delta", "lines.1.sku"]
    assert wrong({"sku": "POT", "delta": 1}, {"sku": "NONE", "delta": 1}, {"sku": "THEIRS", "delta": 1}) == [
        "lines.1.sku", "lines.2.sku",
    ]  # fmt: skip
    assert wrong({"sku": "POT", "delta": 1}, {"sku": "POT", "on_hand": 1}) == ["lines.1.sku"]
    assert wrong({"sku": "POT", "delta": 1, "location": str(new_id())}) == ["lines.0.location"]
    assert wrong(*[{"sku": "POT", "delta": 1}] * 501) == ["lines"]


def test_an_admin_names_the_vendor_whose_skus_others_use_too() -> None:
    make_product(sku="POT-1")
    other = make_product(sku="POT-1", vendor=make_vendor("Other"))
    lines = {"lines": [{"sku": "POT-1", "on_hand": 3}]}

    assert body(client_as("admin").post(MANY, lines))["errors"] == {"lines.0.sku": ["Several vendors use it."]}
    answer = client_as("admin").post(f"{MANY}?vendor={other.vendor_id}", lines)
    assert body(answer)["results"][0]["product_id"] == str(other.id)


@pytest.mark.parametrize("sku", ["adjustments", "locations", "transfers"])
def test_no_sku_is_called_as_a_path_of_the_inventory(sku: str) -> None:
    product = make_product()
    variant = {"sku": sku, "price": {"amount": "1.00", "currency": "USD"}}

    answer = client_as("vendor", vendor_id=product.vendor_id).post(f"/api/v1/products/{product.id}/variants", variant)

    assert (answer.status_code, list(body(answer)["errors"])) == (400, ["sku"])


def test_many_lines_take_few_statements(django_assert_max_num_queries: Callable[[int], Any]) -> None:
    vendor = make_vendor()
    harbour = make_location(vendor.id)
    skus = [make_product(vendor=vendor).variants.get().sku for _time in range(5)]
    places = (None, str(harbour.id))
    lines = [{"sku": sku, "delta": 1, **({"location": place} if place else {})} for sku in skus for place in places]

    with django_assert_max_num_queries(18 + len(skus)):  # each offer is told in a message of its own
        assert client_as("vendor", vendor_id=vendor.id).post(MANY, {"lines": lines}).status_code == 201


# ── The books ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_verify_says_that_the_books_agree() -> None:
    variant = make_variant(stock=10)
    place_elsewhere(variant, 4)
    for step in (confirmed, release, None):
        asked = ask((variant, 3))
        hear(asked)
        hear(step(asked.order_id)) if step else None

    assert broken_rules() == []
    call_command("verify_stock", stdout=io.StringIO())


MOVEMENT = """
    INTO movement (id, variant_id, kind, quantity, on_hand_after, reason, created_at)
    SELECT gen_random_uuid(), variant_id, kind, 1, 1, '', now() FROM movement WHERE kind = 'initial'
"""


@pytest.mark.parametrize(
    ("mistake", "rule"),
    [
        ("UPDATE stock_item SET on_hand = on_hand + 1", "on hand is what the movements sum to"),
        ("UPDATE stock_item SET reserved = reserved + 1", "reserved is what orders and vendors hold"),
        (
            "UPDATE stock_item SET elsewhere_on_hand = elsewhere_on_hand - 1",
            "what lies elsewhere is what the levels sum to",
        ),
        ("UPDATE stock_item SET elsewhere_reserved = 0", "reserved elsewhere is what the levels sum to"),
        ("UPDATE stock_level SET on_hand = on_hand + 1", "a level is what the movements there sum to"),
        ("UPDATE stock_level SET reserved = reserved + 1", "reserved at a location is what is held there"),
        (f"INSERT {MOVEMENT}", "on hand is what the movements sum to"),
        ("UPDATE reservation_line SET quantity = quantity + 1", "reserved is what orders and vendors hold"),
    ],
)
def test_verify_finds_each_way_in_which_the_books_can_disagree(mistake: str, rule: str) -> None:
    variant = make_variant(stock=10)
    place_elsewhere(variant, 4)
    hear(ask((variant, 8)))
    client_as("admin").post(f"/api/v1/inventory/{variant.sku}/adjustments", {"delta": 5})

    with connection.cursor() as cursor:
        cursor.execute(mistake)

    with pytest.raises(CommandError, match=f"{rule}: variant {variant.id}"):
        call_command("verify_stock")


@pytest.mark.parametrize(
    "change",
    ["UPDATE movement SET reason = 'theft'", "DELETE FROM movement", "UPDATE movement SET quantity = quantity"],
)
def test_movements_are_neither_changed_nor_deleted(change: str) -> None:
    variant = make_variant(stock=10)

    with pytest.raises(IntegrityError, match="movements of stock are immutable"), transaction.atomic():
        connection.cursor().execute(change)

    assert Movement.objects.get().quantity == variant.stock.on_hand == 10


def test_who_adjusted_the_stock_may_be_erased_and_the_movements_stay() -> None:
    variant, hand = make_variant(stock=10), new_id()
    client_as("admin", user_id=hand).post(f"/api/v1/inventory/{variant.sku}/adjustments", {"delta": 5})

    hear(UserErased(user_id=hand))
    delete_product(reference=str(variant.product_id), vendor_id=None)

    assert list(Movement.objects.order_by("id").values_list("quantity", flat=True)) == [10, 5]
