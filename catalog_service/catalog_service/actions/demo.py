"""Fill an empty catalogue with a demo marketplace: bulk inserts, and the same messages as the real actions tell."""

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from PIL import Image as Pillow

from catalog_service.actions import offers
from catalog_service.actions.pictures import SIZES, new_stem
from catalog_service.actions.reviews import rate_again
from catalog_service.models import (
    Brand,
    Category,
    Image,
    Movement,
    Price,
    Product,
    Purchase,
    Review,
    StockItem,
    Variant,
    Vendor,
)
from shared import media
from shared.context import new_id

Rows = list[dict[str, Any]]


def seed_demo(data: dict[str, Any]) -> int:
    """Add what is not there yet; answers how many products came in. Format: the command's help."""
    known = set(Product.objects.values_list("id", flat=True))
    fresh = [product for product in data["products"] if UUID(product["id"]) not in known]
    pictures = _store_pictures(fresh)
    with transaction.atomic():
        _vendors(data["vendors"])
        _categories(data["categories"])
        _brands(data["brands"])
        _products(fresh, pictures)
        offers.product_changed([UUID(product["id"]) for product in fresh])
        _reviews(data["reviews"])
    return len(fresh)


def _vendors(rows: Rows) -> None:
    """VendorChanged will say the same, and more."""
    Vendor.objects.bulk_create(
        [Vendor(id=row["id"], name=row["name"], slug=row["slug"], status="active") for row in rows],
        ignore_conflicts=True,
    )


def _categories(rows: Rows) -> None:
    """Parents may stand anywhere in the list."""
    by_id = {row["id"]: row for row in rows}

    def lineage(row: dict[str, Any]) -> list[str]:
        parent = by_id[row["parent_id"]] if row["parent_id"] else None
        return [*(lineage(parent) if parent else []), row["id"]]

    ordered = sorted(rows, key=lambda row: len(lineage(row)))
    Category.objects.bulk_create(
        [
            Category(
                id=row["id"],
                slug=row["slug"],
                name=row["name"],
                parent_id=row["parent_id"],
                lineage=lineage(row),
                position=row["position"],
            )
            for row in ordered
        ],
        ignore_conflicts=True,
    )


def _brands(rows: Rows) -> None:
    brands = [Brand(id=row["id"], slug=row["slug"], name=row["name"]) for row in rows]
    Brand.objects.bulk_create(brands, ignore_conflicts=True)


def _products(rows: Rows, pictures: dict[str, Image]) -> None:
    Product.objects.bulk_create([_product(row) for row in rows])
    pairs = [(row, position, variant) for row in rows for position, variant in enumerate(row["variants"])]
    Variant.objects.bulk_create([_variant(row, position, variant) for row, position, variant in pairs])
    variants = [variant for _row, _position, variant in pairs]
    Price.objects.bulk_create(
        [
            Price(variant_id=variant["id"], currency=price["currency"], minor=price["minor"])
            for variant in variants
            for price in variant["prices"]
        ]
    )
    StockItem.objects.bulk_create(
        [
            StockItem(variant_id=variant["id"], product_id=row["id"], on_hand=variant["stock"])
            for row, _position, variant in pairs
        ]
    )
    Movement.objects.bulk_create(
        [
            Movement(
                variant_id=variant["id"], kind="initial", quantity=variant["stock"], on_hand_after=variant["stock"]
            )
            for variant in variants
            if variant["stock"]
        ]
    )
    Image.objects.bulk_create([image for row in rows for image in _images(row, pictures)])


def _product(row: dict[str, Any]) -> Product:
    return Product(
        id=row["id"],
        slug=row["slug"],
        name=row["name"],
        vendor_id=row["vendor_id"],
        category_id=row["category_id"],
        brand_id=row["brand_id"],
        description=row["description"],
        specifications=row["specifications"],
        tags=row["tags"],
        featured=row["featured"],
        status=Product.Status.ACTIVE,
        approved_at=timezone.now(),
    )


def _variant(row: dict[str, Any], position: int, variant: dict[str, Any]) -> Variant:
    return Variant(
        id=variant["id"],
        product_id=row["id"],
        vendor_id=row["vendor_id"],
        sku=variant["sku"],
        options=variant["options"],
        weight_grams=variant["weight_grams"],
        position=position,
    )


def _images(row: dict[str, Any], stored: dict[str, Image]) -> list[Image]:
    return [
        Image(
            product_id=row["id"],
            file=stored[image["path"]].file,
            thumbnail=stored[image["path"]].thumbnail,
            medium=stored[image["path"]].medium,
            large=stored[image["path"]].large,
            width=stored[image["path"]].width,
            height=stored[image["path"]].height,
            alt=image["alt"],
            position=position,
            primary=position == 0,
            due_at=None,
        )
        for position, image in enumerate(row["images"])
    ]


def _store_pictures(rows: Rows) -> dict[str, Image]:
    """Each file once, however many products show it. Pillow lets go of the interpreter, so threads help."""
    paths = sorted({image["path"] for row in rows for image in row["images"]})
    with ThreadPoolExecutor(max_workers=2) as pool:
        return dict(zip(paths, pool.map(_store_picture, paths), strict=True))


def _store_picture(path: str) -> Image:
    """The demo's own pictures are trusted, and small: copied as they are, with the smallest thumbnail beside."""
    stem = new_stem()
    with Pillow.open(path) as picture:
        width, height = picture.size
        small = picture.convert("RGB")
    small.thumbnail((SIZES["small"], SIZES["small"]), Pillow.Resampling.BILINEAR)
    buffer = io.BytesIO()
    small.save(buffer, "WEBP", quality=80, method=0)
    file = media.save(f"{stem}{Path(path).suffix.lower()}", Path(path).read_bytes())
    thumbnail = media.save(f"{stem}.small.webp", buffer.getvalue())
    return Image(file=file, thumbnail=thumbnail, medium=file, large=file, width=width, height=height)


def _reviews(rows: Rows) -> None:
    """Approved long ago, so nobody is told of them; spread over the last months, newest last."""
    known = set(Review.objects.values_list("id", flat=True))
    fresh = [row for row in rows if UUID(row["id"]) not in known]
    now = timezone.now()
    Purchase.objects.bulk_create(
        [
            Purchase(user_id=row["user_id"], product_id=row["product_id"], order_id=new_id(), delivered_at=now)
            for row in fresh
        ],
        ignore_conflicts=True,
    )
    reviews = [_review(row) for row in fresh]
    Review.objects.bulk_create(reviews, ignore_conflicts=True)
    for i, review in enumerate(reviews):
        review.created_at = now - timedelta(hours=7 * (len(reviews) - i))
    Review.objects.bulk_update(reviews, ["created_at"])
    reviewed = {review.product_id for review in reviews}
    for product in Product.objects.filter(id__in=reviewed).order_by("id").select_for_update(no_key=True):
        rate_again(product)


def _review(row: dict[str, Any]) -> Review:
    return Review(
        id=row["id"],
        product_id=row["product_id"],
        user_id=row["user_id"],
        author=row["author"],
        rating=row["rating"],
        title=row["title"],
        comment=row["comment"],
        status=Review.Status.APPROVED,
        verified_purchase=True,
    )
