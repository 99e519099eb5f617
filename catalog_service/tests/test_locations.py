"""A vendor's locations: what lies where, how holds take from them, and what is carried between them."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, transaction

from catalog_service.actions.reservations import expire_holds
from catalog_service.models import Location, Movement, Reservation, StockItem, StockLevel, Variant
from catalog_service.queries.books import broken_rules
from shared.context import new_id
from shared.contracts.catalog import OfferChanged, StockCommitted, StockRejected, StockReserved
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
LOCATIONS = "/api/v1/inventory/locations"
TRANSFERS = "/api/v1/inventory/transfers"


def levels(variant: Variant) -> dict[str, tuple[int, int]]:
    """On hand and reserved by the name of the location, where there is anything; the books agree."""
    assert broken_rules() == []
    told = body(client_as("admin").get(f"/api/v1/inventory/{variant.sku}/levels"))["results"]
    return {row["location"]["name"]: (row["on_hand"], row["reserved"]) for row in told if row["on_hand"]}


def seller(variant: Variant) -> Any:
    return client_as("vendor", vendor_id=variant.vendor_id)


def test_who_never_heard_of_locations_has_one_with_everything_in_it() -> None:
    variant = make_variant(stock=10)
    default = {"id": str(variant.vendor_id), "name": "Main", "position": 0, "is_default": True}

    assert body(seller(variant).get(LOCATIONS)) == {"results": [default]}
    assert body(seller(variant).get(f"{LOCATIONS}/{variant.vendor_id}")) == default
    assert body(seller(variant).get(f"/api/v1/inventory/{variant.sku}/levels")) == {
        "results": [{"location": default, "on_hand": 10, "reserved": 0, "available": 10}]
    }
    assert not Location.objects.exists()


def test_locations_are_opened_named_otherwise_and_closed() -> None:
    client = client_as("vendor", vendor_id=make_vendor().id)

    opened = client.post(LOCATIONS, {"name": "Harbour", "position": 3})
    harbour = body(opened)
    main = body(client.get(LOCATIONS))["results"][0]
    client.patch(f"{LOCATIONS}/{main['id']}", {"name": "Shop", "position": 9})
    renamed = body(client.get(LOCATIONS))["results"]
    closed = client.delete(f"{LOCATIONS}/{harbour['id']}")

    assert (opened.status_code, opened["Location"]) == (201, f"{LOCATIONS}/{harbour['id']}")
    assert [(row["name"], row["is_default"]) for row in renamed] == [("Harbour", False), ("Shop", True)]
    assert closed.status_code == 204
    assert [row["name"] for row in body(client.get(LOCATIONS))["results"]] == ["Shop"]
    assert client.get(f"{LOCATIONS}/{harbour['id']}").status_code == 404
    assert [action for action, _kind in audited()] == [f"catalog.location.{verb}" for verb in ("open", "edit", "close")]


def test_two_locations_of_a_vendor_have_two_names() -> None:
    vendor = make_vendor()
    client = client_as("vendor", vendor_id=vendor.id)
    make_location(vendor.id, "Harbour")

    for taken in ("harbour", "Main"):
        assert body(client.post(LOCATIONS, {"name": taken}))["code"] == "name_taken"
    assert (
        client_as("vendor", vendor_id=make_vendor("Other").id).post(LOCATIONS, {"name": "Harbour"}).status_code == 201
    )


@pytest.mark.parametrize(
    "wrong", [{}, {"name": ""}, {"name": "a\nb"}, {"name": "x" * 101}, {"name": "x", "position": -1}, {"name": "\x00"}]
)
def test_strange_locations_are_refused(wrong: dict[str, Any]) -> None:
    assert client_as("vendor", vendor_id=make_vendor().id).post(LOCATIONS, wrong).status_code == 400


def test_locations_of_others_are_as_good_as_none() -> None:
    variant = make_variant(stock=10)
    harbour = place_elsewhere(variant, 4)
    stranger = client_as("vendor", vendor_id=make_vendor("Other").id)

    for theirs, nothing in ((harbour.id, new_id()), (variant.vendor_id, new_id())):
        for method in ("get", "delete"):
            answers = [getattr(stranger, method)(f"{LOCATIONS}/{one}") for one in (theirs, nothing)]
            assert {answer.status_code for answer in answers} == {404}
            assert answers[0].json()["detail"] == answers[1].json()["detail"]
        assert stranger.patch(f"{LOCATIONS}/{theirs}", {"name": "Mine"}).status_code == 404
    assert levels(variant) == {"Main": (6, 0), "Harbour": (4, 0)}


def test_an_admin_says_whose_locations_are_meant() -> None:
    vendor = make_vendor()
    make_location(vendor.id)
    admin = client_as("admin")

    assert "vendor" in body(admin.get(LOCATIONS))["errors"]
    assert len(body(admin.get(f"{LOCATIONS}?vendor={vendor.id}"))["results"]) == 2
    assert body(admin.post(LOCATIONS, {"name": "Barn", "vendor_id": str(vendor.id)}))["name"] == "Barn"
    assert admin.post(LOCATIONS, {"name": "Barn"}).status_code == 400
    assert admin.post(LOCATIONS, {"name": "Barn", "vendor_id": str(new_id())}).status_code == 400


def test_a_location_is_not_closed_while_anything_lies_there_nor_ever_the_default_one() -> None:
    variant = make_variant(stock=10)
    harbour = place_elsewhere(variant, 4)

    for location_id in (harbour.id, variant.vendor_id):
        assert body(seller(variant).delete(f"{LOCATIONS}/{location_id}"))["code"] == "location_in_use"


# ── Adjustments ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_stock_is_adjusted_at_a_location_and_the_sum_follows() -> None:
    variant, url = make_variant(stock=10, sku="POT-1"), "/api/v1/inventory/POT-1/adjustments"
    harbour, client = make_location(variant.vendor_id), seller(variant)

    client.post(url, {"delta": 7, "location": str(harbour.id)})
    client.post(url, {"on_hand": 5, "location": str(harbour.id)})
    client.post(url, {"on_hand": 8, "location": str(variant.vendor_id)})
    client.post(url, {"on_hand": 12, "reason": "all of it counted"})

    assert levels(variant) == {"Main": (7, 0), "Harbour": (5, 0)}
    movements = body(client.get("/api/v1/inventory/POT-1/movements"))["results"]
    names = {str(harbour.id): "Harbour", str(variant.vendor_id): "Main"}
    assert [(names[m["location"]], m["quantity"], m["on_hand_after"]) for m in reversed(movements)] == [
        ("Main", 10, 10), ("Harbour", 7, 17), ("Harbour", -2, 15), ("Main", -2, 13), ("Main", -1, 12),
    ]  # fmt: skip


def test_strange_places_are_refused() -> None:
    variant = make_variant(stock=10)
    foreign = make_location(make_vendor("Other").id)
    url = f"/api/v1/inventory/{variant.sku}/adjustments"

    for place in (foreign.id, foreign.vendor_id, new_id()):
        answer = seller(variant).post(url, {"delta": 1, "location": str(place)})
        assert (answer.status_code, list(body(answer)["errors"])) == (400, ["location"])
    empty = seller(variant).post(url, {"delta": -1, "location": str(make_location(variant.vendor_id).id)})
    assert body(empty)["detail"] == "0 are there, of which 0 are held."


def test_what_orders_hold_at_a_location_stays_there() -> None:
    variant = make_variant(stock=10)
    harbour = place_elsewhere(variant, 4)
    hear(ask((variant, 8)))
    url = f"/api/v1/inventory/{variant.sku}/adjustments"

    assert levels(variant) == {"Main": (6, 6), "Harbour": (4, 2)}
    assert body(seller(variant).post(url, {"delta": -1}))["code"] == "below_reserved"
    assert body(seller(variant).post(url, {"delta": -3, "location": str(harbour.id)}))["code"] == "below_reserved"
    assert seller(variant).post(url, {"delta": -2, "location": str(harbour.id)}).status_code == 201


# ── Transfers ────────────────────────────────────────────────────────────────────────────────────────────────────────


def carry(variant: Variant, origin: UUID, target: UUID, *lines: tuple[str, int]) -> Any:
    wanted = {"from": str(origin), "to": str(target), "reason": "near the customers"}
    return seller(variant).post(TRANSFERS, {**wanted, "lines": [{"sku": s, "quantity": q} for s, q in lines]})


def test_carried_stock_is_the_same_for_buyers_and_two_movements_for_its_owner() -> None:
    variant = make_variant(stock=10)
    harbour = make_location(variant.vendor_id)
    told = len(published(OfferChanged))

    answer = carry(variant, variant.vendor_id, harbour.id, (variant.sku, 4))

    assert answer.status_code == 201
    assert levels(variant) == {"Main": (6, 0), "Harbour": (4, 0)}
    movements = Movement.objects.filter(kind="transfer", reference=body(answer)["id"]).order_by("quantity")
    assert [(row.location_id, row.quantity, row.on_hand_after) for row in movements] == [
        (None, -4, 6), (harbour.id, 4, 10),
    ]  # fmt: skip
    assert len(published(OfferChanged)) == told
    assert ("catalog.stock.transfer", "movements") in audited()


def test_all_lines_are_carried_or_none() -> None:
    variant, other = make_variant(stock=10), make_variant(stock=3)
    hear(ask((other, 2)))
    harbour = make_location(variant.vendor_id)

    answer = carry(variant, variant.vendor_id, harbour.id, (variant.sku, 4), (other.sku, 2))

    assert (answer.status_code, body(answer)["code"]) == (409, "adjustments_refused")
    assert body(answer)["errors"] == {"lines.1.quantity": ["1 are free there."]}
    assert levels(variant) == {"Main": (10, 0)}


def test_strange_transfers_name_all_that_is_wrong() -> None:
    variant, foreign = make_variant(stock=10), make_product(vendor=make_vendor("Other"), sku="THEIRS").variants.get()
    harbour, theirs = make_location(variant.vendor_id), make_location(foreign.vendor_id)
    here, lines = variant.vendor_id, [(variant.sku, 1)]

    def wrong(origin: UUID, target: UUID, *lines: tuple[str, int]) -> list[str]:
        answer = carry(variant, origin, target, *lines)
        assert answer.status_code == 400
        return sorted(body(answer)["errors"])

    assert wrong(here, here, *lines) == ["to"]
    assert wrong(here, theirs.id, *lines) == ["to"]
    assert wrong(theirs.id, new_id(), *lines) == ["from", "to"]
    assert wrong(here, harbour.id, ("THEIRS", 1), ("NONE", 1), *lines, *lines) == [f"lines.{n}.sku" for n in (0, 1, 3)]
    assert wrong(here, harbour.id) == ["lines"]
    assert wrong(here, harbour.id, ("a\x00", 0)) == ["lines.0.quantity", "lines.0.sku"]
    admin = {"from": str(here), "to": str(theirs.id), "lines": [{"sku": variant.sku, "quantity": 1}]}
    assert list(body(client_as("admin").post(TRANSFERS, admin))["errors"]) == ["to"]
    assert levels(variant) == {"Main": (10, 0)}


# ── Holds ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def spread() -> tuple[Variant, Location, Location]:
    """Ten of a variant: three at the default location, then two in the harbour, then five in the barn."""
    variant = make_variant(stock=10)
    barn = place_elsewhere(variant, 5, make_location(variant.vendor_id, "Barn", 7))
    harbour = place_elsewhere(variant, 2, make_location(variant.vendor_id, "Harbour", 2))
    return variant, harbour, barn


def test_a_hold_takes_from_locations_in_their_order() -> None:
    variant, _harbour, _barn = spread()

    hear(ask((variant, 2), (variant, 4)))

    assert levels(variant) == {"Main": (3, 3), "Harbour": (2, 2), "Barn": (5, 1)}
    assert len(published(StockReserved)) == 1


def test_the_default_location_has_its_turn_like_the_others() -> None:
    variant, _harbour, _barn = spread()
    seller(variant).patch(f"{LOCATIONS}/{variant.vendor_id}", {"position": 5})

    hear(ask((variant, 3)))

    assert levels(variant) == {"Main": (3, 1), "Harbour": (2, 2), "Barn": (5, 0)}


def test_more_than_there_is_at_all_locations_is_refused() -> None:
    variant, _harbour, _barn = spread()

    hear(ask((variant, 11)))

    (told,) = published(StockRejected)
    assert told.missing[0].available == 10
    assert levels(variant) == {"Main": (3, 0), "Harbour": (2, 0), "Barn": (5, 0)}


@pytest.mark.parametrize("give_up", [release, cancelled])
def test_a_hold_gives_back_to_where_it_took_from(give_up: Callable[[UUID], Any]) -> None:
    variant, _harbour, _barn = spread()
    first, second = ask((variant, 4)), ask((variant, 4))
    hear(first)
    hear(second)

    hear(give_up(first.order_id))

    assert levels(variant) == {"Main": (3, 0), "Harbour": (2, 1), "Barn": (5, 3)}


def test_a_hold_that_runs_out_gives_back_to_where_it_took_from() -> None:
    variant, _harbour, _barn = spread()
    asked = ask((variant, 6))
    hear(asked)
    Reservation.objects.update(expires_at="2020-01-01T00:00:00Z")

    expire_holds()

    assert levels(variant) == {"Main": (3, 0), "Harbour": (2, 0), "Barn": (5, 0)}
    hear(ask((variant, 2)))
    hear(confirmed(asked.order_id))
    assert levels(variant) == {"Main": (2, 2), "Barn": (2, 0)}
    hear(cancelled(asked.order_id))
    assert levels(variant) == {"Main": (3, 2), "Harbour": (2, 0), "Barn": (5, 0)}


def test_a_sale_and_its_cancellation_move_at_the_places_of_the_hold() -> None:
    variant, harbour, barn = spread()
    asked = ask((variant, 6))
    hear(asked)

    hear(confirmed(asked.order_id))

    assert levels(variant) == {"Barn": (4, 0)}
    sales = Movement.objects.filter(kind="sale").order_by("id")
    assert {(row.location_id, row.quantity) for row in sales} == {(None, -3), (harbour.id, -2), (barn.id, -1)}
    assert sorted(row.on_hand_after for row in sales)[0] == 4
    assert len(published(StockCommitted)) == 1
    hear(cancelled(asked.order_id))
    assert levels(variant) == {"Main": (3, 0), "Harbour": (2, 0), "Barn": (5, 0)}


def test_what_comes_back_to_a_place_that_is_no_more_lies_at_the_default_one() -> None:
    variant, harbour, _barn = spread()
    asked = ask((variant, 5))
    hear(asked)
    hear(confirmed(asked.order_id))
    assert seller(variant).delete(f"{LOCATIONS}/{harbour.id}").status_code == 204

    hear(cancelled(asked.order_id))

    assert levels(variant) == {"Main": (5, 0), "Barn": (5, 0)}


def test_a_hold_of_spread_stock_takes_few_statements(django_assert_max_num_queries: Callable[[int], object]) -> None:
    variant, _harbour, _barn = spread()
    asked = ask((variant, 6))

    with django_assert_max_num_queries(20):
        hear(asked)


def test_the_database_refuses_levels_that_cannot_be() -> None:
    variant, harbour, _barn = spread()
    level = StockLevel.objects.filter(location=harbour)

    for rows, wrong in (
        (level, {"reserved": 3}),
        (level, {"on_hand": -1}),
        (StockItem.objects.filter(variant=variant), {"elsewhere_on_hand": 11}),
        (StockItem.objects.filter(variant=variant), {"elsewhere_reserved": 1}),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**wrong)
