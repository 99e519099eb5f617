"""The search port. Today PostgreSQL's full text and trigrams; another engine would answer these two functions."""

import re
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db.models import BooleanField, DecimalField, F, Func, Q, QuerySet, Value

from catalog_service.models import Brand, Category, Product

_WORD = re.compile(r"\w+")
MAX_WORDS = 10
MAX_SUGGESTIONS = 10


@dataclass(frozen=True, slots=True)
class Suggestion:
    kind: str
    text: str
    slug: str


class _IsLike(Func):
    """`name %> text`: some stretch of the name is like the text; the trigram index answers it."""

    template = "(%(expressions)s)"
    arg_joiner = " %%> "

    def __init__(self, text: str) -> None:
        super().__init__(F("name"), Value(text), output_field=BooleanField())


class _Likeness(Func):
    function = "word_similarity"

    def __init__(self, text: str) -> None:
        super().__init__(Value(text), F("name"), output_field=DecimalField())


class _Rounded(Func):
    """To six digits, so that a cursor can carry the rank exactly."""

    template = "round((%(expressions)s)::numeric, 6)"

    def __init__(self, expression: object) -> None:
        super().__init__(expression, output_field=DecimalField(max_digits=12, decimal_places=6))


def matching(products: QuerySet[Product], text: str) -> QuerySet[Product]:
    """Products whose words begin with all the words of the text, or whose name is much like it; adds `rank`."""
    words = _WORD.findall(text.lower())[:MAX_WORDS]
    if not words:
        return products.annotate(rank=Value(0)).none()
    plain = " ".join(words)
    rank = _Rounded(SearchRank(F("search"), _all_of(words, "english")) * 2 + _Likeness(plain))
    found = Q(search=_all_of(words, "english")) | Q(search=_all_of(words, "simple")) | Q(_IsLike(plain))
    return products.filter(found).annotate(rank=rank)


def suggestions(text: str, limit: int = MAX_SUGGESTIONS) -> list[Suggestion]:
    """What somebody who has typed this may mean: products first, then categories and brands that begin so."""
    if not _WORD.search(text):
        return []
    products: QuerySet[Any] = matching(Product.objects.visible(), text)
    best = products.order_by("-rank", "-id").values_list("name", "slug")[:limit]
    found = [Suggestion("product", name, slug) for name, slug in best]
    for kind, model in (("category", Category), ("brand", Brand)):
        rows = model.objects.filter(name__istartswith=text.strip()).order_by("name").values_list("name", "slug")[:3]
        found += [Suggestion(kind, name, slug) for name, slug in rows]
    return found


def _all_of(words: list[str], config: str) -> SearchQuery:
    """Every word as a prefix. `\\w` lets no operator of tsquery through; quoting makes sure of it."""
    return SearchQuery(" & ".join(f"'{word}':*" for word in words), search_type="raw", config=config)
