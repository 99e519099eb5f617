"""What the auditor is told of holds and offers, and what it may have mended."""

from typing import Any

import pytest
from factories import ask, confirmed, hear, make_product, make_variant
from ledger import levels

from catalog_service.models import Reservation
from catalog_service.queries import evidence
from shared.contracts.catalog import OfferChanged, StockReleased
from shared.evidence import Page
from shared.testing import body, client_of, published

pytestmark = pytest.mark.django_db


def mend(name: str, *ids: Any) -> int:
    response = client_of("auditor").post(f"/internal/audit/repairs/{name}", {"ids": list(map(str, ids))}, format="json")
    assert response.status_code == 200
    return int(body(response)["mended"])


def test_a_hold_is_told_with_its_lines_and_what_was_sold_of_them() -> None:
    variant = make_variant(stock=10)
    asked = ask((variant, 3))
    hear(asked)
    [held] = evidence.reservations(Page(ids=(asked.order_id,)))

    hear(confirmed(asked.order_id))

    [sold] = evidence.reservations(Page(ids=(asked.order_id,)))
    assert (held["status"], held["lines"], held["sold"]) == ("held", {str(variant.id): 3}, {})
    assert (sold["status"], sold["lines"], sold["sold"]) == ("committed", {str(variant.id): 3}, {str(variant.id): 3})


def test_more_holds_ask_the_database_no_more(django_assert_num_queries: Any) -> None:
    variant = make_variant(stock=10)
    hear(ask((variant, 1)))
    with django_assert_num_queries(3):
        evidence.reservations(Page())
    for _ in range(3):
        hear(ask((variant, 1)))
    with django_assert_num_queries(3):
        assert len(evidence.reservations(Page())) == 4


def test_offers_are_told_as_carts_know_them() -> None:
    product = make_product("Pot")
    [variant] = product.variants.all()

    rows = evidence.offers(Page(ids=(variant.id,)))

    told = [offer for offer in published(OfferChanged) if offer.variant_id == variant.id][-1]
    assert [(row["version"], row["available"], row["active"]) for row in rows] == [
        (told.version, told.available, told.active)
    ]


def test_a_hold_is_given_back_once_and_nobody_is_told() -> None:
    variant = make_variant(stock=10)
    asked = ask((variant, 3))
    hear(asked)

    assert (mend("holds", asked.order_id), mend("holds", asked.order_id)) == (1, 0)
    assert levels(variant) == (10, 0)
    assert Reservation.objects.get(order_id=asked.order_id).reason == "audit"
    assert published(StockReleased) == []


def test_an_offer_is_told_again_as_its_next_version() -> None:
    variant = make_variant()
    before = published(OfferChanged)[-1]

    assert mend("offers", variant.id) == 1

    after = published(OfferChanged)[-1]
    assert after.version > before.version
    assert after.model_copy(update={"version": before.version}) == before
