"""Write products: a vendor its own, an admin all. `vendor_id` None means an admin writes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict
from uuid import UUID

from django.db import transaction

from catalog_service.actions import attributes, offers, revisions
from catalog_service.actions.taxonomy import brand_named, category_named
from catalog_service.actions.variants import VariantInput, insert_variants
from catalog_service.actions.vendors import vendor_who_writes
from catalog_service.models import Price, Product
from catalog_service.models.products import ProductQuerySet
from catalog_service.models.revisions import REVIEWED
from catalog_service.models.taxonomy import free_slug
from shared.audit import record
from shared.contracts.catalog import ProductDecided, ProductSubmitted
from shared.errors import Invalid
from shared.outbox import publish

Status = Product.Status


@dataclass(frozen=True, slots=True)
class ProductInput:
    """A new product. `category` is an id or slug, `brand` also a name; `status` None means as soon as may be.

    A `restored` one comes from a file, which may tell of any status.
    """

    name: str
    category: str
    variants: Sequence["VariantInput"]
    brand: str | None = None
    description: str = ""
    specifications: dict[str, Any] = field(default_factory=dict)
    tags: Sequence[str] = ()
    featured: bool = False
    seo_title: str = ""
    seo_description: str = ""
    status: str | None = None
    restored: bool = False
    handle: str = ""
    digest: str = ""


class ProductChanges(TypedDict, total=False):
    name: str
    category: str
    brand: str | None
    description: str
    specifications: dict[str, Any]
    tags: list[str]
    featured: bool
    seo_title: str
    seo_description: str
    status: str


@transaction.atomic
def create_product(*, vendor_id: UUID, by_admin: bool, product: ProductInput, actor_id: UUID | None = None) -> Product:
    """A product with its variants, prices and stock. Raises Invalid (category, brand, vendor, status, what the
    category's schema asks for), SkuTaken.
    """
    row = Product(
        vendor=vendor_who_writes(vendor_id, by_admin=by_admin),
        slug=free_slug(Product, product.name),
        name=product.name,
        description=product.description,
        category=category_named(product.category),
        brand=brand_named(product.brand) if product.brand else None,
        specifications=product.specifications,
        tags=list(product.tags),
        featured=product.featured,
        seo_title=product.seo_title,
        seo_description=product.seo_description,
        handle=product.handle,
        import_digest=product.digest,
    )
    submitted = _first_status(row, product, by_admin)
    attributes.check(row.category, row.specifications, row.status)
    row.save(force_insert=True)
    insert_variants(row, product.variants, actor_id=actor_id)
    offers.product_changed([row.id])
    if submitted:
        _tell_submitted(row)
    return row


@transaction.atomic
def edit_product(*, reference: str, vendor_id: UUID | None, changes: ProductChanges) -> Product:
    """A vendor's edit of what is approved may wait for an admin. Raises NotFound, Invalid (category, brand, what the
    category's schema asks for), IllegalMove.
    """
    _writable(reference, vendor_id).one()  # of a product of somebody else, no field is wrong
    wanted = {**changes, **_new_place(changes)}
    product = lock_product(reference, vendor_id)
    if wanted.keys() & {"category", "specifications", "status"}:
        _check(product, wanted)
    if revisions.is_gated(product, vendor_id):
        wanted = revisions.sift(product, wanted)
    submitted = _change(product, wanted, by_admin=vendor_id is None)
    _saved(product)
    if submitted:
        _tell_submitted(product)
    if vendor_id is None:
        _record_admin("edit", product, fields=" ".join(sorted(changes)))
    return product


@transaction.atomic
def delete_product(*, reference: str, vendor_id: UUID | None) -> None:
    """Soft: orders and reviews keep pointing at it. Raises NotFound."""
    product = lock_product(reference, vendor_id)
    product.delete_softly()
    _saved(product)
    if vendor_id is None:
        _record_admin("delete", product)


@transaction.atomic
def approve_product(*, reference: str) -> Product:
    """Raises NotFound, IllegalMove."""
    product = lock_product(reference, None)
    product.approve()
    revisions.set_measure(Price.objects.filter(variant__product=product))
    _saved(product)
    _tell_decided(product, approved=True)
    record(action="catalog.product.approve", subject_kind="product", subject_id=product.id, vendor=product.vendor_id)
    return product


@transaction.atomic
def reject_product(*, reference: str, reason: str) -> Product:
    """Back to the vendor's drafts. Raises NotFound, IllegalMove."""
    product = lock_product(reference, None)
    product.reject(reason)
    _saved(product)
    _tell_decided(product, approved=False)
    record(action="catalog.product.reject", subject_kind="product", subject_id=product.id, vendor=product.vendor_id)
    return product


def lock_product(reference: str, vendor_id: UUID | None) -> Product:
    """The product, if this vendor (None: an admin) may write it, locked. Raises NotFound."""
    rows = _writable(reference, vendor_id).select_related("vendor", "category", "brand")
    return rows.select_for_update(no_key=True, of=("self",)).one()


def _writable(reference: str, vendor_id: UUID | None) -> ProductQuerySet:
    return Product.objects.writable_by(vendor_id).named(reference)


def _record_admin(verb: str, product: Product, **told: str) -> None:
    """A vendor's own products are its own business; an admin's hand in them is not."""
    told["vendor"] = str(product.vendor_id)
    record(action=f"catalog.product.{verb}", subject_kind="product", subject_id=product.id, **told)


def _saved(product: Product) -> None:
    product.version += 1
    product.save()
    offers.product_changed([product.id])


def _first_status(product: Product, new: ProductInput, by_admin: bool) -> bool:
    """True when the product is submitted for approval with this."""
    if new.status in (Status.INACTIVE, Status.ARCHIVED):
        if not new.restored:
            raise Invalid({"status": ["A new product is a draft, in review or active."]})
        # What a vendor paused had been approved elsewhere, not here.
        product.status = new.status if by_admin or new.status == Status.ARCHIVED else Status.DRAFT
        return False
    if new.status == Status.DRAFT:
        return False
    return _set_status(product, new.status or Status.ACTIVE, by_admin)


def _set_status(product: Product, wanted: str, by_admin: bool) -> bool:
    """A vendor's wish to be active becomes a submission. True when one was made."""
    if by_admin:
        _decree_status(product, wanted)
        return False
    if wanted in (Status.ACTIVE, Status.IN_REVIEW):
        return product.submit()
    product.move_to(wanted)
    return False


def _decree_status(product: Product, wanted: str) -> None:
    """What an admin takes off sale comes back through a review only."""
    if wanted == Status.ACTIVE:
        product.publish()
    else:
        product.move_to(wanted)
        product.approved_at = None


def _check(product: Product, wanted: dict[str, Any]) -> None:
    """As it will be, with all of this."""
    category, specifications = wanted.get("category", product.category), wanted.get("specifications")
    specifications = product.specifications if specifications is None else specifications
    attributes.check(category, specifications, wanted.get("status", product.status))


def _new_place(changes: ProductChanges) -> dict[str, Any]:
    """Category and brand are locked before the product: whoever renames them holds them, and then wants products."""
    place: dict[str, Any] = {}
    if "category" in changes:
        place["category"] = category_named(changes["category"])
    if "brand" in changes:
        place["brand"] = brand_named(changes["brand"]) if changes["brand"] else None
    return place


def _change(product: Product, changes: dict[str, Any], *, by_admin: bool) -> bool:
    for name in (*REVIEWED, "featured"):
        if name in changes:
            setattr(product, name, changes[name])
    if "status" in changes and changes["status"] != product.status:
        return _set_status(product, changes["status"], by_admin)
    return False


def _tell_submitted(product: Product) -> None:
    publish(
        ProductSubmitted(product_id=product.id, vendor_id=product.vendor_id, name=product.name),
        version=product.version,
    )


def _tell_decided(product: Product, *, approved: bool) -> None:
    publish(
        ProductDecided(
            product_id=product.id,
            vendor_id=product.vendor_id,
            name=product.name,
            slug=product.slug,
            approved=approved,
            reason=product.rejection_reason,
        ),
        version=product.version,
    )
