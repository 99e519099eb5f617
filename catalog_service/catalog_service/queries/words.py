"""What somebody looks for, understood: words, what means the same, and how common each is."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import prod
from typing import Any, NamedTuple

import orjson
from django.conf import settings
from django.db import connection
from psycopg.sql import Literal

from catalog_service.models.search import TERM_WORDS
from catalog_service.queries.filters import Condition
from shared import plans

MAX_WORDS = 10
_A_PAGE = 25

_UNDERSTAND = r"""
    WITH plain AS (SELECT (regexp_split_to_array(btrim(search_plain(%s)), '\s+'))[1:{words}] AS words),
    typed AS (SELECT words, string_to_array(search_stems(array_to_string(words, ' ')), ' ') AS stems FROM plain),
    same AS (
        SELECT synonym.* FROM synonym, typed WHERE keys && ARRAY(
            SELECT array_to_string(stems[i : i + more], ' ')
            FROM generate_series(1, cardinality(words)) AS i, generate_series(0, {more}) AS more)::varchar[]),
    word AS (
        SELECT DISTINCT word FROM (
            SELECT unnest(words) FROM typed UNION ALL SELECT regexp_split_to_table(unnest(terms), ' ') FROM same
        ) AS every (word)),
    known AS (
        SELECT word, bool_or(to_tsvector(search_configuration(language), word) = '') AS idle,
            array_agg(DISTINCT lexeme) AS lexemes
        FROM word, unnest({languages}::text[]) AS language,
            unnest(word || tsvector_to_array(to_tsvector(search_configuration(language), word))) AS lexeme
        GROUP BY word),
    shared AS (
        SELECT word, document, sum(share) FILTER (WHERE lexeme = ANY(lexemes)) AS whole, sum(share) AS begun
        FROM known JOIN common_word ON lexeme ~>=~ lexemes[1] AND lexeme ~<~ (lexemes[1] || chr(1114111))
        GROUP BY word, document)
    SELECT words, stems,
        coalesce((SELECT json_agg(json_build_array(keys, terms) ORDER BY created_at, id) FROM same), '[]')::text,
        (SELECT json_object_agg(word, json_build_object('idle', idle, 'lexemes', lexemes, 'shares', coalesce((
            SELECT json_object_agg(document, json_build_array(coalesce(whole, 0), begun))
            FROM shared WHERE shared.word = known.word), '{{}}'))) FROM known)::text,
        coalesce((SELECT share FROM common_word WHERE document = '' AND lexeme = ''), 0)
    FROM typed
"""


class Word(NamedTuple):
    """`lexemes` are what it may stand as in a document, in any language, the shortest first; `idle`: it need not stand
    there at all. `shares`: of each document, in how many cards it stands, and in how many something begins with it.
    """

    lexemes: list[str]
    idle: bool
    shares: dict[str, tuple[float, float]]

    def query(self, suffix: str) -> str:
        covered = [one for one in self.lexemes if not any(one.startswith(o) and o != one for o in self.lexemes)]
        said = [f"'{lexeme}'{suffix}" for lexeme in (covered if suffix else self.lexemes)]
        return f"({' | '.join(said)})"

    def share(self, document: str, suffix: str) -> float:
        return self.shares.get(document, (0.0, 0.0))[1 if suffix else 0]


Unit = tuple[tuple[Word, ...], ...]
"""Alternatives, each of one or several words: one of them must be there."""


class Source(NamedTuple):
    """What stands after FROM; its rows are called `card`."""

    sql: str = "card"
    values: tuple[Any, ...] = ()


class Match(NamedTuple):
    """A search in one document: `source` where its few rows are fetched first, else `conditions` for a walk."""

    test: Condition
    source: Source
    conditions: tuple[Condition, ...]


_COMMON = 0.1
"""Of what has such a share of all cards the index would tell at length, to be left with what another word leaves."""

_FEW = "(SELECT * FROM card WHERE {} OFFSET 0) AS card"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A search as it was understood; `cards` is about how many there are in all."""

    text: str
    units: tuple[Unit, ...]
    cards: float

    def anywhere(self) -> Match:
        return self.match("words", ":*")

    def any_word(self) -> str:
        """As a tsquery: something that begins with one of the words."""
        return " | ".join(_any_of(unit, ":*") for unit in self.units)

    def match(self, document: str, suffix: str) -> Match:
        """What is rare is fetched by the words' index and sorted; what is common soon comes along in the list's order.

        A walk passes 25 cards ÷ share for a page, and what is fetched is all that the telling words leave. The one that
        looks at fewer cards is taken. Left to itself PostgreSQL takes a beginning for as common as every 200th card and
        walks past all of them.
        """
        test = _has(self.units, document, suffix)
        shares = [min(1.0, _share(unit, document, suffix)) for unit in self.units]
        told = [share for share in shares if share < _COMMON] or shares
        if prod(shares) * prod(told) * self.cards > _A_PAGE:
            return Match(test, Source(), (test,))
        telling = [unit for unit, share in zip(self.units, shares, strict=True) if share < _COMMON]
        fetched = _has(telling or self.units, document, suffix)
        return Match(test, Source(_FEW.format(fetched.sql), fetched.values), () if fetched == test else (test,))


