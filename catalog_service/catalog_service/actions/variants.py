"""Write variants and their prices; the product they belong to is locked first, always."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypedDict, cast
from uuid import UUID

from django.db import IntegrityError, transaction

from catalog_service.actions import offers, revisions
from catalog_service.errors import LastVariant, SkuTaken
from catalog_service.models import Movement, Price, Product, StockItem, Variant
from catalog_service.models.products import WORDS_OF_PATHS
from shared.errors import Invalid, NotFound
from shared.money import Money


@dataclass(frozen=True, slots=True)
class PriceInput:
    money: Money
    compare_at: Money | None = None


@dataclass(frozen=True, slots=True)
class VariantInput:
    """A new variant; `stock` is what is on hand at first. Prices are in different currencies."""

    sku: str
    prices: Sequence[PriceInput]
    stock: int = 0
    options: dict[str, str] = field(default_factory=dict)
    barcode: str = ""
    weight_grams: int = 0
    position: int | None = None


class VariantChanges(TypedDict, total=False):
    """`price` sets the price of its currency; `prices` sets them all and drops the others."""

    sku: str
    options: dict[str, str]
    barcode: str
    weight_grams: int
    position: int
    price: PriceInput
    prices: list[PriceInput]


@transaction.atomic
def add_variant(*, product: str, vendor_id: UUID | None, variant: VariantInput, actor_id: UUID) -> Variant:
    """Raises NotFound, SkuTaken."""
    parent = _locked_parent(product, vendor_id)
    row = insert_variants(parent, [variant], actor_id=actor_id)[0]
    saved(parent)
    return row


@transaction.atomic
def edit_variant(*, product: str, variant_id: UUID, vendor_id: UUID | None, changes: VariantChanges) -> Variant:
    """A vendor's new prices of what is approved may wait for an admin. Raises NotFound, SkuTaken, Invalid."""
    parent, variant = lock_variant(product, variant_id, vendor_id)
    change_variant(variant, changes_that_pass(parent, variant, vendor_id, changes))
    saved(parent)
    return variant


@transaction.atomic
def remove_variant(*, product: str, variant_id: UUID, vendor_id: UUID | None) -> None:
    """Not for sale any more; what orders hold of it stays theirs. Raises NotFound, LastVariant."""
    parent = _locked_parent(product, vendor_id)
    variant = _variant_of(parent, variant_id)
    if not parent.variants.filter(deleted_at__isnull=True).exclude(id=variant.id).exists():
        raise LastVariant
    variant.delete_softly()
    variant.save(update_fields=["deleted_at", "updated_at"])
    saved(parent, gone=[variant.id])


def insert_variants(product: Product, variants: Sequence[VariantInput], *, actor_id: UUID | None) -> list[Variant]:
    """Variants with prices, stock rows and the first movement of each. Raises SkuTaken, Invalid."""
    _refuse_words_of_paths(variant.sku for variant in variants)
    first = product.variants.count()
    rows = [
        Variant(
            product=product,
            vendor_id=product.vendor_id,
            sku=variant.sku,
            options=variant.options,
            barcode=variant.barcode,
            weight_grams=variant.weight_grams,
            position=variant.position if variant.position is not None else first + i,
        )
        for i, variant in enumerate(variants)
    ]
    _insert_rows(rows)
    Price.objects.bulk_create([price for row, new in zip(rows, variants, strict=True) for price in _prices(row, new)])
    StockItem.objects.bulk_create(
        [StockItem(variant=row, product=product, on_hand=new.stock) for row, new in zip(rows, variants, strict=True)]
    )
    Movement.objects.bulk_create(
        [
            Movement(variant=row, kind="initial", quantity=new.stock, on_hand_after=new.stock, actor_id=actor_id)
            for row, new in zip(rows, variants, strict=True)
            if new.stock
        ]
    )
    return rows


