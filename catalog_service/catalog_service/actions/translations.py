"""Write texts in further languages."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import models, transaction

from catalog_service.actions import cards, revisions
from catalog_service.actions.products import lock_product
from catalog_service.models import Brand, Category, Translation
from catalog_service.models.taxonomy import id_or_slug
from catalog_service.models.translations import TEXTS
from shared.audit import record
from shared.errors import NotFound


@transaction.atomic
def translate_product(
    *, product: str, vendor_id: UUID | None, language: str, texts: Mapping[str, str] | None
) -> tuple[Translation | None, bool]:
    """Set all texts of a language; None takes them away. A vendor's texts of what is approved wait for an admin:
    answers what is there now, and whether something waits. Raises NotFound.
    """
    row = lock_product(product, vendor_id)
    if revisions.is_gated(row, vendor_id):
        revisions.propose(row, {f"{revisions.TRANSLATION}{language}": _given(texts)})
        return row.translations.filter(language=language).first(), True
    written = revisions.translate(row, language, _given(texts))
    cards.refresh([row.id], with_stock=False)
    return written, False


@transaction.atomic
def translate_place(
    *, model: type[Category] | type[Brand], reference: str, language: str, name: str | None
) -> Translation | None:
    """A category's or brand's name in a language; None takes it away. Raises NotFound."""
    row = model.objects.filter(**id_or_slug(reference)).select_for_update(no_key=True).first()
    if row is None:
        raise NotFound
    kind = str(model._meta.model_name)
    record(action=f"catalog.{kind}.translate", subject_kind=kind, subject_id=row.id, language=language)
    if name is None:
        _remove(row.translations.filter(language=language))
        return None
    return row.translations.update_or_create(language=language, defaults={"name": name})[0]


def _given(texts: Mapping[str, str] | None) -> dict[str, Any] | None:
    return None if texts is None else {name: texts[name] for name in TEXTS if texts.get(name)}


def _remove(rows: models.QuerySet[Translation]) -> None:
    if not rows.delete()[0]:
        raise NotFound