def understand(text: str) -> Wanted | None:
    """One statement, which takes PostgreSQL longer to plan than to answer. None when there is no word in it."""
    with plans.kept(), connection.cursor() as cursor:
        cursor.execute(_statement(tuple(settings.SEARCH_LANGUAGES)), [text])
        typed, stems, groups, known, cards = cursor.fetchone()
    words = {word: _word(facts) for word, facts in orjson.loads(known or "{}").items()}
    if not any(character.isalnum() for word in typed for character in word):
        return None
    units = _units(typed, stems, orjson.loads(groups), words)
    return Wanted(" ".join(typed), tuple(units), cards)


@cache
def _statement(languages: tuple[str, ...]) -> str:
    """The text is all that varies: for any number of words, a plan would look too dear to be kept."""
    spoken = Literal(list(languages)).as_string(None)
    return _UNDERSTAND.format(words=MAX_WORDS, more=TERM_WORDS - 1, languages=spoken)


def _word(facts: dict[str, Any]) -> Word:
    lexemes = sorted((lexeme.replace("\\", "").replace("'", "") for lexeme in facts["lexemes"]), key=len)
    return Word(lexemes, facts["idle"], {name: tuple(shares) for name, shares in facts["shares"].items()})


def _units(typed: list[str], stems: list[str], groups: list[Any], words: dict[str, Word]) -> list[Unit]:
    """The longest synonyms first, from the left. Idle words count only where there are no others.

    Words are what PostgreSQL takes for them: Python splits at more characters than it does.
    """
    meant: dict[str, list[str]] = {}
    for keys, terms in groups:
        for key in keys:
            meant.setdefault(key, []).extend(terms)
    units: list[Unit] = []
    i = 0
    while i < len(typed):
        length = next((n for n in range(TERM_WORDS, 1, -1) if " ".join(stems[i : i + n]) in meant), 1)
        own, key = " ".join(typed[i : i + length]), " ".join(stems[i : i + length])
        terms = dict.fromkeys([own, *meant.get(key, ())])
        units.append(tuple(tuple(words[word] for word in term.split(" ")) for term in terms))
        i += length
    busy = [unit for unit in units if not all(word.idle for term in unit for word in term)]
    return busy or units


def _share(unit: Unit, document: str, suffix: str) -> float:
    return sum(min(word.share(document, suffix) for word in term) for term in unit)


def _has(units: Sequence[Unit], document: str, suffix: str) -> Condition:
    said = " & ".join(_any_of(unit, suffix) for unit in units)
    return Condition("search", f"card.{document} @@ %s::tsquery", (said,))


def _any_of(unit: Unit, suffix: str) -> str:
    terms = [" & ".join(word.query(suffix) for word in term) for term in unit]
    return f"({' | '.join(f'({term})' for term in terms)})"