def changes_that_pass(
    product: Product, variant: Variant, vendor_id: UUID | None, changes: VariantChanges
) -> VariantChanges:
    """Without the prices that wait for an admin. The product is locked."""
    prices = [*changes.get("prices", []), *([changes["price"]] if "price" in changes else [])]
    if not prices:
        return changes
    if not revisions.is_gated(product, vendor_id):
        revisions.set_measure(variant.prices.all())
        return changes
    for price in prices:
        _amounts(price)
    wanted = {price.money.currency: price for price in prices}
    known = set(variant.prices.values_list("currency", flat=True))
    dropped = known - wanted.keys() if "prices" in changes else set()
    if revisions.pass_prices(product, variant, wanted, dropped):
        return changes
    left = {name: value for name, value in changes.items() if name not in ("price", "prices")}
    return cast(VariantChanges, left)


def change_variant(variant: Variant, changes: VariantChanges) -> None:
    """Of a product that is locked and whose card the caller refreshes. Raises SkuTaken, Invalid."""
    _refuse_words_of_paths([changes["sku"]] if "sku" in changes else [])
    for name in ("sku", "options", "barcode", "weight_grams", "position"):
        if name in changes:
            setattr(variant, name, changes[name])
    _insert_rows([variant], update=True)
    if "prices" in changes:
        currencies = [price.money.currency for price in changes["prices"]]
        variant.prices.exclude(currency__in=currencies).delete()
    for price in [*changes.get("prices", []), *([changes["price"]] if "price" in changes else [])]:
        _set_price(variant, price)


def lock_variant(product: str, variant_id: UUID, vendor_id: UUID | None) -> tuple[Product, Variant]:
    """The product locked, and one of its variants. Raises NotFound."""
    parent = _locked_parent(product, vendor_id)
    return parent, _variant_of(parent, variant_id)


def _refuse_words_of_paths(skus: Iterable[str]) -> None:
    if taken := WORDS_OF_PATHS.intersection(skus):
        raise Invalid({"sku": [f"The API has another use for {word}." for word in sorted(taken)]})


def _locked_parent(reference: str, vendor_id: UUID | None) -> Product:
    rows = Product.objects.writable_by(vendor_id).named(reference)
    return rows.select_for_update(no_key=True).one()


def _variant_of(product: Product, variant_id: UUID) -> Variant:
    variant = product.variants.filter(id=variant_id, deleted_at__isnull=True).first()
    if variant is None:
        raise NotFound
    return variant


def saved(product: Product, *, gone: Sequence[UUID] = ()) -> None:
    """A locked product whose variants have changed."""
    product.version += 1
    product.save(update_fields=["version", "updated_at"])
    offers.product_changed([product.id], gone=gone)


def _insert_rows(rows: Sequence[Variant], *, update: bool = False) -> None:
    try:
        with transaction.atomic():
            if update:
                rows[0].save()
            else:
                Variant.objects.bulk_create(rows)
    except IntegrityError:
        raise SkuTaken(f"Taken: {', '.join(_taken(rows)) or 'a SKU is given twice'}.") from None


def _taken(rows: Sequence[Variant]) -> list[str]:
    others = Variant.objects.filter(vendor_id=rows[0].vendor_id, deleted_at__isnull=True)
    others = others.exclude(id__in=[row.id for row in rows])
    return sorted(others.filter(sku__in=[row.sku for row in rows]).values_list("sku", flat=True))


def _prices(variant: Variant, new: VariantInput) -> list[Price]:
    return [Price(variant=variant, currency=price.money.currency, **_amounts(price)) for price in new.prices]


def _set_price(variant: Variant, price: PriceInput) -> None:
    amounts = _amounts(price)
    known = variant.prices.filter(currency=price.money.currency).first()
    if known and known.sale and known.sale.minor >= price.money.minor:
        raise Invalid({"price": [f"Must be above the sale price, {known.sale}; end the sale first."]})
    Price.objects.update_or_create(variant=variant, currency=price.money.currency, defaults=amounts)


def _amounts(price: PriceInput) -> dict[str, int | None]:
    """Raises Invalid for what the table would refuse."""
    if price.money.minor <= 0:
        raise Invalid({"price": ["Must be more than zero."]})
    if price.compare_at and price.compare_at.currency != price.money.currency:
        raise Invalid({"compare_at_price": ["Must be in the price's currency."]})
    if price.compare_at and price.compare_at.minor <= price.money.minor:
        raise Invalid({"compare_at_price": ["Must be above the price."]})
    return {"minor": price.money.minor, "compare_at_minor": price.compare_at.minor if price.compare_at else None}
