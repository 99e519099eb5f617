"""Who wishes for something hears when it is back, and when it gets cheaper: once each time, and only who wants to."""

from datetime import timedelta
from uuid import UUID

import pytest
from conftest import change, make_offer, usd
from django.utils import timezone

from cart_service.actions import wishlists
from cart_service.models import Wishlist, WishlistItem
from cart_service.subscriptions import SUBSCRIPTIONS
from shared.contracts.cart import WishCameBack, WishPriceDropped
from shared.contracts.catalog import OfferChanged
from shared.inbox import handle
from shared.messages import MoneyData
from shared.testing import body, client_as, envelope, published

pytestmark = pytest.mark.django_db
ADA, EVE = UUID(int=1), UUID(int=2)


def make_wish(offer: OfferChanged, user_id: UUID = ADA, *, alerts: bool = True) -> Wishlist:
    wishlist = wishlists.make_wishlist(user_id=user_id, name="Birthday", alerts=alerts)
    wishlists.wish(user_id=user_id, wishlist_id=wishlist.id, variant_id=offer.variant_id)
    return wishlist


def test_who_wishes_for_it_hears_that_it_is_back() -> None:
    offer = make_offer(available=0)
    make_wish(offer)
    make_wish(make_offer(), EVE)

    change(offer, available=3)

    [event] = published(WishCameBack)
    assert (event.variant_id, event.name, event.user_ids, event.price) == (
        offer.variant_id, offer.name, (ADA,), MoneyData(minor=1250, currency="USD"),
    )  # fmt: skip


@pytest.mark.parametrize("before", [{"available": 0}, {"active": False}])
def test_what_can_be_bought_again_is_back_whatever_the_reason(before: dict[str, object]) -> None:
    offer = make_offer()
    make_wish(offer)
    gone = change(offer, **before)

    change(gone, available=1, active=True)

    assert len(published(WishCameBack)) == 1


def test_who_wishes_for_it_hears_of_a_lower_price() -> None:
    offer = make_offer()
    make_wish(offer)

    change(offer, prices=usd(999))

    [event] = published(WishPriceDropped)
    assert (event.old.minor, event.new.minor, event.user_ids) == (1250, 999, (ADA,))
    assert published(WishCameBack) == []


@pytest.mark.parametrize(
    "news",
    [
        {"prices": usd(1250)}, {"prices": usd(1300)}, {"prices": ()}, {"available": 9}, {"available": 0},
        {"prices": usd(999), "available": 0}, {"prices": usd(999), "active": False},
        {"prices": (MoneyData(minor=1250, currency="USD"), MoneyData(minor=5, currency="EUR"))},
        {"prices": (MoneyData(minor=5, currency="EUR"),)},
    ],
)  # fmt: skip
def test_other_news_is_no_alert(news: dict[str, object]) -> None:
    offer = make_offer()
    make_wish(offer)

    change(offer, **news)

    assert published(WishCameBack, WishPriceDropped) == []


def test_who_does_not_want_to_hear_does_not() -> None:
    offer = make_offer()
    wishlist = make_wish(offer)
    ada = client_as("customer", user_id=ADA)

    turned = ada.patch(f"/api/v1/wishlists/{wishlist.id}", {"alerts": False})
    change(offer, prices=usd(999))

    assert (turned.status_code, body(turned)["alerts"], body(turned)["name"]) == (200, False, "Birthday")
    assert published(WishPriceDropped) == []


def test_a_wish_on_two_lists_is_told_once() -> None:
    offer = make_offer()
    make_wish(offer)
    make_wish(offer)
    make_wish(offer, alerts=False)

    change(offer, prices=usd(999))

    assert [event.user_ids for event in published(WishPriceDropped)] == [(ADA,)]


def test_a_message_that_comes_twice_or_late_tells_once() -> None:
    offer = make_offer(available=0)
    make_wish(offer)
    back = envelope(offer.model_copy(update={"version": 5, "available": 3}))
    handle(back, SUBSCRIPTIONS)

    handle(back, SUBSCRIPTIONS)
    handle(envelope(offer.model_copy(update={"version": 5, "available": 3})), SUBSCRIPTIONS)
    handle(envelope(offer.model_copy(update={"version": 4, "available": 0})), SUBSCRIPTIONS)

    assert len(published(WishCameBack)) == 1


def test_the_last_one_that_is_held_and_given_back_is_not_told_each_time() -> None:
    offer = make_offer(available=0)
    make_wish(offer)
    for available in (1, 0, 1, 0, 1, 0):
        offer = change(offer, available=available)
    assert len(published(WishCameBack)) == 1

    WishlistItem.objects.update(back_told_at=timezone.now() - timedelta(days=1))
    change(offer, available=1)

    assert len(published(WishCameBack)) == 2


def test_a_price_that_goes_up_and_down_is_told_when_it_is_lower_than_ever_told() -> None:
    offer = make_offer()
    make_wish(offer)
    for minor in (1000, 1250, 1000, 1250, 999):
        offer = change(offer, prices=usd(minor))
    assert [event.new.minor for event in published(WishPriceDropped)] == [1000, 999]

    WishlistItem.objects.update(drop_told_at=timezone.now() - timedelta(days=7))
    offer = change(offer, prices=usd(1250))
    change(offer, prices=usd(1100))

    assert [event.new.minor for event in published(WishPriceDropped)] == [1000, 999, 1100]


def test_many_wishers_are_told_in_several_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cart_service.actions.alerts.AT_ONCE", 2)
    offer = make_offer(available=0)
    offer = change(offer, available=1)
    for number in range(5):
        make_wish(offer, UUID(int=number + 1))

    change(offer, prices=usd(1))

    told = [event.user_ids for event in published(WishPriceDropped)]
    assert [len(users) for users in told] == [2, 2, 1]
    assert sorted(user for users in told for user in users) == [UUID(int=number + 1) for number in range(5)]
