"""Lists of products as buyers and vendors ask for them: what is in them, in which order, page by page."""

import base64
import json
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from catalog_service.actions import cards
from catalog_service.actions.variants import PriceInput, VariantInput
from catalog_service.models import Product
from shared.money import Money
from shared.testing import body, client_as
from tests.factories import make_category, make_product, make_vendor, usd

pytestmark = pytest.mark.django_db
URL = "/api/v1/products"


def ids(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [row["id"] for row in body(response)["results"]]


def shelf() -> list[Product]:
    """Thirty-six products in which the filters' qualities are well mixed."""
    clay = make_category("Clay")
    categories = [clay, make_category("Bowls", clay), make_category("Wood")]
    vendors = [make_vendor("Blue Kiln"), make_vendor("Green Kiln")]
    products = []
    for i in range(36):
        price = usd(f"{5 + i % 7}.00")
        prices = [price] if i % 5 else [price, PriceInput(Money(300 + i, "EUR"))]
        product = make_product(
            f"Thing {i % 10:02}",
            category=categories[i % 3],
            vendor=vendors[i % 2],
            brand=[None, "Acme"][(i // 2) % 2],
            tags=["new"] if i % 4 else ["new", "hot"],
            featured=i % 6 == 0,
            variants=[VariantInput(sku=f"SKU-{i}", prices=prices, stock=i % 3)],
        )
        product.rate([0, 0, 0, i % 4, i % 3])
        product.save(update_fields=["rating_average", "rating_count", "rating_histogram"])
        cards.refresh([product.id], with_stock=False)
        products.append(Product.objects.select_related("vendor", "category", "brand").get(id=product.id))
    return products


CASES: list[tuple[str, Any]] = [
    ("category=clay", lambda p: p.category.slug in ("clay", "bowls")),
    ("category=bowls", lambda p: p.category.slug == "bowls"),
    ("category=nothing", lambda p: False),
    ("brand=acme", lambda p: p.brand is not None),
    ("brand=acme,other", lambda p: p.brand is not None),
    ("vendor=green-kiln", lambda p: p.vendor.slug == "green-kiln"),
    ("min_price=6.00&max_price=8", lambda p: 600 <= p.prices["USD"]["minor"] <= 800),
    ("min_price=3.10&currency=EUR", lambda p: p.prices.get("EUR", {"minor": 0})["minor"] >= 310),
    ("in_stock=true", lambda p: p.stock.get().on_hand > 0),
    ("in_stock=false", lambda p: p.stock.get().on_hand == 0),
    ("rating=4.5", lambda p: p.rating_average >= Decimal("4.5")),
    ("featured=true", lambda p: p.featured),
    ("tags=hot,new", lambda p: "hot" in p.tags),
    ("search=&brand=&min_price=&in_stock=&limit=100&utm_source=mail", lambda p: True),
    (
        "category=clay&in_stock=true&max_price=9&tags=new&vendor=blue-kiln",
        lambda p: (
            p.category.slug in ("clay", "bowls")
            and p.stock.get().on_hand > 0
            and p.prices["USD"]["minor"] <= 900
            and p.vendor.slug == "blue-kiln"
        ),
    ),
]
ORDERINGS: list[tuple[str, Any, bool]] = [
    ("newest", lambda p: p.id, True),
    ("price", lambda p: (p.prices["USD"]["minor"], p.id), False),
    ("-price", lambda p: (p.prices["USD"]["minor"], p.id), True),
    ("name", lambda p: (p.name.lower(), p.id), False),
    ("rating", lambda p: (p.rating_average, p.id), True),
]


def walk(url: str | None) -> list[str]:
    """All pages forward; the same pages backward must be the same."""
    client, there, back, last = client_as(), [], [], None
    while url:
        page = body(client.get(url))
        there += [row["id"] for row in page["results"]]
        last, url = url, page["next"]
    while last:
        page = body(client.get(last))
        back = [row["id"] for row in page["results"]] + back
        last = page["previous"]
    assert there == back
    return there


def test_lists_answer_what_a_look_at_every_product_says() -> None:
    products = shelf()

    for query, wanted in CASES:
        expected = [str(p.id) for p in sorted(products, key=lambda p: p.id, reverse=True) if wanted(p)]
        assert walk(f"{URL}?{query}&limit=100") == expected, query
    for ordering, key, reverse in ORDERINGS:
        expected = [str(p.id) for p in sorted(products, key=key, reverse=reverse)]
        assert walk(f"{URL}?ordering={ordering}&limit=7") == expected, ordering
    assert len(set(walk(f"{URL}?search=thing&limit=5"))) == 36


def test_drafts_and_what_waits_for_approval_are_not_listed() -> None:
    make_product(status="draft")
    make_product(by_admin=False)
    product = make_product()

    assert ids(client_as().get(URL)) == [str(product.id)]
    assert ids(client_as().get(f"{URL}?min_price=1&currency=JPY")) == []
    assert body(client_as().get(f"{URL}?currency=JPY"))["results"][0]["price"]["currency"] == "USD"


def test_a_vendor_lists_its_own_in_every_status() -> None:
    draft, active = make_product(status="draft"), make_product()
    make_product(vendor=make_vendor("Other"))
    client = client_as("vendor", vendor_id=draft.vendor_id)

    assert ids(client.get(f"{URL}?vendor=me")) == [str(active.id), str(draft.id)]
    assert ids(client.get(f"{URL}?vendor=me&status=draft")) == [str(draft.id)]
    assert client_as().get(f"{URL}?vendor=me").status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        "cursor=WyJjcmVhdGVkX2F0IiwwLCIyMDI2LTAxLTAxIiwiMDFhMWZjOTctNjMxNS03NjU1LThhZTUtNzU0Y2ZhZGY1YTUwIl0",
        "limit=0", "limit=101", "limit=x", "cursor=x", "cursor=AAAA", "cursor=WzFd", "cursor=" + "W1tb" * 200,
        "min_price=x", "min_price=-1", "min_price=1e99", "max_price=NaN", "currency=XXX", "in_stock=maybe",
        "ordering=cheap", "ordering=relevance", "search=%00", "search=" + "x" * 201, "rating=9", "brand=%00",
        "vendor=%00", "category=%00", "tags=%00",
    ],
)  # fmt: skip
def test_strange_queries_are_refused(query: str) -> None:
    assert client_as().get(f"{URL}?{query}").status_code == 400


@pytest.mark.parametrize("rating", ["NaN", "1e999999999", "1e-999999999", "0e999999999", "1000001"])
def test_a_cursor_with_a_number_that_no_product_has_is_refused(rating: str) -> None:
    place = json.dumps(["rating_average", 0, rating, str(uuid4())])
    cursor = base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")

    assert client_as().get(f"{URL}?ordering=rating&cursor={cursor}").status_code == 400


def test_a_cursor_of_another_order_is_refused() -> None:
    for i in range(3):
        make_product(f"Pot {i}")
    link = body(client_as().get(f"{URL}?ordering=name&limit=1"))["next"]

    assert client_as().get(link.replace("ordering=name", "ordering=price")).status_code == 400
