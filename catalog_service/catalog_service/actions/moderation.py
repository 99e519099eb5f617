"""Judge reviews, and say that one should be judged again."""

from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from catalog_service.actions.reviews import lock_review, settle
from catalog_service.errors import AlreadyDecided, OwnReview
from catalog_service.models import Review, ReviewFlag
from shared.audit import record
from shared.errors import NotFound

Status = Review.Status


@transaction.atomic
def approve_review(*, review_id: UUID) -> Review:
    """Also closes what was flagged about it. Raises NotFound, AlreadyDecided."""
    product, review = lock_review(review_id)
    news = review.status != Status.APPROVED
    review.approve()
    _close_flags(review)
    settle(review, product, news=news)
    record(action="catalog.review.approve", subject_kind="review", subject_id=review_id, product=product.id)
    return review


@transaction.atomic
def reject_review(*, review_id: UUID, reason: str) -> Review:
    """Its author reads the reason. Raises NotFound, AlreadyDecided."""
    product, review = lock_review(review_id)
    review.reject(reason)
    _close_flags(review)
    settle(review, product, news=False)
    record(action="catalog.review.reject", subject_kind="review", subject_id=review_id, product=product.id)
    return review


@transaction.atomic
def flag_review(*, review_id: UUID, user_id: UUID, reason: str, detail: str = "") -> ReviewFlag:
    """Once a user; while it is open, another reason replaces the first. When REVIEW_FLAGS_TO_HIDE users have flagged a
    review, it is hidden until a moderator decides. Raises NotFound, OwnReview, AlreadyDecided.
    """
    product, review = lock_review(review_id)
    if review.status != Status.APPROVED:
        raise NotFound
    if review.user_id == user_id:
        raise OwnReview
    flag, _ = ReviewFlag.objects.get_or_create(review=review, user_id=user_id, defaults={"reason": reason})
    if flag.resolved_at:
        raise AlreadyDecided("A moderator has looked at this review since you flagged it.")
    flag.reason, flag.detail = reason, detail
    flag.save(update_fields=["reason", "detail"])
    review.open_flags = review.flags.filter(resolved_at=None).count()
    if 0 < settings.REVIEW_FLAGS_TO_HIDE <= review.open_flags:
        review.reconsider()
    settle(review, product, news=False)
    return flag


def _close_flags(review: Review) -> None:
    review.flags.filter(resolved_at=None).update(resolved_at=timezone.now())
