"""Reviews as buyers read them, and as moderators do."""

from catalog_service.models import Product, Review
from catalog_service.queries.pages import Order, Page, moment, page

NEWEST = Order("created_at", descending=True, parse=moment)


def list_reviews(product: str, *, rating: int | None, cursor: str | None, limit: int) -> Page[Review]:
    """The approved ones of a product on sale, newest first. Raises NotFound."""
    rows = Product.objects.visible().named(product).only("id").one().reviews.filter(status=Review.Status.APPROVED)
    return page(rows if rating is None else rows.filter(rating=rating), NEWEST, cursor=cursor, limit=limit)


def list_for_moderation(*, status: str, cursor: str | None, limit: int) -> Page[Review]:
    """Of all products, with their names."""
    rows = Review.objects.select_related("product")
    return page(rows.filter(status=status) if status else rows, NEWEST, cursor=cursor, limit=limit)
