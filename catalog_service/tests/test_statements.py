"""What each read costs the database: so many statements, however much there is to be told."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog_service.actions import translations
from catalog_service.actions.inventory import Adjustment, adjust_stock
from catalog_service.actions.reviews import answer_review
from catalog_service.actions.variants import VariantInput, add_variant
from catalog_service.actions.vendor_holds import Wanted, hold_stock
from catalog_service.models import BoughtTogether, Brand, Category, Export, Import, Product, Review, Synonym, VendorHold
from shared.context import new_id
from shared.testing import body, client_as
from tests.everything import make_everything, make_review
from tests.factories import make_category, make_location, make_product, place_elsewhere, usd

pytestmark = pytest.mark.django_db
STATEMENTS = {
    "/api/v1/admin/brands/{reference}/translations": 2,
    "/api/v1/admin/categories/{reference}/translations": 2,
    "/api/v1/admin/products": 1,
    "/api/v1/admin/products/{product}": 1,
    "/api/v1/admin/reviews": 3,
    "/api/v1/admin/reviews/{review}": 3,
    "/api/v1/admin/revisions": 1,
    "/api/v1/admin/revisions/{revision}": 1,
    "/api/v1/admin/search/report": 3,
    "/api/v1/admin/synonyms": 1,
    "/api/v1/admin/synonyms/{synonym}": 1,
    "/api/v1/brands": 2,
    "/api/v1/brands/{brand}": 2,
    "/api/v1/categories": 2,
    "/api/v1/categories/{category}": 4,
    "/api/v1/categories/{category}/attributes": 2,
    "/api/v1/exports": 1,
    "/api/v1/exports/{export_id}": 1,
    "/api/v1/imports": 1,
    "/api/v1/imports/{import_id}": 2,
    "/api/v1/inventory": 1,
    "/api/v1/inventory/holds": 1,
    "/api/v1/inventory/holds/{hold}": 1,
    "/api/v1/inventory/locations": 1,
    "/api/v1/inventory/locations/{location}": 1,
    "/api/v1/inventory/{sku}": 1,
    "/api/v1/inventory/{sku}/forecast": 3,
    "/api/v1/inventory/{sku}/levels": 3,
    "/api/v1/inventory/{sku}/movements": 2,
    "/api/v1/products": 5,
    "/api/v1/products/{product}": 2,
    "/api/v1/products/{product}/images": 1,
    "/api/v1/products/{product}/price-history": 2,
    "/api/v1/products/{product}/related": 5,
    "/api/v1/products/{product}/reviews": 3,
    "/api/v1/products/{product}/revisions": 2,
    "/api/v1/products/{product}/translations": 2,
    "/api/v1/products/{product}/variants": 1,
    "/api/v1/products/{product}/variants/{variant}": 1,
    "/api/v1/products/{product}/views": 3,
    "/api/v1/recommendations": 3,
    "/api/v1/reviews": 2,
    "/api/v1/reviews/analytics": 4,
    "/api/v1/reviews/export": 2,
    "/api/v1/reviews/{review}": 2,
    "/api/v1/search/popular": 1,
    "/api/v1/search/suggestions": 2,
}
"""Of each GET operation, asked by a guest, or by an admin where guests are not let in."""
QUERIES = {"/api/v1/search/suggestions": {"q": "twin"}, "/api/v1/products": {"facets": "all", "limit": "50"}}


def grow(product: Product) -> None:
    """One more of everything that any list has, most of it of this product."""
    n = Product.objects.count()
    twin = make_product(
        f"Twin {n}", vendor=product.vendor, category=product.category, brand=f"Brand {n}", tags=[f"t{n}"]
    )
    make_category(f"Twig {n}", product.category)
    add_variant(
        product=str(product.id),
        vendor_id=None,
        variant=VariantInput(sku=f"V-{n}", prices=[usd("3.00")], stock=20, options={"size": str(n)}),
        actor_id=new_id(),
    )
    first = product.variants.get(position=0)
    place_elsewhere(first, 1, make_location(product.vendor_id, f"Barn {n}"))
    adjust_stock(adjustment=Adjustment(first.sku, delta=3), reason="found", actor_id=new_id())
    hold_stock(wanted=Wanted(first.sku, 1), actor_id=new_id())
    product.images.create(file=f"{n}.webp", thumbnail="a-small.webp", width=60, height=40, position=n)
    for which in (product, twin):
        review = make_review(which, votes=1)
        answer_review(review_id=review.id, vendor_id=product.vendor_id, text="Thanks")
    for text in ("name", "description"):
        translations.translate_product(
            product=str(twin.id), vendor_id=None, language="de", texts={"name": f"Zwilling {n}", "description": text}
        )
    language = "abcdefghijklmnopqrstuvwxyz"[n % 26] * 2
    translations.translate_product(product=str(product.id), vendor_id=None, language=language, texts={"name": "X"})
    for model, row in ((Category, product.category), (Brand, product.brand)):
        translations.translate_place(model=model, reference=str(row.id), language=language, name=f"X {n}")
    BoughtTogether.objects.create(product=product, other=twin, orders=2, lift=1.5, score=0.5)


def ids(product: Product) -> dict[str, str]:
    return {
        "product": str(product.id),
        "variant": str(product.variants.get(position=0).id),
        "sku": product.variants.get(position=0).sku,
        "category": product.category.slug,
        "brand": product.brand.slug,
        "review": str(Review.objects.filter(product=product).earliest("id").id),
        "revision": str(product.revisions.get().id),
        "synonym": str(Synonym.objects.earliest("id").id),
        "location": str(product.vendor_id),
        "import_id": str(Import.objects.earliest("id").id),
        "hold": str(VendorHold.objects.earliest("id").id),
        "export_id": str(Export.objects.earliest("id").id),
    }


def reads() -> list[str]:
    document = body(client_as().get("/internal/openapi.json"))
    return sorted(path for path, item in document["paths"].items() if "get" in item and not path.endswith("/file"))


def asked(path: str, names: dict[str, str], product: Product) -> int:
    """While nothing is kept yet."""
    address = path.format(**names, reference=names["brand" if "brands" in path else "category"])
    clients = (client_as(), client_as("admin"))
    query = QUERIES.get(path, {"vendor": str(product.vendor_id)} if "/inventory" in path else {"limit": "50"})
    for client in clients:
        cache.clear()
        with CaptureQueriesContext(connection) as statements:
            answer = client.get(address, query)
            b"".join(getattr(answer, "streaming_content", ()))
        if answer.status_code == 200:
            return len(statements)
    raise AssertionError((address, answer.status_code, answer.content))


def test_reads_take_so_many_statements_however_much_there_is() -> None:
    product = make_everything()
    grow(product)
    names = ids(product)

    little = {path: asked(path, names, product) for path in reads()}
    for _time in range(3):
        make_everything()
        grow(product)
    much = {path: asked(path, names, product) for path in reads()}

    assert little == STATEMENTS
    assert much == little
