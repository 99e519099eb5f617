"""Write and judge reviews. The product's rating follows in the same transaction."""

from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q

from catalog_service.errors import AlreadyReviewed, OwnProduct
from catalog_service.models import Product, Purchase, Review, ReviewVote
from shared.audit import record
from shared.contracts.catalog import ReviewPublished
from shared.contracts.order import VendorOrderDelivered
from shared.errors import NotFound
from shared.outbox import publish

Status = Review.Status


@transaction.atomic
def write_review(
    *, product: str, user_id: UUID, vendor_id: UUID | None, rating: int, title: str = "", comment: str = ""
) -> Review:
    """One per user and product; read by others once approved. Raises NotFound, AlreadyReviewed, OwnProduct."""
    row = Product.objects.visible().named(product).select_for_update(no_key=True, of=("self",)).one()
    if row.vendor_id == vendor_id:
        raise OwnProduct
    if row.reviews.filter(user_id=user_id).exists():
        raise AlreadyReviewed
    review = Review.objects.create(
        product=row,
        user_id=user_id,
        rating=rating,
        title=title,
        comment=comment,
        verified_purchase=Purchase.objects.filter(user_id=user_id, product_id=row.id).exists(),
    )
    if not settings.REVIEWS_NEED_APPROVAL:
        review.approve()
        _decided(review, row)
    return review


@transaction.atomic
def approve_review(*, review_id: UUID) -> Review:
    """Raises NotFound, AlreadyDecided."""
    product, review = _lock(review_id)
    review.approve()
    _decided(review, product)
    record(action="catalog.review.approve", subject_kind="review", subject_id=review_id, product=product.id)
    return review


@transaction.atomic
def reject_review(*, review_id: UUID, reason: str) -> Review:
    """Raises NotFound, AlreadyDecided."""
    product, review = _lock(review_id)
    review.reject(reason)
    _decided(review, product)
    record(action="catalog.review.reject", subject_kind="review", subject_id=review_id, product=product.id)
    return review


@transaction.atomic
def vote(*, review_id: UUID, user_id: UUID, vendor_id: UUID | None, helpful: bool) -> Review:
    """One vote per user, which can be changed. Raises NotFound, OwnProduct (the author's review is its own, too)."""
    rows = Review.objects.filter(status=Status.APPROVED, id=review_id).select_related("product")
    review = rows.select_for_update(no_key=True, of=("self",)).first()
    if review is None:
        raise NotFound
    if review.user_id == user_id or review.product.vendor_id == vendor_id:
        raise OwnProduct
    ReviewVote.objects.update_or_create(review=review, user_id=user_id, defaults={"helpful": helpful})
    counted = review.votes.aggregate(yes=Count("id", Q(helpful=True)), no=Count("id", Q(helpful=False)))
    review.helpful, review.unhelpful = counted["yes"], counted["no"]
    review.save(update_fields=["helpful", "unhelpful"])
    return review


def remember_purchase(told: VendorOrderDelivered) -> None:
    """From now on this buyer's reviews of these products are verified, one written before included."""
    if told.buyer.user_id is None:
        return
    Purchase.objects.bulk_create(
        [
            Purchase(
                user_id=told.buyer.user_id,
                product_id=product_id,
                order_id=told.order_id,
                delivered_at=told.delivered_at,
            )
            for product_id in sorted(set(told.product_ids))
        ],
        ignore_conflicts=True,
    )
    reviews = Review.objects.filter(user_id=told.buyer.user_id, product_id__in=told.product_ids)
    reviews.update(verified_purchase=True)


def rate_again(product: Product) -> None:
    """Count the approved reviews of a locked product."""
    counts = product.reviews.filter(status=Status.APPROVED).values_list("rating").annotate(n=Count("id"))
    by_stars = dict(counts)
    product.rate([by_stars.get(stars, 0) for stars in range(1, 6)])
    product.save(update_fields=["rating_average", "rating_count", "rating_histogram", "updated_at"])


def _lock(review_id: UUID) -> tuple[Product, Review]:
    """The product first, as everywhere."""
    product = Product.objects.filter(reviews__id=review_id).select_for_update(no_key=True, of=("self",)).first()
    if product is None:
        raise NotFound
    return product, Review.objects.select_for_update(no_key=True).get(id=review_id)


def _decided(review: Review, product: Product) -> None:
    review.save()
    rate_again(product)
    if review.status == Status.APPROVED:
        publish(
            ReviewPublished(
                review_id=review.id,
                product_id=product.id,
                vendor_id=product.vendor_id,
                product_name=product.name,
                rating=review.rating,
            )
        )
