"""Let a vendor's edits of an approved product through, or keep them for an admin (models/revisions.py has the rules).

The product is locked before its revision, always.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from catalog_service.actions import offers
from catalog_service.actions.taxonomy import brand_named, category_named
from catalog_service.models import Brand, Category, Price, Product, Revision, Translation, Variant
from catalog_service.models.revisions import REVIEWED, is_small
from catalog_service.models.translations import TEXTS
from shared.audit import record
from shared.contracts.catalog import ProductDecided, ProductSubmitted
from shared.errors import NotFound
from shared.outbox import publish

TRANSLATION = "translation:"
"""Before the language, in the name of a field."""


def is_gated(product: Product, vendor_id: UUID | None) -> bool:
    """Whether this writer's edits are looked at: a vendor's, of a product that buyers were promised as it is."""
    return vendor_id is not None and product.approved_at is not None and settings.EDITS_NEED_APPROVAL


def propose(product: Product, wanted: Mapping[str, Any]) -> None:
    """Keep these changes of a locked product's fields for an admin, with what waits already. What is as the product has
    it waits no more; a revision of nothing is withdrawn.
    """
    pending = product.revisions.pending().select_for_update(no_key=True).first()
    changes = {**(pending.changes if pending else {}), **{name: _as_json(value) for name, value in wanted.items()}}
    changes = {name: value for name, value in changes.items() if name == "prices" or value != present(product, name)}
    if not changes.get("prices", True):
        del changes["prices"]
    if pending and changes == pending.changes:
        return
    if pending:
        (pending.supersede if changes else pending.withdraw)()
        pending.save()
    if changes:
        _submit(product, Revision.objects.create(product=product, changes=changes))


def sift(product: Product, changes: Mapping[str, Any]) -> dict[str, Any]:
    """What of these passes; the rest is proposed. The product is locked."""
    waiting = {name: value for name, value in changes.items() if name in REVIEWED}
    if waiting:
        propose(product, waiting)
    return {name: value for name, value in changes.items() if name not in waiting}


def pass_prices(product: Product, variant: Variant, wanted: Mapping[str, Any], dropped: Iterable[str]) -> bool:
    """Whether a variant's new prices (currency → PriceInput) pass, together with those to be dropped. If one of them
    does not, all are proposed. The product is locked.
    """
    known = {price.currency: price for price in variant.prices.all()}
    _pin(known.values())
    waiting = _waiting_prices(product)
    others = [change for change in waiting if change["variant_id"] != str(variant.id)]
    if all(_is_free(known.get(currency), price.money.minor) for currency, price in wanted.items()):
        if len(others) < len(waiting):
            propose(product, {"prices": others})
        return True
    changes = [_price_change(variant, known.get(currency), currency, price) for currency, price in wanted.items()]
    changes += [_price_change(variant, known[currency], currency, None) for currency in sorted(dropped)]
    propose(product, {"prices": others + changes})
    return False


def set_measure(prices: QuerySet[Price]) -> None:
    """What these are now is what an admin wants them to be, and what further changes are measured by."""
    prices.update(approved_minor=None)


@transaction.atomic
def approve_revision(*, revision_id: UUID) -> Revision:
    """The product becomes what its vendor asked for. Raises NotFound, AlreadyDecided, Invalid (category,
    brand).
    """
    seen = _existing(revision_id)
    fields = {name: value for name, value in seen.changes.items() if name != "prices"}
    for name, named in (("category", category_named), ("brand", brand_named)):
        if fields.get(name):
            fields[name] = named(fields[name]["id"])
    product, revision = _lock(seen)
    revision.approve()
    revision.save()
    for name, value in fields.items():
        if name.startswith(TRANSLATION):
            translate(product, name.removeprefix(TRANSLATION), value)
        else:
            setattr(product, name, value)
    _apply_prices(product, revision.changes.get("prices", []))
    product.version += 1
    product.save()
    offers.product_changed([product.id])
    _tell_decided(product, revision, approved=True)
    record(action="catalog.revision.approve", subject_kind="product", subject_id=product.id, revision=revision.id)
    return revision


@transaction.atomic
def reject_revision(*, revision_id: UUID, reason: str) -> Revision:
    """The product stays as it is; its vendor reads the reason. Raises NotFound, AlreadyDecided."""
    product, revision = _lock(_existing(revision_id))
    revision.reject(reason)
    revision.save()
    _tell_decided(product, revision, approved=False)
    record(action="catalog.revision.reject", subject_kind="product", subject_id=product.id, revision=revision.id)
    return revision


@transaction.atomic
def withdraw_revision(*, product: str, revision_id: UUID, vendor_id: UUID | None) -> None:
    """Raises NotFound, AlreadyDecided."""
    owned = Product.objects.writable_by(vendor_id).named(product).select_for_update(no_key=True).one()
    revision = owned.revisions.filter(id=revision_id).select_for_update(no_key=True).first()
    if revision is None:
        raise NotFound
    revision.withdraw()
    revision.save()


def translate(product: Product, language: str, texts: Mapping[str, str] | None) -> Translation | None:
    """Set all texts of a language, or take them away; the caller refreshes the card."""
    if texts is None:
        product.translations.filter(language=language).delete()
        return None
    whole = {name: texts.get(name, "") for name in TEXTS}
    return product.translations.update_or_create(language=language, defaults=whole)[0]


def present(product: Product, name: str) -> Any:
    """What a field is now, as a revision writes it."""
    if name.startswith(TRANSLATION):
        row = product.translations.filter(language=name.removeprefix(TRANSLATION)).first()
        return row.texts if row else None
    return _as_json(getattr(product, name))


def _as_json(value: Any) -> Any:
    if isinstance(value, Category | Brand):
        return {"id": str(value.id), "slug": value.slug, "name": value.name}
    return list(value) if isinstance(value, tuple | list) else value


def _waiting_prices(product: Product) -> list[dict[str, Any]]:
    pending = product.revisions.pending().first()
    return pending.changes.get("prices", []) if pending else []


def _pin(prices: Iterable[Price]) -> None:
    """Many small steps are one large one: each is measured by what was approved, not by the step before."""
    for price in prices:
        if price.approved_minor is None:
            price.approved_minor = price.minor
            price.save(update_fields=["approved_minor"])


def _is_free(price: Price | None, minor: int) -> bool:
    return price is not None and is_small(
        minor, price.approved_minor or price.minor, settings.PRICE_CHANGE_FREE_PERCENT
    )


def _price_change(variant: Variant, known: Price | None, currency: str, wanted: Any) -> dict[str, Any]:
    return {
        "variant_id": str(variant.id),
        "sku": variant.sku,
        "currency": currency,
        "minor": wanted.money.minor if wanted else None,
        "compare_at": wanted.compare_at.minor if wanted and wanted.compare_at else None,
        "before": known.minor if known else None,
    }


def _apply_prices(product: Product, changes: list[dict[str, Any]]) -> None:
    """A sale that the new price would undercut is over. Variants that are gone meanwhile are passed over."""
    kept = {str(variant.id): variant for variant in product.variants.filter(deleted_at__isnull=True)}
    for change in changes:
        variant = kept.get(change["variant_id"])
        if variant is None:
            continue
        price = variant.prices.filter(currency=change["currency"]).first()
        if change["minor"] is not None:
            price = price or Price(variant=variant, currency=change["currency"])
            price.minor, price.compare_at_minor, price.approved_minor = change["minor"], change["compare_at"], None
            if price.sale_minor is not None and price.sale_minor >= price.minor:
                price.end_sale()
            price.save()
        elif price:
            price.delete()


def _existing(revision_id: UUID) -> Revision:
    revision = Revision.objects.filter(id=revision_id, product__deleted_at__isnull=True).first()
    if revision is None:
        raise NotFound
    return revision


def _lock(seen: Revision) -> tuple[Product, Revision]:
    rows = Product.objects.kept().filter(id=seen.product_id).select_related("vendor", "category", "brand")
    product = rows.select_for_update(no_key=True, of=("self",)).one()
    revision = Revision.objects.select_for_update(no_key=True).get(id=seen.id)
    revision.product = product
    return product, revision


def _submit(product: Product, revision: Revision) -> None:
    publish(
        ProductSubmitted(
            product_id=product.id, vendor_id=product.vendor_id, name=product.name, revision_id=revision.id
        ),
        version=product.version,
    )


def _tell_decided(product: Product, revision: Revision, *, approved: bool) -> None:
    publish(
        ProductDecided(
            product_id=product.id,
            vendor_id=product.vendor_id,
            name=product.name,
            slug=product.slug,
            approved=approved,
            reason=revision.reason,
            revision_id=revision.id,
        ),
        version=product.version,
    )
