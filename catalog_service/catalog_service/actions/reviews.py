"""Write reviews, vote on them, answer them. The product's rating follows in the same transaction.

Locks: the product, then the review. Whoever counts a product's reviews has the product locked, so the count is exact.
"""

from typing import IO, Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from catalog_service.actions import cards, pictures
from catalog_service.actions.files import discard
from catalog_service.errors import AlreadyReviewed, OwnProduct, OwnReview
from catalog_service.models import Product, Purchase, Review, ReviewImage, ReviewVote
from catalog_service.models.spam import RECENT, Suspect, broken_rules, digest_of
from shared.audit import record
from shared.contracts.catalog import ReviewPublished
from shared.errors import Invalid, NotFound
from shared.outbox import publish

Status = Review.Status
MAX_IMAGES = 5


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
    review = Review(product=row, user_id=user_id, rating=rating, title=title, comment=comment)
    review.verified_purchase = Purchase.objects.filter(user_id=user_id, product_id=row.id).exists()
    _look_for_spam(review)
    review.save(force_insert=True)
    _pass_without_moderator(review, row)
    return review


@transaction.atomic
def edit_review(*, review_id: UUID, user_id: UUID, changes: dict[str, Any]) -> Review:
    """`changes`: rating, title, comment. The new text waits for approval; the same text again is none. Raises NotFound
    for reviews of others, too.
    """
    product, review = lock_own(review_id, user_id)
    if all(getattr(review, name) == value for name, value in changes.items()):
        return review
    review.edit(**changes)
    _look_for_spam(review)
    _start_over(review, product)
    return review


@transaction.atomic
def delete_review(*, review_id: UUID, user_id: UUID) -> None:
    """For good, with its pictures and votes. Raises NotFound for reviews of others, too."""
    product, review = lock_own(review_id, user_id)
    discard([name for image in review.images.all() for name in image.files])
    review.delete()
    rate_again(product)


def add_review_image(*, review_id: UUID, user_id: UUID, upload: IO[bytes]) -> ReviewImage:
    """Waits for approval with its review. Raises NotFound, Invalid (not a picture, too large, too many),
    Unavailable.
    """
    stored, thumbnail = pictures.store_with_thumbnail(pictures.open_picture(upload), "reviews")
    with pictures.kept_only_with([stored.file, thumbnail]), transaction.atomic():
        product, review = lock_own(review_id, user_id)
        if review.images.count() >= MAX_IMAGES:
            raise Invalid({"image": [f"A review has at most {MAX_IMAGES} images."]})
        image = ReviewImage.objects.create(
            review=review, file=stored.file, thumbnail=thumbnail, width=stored.width, height=stored.height
        )
        review.edit()
        _start_over(review, product)
        return image


@transaction.atomic
def remove_review_image(*, review_id: UUID, user_id: UUID, image_id: UUID) -> None:
    """Less to see needs no approval. Raises NotFound."""
    _product, review = lock_own(review_id, user_id)
    image = review.images.filter(id=image_id).first()
    if image is None:
        raise NotFound
    discard(image.files)
    image.delete()


@transaction.atomic
def vote(*, review_id: UUID, user_id: UUID, vendor_id: UUID | None, helpful: bool | None) -> Review:
    """One vote per user, which can be changed; None takes it back. Raises NotFound, OwnReview, OwnProduct."""
    product, review = lock_review(review_id)
    if review.status != Status.APPROVED:
        raise NotFound
    if review.user_id == user_id:
        raise OwnReview
    if product.vendor_id == vendor_id:
        raise OwnProduct
    if helpful is None:
        review.votes.filter(user_id=user_id).delete()
    else:
        ReviewVote.objects.update_or_create(review=review, user_id=user_id, defaults={"helpful": helpful})
    counted = review.votes.aggregate(yes=Count("id", Q(helpful=True)), no=Count("id", Q(helpful=False)))
    review.helpful, review.unhelpful = counted["yes"], counted["no"]
    review.save(update_fields=["helpful", "unhelpful"])
    return review


@transaction.atomic
def answer_review(*, review_id: UUID, vendor_id: UUID | None, text: str) -> Review:
    """The vendor's public word on a review of its product; "" takes it back, and so may an admin (`vendor_id` None).
    Raises NotFound.
    """
    product, review = lock_review(review_id)
    if review.status != Status.APPROVED or vendor_id not in (None, product.vendor_id):
        raise NotFound
    review.set_answer(text)
    review.save(update_fields=["answer", "answered_at", "updated_at"])
    if vendor_id is None:
        record(action="catalog.review.remove_answer", subject_kind="review", subject_id=review_id, product=product.id)
    return review


def rate_again(product: Product) -> None:
    """Count the approved reviews of a locked product."""
    counts = product.reviews.filter(status=Status.APPROVED).values_list("rating").annotate(n=Count("id"))
    by_stars = dict(counts)
    histogram = [by_stars.get(stars, 0) for stars in range(1, 6)]
    if histogram == product.rating_histogram:
        return
    product.rate(histogram)
    product.save(update_fields=["rating_average", "rating_count", "rating_histogram", "updated_at"])
    cards.refresh([product.id], with_stock=False)


def lock_review(review_id: UUID) -> tuple[Product, Review]:
    """The product first, as everywhere. Raises NotFound."""
    product = Product.objects.filter(reviews__id=review_id).select_for_update(no_key=True, of=("self",)).first()
    review = Review.objects.filter(id=review_id).select_for_update(no_key=True).first()
    if product is None or review is None:
        raise NotFound
    return product, review


def lock_own(review_id: UUID, user_id: UUID) -> tuple[Product, Review]:
    product, review = lock_review(review_id)
    if review.user_id != user_id:
        raise NotFound
    return product, review


def settle(review: Review, product: Product, *, news: bool) -> None:
    """Save what was decided, count again, and tell of a review that can be read from now on."""
    review.save()
    rate_again(product)
    if news:
        publish(
            ReviewPublished(
                review_id=review.id,
                product_id=product.id,
                vendor_id=product.vendor_id,
                product_name=product.name,
                rating=review.rating,
            )
        )


def _start_over(review: Review, product: Product) -> None:
    """What was said against the text before is not said against this one."""
    review.flags.all().delete()
    review.open_flags = 0
    settle(review, product, news=False)
    _pass_without_moderator(review, product)


def _pass_without_moderator(review: Review, product: Product) -> None:
    if not settings.REVIEWS_NEED_APPROVAL and review.spam_score < settings.REVIEW_SPAM_SUSPECT:
        review.approve()
        settle(review, product, news=True)


def _look_for_spam(review: Review) -> None:
    text = f"{review.title}\n{review.comment}"
    review.text_digest = digest_of(text)
    others = Review.objects.exclude(id=review.id)
    copies = int(bool(review.text_digest) and others.filter(text_digest=review.text_digest).exists())
    recent = others.filter(user_id=review.user_id, created_at__gte=timezone.now() - RECENT).count()
    review.suspect(broken_rules(Suspect(text, copies, recent)))
