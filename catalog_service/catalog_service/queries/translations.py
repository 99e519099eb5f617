"""Texts in the languages of a reader."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from django.db.models import Q

from catalog_service.models import Brand, Category, Product, Translation
from catalog_service.models.taxonomy import id_or_slug
from shared.errors import NotFound

Texts = Mapping[UUID, Mapping[str, tuple[str, str]]]
"""Whose → field → the text and its language."""


def texts_in(languages: Sequence[str], ids: Collection[UUID]) -> Texts:
    """Of products, categories and brands, field by field in the first of the languages that has it; one statement."""
    about = Q(product__in=ids) | Q(category__in=ids) | Q(brand__in=ids)
    rows = sorted(
        Translation.objects.filter(about, language__in=languages),
        key=lambda row: languages.index(row.language),
        reverse=True,
    )
    found: dict[UUID, dict[str, tuple[str, str]]] = {}
    for row in rows:
        whose = row.product_id or row.category_id or row.brand_id
        assert whose, "the table has no translation of nothing"
        found.setdefault(whose, {}).update({field: (text, row.language) for field, text in row.texts.items()})
    return found


def translations_of_product(reference: str, vendor_id: UUID | None) -> list[Translation]:
    """Raises NotFound."""
    product = Product.objects.writable_by(vendor_id).named(reference).one()
    return list(product.translations.order_by("language"))


def translations_of(model: type[Category] | type[Brand], reference: str) -> list[Translation]:
    """Raises NotFound."""
    row = model.objects.filter(**id_or_slug(reference)).first()
    if row is None:
        raise NotFound
    return list(row.translations.order_by("language"))
