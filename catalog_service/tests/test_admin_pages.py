"""The operators' pages: everything is found and looked at."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from django.db import transaction

from catalog_service.models import Product
from shared.context import new_id
from shared.testing import FOR_OPERATORS, answers_by_role, lists_of_records, operator_as
from tests.everything import make_everything

pytestmark = pytest.mark.django_db

ROOT = "/admin/catalog/catalog_service"
PAGES = lists_of_records()
PRODUCTS, VARIANTS = f"{ROOT}/product/", f"{ROOT}/variant/"


class Everything(NamedTuple):
    """`asked`: how often each list asks the database for the rows of one product."""

    product: Product
    asked: dict[str, int]


@pytest.fixture(scope="module")
def everything(django_db_setup: None, django_db_blocker: Any) -> Iterator[Everything]:
    """Two rows of each model at least, for all tests of this module, which only look; gone afterwards."""
    with django_db_blocker.unblock(), transaction.atomic():
        product, client = make_everything(), operator_as("admin")
        asked = {path: client.asked(path) for path in PAGES}
        make_everything()
        yield Everything(product, asked)
        transaction.set_rollback(True)


@pytest.mark.parametrize("path", PAGES)
def test_every_list_opens_with_each_filter_and_any_search(path: str, everything: Everything) -> None:
    client = operator_as("admin")

    assert client.opened(path) == {200}
    assert client.found_by_odd_terms(path) == 0


@pytest.mark.parametrize("path", PAGES)
def test_no_nonsense_upsets_a_list(path: str, everything: Everything) -> None:
    assert operator_as("admin").upset_by(path) == []


@pytest.mark.parametrize("path", PAGES)
def test_every_record_has_a_page_and_is_found_by_its_id(path: str, everything: Everything) -> None:
    client, record = operator_as("support"), PAGES[path]._default_manager.latest("pk")

    page = client.get(f"{path}{record.pk}/change/")

    assert page.status_code == 200
    assert hasattr(record, "created_at") is ("Created at" in page.content.decode())
    assert client.found(path, record.pk) == 1
    assert client.found(path, new_id()) == 0


@pytest.mark.parametrize("path", PAGES)
def test_a_list_asks_the_database_no_more_for_more_rows(path: str, everything: Everything) -> None:
    assert operator_as("admin").asked(path) == everything.asked[path]


@pytest.mark.parametrize("path", PAGES)
def test_operators_look_and_others_do_not(path: str) -> None:
    assert answers_by_role(path) == FOR_OPERATORS


def test_products_are_found_by_name_slug_and_whoever_sells_them(everything: Everything) -> None:
    product, client = everything.product, operator_as("support")

    for term in (product.name.upper(), product.slug, product.vendor_id, product.category_id, product.brand_id):
        assert client.found(PRODUCTS, term) == 1
    assert client.found(PRODUCTS, product.vendor_id, status__exact="in_review") == 0


def test_a_variant_is_found_by_its_sku_and_so_are_its_stock_and_its_holds(everything: Everything) -> None:
    variant = everything.product.variants.get()
    client = operator_as("support")

    for name in ("variant", "stockitem", "movement", "reservationline"):
        assert client.found(f"{ROOT}/{name}/", variant.sku) == 1


def test_a_product_s_page_has_its_variants_with_price_and_stock_and_its_pictures(
    everything: Everything,
) -> None:
    product = everything.product
    variant = product.variants.get()

    page = operator_as("support").get(f"{PRODUCTS}{product.id}/change/").content.decode()

    for shown in (variant.sku, "12.50 USD", f"{VARIANTS}{variant.id}/change/", "/media/a-small.webp"):
        assert shown in page


@pytest.mark.parametrize("path", PAGES)
def test_support_is_offered_nothing_to_do(path: str, everything: Everything) -> None:
    record, client = PAGES[path]._default_manager.latest("pk"), operator_as("support")

    page = client.get(f"{path}{record.pk}/change/").content.decode()

    assert 'name="action"' not in page + client.get(path).content.decode()
