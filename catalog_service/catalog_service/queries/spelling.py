"""What a misspelt word was probably meant to be, among the words that cards have."""

from collections.abc import Iterable, Sequence

from django.db import connection

_MOST_CANDIDATES = 400
_TO_COUNT = 4

_CANDIDATES = """
    SELECT typed.word, near.word
    FROM unnest(%s::text[]) AS typed (word)
    CROSS JOIN LATERAL (
        (SELECT word FROM search_word WHERE word %% typed.word ORDER BY similarity(word, typed.word) DESC LIMIT 40)
        UNION
        (SELECT word FROM search_word
            WHERE word ~>=~ left(typed.word, 1) AND word ~<~ (left(typed.word, 1) || chr(1114111))
                AND length(typed.word) <= 5 AND abs(length(word) - length(typed.word)) <= 1 LIMIT %s)
    ) AS near
    WHERE NOT EXISTS (
        SELECT FROM search_word WHERE word ~>=~ typed.word AND word ~<~ (typed.word || chr(1114111)))
"""

_HITS = """
    SELECT word, (SELECT count(*) FROM (
        SELECT FROM card WHERE words @@ (plainto_tsquery('pg_catalog.english', word)
            || plainto_tsquery('pg_catalog.simple', word)) LIMIT 200) AS few)
    FROM unnest(%s::text[]) AS candidate (word)
"""


def spell(words: Sequence[str]) -> dict[str, str]:
    """Typed word → the nearest that something is found by, the commoner of equals; words that are known are left out.

    Numbers and words of three letters or less are as they are. Two statements.
    """
    doubtful = [word for word in words if len(word) > 3 and word.isalpha()]
    if not doubtful:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATES, [doubtful, _MOST_CANDIDATES])
        near = _nearest(cursor.fetchall())
        cursor.execute(_HITS, [sorted({word for found in near.values() for word, _steps in found})])
        hits = dict(cursor.fetchall())
    chosen = {typed: _choose(found, hits) for typed, found in near.items()}
    return {typed: word for typed, word in chosen.items() if word}


def _nearest(pairs: Iterable[tuple[str, str]]) -> dict[str, list[tuple[str, int]]]:
    """Typed word → the few candidates with the fewest steps, with them."""
    near: dict[str, list[tuple[str, int]]] = {}
    for typed, word in pairs:
        steps = distance(typed, word)
        if steps <= (1 if len(typed) <= 5 else 2):
            near.setdefault(typed, []).append((word, steps))
    return {typed: sorted(found, key=lambda one: one[1])[:_TO_COUNT] for typed, found in near.items()}


def _choose(found: list[tuple[str, int]], hits: dict[str, int]) -> str | None:
    alive = [(steps, -hits[word], word) for word, steps in found if hits[word]]
    return min(alive)[2] if alive else None


def distance(one: str, other: str) -> int:
    """Letters to insert, drop, change or swap with their neighbour (optimal string alignment)."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        row = [i]
        for j, wanted in enumerate(other, start=1):
            best = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                best = min(best, before[j - 2] + 1)
            row.append(best)
        before, last = last, row
    return last[-1]
