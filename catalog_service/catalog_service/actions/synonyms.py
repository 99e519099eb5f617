"""Say which words mean the same. It counts from the next search on; no card is made anew for it."""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection, transaction

from catalog_service.models import Synonym
from catalog_service.models.search import MAX_TERMS, TERM_LENGTH, TERM_WORDS
from shared.audit import record
from shared.errors import Invalid, NotFound

_PLAIN = r"""
    SELECT term, search_stems(term)
    FROM unnest(%s::text[]) WITH ORDINALITY AS given (text, position),
        LATERAL (SELECT btrim(regexp_replace(search_plain(text), '\s+', ' ', 'g')) AS term) AS plain
    ORDER BY position
"""


@transaction.atomic
def create_synonym(*, terms: Sequence[str]) -> Synonym:
    """Raises Invalid for terms that are not at least two different ones of one to three words."""
    plain, keys = _plain(terms)
    synonym = Synonym.objects.create(terms=plain, keys=keys)
    record(action="catalog.synonym.create", subject_kind="synonym", subject_id=synonym.id)
    return synonym


@transaction.atomic
def edit_synonym(*, synonym_id: UUID, terms: Sequence[str]) -> Synonym:
    """Raises NotFound, and Invalid as above."""
    synonym = _locked(synonym_id)
    synonym.terms, synonym.keys = _plain(terms)
    synonym.save()
    record(action="catalog.synonym.edit", subject_kind="synonym", subject_id=synonym.id)
    return synonym


@transaction.atomic
def delete_synonym(*, synonym_id: UUID) -> None:
    """Raises NotFound."""
    synonym = _locked(synonym_id)
    record(action="catalog.synonym.delete", subject_kind="synonym", subject_id=synonym.id)
    synonym.delete()


def _locked(synonym_id: UUID) -> Synonym:
    synonym = Synonym.objects.select_for_update(no_key=True).filter(id=synonym_id).first()
    if synonym is None:
        raise NotFound
    return synonym


def _plain(terms: Sequence[str]) -> tuple[list[str], list[str]]:
    """As a search would read them, each once, and their stems."""
    with connection.cursor() as cursor:
        cursor.execute(_PLAIN, [list(terms)])
        plain = dict(cursor.fetchall())
    if any(not term or len(term.split()) > TERM_WORDS or len(term) > TERM_LENGTH for term in plain):
        raise Invalid({"terms": [f"A term has one to {TERM_WORDS} words and at most {TERM_LENGTH} characters."]})
    if not 2 <= len(plain) <= MAX_TERMS:
        raise Invalid({"terms": [f"Two to {MAX_TERMS} different terms, please."]})
    return list(plain), list(dict.fromkeys(plain.values()))
