"""The demo marketplace comes in once, and whole."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from PIL import Image as Pillow

from catalog_service.models import Image, Movement, Product, Review
from shared.context import new_id
from shared.contracts.catalog import OfferChanged
from shared.testing import body, client_as, published
from tests.factories import hear, vendor_changed

pytestmark = pytest.mark.django_db


def a_marketplace(folder: Path) -> dict[str, Any]:
    picture = folder / "pot.png"
    Pillow.new("RGB", (800, 600), "teal").save(picture)
    vendor, root, leaf, brand = (str(new_id()) for _ in range(4))
    products = [
        {
            "id": str(new_id()), "slug": f"pot-{i}", "name": f"Pot {i}", "vendor_id": vendor, "category_id": leaf,
            "brand_id": brand if i else None, "description": "Clay.", "specifications": {"height": "20 cm"},
            "tags": ["clay"], "featured": not i,
            "variants": [{"id": str(new_id()), "sku": f"POT-{i}-{j}", "options": {"size": str(j)}, "stock": 3 * j,
                          "weight_grams": 500, "prices": [{"minor": 1000 + j, "currency": "USD"},
                                                          {"minor": 900 + j, "currency": "EUR"}]} for j in range(2)],
            "images": [{"path": str(picture), "alt": "A pot"}],
        }
        for i in range(3)
    ]  # fmt: skip
    return {
        "accounts": [],
        "vendors": [{"id": vendor, "name": "Blue Kiln", "slug": "blue-kiln"}],
        "categories": [
            {"id": leaf, "slug": "pots", "name": "Pots", "parent_id": root, "position": 0},
            {"id": root, "slug": "home", "name": "Home", "parent_id": None, "position": 0},
        ],
        "brands": [{"id": brand, "slug": "acme", "name": "Acme"}],
        "products": products,
        "reviews": [
            {"id": str(new_id()), "product_id": products[0]["id"], "user_id": str(new_id()), "author": "Ada",
             "rating": rating, "title": "Good", "comment": "Holds soup."}
            for rating in (4, 5)
        ],
    }  # fmt: skip


def test_a_marketplace_is_seeded_once(tmp_path: Path, media: Path) -> None:
    data = a_marketplace(tmp_path)
    file = tmp_path / "demo.json"
    file.write_text(json.dumps(data))

    call_command("seed_demo", str(file))
    told = len(published())
    call_command("seed_demo", str(file))

    assert (Product.objects.count(), Image.objects.count(), Review.objects.count()) == (3, 3, 2)
    assert Movement.objects.count() == 3
    assert len(published()) == told == len(published(OfferChanged)) == 6
    assert {offer.active for offer in published(OfferChanged)} == {True}
    product = body(client_as().get("/api/v1/products/pot-0"))
    assert (product["rating"], product["rating_count"], product["in_stock"]) == (4.5, 2, True)
    assert [step["slug"] for step in product["category"]["breadcrumbs"]] == ["home", "pots"]
    assert (media / product["image"].split("/media/")[1]).exists()
    assert [row["name"] for row in body(client_as().get("/api/v1/products?search=acme"))["results"]] != []
    assert body(client_as().get("/api/v1/products/pot-0/reviews"))["results"][0]["author"] == "Ada"


def test_hearing_of_a_seeded_vendor_tells_nothing_new(tmp_path: Path) -> None:
    data = a_marketplace(tmp_path)
    file = tmp_path / "demo.json"
    file.write_text(json.dumps(data))
    call_command("seed_demo", str(file))

    hear(vendor_changed(data["vendors"][0]["id"]))

    assert len(published(OfferChanged)) == 6
