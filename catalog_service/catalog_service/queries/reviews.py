"""Reviews as buyers, their authors, vendors and moderators read them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from catalog_service.models import Product, Review, ReviewImage
from catalog_service.models.taxonomy import id_or_slug
from catalog_service.queries.pages import Order, Page, moment, page, whole_number
from shared.errors import NotFound

ORDERS = {
    "newest": Order("created_at", descending=True, parse=moment),
    "oldest": Order("created_at", parse=moment),
    "highest": Order("rating", descending=True, parse=whole_number),
    "lowest": Order("rating", parse=whole_number),
    "helpful": Order("helpful", descending=True, parse=whole_number),
    "spam": Order("spam_score", descending=True, parse=whole_number),
}


@dataclass(frozen=True, slots=True)
class ReviewFilters:
    """None and empty mean: no matter. `product` and `vendor` are ids or slugs; `author` a user."""

    product: str = ""
    vendor: str = ""
    author: UUID | None = None
    rating: int | None = None
    verified: bool | None = None
    answered: bool | None = None
    with_images: bool | None = None


def list_reviews(filters: ReviewFilters, *, ordering: str, cursor: str | None, limit: int) -> Page[Review]:
    """Approved ones of products on sale; of an author's own, all. Raises NotFound for a product that is not there."""
    rows = Review.objects.select_related("product__vendor").prefetch_related("images")
    rows = rows.filter(user_id=filters.author) if filters.author else rows.public()
    return page(_matching(rows, filters), ORDERS[ordering], cursor=cursor, limit=limit)


def find_review(review_id: UUID, *, reader_id: UUID | None, is_admin: bool = False) -> Review:
    """Approved ones of products on sale, and one's own; all for admins. Raises NotFound."""
    readable = Q(status=Review.Status.APPROVED, product__in=Product.objects.visible())
    rows = Review.objects.all() if is_admin else Review.objects.filter(readable | Q(user_id=reader_id))
    review = rows.filter(id=review_id).select_related("product__vendor").prefetch_related("images").first()
    if review is None:
        raise NotFound
    return review


def list_for_moderation(
    *, status: str, ordering: str, product: UUID | None, cursor: str | None, limit: int
) -> Page[Review]:
    """Of all products. `status` is a review's, or `flagged`, or `waiting`: whatever a moderator has to look at."""
    rows = Review.objects.select_related("product__vendor").prefetch_related("images", "flags")
    if status == "waiting":
        rows = rows.waiting()
    elif status == "flagged":
        rows = rows.flagged()
    elif status:
        rows = rows.filter(status=status)
    if product:
        rows = rows.filter(product_id=product)
    return page(rows, ORDERS[ordering], cursor=cursor, limit=limit)


def flags_by_reason(review: Review) -> dict[str, int]:
    """Open ones. Reads what the moderators' list has fetched along."""
    counted: dict[str, int] = {}
    for flag in review.flags.all():
        if flag.resolved_at is None:
            counted[flag.reason] = counted.get(flag.reason, 0) + 1
    return counted


def _matching(rows: QuerySet[Review], filters: ReviewFilters) -> QuerySet[Review]:
    if filters.product:
        rows = rows.filter(product=_product(filters))
    elif not filters.author:
        rows = rows.filter(product__in=Product.objects.visible())
    if filters.vendor:
        rows = rows.filter(**_vendor(filters.vendor))
    return rows.filter(_qualities(filters))


def _product(filters: ReviewFilters) -> Product:
    rows = Product.objects.kept() if filters.author else Product.objects.visible()
    return rows.named(filters.product).only("id").one()


def _vendor(reference: str) -> dict[str, Any]:
    try:
        return {f"product__vendor__{field}": value for field, value in id_or_slug(reference).items()}
    except NotFound:
        return {"pk__in": []}


def _qualities(filters: ReviewFilters) -> Q:
    wanted = Q()
    if filters.rating is not None:
        wanted &= Q(rating=filters.rating)
    if filters.verified is not None:
        wanted &= Q(verified_purchase=filters.verified)
    if filters.answered is not None:
        wanted &= Q(answered_at__isnull=not filters.answered)
    if filters.with_images is not None:
        has = Q(id__in=ReviewImage.objects.values("review_id"))
        wanted &= has if filters.with_images else ~has
    return wanted
