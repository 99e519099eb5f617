"""What people look for, and what admins said of words."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q, QuerySet, Sum
from django.utils import timezone

from catalog_service.models import SearchCount, Synonym
from catalog_service.queries.pages import Order, Page, moment, page
from shared.errors import NotFound

SYNONYMS = Order("created_at", descending=True, parse=moment)


@dataclass(frozen=True, slots=True)
class Searched:
    text: str
    searches: int
    fruitless: int


@dataclass(frozen=True, slots=True)
class Report:
    """`top` by how often, `fruitless` by how often nothing was found."""

    since: date
    searches: int
    fruitless: int
    top: list[Searched]
    worst: list[Searched]


def popular(*, days: int, limit: int) -> list[str]:
    """Texts that mostly find something and were looked for often enough to be nobody's own."""
    often = Q(searches__gte=settings.SEARCHES_POPULAR_FROM) & Q(fruitless__lt=F("searches") / 2)
    rows = _by_text(_since(days)).filter(often).order_by("-searches", "text")
    return [row["text"] for row in rows[:limit]]


def report(*, days: int, limit: int) -> Report:
    since = _since(days)
    sums = SearchCount.objects.filter(day__gte=since).aggregate(all=Sum("searches"), none=Sum("fruitless"))
    rows = _by_text(since)
    return Report(
        since=since,
        searches=sums["all"] or 0,
        fruitless=sums["none"] or 0,
        top=[Searched(**row) for row in rows.order_by("-searches", "text")[:limit]],
        worst=[Searched(**row) for row in rows.filter(fruitless__gt=0).order_by("-fruitless", "text")[:limit]],
    )


def find_synonym(synonym_id: UUID) -> Synonym:
    """Raises NotFound."""
    synonym = Synonym.objects.filter(id=synonym_id).first()
    if synonym is None:
        raise NotFound
    return synonym


def list_synonyms(*, cursor: str | None, limit: int) -> Page[Synonym]:
    return page(Synonym.objects.all(), SYNONYMS, cursor=cursor, limit=limit)


def _since(days: int) -> date:
    return timezone.now().date() - timedelta(days=days - 1)


def _by_text(since: date) -> QuerySet[Any, Any]:
    rows = SearchCount.objects.filter(day__gte=since).order_by().values("text")
    return rows.annotate(searches=Sum("searches"), fruitless=Sum("fruitless"))
