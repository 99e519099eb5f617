"""The search port: another engine would `understand` a text, `correct` it, and answer `best` and `suggestions`.

PostgreSQL's full text on the cards' three documents, each within the next, makes tiers. A better tier always comes
first, and within a tier what sells best does, so the best page costs little, however much matches:

    5  every word stands in the name
    4  every word begins a word of the name
    3  … of the name or the brand
    2  … of the categories, tags, options and SKUs too
    1  … of the descriptions and specifications too
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from catalog_service.queries.filters import Condition, where
from catalog_service.queries.spelling import spell
from catalog_service.queries.words import Match, Wanted, understand

MAX_SUGGESTIONS = 10
DOCUMENTS = (("title", ""), ("title", ":*"), ("labels", ":*AB"), ("labels", ":*"), ("words", ":*"))

OF_BRANDS = 3
_A_BRAND = "EXISTS (SELECT FROM brand WHERE words @@ %s::tsquery)"
"""What stands in tier 3 has a word of its brand's. Where no brand has one, nobody looks: the statistics know how common
a word is among all labels, and a walk for one that is in every category and in no brand would pass every card.
"""

_NOT = "CASE WHEN {} THEN FALSE ELSE TRUE END"
"""PostgreSQL takes a brand's word for as common as any label's, and would expect nothing to be left of all cards."""

_TIER = """
    (SELECT {columns}, {number} AS tier, card.sold, card.product_id FROM {source}
    WHERE {where} ORDER BY card.sold {way}, card.product_id {way} LIMIT {limit})
"""
_BEST = "SELECT * FROM ({}) AS best LIMIT {}"

_SUGGEST = """
    SELECT 'product', name, slug, product_id FROM ({products}) AS found
    UNION ALL (
        SELECT 'category', name, slug, id FROM category WHERE starts_with(search_plain(name), %s) {translated}
        ORDER BY name, id LIMIT 3)
    UNION ALL (
        SELECT 'brand', name, slug, id FROM brand WHERE starts_with(search_plain(name), %s) ORDER BY name, id LIMIT 3)
"""
_TRANSLATED = """
    OR EXISTS (
        SELECT FROM translation WHERE category_id = category.id AND language = ANY(%s)
            AND starts_with(search_plain(translation.name), %s))
"""


@dataclass(frozen=True, slots=True)
class Suggestion:
    kind: str
    text: str
    slug: str
    id: UUID


class Tier(NamedTuple):
    number: int
    match: Match
    better: Match | None


def correct(wanted: Wanted) -> Wanted | None:
    """What may have been meant, where nothing was found; three statements at most. None when nothing comes to mind."""
    words = wanted.text.split(" ")
    better = spell(words)
    return understand(" ".join(better.get(word, word) for word in words)) if better else None


def suggestions(text: str, limit: int = MAX_SUGGESTIONS, languages: Sequence[str] = ()) -> list[Suggestion]:
    """What somebody who has typed this may mean: products first, then categories and brands that begin so; categories
    by their names in the reader's languages, too. The texts are as they were written.
    """
    wanted = understand(text) if text else None
    if wanted is None:
        return []
    found = _suggest(wanted, limit, languages)
    if not found and (better := correct(wanted)):
        found = _suggest(better, limit, languages)
    return found


def best(
    wanted: Wanted,
    columns: str,
    conditions: Sequence[Condition],
    limit: int,
    place: Sequence[Any] = (),
    *,
    backwards: bool = False,
) -> tuple[str, list[Any]]:
    """SQL of the best cards and its values, each followed by its place: tier, sold, id; only those beyond `place`.

    PostgreSQL asks a tier only when those before it have left room.
    """
    parts, values = [], []
    for tier in _tiers(wanted, place, backwards=backwards):
        every = [*tier.match.conditions, *conditions]
        if tier.number == OF_BRANDS:
            every.append(Condition("", _A_BRAND, (wanted.any_word(),)))
        if tier.better:
            every.append(Condition("", _NOT.format(tier.better.test.sql), tier.better.test.values))
        if place and tier.number == place[0]:
            after = ">" if backwards else "<"
            every.append(Condition("", f"(card.sold, card.product_id) {after} (%s, %s)", tuple(place[1:])))
        sql, of_tier = where(every)
        source, way = tier.match.source, "ASC" if backwards else "DESC"
        parts.append(
            _TIER.format(columns=columns, number=tier.number, source=source.sql, where=sql, way=way, limit=limit)
        )
        values += [*source.values, *of_tier]
    return _BEST.format(" UNION ALL ".join(parts), limit), values


def _tiers(wanted: Wanted, place: Sequence[Any], *, backwards: bool) -> Iterator[Tier]:
    """From the place on, in the direction of the page; the best, or worst, alone where a cursor names no tier."""
    matches = [wanted.match(*document) for document in DOCUMENTS]
    every = [Tier(5 - i, match, matches[i - 1] if i else None) for i, match in enumerate(matches)]
    now = min(max(place[0], 1), 5) if place else 0
    for tier in reversed(every) if backwards else every:
        if not place or (tier.number >= now if backwards else tier.number <= now):
            yield tier


def _suggest(wanted: Wanted, limit: int, languages: Sequence[str]) -> list[Suggestion]:
    products, values = best(wanted, "card.body ->> 'name' AS name, card.body ->> 'slug' AS slug", [], limit)
    with connection.cursor() as cursor:
        translated: list[Any] = [list(languages), wanted.text] if languages else []
        statement = _SUGGEST.format(products=products, translated=_TRANSLATED if languages else "")
        cursor.execute(statement, [*values, wanted.text, *translated, wanted.text])
        return [Suggestion(*row) for row in cursor.fetchall()]
