"""Take in files of products, and work through them in the worker's clock.

Each product is one transaction that also counts it on the import's row. A worker that is killed loses at most the
product in hand, and whoever runs the job next goes on at `done`. A handle finds its product again: the same content
twice changes nothing.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import IO
from uuid import UUID

from django.db import DataError, IntegrityError, transaction

from catalog_service.actions import offers, revisions
from catalog_service.actions.import_files import Draft, Remark, Unreadable, read_file
from catalog_service.actions.inventory import Adjustment, set_stock
from catalog_service.actions.products import ProductInput, create_product
from catalog_service.actions.taxonomy import brand_named, category_named
from catalog_service.actions.variants import (
    VariantChanges,
    VariantInput,
    change_variant,
    changes_that_pass,
    insert_variants,
)
from catalog_service.actions.vendors import vendor_who_writes
from catalog_service.models import Category, Import, ImportFile, Product, StockItem
from catalog_service.models.taxonomy import id_or_slug
from shared.errors import Invalid, NotFound, Refused

log = logging.getLogger("nexus.catalog")
Status = Import.Status
UNSORTED = "uncategorized"


@transaction.atomic
def queue_import(
    *,
    vendor_id: UUID,
    by_admin: bool,
    actor_id: UUID,
    file: IO[bytes],
    format_: str,
    currency: str,
    category: str | None = None,
) -> Import:
    """Keep the file for the worker. `category` is where products go whose own is not known. Raises Invalid."""
    batch = Import.objects.create(
        vendor=vendor_who_writes(vendor_id, by_admin=by_admin),
        created_by=actor_id,
        format=format_,
        currency=currency,
        category=category_named(category) if category else None,
        publish=by_admin,
    )
    ImportFile.objects.create(batch=batch, content=file.read())
    return batch


def run_imports() -> None:
    """Work through every import that is not finished, oldest first."""
    for import_id in Import.objects.filter(status__in=(Status.QUEUED, Status.RUNNING)).order_by("id").values_list("id"):
        _run(*import_id)


def _run(import_id: UUID) -> None:
    file = ImportFile.objects.select_related("batch").filter(batch_id=import_id).first()
    if file is None:
        return
    try:
        drafts = read_file(bytes(file.content), file.batch.format, file.batch.currency)
    except Unreadable as error:
        _give_up(import_id, error.remark)
        return
    while _step(import_id, drafts):
        pass


@transaction.atomic
def _step(import_id: UUID, drafts: list[Draft]) -> bool:
    """One product. False when the import is finished, or another worker has it in hand."""
    batch = _take(import_id)
    if batch is None:
        return False
    if batch.status == Status.QUEUED:
        batch.start(len(drafts))
    batch.count(_outcome(batch, drafts[batch.done]))
    if batch.done == batch.total:
        batch.finish()
        batch.file.delete()
    batch.save()
    return batch.status == Status.RUNNING


@transaction.atomic
def _give_up(import_id: UUID, remark: Remark) -> None:
    batch = _take(import_id)
    if batch:
        batch.status = Status.FAILED
        batch.total = 0
        batch.remark("errors", *remark)
        batch.file.delete()
        batch.save()


def _take(import_id: UUID) -> Import | None:
    rows = Import.objects.filter(id=import_id, status__in=(Status.QUEUED, Status.RUNNING))
    return rows.select_for_update(skip_locked=True, no_key=True).first()


def _outcome(batch: Import, draft: Draft) -> str:
    """`created`, `updated`, `unchanged` or `failed`; what is to be said goes onto the import."""
    for note in draft.notes:
        batch.remark("notes", *note)
    for error in draft.errors:
        batch.remark("errors", *error)
    if draft.product is None:
        return "failed"
    try:
        with transaction.atomic():
            return _write(batch, draft, draft.product)
    except Invalid as error:
        for field, messages in error.errors.items():
            batch.remark("errors", draft.line, field, " ".join(messages))
    except Refused as error:
        batch.remark("errors", draft.line, "sku" if error.reason == "sku_taken" else "product", error.detail)
    except (IntegrityError, DataError) as error:
        log.exception("a product of an import was refused by the database")
        batch.remark("errors", draft.line, "product", f"Refused by the database: {type(error).__name__}.")
    return "failed"


def _write(batch: Import, draft: Draft, wanted: ProductInput) -> str:
    known = Product.objects.kept().filter(vendor_id=batch.vendor_id, handle=wanted.handle)
    product = known.select_for_update(no_key=True).first()
    if product and product.import_digest == wanted.digest:
        return "unchanged"
    wanted = replace(wanted, category=str(_category(batch, draft.kind, wanted.category).id))
    if product is None:
        create_product(vendor_id=batch.vendor_id, by_admin=batch.publish, product=wanted, actor_id=batch.created_by)
        return "created"
    _update(batch, product, wanted, draft.stocked)
    return "updated"


def _category(batch: Import, kind: str, wanted: str) -> Category:
    """What the line says (it must exist), else what Shopify's Type is called, else the import's, else unsorted."""
    if wanted:
        return category_named(wanted)
    named = _category_called(kind) if kind else None
    return named or batch.category or _unsorted()


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


def _update(batch: Import, product: Product, wanted: ProductInput, stocked: frozenset[str]) -> None:
    """The file's word on everything it names, as far as its vendor may write that; variants it does not name, status
    and images stay as they are.
    """
    fields = {
        "name": wanted.name,
        "category": category_named(wanted.category),
        "brand": brand_named(wanted.brand) if wanted.brand else None,
        "description": wanted.description,
        "specifications": wanted.specifications,
        "tags": list(wanted.tags),
    }
    if revisions.is_gated(product, batch.publishes_as):
        fields = revisions.sift(product, fields)
    for name, value in fields.items():
        setattr(product, name, value)
    product.import_digest = wanted.digest
    product.version += 1
    product.save()
    _update_variants(batch, product, wanted.variants, stocked)
    offers.product_changed([product.id])


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
        change_variant(variant, changes_that_pass(product, variant, batch.publishes_as, changes))
        if new.sku in stocked:
            counted = Adjustment(new.sku, on_hand=new.stock)
            set_stock(variant, reason=f"import {batch.id}", actor_id=batch.created_by, adjustment=counted)
