import pytest
from conftest import change, make_offer, make_offer_event, usd

from cart_service.models import Offer
from shared.messages import MoneyData

pytestmark = pytest.mark.django_db


def test_an_offer_is_kept_as_catalog_tells_it() -> None:
    event = make_offer()

    offer = Offer.objects.get()

    assert offer.variant_id == event.variant_id
    assert offer.prices == {"USD": 1250, "EUR": 1100}
    assert offer.options == {"grind": "whole bean"}
    assert (offer.available, offer.weight_grams, offer.active) == (10, 260, True)


def test_an_offer_that_comes_late_changes_nothing() -> None:
    event = make_offer(version=7, available=3)

    change(event.model_copy(update={"version": 4}), available=99)

    assert Offer.objects.get().available == 3


def test_a_newer_offer_replaces_the_older() -> None:
    event = make_offer()

    change(event, available=0, prices=usd(999), active=False)

    offer = Offer.objects.get()
    assert (offer.available, offer.prices, offer.active, offer.version) == (0, {"USD": 999}, False, 2)


def test_a_currency_that_is_not_traded_is_left_out() -> None:
    event = make_offer_event(prices=(MoneyData(minor=5, currency="XXX"), *usd(1250)))

    make_offer(**event.model_dump())

    assert Offer.objects.get().prices == {"USD": 1250}
