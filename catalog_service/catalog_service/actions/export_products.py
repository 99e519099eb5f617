"""Products as files tell of them, read in one statement: each is what it was at one moment."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Exists, F, OuterRef, QuerySet, When
from django.db.models.fields import CharField
from django.db.models.functions import Cast, JSONObject

from catalog_service.actions.product_lines import ImageLine, PriceLine, ProductLine, SaleLine, VariantLine
from catalog_service.models import Image, Price, Product, Variant
from shared import media
from shared.money import Money


def line_of(product_id: UUID) -> ProductLine:
    return lines_of(Product.objects.filter(id=product_id), with_vendor=False)[0][1]


def lines_of(products: QuerySet[Product], *, with_vendor: bool) -> Sequence[tuple[UUID, ProductLine]]:
    """Id and line of each product, in the order of the query."""
    return [(row["id"], _line(row, with_vendor)) for row in _rows(products)]


def _rows(products: QuerySet[Product]) -> Iterable[Any]:
    prices = ArraySubquery(
        Price.objects.filter(variant=OuterRef("id"))
        .order_by("currency")
        .values(
            json=JSONObject(
                currency="currency",
                minor="minor",
                compare_at="compare_at_minor",
                sale="sale_minor",
                starts_at="sale_starts_at",
                ends_at="sale_ends_at",
            )
        )
    )
    variants = ArraySubquery(
        Variant.objects.filter(product=OuterRef("id"), deleted_at__isnull=True)
        .order_by("position", "id")
        .values(
            json=JSONObject(
                sku="sku",
                options="options",
                barcode="barcode",
                weight_grams="weight_grams",
                position="position",
                stock="stock__on_hand",
                prices=prices,
            )
        )
    )
    images = ArraySubquery(
        Image.objects.filter(product=OuterRef("id"))
        .order_by("position", "id")
        .values(json=JSONObject(file="file", alt="alt", primary="primary"))
    )
    return products.annotate(
        known_as=_handle(), sold_as=variants, shown_as=images, brand_name=F("brand__name"), place=F("category__slug")
    ).values(
        "id", "known_as", "vendor_id", "name", "place", "brand_name", "description", "specifications", "tags",
        "featured", "seo_title", "seo_description", "status", "sold_as", "shown_as",
    )  # fmt: skip


def _handle() -> Case:
    """Its own, else its slug, else, if another product of the vendor is called so, its id."""
    taken = Product.objects.kept().filter(vendor=OuterRef("vendor_id"), handle=OuterRef("slug"))
    return Case(
        When(handle__gt="", then=F("handle")),
        When(Exists(taken), then=Cast("id", CharField())),
        default=F("slug"),
        output_field=CharField(),
    )


def _line(row: dict[str, Any], with_vendor: bool) -> ProductLine:
    return ProductLine.model_construct(
        handle=row["known_as"],
        vendor=str(row["vendor_id"]) if with_vendor else None,
        name=row["name"],
        category=row["place"],
        brand=row["brand_name"],
        description=row["description"],
        specifications=row["specifications"],
        tags=row["tags"],
        featured=row["featured"],
        seo_title=row["seo_title"] or None,
        seo_description=row["seo_description"] or None,
        status=row["status"],
        variants=[_variant(one) for one in row["sold_as"]],
        images=[_image(one) for one in row["shown_as"]],
    )


def _variant(told: dict[str, Any]) -> VariantLine:
    return VariantLine.model_construct(**{**told, "prices": [_price(one) for one in told["prices"]]})


def _price(told: dict[str, Any]) -> PriceLine:
    currency, compare_at = told["currency"], told["compare_at"]
    return PriceLine.model_construct(
        amount=Money(told["minor"], currency).amount,
        currency=currency,
        compare_at=None if compare_at is None else Money(compare_at, currency).amount,
        sale=_sale(told) if told["sale"] is not None else None,
    )


def _sale(told: dict[str, Any]) -> SaleLine:
    return SaleLine.model_construct(
        amount=Money(told["sale"], told["currency"]).amount,
        starts_at=_moment(told["starts_at"]),
        ends_at=_moment(told["ends_at"]),
    )


def _moment(told: str | None) -> datetime | None:
    return None if told is None else datetime.fromisoformat(told)


def _image(told: dict[str, Any]) -> ImageLine:
    return ImageLine.model_construct(url=str(media.url(told["file"])), alt=told["alt"], primary=told["primary"])
