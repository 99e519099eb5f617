"""Answers that are kept: for whom, by what, and never for longer than they are true."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.core.cache import cache
from django.db import connection, connections, transaction
from django.utils import timezone

from catalog_service.actions import popularity, searches
from catalog_service.models import ExchangeRate, Product, Variant
from catalog_service.models.editions import WATCHED
from catalog_service.queries import editions
from shared.context import new_id
from shared.testing import body, client_as
from tests.factories import ask, hear, make_category, make_product, make_vendor, usd, vendor_changed
from tests.together import run_together

pytestmark = pytest.mark.django_db
URL = "/api/v1/products"
NOT_SHOWN = {
    # Work in hand, and what only vendors, admins and the clock read.
    "import", "import_file", "image_to_fetch", "export", "export_part", "discarded_file", "revision", "movement",
    "reservation", "reservation_line", "reservation_place", "location", "stock_level", "daily_sales", "purchase",
    "search_count", "edition", "vendor_hold",
    # What is read from the tables each time.
    "review", "review_image", "review_vote", "review_flag", "product_view", "user_view", "product_popularity", "sale",
    "price_change", "bought_together", "category_pick", "shopper", "recommendation",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    cache.clear()
    searches._redis().delete("searches:new", "searches:taken")
    yield
    cache.clear()


def get(path: str, **headers: str) -> Any:
    response = client_as().get(path, headers=headers)
    assert response.status_code == 200, response.content
    return response


@pytest.mark.parametrize(
    "path",
    [
        URL,
        f"{URL}?category=pots&brand=acme&ordering=price&limit=1&currency=EUR",
        f"{URL}?search=pot&facets=all",
        f"{URL}/clay-pot",
        "/api/v1/categories",
        "/api/v1/categories/pots",
        "/api/v1/brands",
        "/api/v1/brands/acme",
    ],
)
def test_what_has_not_changed_is_one_small_statement(path: str, django_assert_num_queries: Any) -> None:
    make_product(brand="Acme")
    first = get(path)

    with django_assert_num_queries(1):
        second = get(path)

    assert second.content == first.content
    for header in ("ETag", "Content-Type", "Cache-Control", "Vary", "Content-Language"):
        assert second[header] == first[header]
    assert client_as().get(path, headers={"If-None-Match": first["ETag"]}).status_code == 304


def test_answers_are_kept_by_the_whole_query_and_the_languages() -> None:
    product = make_product("Lamp", price="5.00")
    make_product("Chair", price="7.00")
    client_as("admin").put(f"{URL}/{product.id}/translations/de", {"name": "Leuchte"})

    def names(query: str, language: str = "en") -> list[str]:
        return [row["name"] for row in body(get(f"{URL}?{query}", **{"Accept-Language": language}))["results"]]

    for _time in range(2):
        assert names("ordering=name") == ["Chair", "Lamp"]
        assert names("ordering=price") == ["Lamp", "Chair"]
        assert names("ordering=price&limit=1") == ["Lamp"]
        assert names("ordering=price&max_price=6") == ["Lamp"]
        assert names("ordering=price", "de") == ["Leuchte", "Chair"]


Change = Callable[[Product, Variant], object]


def patch(path: str, changes: dict[str, Any], method: str = "patch") -> None:
    response = getattr(client_as("admin"), method)(path, changes)
    assert response.status_code < 300, response.content


CHANGES: dict[str, Change] = {
    "name": lambda product, _: patch(f"{URL}/{product.id}", {"name": "Tall pot"}),
    "description": lambda product, _: patch(f"{URL}/{product.id}", {"description": "Tall."}),
    "price": lambda product, variant: patch(
        f"{URL}/{product.id}/variants/{variant.id}", {"price": usd("9.00").money.as_json()}
    ),
    "sale": lambda product, variant: patch(
        f"{URL}/{product.id}/variants/{variant.id}/sale", {"price": usd("9.00").money.as_json()}, "put"
    ),
    "stock": lambda _, variant: hear(ask((variant, 1))),
    "category": lambda *_: patch("/api/v1/admin/categories/pots", {"name": "Jars"}),
    "brand": lambda *_: patch("/api/v1/admin/brands/acme", {"name": "Zenith"}),
    "vendor": lambda product, _: hear(vendor_changed(product.vendor_id, name="Red Kiln", version=2)),
    "translation": lambda product, _: patch(f"{URL}/{product.id}/translations/de", {"name": "Topf"}, "put"),
    "schema": lambda *_: patch(
        "/api/v1/admin/categories/pots/attributes",
        {"attributes": [{"name": "colour", "label": "Colour", "kind": "text"}]},
        "put",
    ),
}
"""What one sees of the product itself."""


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen_by_the_next_reader(change: str) -> None:
    product = make_product(brand="Acme", specifications={"colour": "red"})
    path, headers = f"{URL}/{product.slug}", {"Accept-Language": "de"}
    before = get(path, **headers)

    CHANGES[change](product, product.variants.get())

    after = get(path, **headers)
    assert body(after) != body(before)
    assert after["ETag"] != before["ETag"]


def tell_rates() -> None:
    for currency, rate in (("USD", 1), ("EUR", 2)):
        ExchangeRate.objects.create(currency=currency, rate=rate, day=timezone.now().date(), version=1)


LISTED: dict[str, tuple[str, Change]] = {
    "name": (URL, CHANGES["name"]),
    "price": (URL, CHANGES["price"]),
    "new product": (f"{URL}?facets=all", lambda product, _: make_product("Lamp", vendor=product.vendor)),
    "product gone": (URL, lambda product, _: client_as("admin").delete(f"{URL}/{product.id}")),
    "sold out": (f"{URL}?in_stock=true", lambda _, variant: hear(ask((variant, 10)))),
    "name of a category": (f"{URL}?facets=category", CHANGES["category"]),
    "translation": (URL, CHANGES["translation"]),
    "vendor suspended": (
        URL,
        lambda product, _: hear(vendor_changed(product.vendor_id, status="suspended", version=2)),
    ),
    "synonym": (
        f"{URL}?search=vessel",
        lambda *_: patch("/api/v1/admin/synonyms", {"terms": ["vessel", "pot"]}, "post"),
    ),
    "rates": (f"{URL}?currency=EUR", lambda *_: tell_rates()),
    "tree": ("/api/v1/categories", lambda *_: make_category("Jars")),
    "branch": ("/api/v1/categories/pots", lambda *_: make_category("Jars", make_category("Pots"))),
    "brands": ("/api/v1/brands", CHANGES["brand"]),
}


@pytest.mark.parametrize("change", LISTED)
def test_a_change_is_in_the_next_list(change: str) -> None:
    product = make_product(brand="Acme")
    path, happen = LISTED[change]
    before = get(path, **{"Accept-Language": "de"}).content

    happen(product, product.variants.get())

    assert get(path, **{"Accept-Language": "de"}).content != before


def test_what_happens_to_one_product_leaves_others_answers_alone(django_assert_num_queries: Any) -> None:
    product, other = _of_different_topics()
    get(f"{URL}/{product.id}")
    get(URL)

    hear(ask((other.variants.get(), 1)))

    for path in (f"{URL}/{product.id}", URL):
        with django_assert_num_queries(1):
            get(path)


def _of_different_topics() -> tuple[Product, Product]:
    product = make_product()
    while (other := make_product("Lamp")).id.bytes[-1] == product.id.bytes[-1]:
        pass
    return product, other


def test_a_price_that_turns_by_the_time_is_not_kept_beyond_that(django_assert_num_queries: Any) -> None:
    product = make_product()
    overdue = timezone.now() - timedelta(seconds=1)
    get(f"{URL}/{product.id}")
    Product.objects.update(prices_change_at=overdue)

    for _time in range(2):
        with django_assert_num_queries(2):
            get(f"{URL}/{product.id}")
    assert editions.of_lists().turns_at == overdue  # type: ignore[union-attr]


def test_views_and_searches_are_counted_of_kept_answers_too(django_capture_on_commit_callbacks: Any) -> None:
    product = make_product("Lamp")
    searches.keep_counts()

    for guest in ("one", "two"):
        get(f"{URL}/{product.slug}", **{"X-Cart-Token": guest, "User-Agent": "Firefox"})
        get(f"{URL}?search=lamp")
    with django_capture_on_commit_callbacks(execute=True):
        popularity.flush_views()
    searches.keep_counts()

    assert body(client_as().get(f"{URL}/{product.id}/views"))["views"] == 2
    report = body(client_as("admin").get("/api/v1/admin/search/report"))
    assert ("lamp", 2, 0) in [(row["text"], row["searches"], row["fruitless"]) for row in report["top"]]


def test_what_its_own_people_see_is_nobody_elses_answer() -> None:
    draft, product = make_product(status="draft"), make_product("Lamp")
    own = client_as("vendor", vendor_id=draft.vendor_id)

    assert own.get(f"{URL}/{draft.id}").status_code == 200
    assert client_as().get(f"{URL}/{draft.id}").status_code == 404
    assert client_as("vendor", vendor_id=new_id()).get(f"{URL}/{draft.id}").status_code == 404
    assert len(body(own.get(f"{URL}?vendor=me"))["results"]) == 2
    assert len(body(get(f"{URL}"))["results"]) == 1
    client_as("admin").put(f"{URL}/{product.id}/translations/de", {"name": "Leuchte"})
    assert body(get(f"{URL}/{product.id}", **{"Accept-Language": "de"}))["name"] == "Leuchte"
    assert body(own.get(f"{URL}/{product.id}", headers={"Accept-Language": "de"}))["name"] == "Lamp"


def test_refusals_are_not_kept() -> None:
    assert client_as().get(f"{URL}/clay-pot").status_code == 404
    assert client_as().get(f"{URL}?limit=0").status_code == 400

    make_product()

    assert client_as().get(f"{URL}/clay-pot").status_code == 200


def test_with_no_seconds_nothing_is_kept(settings: Any, django_assert_num_queries: Any) -> None:
    settings.CACHE_LIST_SECONDS = settings.CACHE_DETAIL_SECONDS = settings.CACHE_TREE_SECONDS = 0
    make_product()

    for path, statements in ((URL, 1), (f"{URL}/clay-pot", 1), ("/api/v1/categories", 1)):
        for _time in range(2):
            with django_assert_num_queries(statements):
                get(path)


def test_every_table_is_watched_or_not_shown() -> None:
    """A new table is shown by kept answers (then `watch()` it in its migration, and name it in WATCHED), or not."""
    tables = {model._meta.db_table for model in apps.get_app_config("catalog_service").get_models()}
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text, tgargs FROM pg_trigger WHERE tgname = 'noted'")
        triggers = {table: bytes(topic).rstrip(b"\0").decode() for table, topic in cursor.fetchall()}

    assert triggers == WATCHED
    assert tables == WATCHED.keys() | NOT_SHOWN
    assert not WATCHED.keys() & NOT_SHOWN


# ── At the same moment ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db(transaction=True)
def test_changes_that_overtake_one_another_are_each_seen_when_they_are_committed() -> None:
    lamp, chair = make_product("Lamp"), make_product("Chair")

    def names() -> list[str]:
        return [row["name"] for row in body(get(f"{URL}?ordering=name"))["results"]]

    def in_a_transaction_of_its_own() -> None:
        with transaction.atomic():
            patch(f"{URL}/{chair.id}", {"name": "Stool"})
        assert names() == ["Lamp", "Stool"]

    def rename_slowly() -> None:
        with transaction.atomic():
            patch(f"{URL}/{lamp.id}", {"name": "Torch"})
            assert elsewhere(names) == ["Chair", "Lamp"]
            assert run_together([in_a_transaction_of_its_own]) == []
            assert elsewhere(names) == ["Lamp", "Stool"]
        assert names() == ["Stool", "Torch"]

    rename_slowly()
    assert names() == ["Stool", "Torch"]


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_changes_nothing(django_assert_num_queries: Any) -> None:
    product = make_product()
    get(URL)

    with transaction.atomic():
        patch(f"{URL}/{product.id}", {"name": "Tall pot"})
        assert body(get(URL))["results"][0]["name"] == "Tall pot"
        transaction.set_rollback(True)

    with django_assert_num_queries(1):
        assert body(get(URL))["results"][0]["name"] == "Clay pot"


def elsewhere(look: Callable[[], Any]) -> Any:
    """What somebody else sees at this moment."""
    seen = []
    errors = run_together([lambda: seen.append(look())])
    assert errors == []
    return seen[0]


@pytest.mark.django_db(transaction=True)
def test_readers_of_what_many_write_at_once_never_see_what_is_over() -> None:
    vendor = make_vendor()
    products = [make_product(f"Pot {i}", vendor=vendor) for i in range(3)]

    def write(product: Product) -> None:
        for i in range(5):
            patch(f"{URL}/{product.id}", {"name": f"Jar {i}"})
            assert body(get(f"{URL}/{product.id}"))["name"] == f"Jar {i}"
            assert f"Jar {i}" in [row["name"] for row in body(get(URL))["results"] if row["id"] == str(product.id)]

    def read() -> None:
        for _time in range(20):
            get(URL)
            get(f"{URL}/{products[0].id}")

    errors = run_together([read, read, *(lambda product=product: write(product) for product in products)])

    assert errors == []
    connections.close_all()
