"""One product of a file: made, changed to what the file says, or left alone as it is so already."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from catalog_service.actions import attributes, offers, revisions
from catalog_service.actions.export_products import line_of
from catalog_service.actions.inventory import Adjustment, set_stock
from catalog_service.actions.product_lines import Draft, ImageLine, ProductLine
from catalog_service.actions.products import ProductInput, create_product
from catalog_service.actions.taxonomy import brand_named, category_named
from catalog_service.actions.variants import (
    VariantChanges,
    VariantInput,
    change_variant,
    changes_that_pass,
    insert_variants,
)
from catalog_service.models import Brand, Category, Image, ImageToFetch, Import, Price, Product, StockItem, Vendor
from catalog_service.models.images import media_url
from catalog_service.models.taxonomy import id_or_slug
from shared import media
from shared.errors import Invalid, NotFound
from shared.money import Money

UNSORTED = "uncategorized"


def write(batch: Import, draft: Draft) -> str:
    """`created`, `updated` or `unchanged`. In the transaction of a product. Raises Invalid, Refused."""
    if draft.product is None or draft.told is None:
        raise Invalid({"product": ["There is nothing to write."]})
    vendor_id = _vendor_of(batch, draft.told)
    known = _known(vendor_id, draft.product.handle)
    if known and known.import_digest == draft.product.digest:
        return "unchanged"
    wanted = _resolved(batch, draft, draft.product)  # category and brand are locked before the product
    product = _locked(known) if known else None
    if product is None:
        product = create_product(vendor_id=vendor_id, by_admin=batch.publish, product=wanted, actor_id=batch.created_by)
        _fetch_images(batch, draft, product)
        if _set_sales(product, draft.told):
            offers.product_changed([product.id])
        return "created"
    if _is_so_already(batch, draft, product, wanted):
        Product.objects.filter(id=product.id).update(import_digest=wanted.digest)
        return "unchanged"
    _update(batch, draft, product, wanted)
    return "updated"


def _vendor_of(batch: Import, told: ProductLine) -> UUID:
    """Who the line says, which only an admin's may, else who the import is for."""
    if told.vendor is None:
        if batch.vendor_id is None:
            raise Invalid({"vendor": ["Say whose product this is."]})
        return batch.vendor_id
    named = _vendor_named(told.vendor)
    if named is None or (batch.vendor_id and named.id != batch.vendor_id):
        raise Invalid({"vendor": ["There is no such vendor, or it is not the one this import is for."]})
    return named.id


def _vendor_named(reference: str) -> Vendor | None:
    try:
        return Vendor.objects.filter(**id_or_slug(reference)).first()
    except NotFound:
        return None


def _known(vendor_id: UUID, handle: str) -> Product | None:
    """By its handle; one that never had a handle goes by its slug, or its id, in exports."""
    rows = Product.objects.kept().filter(vendor_id=vendor_id)
    product = rows.filter(handle=handle).first()
    if product is None:
        try:
            product = rows.filter(handle="", **id_or_slug(handle)).first()
        except NotFound:
            return None
    return product


def _locked(product: Product) -> Product | None:
    """None when it was deleted a moment ago."""
    return Product.objects.kept().filter(id=product.id).select_for_update(no_key=True).first()


def _resolved(batch: Import, draft: Draft, wanted: ProductInput) -> ProductInput:
    """Category and brand by id; what only an admin may set, by an admin."""
    return replace(
        wanted,
        category=str(_category(batch, draft.kind, wanted.category).id),
        brand=_brand(wanted.brand),
        featured=wanted.featured and batch.publish,
        restored=True,
    )


def _brand(name: str | None) -> str | None:
    """By its name first, as files have it: another brand's slug may look like it."""
    if not name:
        return None
    known = Brand.objects.filter(name__iexact=name).first()
    return str(brand_named(str(known.id) if known else name).id)


def _category(batch: Import, kind: str, wanted: str) -> Category:
    """What the line says (it must exist), else what Shopify's Type is called, else the import's, else unsorted."""
    if wanted:
        return category_named(wanted)
    named = _category_called(kind) if kind else None
    return category_named(str((named or batch.category or _unsorted()).id))


