"""What belongs together, what somebody may like, what is in fashion: walks over tables that the clock has computed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import Max, Q, Sum
from django.utils import timezone

from catalog_service.models import (
    BoughtTogether,
    Card,
    CategoryPick,
    Product,
    ProductPopularity,
    ProductView,
    Recommendation,
    Sale,
)

SPARE = 2
"""Times as many as are asked for: some have gone off sale since they were computed."""
MANY = 200
"""Purchases that are not recommended again."""


@dataclass(frozen=True, slots=True)
class Hint:
    """A product that may be worth showing, and why. `lift` only of what is bought together."""

    product_id: UUID
    reason: str
    lift: float | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    card: Card
    reason: str
    lift: float | None


@dataclass(frozen=True, slots=True)
class Views:
    total: int
    last_day: int


def related(reference: str, *, kind: str, limit: int) -> list[Suggestion]:
    """What is bought together with a product (`bought_together`), what is like it (`similar`), or both ("").

    Raises NotFound.
    """
    product = Product.objects.visible().named(reference).select_related("category").one()
    hints: list[Hint] = []
    if kind != "similar":
        hints += _together(product, limit)
    if kind != "bought_together":
        hints += _similar(product)
    found = _shown(hint for hint in hints if hint.product_id != product.id)
    if len(found) < limit and kind != "bought_together":
        known = {product.id, *(suggestion.card.product_id for suggestion in found)}
        found += _shown(hint for hint in _of_category(product, limit + len(known)) if hint.product_id not in known)
    return _by_likeness(product, found)[:limit]


def recommended(user_id: UUID | None, *, limit: int) -> list[Suggestion]:
    """For a user, from what is known of them; then, and for guests, what is in fashion, and what is liked best."""
    if user_id is None:
        return _filled([], set(), limit)
    bought = Sale.objects.filter(user_id=user_id).order_by("-confirmed_at").values_list("product_id", flat=True)
    return _filled(_own(user_id, limit), set(bought[:MANY]), limit)


def views_of(reference: str) -> Views:
    """Visitors an hour, summed. Raises NotFound."""
    product = Product.objects.visible().named(reference).only("id").one()
    day = Q(hour__gt=timezone.now() - timedelta(days=1))
    hours = ProductView.objects.filter(product=product).aggregate(total=Sum("views"), day=Sum("views", filter=day))
    earlier = ProductPopularity.objects.filter(product=product).aggregate(n=Max("earlier_views"))["n"]
    return Views(total=(hours["total"] or 0) + (earlier or 0), last_day=hours["day"] or 0)


def _together(product: Product, limit: int) -> list[Hint]:
    rows = BoughtTogether.objects.filter(product=product).order_by("-score")[: limit * SPARE]
    return [Hint(row.other_id, "bought_together", row.lift) for row in rows]


def _similar(product: Product) -> list[Hint]:
    """Of its category, then of those above it."""
    lineage = product.category.lineage
    rows = CategoryPick.objects.filter(category_id__in=lineage).values_list("category_id", "position", "product_id")
    ordered = sorted(rows, key=lambda row: (-lineage.index(row[0]), row[1]))
    return [Hint(product_id, "similar") for _category, _position, product_id in ordered]


def _of_category(product: Product, limit: int) -> list[Hint]:
    """Where the clock has not been yet."""
    rows = Card.objects.filter(product__category=product.category_id).order_by("-rating", "-product")
    return [Hint(product_id, "similar") for product_id in rows.values_list("product_id", flat=True)[:limit]]


def _filled(hints: list[Hint], bought: set[UUID], limit: int) -> list[Suggestion]:
    """As many as are asked for, if the catalogue has them."""
    found = _shown(hints)
    for more in (_in_fashion, _liked_best):
        if len(found) < limit:
            known = bought | {suggestion.card.product_id for suggestion in found}
            found += _shown(hint for hint in more(limit * SPARE + len(known)) if hint.product_id not in known)
    return found[:limit]


def _shown(hints: Iterable[Hint]) -> list[Suggestion]:
    """Those on sale and in stock, each once, in one statement."""
    first: dict[UUID, Hint] = {}
    for hint in hints:
        first.setdefault(hint.product_id, hint)
    cards = Card.objects.filter(product__in=first, in_stock=True).only("body", "prices", "in_stock")
    known = {card.product_id: card for card in cards} if first else {}
    return [Suggestion(known[id_], hint.reason, hint.lift) for id_, hint in first.items() if id_ in known]


def _by_likeness(product: Product, found: list[Suggestion]) -> list[Suggestion]:
    """What is bought together first; of the rest, what shares category, brand and tags, else in the order found."""

    def unlikeness(suggestion: Suggestion) -> int:
        other = suggestion.card.body
        same_category: bool = other["category"]["id"] == str(product.category_id)
        same_brand: bool = bool(other["brand"]) and other["brand"]["id"] == str(product.brand_id)
        return -(2 * same_category + same_brand + min(3, len({*other["tags"]} & {*product.tags})))

    together = [suggestion for suggestion in found if suggestion.reason != "similar"]
    return together + sorted((one for one in found if one.reason == "similar"), key=unlikeness)


def _own(user_id: UUID, limit: int) -> list[Hint]:
    rows = Recommendation.objects.filter(user_id=user_id).order_by("-score")[: limit * SPARE]
    return [Hint(row.product_id, row.reason) for row in rows]


def _in_fashion(limit: int) -> list[Hint]:
    rows = ProductPopularity.objects.filter(trend__gt=0).order_by("-trend")
    return [Hint(product_id, "trending") for product_id in rows.values_list("product_id", flat=True)[:limit]]


def _liked_best(limit: int) -> list[Hint]:
    rows = Card.objects.order_by("-rating", "-product")
    return [Hint(product_id, "top_rated") for product_id in rows.values_list("product_id", flat=True)[:limit]]
