"""Views: counted without a row, once an hour and visitor, written down by the clock, fading."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import redis
from django.conf import settings
from django.utils import timezone

from catalog_service.actions.popularity import flush_views, forget_old_views, refresh_trends
from catalog_service.models import Product, ProductPopularity, ProductView, Sale, UserView, popularity
from shared.context import new_id
from shared.testing import body, client_as
from tests.factories import make_product

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_counted() -> Iterator[None]:
    store: redis.Redis[str] = redis.Redis.from_url(settings.REDIS_URL, decode_responses=True)
    for key in store.scan_iter("views:*"):
        store.delete(key)
    yield
    store.close()


def look(product: Product, *, user_id: UUID | None = None, guest: str = "one", agent: str = "Firefox") -> None:
    client = client_as("customer", user_id=user_id) if user_id else client_as()
    headers = {"X-Cart-Token": guest, "User-Agent": agent}
    assert client.get(f"/api/v1/products/{product.slug}", headers=headers).status_code == 200


def flush(callbacks: Any) -> None:
    with callbacks(execute=True):
        flush_views()


def views_of(product: Product) -> tuple[int, int]:
    seen = body(client_as().get(f"/api/v1/products/{product.id}/views"))
    return seen["views"], seen["views_last_day"]


def test_a_view_counts_once_an_hour_for_each_visitor(django_capture_on_commit_callbacks: Any) -> None:
    product, other, ada = make_product(), make_product(), new_id()

    for guest in ("one", "one", "two"):
        look(product, guest=guest)
    look(product, user_id=ada)
    look(product, user_id=ada, guest="another browser")
    look(other)
    assert views_of(product) == (0, 0)
    flush(django_capture_on_commit_callbacks)

    assert views_of(product) == (3, 3)
    assert views_of(other) == (1, 1)
    assert list(UserView.objects.values_list("user_id", "product_id")) == [(ada, product.id)]


def test_looking_writes_nothing(django_assert_num_queries: Any) -> None:
    product = make_product()

    with django_assert_num_queries(1) as seen:
        client_as().post(f"/api/v1/products/{product.id}/views")

    assert seen[0]["sql"].startswith("SELECT")
    assert not ProductView.objects.exists()


def test_pages_tell_of_views_themselves_and_vendors_and_robots_do_not_count(
    django_capture_on_commit_callbacks: Any,
) -> None:
    product = make_product()
    url = f"/api/v1/products/{product.id}"

    assert client_as().post(f"{url}/views").status_code == 202
    client_as("vendor", vendor_id=product.vendor_id).get(url)
    client_as("admin").get(url)
    look(product, guest="robot", agent="Googlebot/2.1")
    flush(django_capture_on_commit_callbacks)

    assert views_of(product) == (1, 1)
    assert client_as().post(f"/api/v1/products/{new_id()}/views").status_code == 404
    assert client_as().post(f"/api/v1/products/{make_product(status='draft').id}/views").status_code == 404


def test_what_is_written_twice_counts_once_and_what_comes_meanwhile_is_not_lost(
    django_capture_on_commit_callbacks: Any,
) -> None:
    product = make_product()
    look(product)
    flush_views()  # stopped before its commit was known
    look(product, guest="two")

    flush(django_capture_on_commit_callbacks)
    flush(django_capture_on_commit_callbacks)

    assert views_of(product) == (2, 2)


def test_what_was_written_down_stays_though_redis_was_emptied(django_capture_on_commit_callbacks: Any) -> None:
    product = make_product()
    for guest in ("one", "two", "three"):
        look(product, guest=guest)
    flush(django_capture_on_commit_callbacks)
    store: redis.Redis[str] = redis.Redis.from_url(settings.REDIS_URL, decode_responses=True)
    store.delete(*store.scan_iter("views:*"))
    store.close()

    look(product, guest="four")
    flush(django_capture_on_commit_callbacks)

    assert views_of(product) == (3, 3)


def test_views_of_what_does_not_exist_are_dropped(django_capture_on_commit_callbacks: Any) -> None:
    product = make_product()
    popularity.note(new_id(), "x", new_id(), timezone.now())
    look(product)

    flush(django_capture_on_commit_callbacks)

    assert ProductView.objects.get().product_id == product.id


def test_without_redis_products_are_read_all_the_same(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    product = make_product()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    popularity._redis.cache_clear()
    monkeypatch.setattr(popularity._Gate, "closed_until", 0.0)

    look(product)
    look(product)

    assert popularity._Gate.closed_until > 0
    popularity._redis.cache_clear()


def test_old_hours_become_one_number_and_who_looked_is_forgotten() -> None:
    product = make_product()
    now = timezone.now()
    for days, views in ((40, 3), (31, 4), (2, 5)):
        ProductView.objects.create(product=product, hour=now - timedelta(days=days), views=views)
    for days in (100, 1):
        UserView.objects.create(user_id=new_id(), product=product, viewed_at=now - timedelta(days=days))

    forget_old_views()
    forget_old_views()

    assert views_of(product) == (12, 0)
    assert ProductView.objects.count() == UserView.objects.count() == 1


def test_trends_fade_by_half_in_their_time_and_a_sale_weighs_more_than_a_view() -> None:
    now = timezone.now()
    fresh, old, sold, gone = (make_product(name) for name in ("Fresh", "Old", "Sold", "Gone"))
    ProductView.objects.create(product=fresh, hour=now, views=10)
    ProductView.objects.create(product=old, hour=now - timedelta(hours=48), views=10)
    Sale.objects.create(order_id=new_id(), product_id=sold.id, quantity=1, confirmed_at=now)
    ProductView.objects.create(product=gone, hour=now - timedelta(days=20), views=1_000)
    ProductPopularity.objects.create(product=gone, trend=5)

    refresh_trends()
    refresh_trends()

    trend = dict(ProductPopularity.objects.values_list("product__name", "trend"))
    assert trend["Fresh"] == pytest.approx(10, rel=0.01)
    assert trend["Old"] == pytest.approx(5, rel=0.01)
    assert trend["Sold"] == pytest.approx(20, rel=0.01)
    assert trend["Gone"] == 0
    listed = body(client_as().get("/api/v1/recommendations?kind=trending&limit=3"))["results"]
    assert [(row["name"], row["reason"]) for row in listed] == [
        ("Sold", "trending"), ("Fresh", "trending"), ("Old", "trending"),
    ]  # fmt: skip