def _category_called(kind: str) -> Category | None:
    by_name = Category.objects.filter(name__iexact=kind[:200]).order_by("id").first()
    if by_name:
        return by_name
    try:
        return Category.objects.filter(**id_or_slug(kind.lower())).first()
    except NotFound:
        return None


def _unsorted() -> Category:
    known = Category.objects.filter(slug=UNSORTED).first()
    if known:
        return known
    category = Category(name="Uncategorized", slug=UNSORTED, position=1_000_000)
    category.stand_under(None)
    Category.objects.bulk_create([category], ignore_conflicts=True)
    return Category.objects.get(slug=UNSORTED)


# ── What is there already ────────────────────────────────────────────────────────────────────────────────────────────


def _is_so_already(batch: Import, draft: Draft, product: Product, wanted: ProductInput) -> bool:
    """Whether everything that the file names is as it says. Status is not looked at: an import never changes it."""
    present, told = line_of(product.id), draft.told
    if told is None:
        return False
    same = (
        (present.name, present.description, present.specifications, present.tags)
        == (told.name, told.description, told.specifications, told.tags)
        and (str(product.category_id), product.brand_id and str(product.brand_id)) == (wanted.category, wanted.brand)
        and (told.featured is None or not batch.publish or told.featured == present.featured)
    )
    same = same and all((getattr(present, name) or "") == text for name, text in _seo(draft).items())
    return same and _same_variants(present, told, wanted) and _same_images(product, told.images)


def _same_variants(present: ProductLine, told: ProductLine, wanted: ProductInput) -> bool:
    known = {variant.sku: variant for variant in present.variants}
    for line, new in zip(told.variants, wanted.variants, strict=True):
        there = known.get(line.sku)
        if there is None:
            return False
        sales = {price.currency: price.sale for price in there.prices}
        if any(price.sale not in (None, sales.get(price.currency)) for price in line.prices):
            return False
        prices = {price.currency: (price.amount, price.compare_at) for price in there.prices}
        if prices != {
            one.money.currency: (one.money.amount, one.compare_at and one.compare_at.amount) for one in new.prices
        }:
            return False
        if (there.options, there.barcode, there.weight_grams) != (line.options, line.barcode, line.weight_grams):
            return False
        if line.stock not in (None, there.stock) or line.position not in (None, there.position):
            return False
    return True


def _same_images(product: Product, told: Sequence[ImageLine] | None) -> bool:
    if not told:
        return True
    present = _present_images(product)
    waiting = {row.url: row for row in ImageToFetch.objects.filter(product=product)}
    there = [present.get(line.url) or waiting.get(line.url) for line in told]
    positions = [one.position for one in there if one]
    return positions == sorted(set(positions)) and all(
        one and one.alt == line.alt and one.primary >= line.primary for one, line in zip(there, told, strict=True)
    )


def _present_images(product: Product) -> dict[str, Image]:
    """By the address each was fetched from, and by its own."""
    images = list(product.images.all())
    by_source = {image.source: image for image in images if image.source}
    return by_source | {str(media_url(image.file)): image for image in images}


# ── Changing it ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _update(batch: Import, draft: Draft, product: Product, wanted: ProductInput) -> None:
    """The file's word on everything it names, as far as its vendor may write that; the variants and images that it does
    not name, and the status, stay.
    """
    fields: dict[str, Any] = {
        "name": wanted.name,
        "category": category_named(wanted.category),
        "brand": brand_named(wanted.brand) if wanted.brand else None,
        "description": wanted.description,
        "specifications": wanted.specifications,
        "tags": list(wanted.tags),
        **_seo(draft),
    }
    attributes.check(fields["category"], wanted.specifications, product.status)
    if revisions.is_gated(product, batch.publishes_as):
        fields = revisions.sift(product, fields)
    for name, value in fields.items():
        setattr(product, name, value)
    if batch.publish and draft.told and draft.told.featured is not None:
        product.featured = wanted.featured
    product.handle = product.handle or wanted.handle
    product.import_digest = wanted.digest
    product.version += 1
    product.save()
    _update_variants(batch, product, wanted.variants, draft.stocked)
    if draft.told:
        _set_sales(product, draft.told)
    _fetch_images(batch, draft, product)
    offers.product_changed([product.id])


