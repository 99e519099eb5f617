"""The operators' pages: offers as the catalogue told them, and wishlists; nothing is done to them here."""

import itertools

import pytest
from conftest import make_offer
from django.utils import timezone

from cart_service.actions import wishlists
from cart_service.models import AbandonedCart, Wishlist
from shared.context import new_id
from shared.contracts.catalog import OfferChanged
from shared.testing import FOR_OPERATORS, answers_by_role, lists_of_records, operator_as

pytestmark = pytest.mark.django_db

ROOT = "/admin/cart/cart_service"
PAGES = lists_of_records()
OFFERS, WISHLISTS, ABANDONED = f"{ROOT}/offer/", f"{ROOT}/wishlist/", f"{ROOT}/abandonedcart/"
_numbers = itertools.count(1)


def make_everything() -> tuple[OfferChanged, Wishlist]:
    number = next(_numbers)
    offer = make_offer(sku=f"COF-{number}", slug=f"coffee-{number}", name=f"Coffee {number}", vendor_id=new_id())
    wishlist = wishlists.make_wishlist(user_id=new_id(), name=f"Birthday {number}")
    wishlists.wish(user_id=wishlist.user_id, wishlist_id=wishlist.id, variant_id=offer.variant_id)
    AbandonedCart.objects.create(
        cart_id=new_id(), version=str(number), user_id=wishlist.user_id, size=1, total_minor=1250, currency="USD",
        left_at=timezone.now(),
    )  # fmt: skip
    return offer, wishlist


def test_offers_wishlists_and_abandoned_carts_are_there() -> None:
    assert list(PAGES) == [OFFERS, WISHLISTS, ABANDONED]


@pytest.mark.parametrize("path", PAGES)
def test_every_list_opens_with_each_filter_and_any_search(path: str) -> None:
    make_everything()
    client = operator_as("admin")

    assert client.opened(path) == {200}
    assert client.found_by_odd_terms(path) == 0


@pytest.mark.parametrize("path", PAGES)
def test_no_nonsense_upsets_a_list(path: str) -> None:
    make_everything()

    assert operator_as("admin").upset_by(path) == []


@pytest.mark.parametrize("path", PAGES)
def test_every_record_has_a_page_and_is_found_by_its_id(path: str) -> None:
    make_everything()
    client, record = operator_as("support"), PAGES[path]._default_manager.latest("pk")

    page = client.get(f"{path}{record.pk}/change/")

    assert page.status_code == 200
    assert str(record.pk) in page.content.decode()
    assert client.found(path, record.pk) == 1


@pytest.mark.parametrize("path", PAGES)
def test_a_list_asks_the_database_no_more_for_more_rows(path: str) -> None:
    client = operator_as("admin")

    def asked_with_one_more() -> int:
        make_everything()
        return client.asked(path)

    assert asked_with_one_more() == asked_with_one_more()


@pytest.mark.parametrize("path", PAGES)
def test_support_looks_and_others_do_not(path: str) -> None:
    assert answers_by_role(path) == FOR_OPERATORS


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_done_to_projections_and_to_what_is_a_buyer_s_own(path: str) -> None:
    make_everything()

    assert 'name="action"' not in operator_as("admin").get(path).content.decode()


def test_offers_are_found_by_sku_slug_name_and_whoever_sells_them() -> None:
    (offer, _wishlist), _other = make_everything(), make_everything()
    client = operator_as("support")

    for term in (offer.sku, offer.slug, offer.name.upper(), offer.product_id, offer.vendor_id):
        assert client.found(OFFERS, term) == 1
    assert "12.50 USD" in client.get(OFFERS).content.decode()


def test_offers_are_filtered_by_what_buyers_see() -> None:
    make_offer(sku="HERE")
    make_offer(sku="OUT", available=0)
    make_offer(sku="HIDDEN", active=False)
    client = operator_as("admin")

    seen = {
        choice: [offer.sku for offer in client.get(OFFERS, {"seen": choice}).context["cl"].result_list]
        for choice in ("buyable", "sold_out", "hidden")
    }

    assert seen == {"buyable": ["HERE"], "sold_out": ["OUT"], "hidden": ["HIDDEN"]}


def test_a_wishlist_is_found_by_its_user_and_names_what_is_wished_for() -> None:
    (offer, wishlist), _other = make_everything(), make_everything()
    client = operator_as("support")

    page = client.get(f"{WISHLISTS}{wishlist.id}/change/").content.decode()

    assert offer.name in page
    for term in (wishlist.user_id, wishlist.name):
        assert client.found(WISHLISTS, term) == 1


def test_a_wishlist_says_how_long_it_is() -> None:
    _offer, wishlist = make_everything()
    wishlists.wish(user_id=wishlist.user_id, wishlist_id=wishlist.id, variant_id=make_offer().variant_id)
    wishlists.make_wishlist(user_id=new_id(), name="Empty")

    page = operator_as("support").get(WISHLISTS).content.decode()

    assert '<td class="field-wishes">2</td>' in page
    assert '<td class="field-wishes">0</td>' in page


def test_abandoned_carts_are_filtered_by_what_became_of_them() -> None:
    make_everything()
    make_everything()
    AbandonedCart.objects.filter(id=AbandonedCart.objects.latest("id").id).update(ordered_at=timezone.now())
    client = operator_as("support")

    assert [client.found(ABANDONED, "", became=became) for became in ("ordered", "nothing", "")] == [1, 1, 2]
    assert "12.50 USD" in client.get(ABANDONED).content.decode()
