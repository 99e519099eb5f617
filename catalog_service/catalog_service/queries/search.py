"""The search port: another engine would `understand` a text, `correct` it, and answer `union` and `suggestions`.

PostgreSQL's full text on the cards' three documents, each within the next, makes tiers. A better tier always comes
first, and within a tier what sells best does, so the best page is a walk along one index, however much matches:

    5  every word stands in the name
    4  every word begins a word of the name
    3  … of the name or the brand
    2  … of the categories, tags, options and SKUs too
    1  … of the descriptions and specifications too
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection

from catalog_service.queries.filters import Condition, where
from catalog_service.queries.spelling import spell

MAX_WORDS = 10
MAX_TERM = 3
MAX_SUGGESTIONS = 10
_WORD = re.compile(r"\w")

_UNDERSTAND = r"""
    WITH plain AS (SELECT regexp_split_to_array(btrim(search_plain(%s)), '\s+') AS words),
    typed AS (
        SELECT words[1:%s] AS words, string_to_array(search_stems(array_to_string(words, ' ')), ' ') AS stems
        FROM plain)
    SELECT words, stems, coalesce((
        SELECT json_agg(json_build_array(keys, terms) ORDER BY created_at, id) FROM synonym WHERE keys && ARRAY(
            SELECT array_to_string(stems[i : i + more], ' ')
            FROM generate_series(1, cardinality(words)) AS i, generate_series(0, %s) AS more)::varchar[]), '[]')::text
    FROM typed
"""

_TIER = """
    (SELECT {columns}, {number} AS tier, card.sold, card.product_id FROM card
    WHERE {where} ORDER BY card.sold {way}, card.product_id {way} LIMIT {limit})
"""
_BEST = "SELECT * FROM ({}) AS best LIMIT {}"
_NOTHING = "SELECT {}, 0 AS tier, card.sold, card.product_id FROM card WHERE false"

_SUGGEST = """
    SELECT 'product', name, slug FROM ({products}) AS found
    UNION ALL (
        SELECT 'category', name, slug FROM category WHERE starts_with(search_plain(name), %s) ORDER BY name, id LIMIT 3)
    UNION ALL (
        SELECT 'brand', name, slug FROM brand WHERE starts_with(search_plain(name), %s) ORDER BY name, id LIMIT 3)
"""


Unit = tuple[str, ...]
"""Alternatives, each of one or several words: any of them must be there."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A search as it was understood."""

    words: tuple[str, ...]
    units: tuple[Unit, ...]

    @property
    def text(self) -> str:
        return " ".join(self.words)

    def anywhere(self) -> Condition:
        return self._in("words", ":*")

    def tiers(self) -> list[tuple[int, list[Condition]]]:
        """The best first; each without what the better ones have."""
        steps = [self._in(*step) for step in (("title", ""), ("title", ":*"), ("labels", ":*AB"), ("labels", ":*"))]
        steps.append(self.anywhere())
        without = [[], *([Condition("", f"NOT {step.sql}", step.values)] for step in steps[:-1])]
        return [(5 - i, [step, *without[i]]) for i, step in enumerate(steps)]

    def _in(self, document: str, suffix: str) -> Condition:
        """In each language's configuration, as the documents are written."""
        said = " & ".join(_any_of(unit, suffix) for unit in self.units)
        each = [f"to_tsquery(search_configuration('{code}'), %s)" for code in settings.SEARCH_LANGUAGES]
        each.append("to_tsquery('pg_catalog.simple', %s)")
        return Condition("search", f"(card.{document} @@ ({' || '.join(each)}))", (said,) * len(each))


@dataclass(frozen=True, slots=True)
class Suggestion:
    kind: str
    text: str
    slug: str


def understand(text: str) -> Wanted | None:
    """One statement. None when there is no word in it."""
    with connection.cursor() as cursor:
        cursor.execute(_UNDERSTAND, [text, MAX_WORDS, MAX_TERM - 1])
        words, stems, groups = cursor.fetchone()
    if not any(_WORD.search(word) for word in words):
        return None
    return Wanted(tuple(words), tuple(_units(words, stems, json.loads(groups))))


def correct(wanted: Wanted) -> Wanted | None:
    """What may have been meant, where nothing was found; two statements at most. None when nothing comes to mind."""
    better = spell(wanted.words)
    if not better:
        return None
    words = tuple(better.get(word, word) for word in wanted.words)
    return Wanted(words, tuple((word,) for word in words))


def suggestions(text: str, limit: int = MAX_SUGGESTIONS) -> list[Suggestion]:
    """What somebody who has typed this may mean: products first, then categories and brands that begin so."""
    wanted = understand(text)
    if wanted is None:
        return []
    found = _suggest(wanted, limit)
    if not found and (better := correct(wanted)):
        found = _suggest(better, limit)
    return found


def _suggest(wanted: Wanted, limit: int) -> list[Suggestion]:
    products, values = union(wanted, "card.body ->> 'name' AS name, card.body ->> 'slug' AS slug", [], limit)
    with connection.cursor() as cursor:
        cursor.execute(_SUGGEST.format(products=products), [*values, wanted.text, wanted.text])
        return [Suggestion(*row) for row in cursor.fetchall()]


def union(
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
    after, way = (">", "ASC") if backwards else ("<", "DESC")
    parts, values = [], []
    for number, tier in wanted.tiers()[:: -1 if backwards else 1]:
        every = [*tier, *conditions]
        if place and (number < place[0] if backwards else number > place[0]):
            continue
        if place and number == place[0]:
            every.append(Condition("", f"(card.sold, card.product_id) {after} (%s, %s)", tuple(place[1:])))
        sql, of_tier = where(every)
        parts.append(_TIER.format(columns=columns, number=number, where=sql, way=way, limit=limit))
        values += of_tier
    every_tier = " UNION ALL ".join(parts) or _NOTHING.format(columns)
    return _BEST.format(every_tier, limit), values


def _units(words: list[str], stems: list[str], groups: list[tuple[list[str], list[str]]]) -> list[Unit]:
    """The longest synonyms first, from the left."""
    meant = {key: terms for keys, terms in groups for key in keys}
    units, i = [], 0
    while i < len(words):
        length = next((n for n in range(MAX_TERM, 1, -1) if " ".join(stems[i : i + n]) in meant), 1)
        own, key = " ".join(words[i : i + length]), " ".join(stems[i : i + length])
        units.append(tuple(dict.fromkeys([own, *meant.get(key, ())])))
        i += length
    return units


def _any_of(unit: Unit, suffix: str) -> str:
    """Quoted, so that no word is an operator of tsquery; `search_plain` has left no quotes in it."""
    terms = [" & ".join(f"'{word}'{suffix}" for word in term.split()) for term in unit]
    return f"({' | '.join(f'({term})' for term in terms)})"