def _seo(draft: Draft) -> dict[str, str]:
    told = {name: getattr(draft.told, name) for name in ("seo_title", "seo_description")}
    return {name: text for name, text in told.items() if text is not None}


def _update_variants(batch: Import, product: Product, wanted: Sequence[VariantInput], stocked: frozenset[str]) -> None:
    known = {variant.sku: variant for variant in product.variants.filter(deleted_at__isnull=True)}
    StockItem.objects.locked([variant.id for variant in known.values()])
    for new in wanted:
        if new.sku not in known:
            insert_variants(product, [new], actor_id=batch.created_by)
            continue
        variant = known[new.sku]
        changes: VariantChanges = {
            "prices": list(new.prices),
            "options": new.options,
            "barcode": new.barcode,
            "weight_grams": new.weight_grams,
        }
        if new.position is not None:
            changes["position"] = new.position
        change_variant(variant, changes_that_pass(product, variant, batch.publishes_as, changes))
        if new.sku in stocked:
            counted = Adjustment(new.sku, on_hand=new.stock)
            set_stock(variant, reason=f"import {batch.id}", actor_id=batch.created_by, adjustment=counted)


def _set_sales(product: Product, told: ProductLine) -> bool:
    """Sales that the file names; others stay. Whoever brought in a sale that is over brought in no sale to anybody."""
    sales = {(one.sku, price.currency): price.sale for one in told.variants for price in one.prices if price.sale}
    rows = Price.objects.filter(variant__product=product, variant__deleted_at__isnull=True).select_related("variant")
    named = [row for row in rows if (row.variant.sku, row.currency) in sales] if sales else []
    for row in named:
        sale = sales[row.variant.sku, row.currency]
        row.put_on_sale(Money.parse(sale.amount, row.currency), sale.starts_at, sale.ends_at)
        row.save()
    return bool(named)


def _fetch_images(batch: Import, draft: Draft, product: Product) -> None:
    """Put those that are there into the file's order, and have the others fetched: later, as nobody waits for strangers
    with a product locked.
    """
    told = {line.url: line for line in (draft.told.images if draft.told else None) or []}
    present = _present_images(product) if told else {}
    _make_room(product, told, present)
    primary = next((line.url for line in told.values() if line.primary), None)
    if told and primary is None and not product.images.filter(primary=True).exists():
        primary = next(iter(told))
    missing = []
    for i, line in enumerate(told.values()):
        image = present.get(line.url)
        if image:
            _place(product, image, i, line.alt, primary=line.url == primary)
        elif settings.FETCH_IMAGES or media.name_of(line.url):
            missing.append(_wanted(batch, draft, product, i, line, primary=line.url == primary))
        else:
            field = "Image Src" if batch.format == Import.Format.SHOPIFY_CSV else "images"
            batch.remark("notes", draft.images_at[i], field, f"Skipped, images are not fetched: {line.url[:500]}")
    ImageToFetch.objects.bulk_create(
        missing,
        update_conflicts=True,
        unique_fields=["product", "url"],
        update_fields=["batch", "line", "alt", "position", "primary", "due_at", "attempts"],
    )


def _make_room(product: Product, told: Collection[str], present: Mapping[str, Image]) -> None:
    """Pictures that the file does not name come after those it does."""
    named = {present[url].id for url in told if url in present}
    others = [image for image in product.images.order_by("position", "id") if image.id not in named] if told else []
    for i, image in enumerate(others, start=len(told)):
        image.position = i
    Image.objects.bulk_update(others, ["position"])


def _place(product: Product, image: Image, position: int, alt: str, *, primary: bool) -> None:
    if primary and not image.primary:
        product.images.update(primary=False)
        image.primary = True
    image.position, image.alt = position, alt
    image.save(update_fields=["position", "alt", "primary"])


def _wanted(batch: Import, draft: Draft, product: Product, i: int, line: ImageLine, *, primary: bool) -> ImageToFetch:
    return ImageToFetch(
        product=product,
        batch=batch,
        line=draft.images_at[i],
        url=line.url,
        alt=line.alt,
        position=i,
        primary=primary,
        due_at=timezone.now(),
    )
