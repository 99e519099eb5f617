"""What buyers think of products, who of them bought it here, who found that helpful, and who found it wrong.

    pending ──approve──► approved ──reject──► rejected
       ▲  └────reject─────────┼──────────────────▲
       └──── edited, or flagged by many ─┘

A flagged review stays to be read, and stands in the moderators' queue, until enough people have flagged it to hide it.
"""

from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from catalog_service.errors import AlreadyDecided
from catalog_service.models.products import Product
from catalog_service.models.spam import RULES
from shared.context import new_id


class ReviewQuerySet(models.QuerySet["Review"]):
    def public(self) -> Self:
        return self.filter(status=Review.Status.APPROVED)

    def flagged(self) -> Self:
        return self.filter(open_flags__gt=0)

    def waiting(self) -> Self:
        """The moderators' queue."""
        return self.filter(Q(status=Review.Status.PENDING) | Q(open_flags__gt=0))


class Review(models.Model):
    """`spam_rules` are the points of each rule that it broke (models/spam.py); `text_digest` finds copies."""

    class Status(models.TextChoices):
        PENDING = "pending"
        APPROVED = "approved"
        REJECTED = "rejected"

    id = models.UUIDField(primary_key=True, default=new_id)
    product = models.ForeignKey(Product, models.PROTECT, related_name="reviews")
    user_id = models.UUIDField()
    author = models.CharField(max_length=100, blank=True)
    rating = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=150, blank=True)
    comment = models.TextField(blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    rejection_reason = models.CharField(max_length=1_000, blank=True)
    verified_purchase = models.BooleanField(default=False)
    helpful = models.PositiveIntegerField(default=0)
    unhelpful = models.PositiveIntegerField(default=0)
    open_flags = models.PositiveIntegerField(default=0, db_default=0)
    spam_score = models.PositiveSmallIntegerField(default=0, db_default=0)
    spam_rules = models.JSONField(default=dict, db_default={})
    text_digest = models.CharField(max_length=64, blank=True, default="", db_default="")
    answer = models.TextField(blank=True, default="", db_default="")
    answered_at = models.DateTimeField(null=True)
    edited_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        db_table = "review"
        constraints = (
            models.UniqueConstraint(fields=["product", "user_id"], name="review_once"),
            models.CheckConstraint(condition=Q(rating__range=(1, 5)), name="review_rating_in_range"),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "approved", "rejected"]), name="review_status_known"
            ),
        )
        indexes = (
            models.Index(fields=["product", "status", "created_at", "id"], name="review_of_product_by_age"),
            models.Index(fields=["status", "created_at", "id"], name="review_of_status"),
            models.Index(fields=["user_id"], name="review_by_user"),
            models.Index(fields=["created_at", "id"], name="review_flagged", condition=Q(open_flags__gt=0)),
            models.Index(fields=["text_digest"], name="review_copies", condition=~Q(text_digest="")),
        )

    def __str__(self) -> str:
        return f"{self.rating}/5 for {self.product_id}"

    @property
    def spam(self) -> dict[str, Any]:
        """The score, and why."""
        why = {rule.name: rule.why for rule in RULES}
        rules = [{"rule": name, "points": points, "why": why.get(name, "")} for name, points in self.spam_rules.items()]
        return {"score": self.spam_score, "rules": rules}

    def suspect(self, broken: dict[str, int]) -> None:
        self.spam_rules, self.spam_score = broken, min(100, sum(broken.values()))

    def edit(self, **changes: Any) -> None:
        """Another text is another review: it waits to be judged again."""
        for name, value in changes.items():
            setattr(self, name, value)
        self.edited_at = timezone.now()
        self.reconsider()

    def reconsider(self) -> None:
        self.status, self.rejection_reason = self.Status.PENDING, ""

    def approve(self) -> None:
        """Raises AlreadyDecided when it is approved, and nobody has complained of it since."""
        self._decide(self.Status.APPROVED, "")

    def reject(self, reason: str) -> None:
        """Also takes back an approval. Raises AlreadyDecided when it is rejected already."""
        self._decide(self.Status.REJECTED, reason)

    def _decide(self, status: str, reason: str) -> None:
        if self.status == status and not self.open_flags:
            raise AlreadyDecided
        self.status, self.rejection_reason, self.open_flags = status, reason, 0

    def set_answer(self, text: str) -> None:
        """Of the vendor; "" takes it back."""
        self.answer, self.answered_at = text, timezone.now() if text else None


class ReviewImage(models.Model):
    """`file` and `thumbnail` are names in the media storage."""

    id = models.UUIDField(primary_key=True, default=new_id)
    review = models.ForeignKey(Review, models.CASCADE, related_name="images")
    file = models.CharField(max_length=120)
    thumbnail = models.CharField(max_length=120)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "review_image"
        indexes = (models.Index(fields=["file"], name="review_image_of_file"),)

    def __str__(self) -> str:
        return self.file

    @property
    def files(self) -> list[str]:
        return [self.file, self.thumbnail]


class ReviewVote(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id)
    review = models.ForeignKey(Review, models.CASCADE, related_name="votes")
    user_id = models.UUIDField()
    helpful = models.BooleanField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "review_vote"
        constraints = (models.UniqueConstraint(fields=["review", "user_id"], name="review_vote_once"),)

    def __str__(self) -> str:
        return "helpful" if self.helpful else "not helpful"


class ReviewFlag(models.Model):
    """Somebody says that a review should not be there. Open until a moderator decides, or its text changes."""

    class Reason(models.TextChoices):
        SPAM = "spam"
        OFFENSIVE = "offensive"
        OFF_TOPIC = "off_topic"
        FALSE = "false"
        PERSONAL_DATA = "personal_data"
        OTHER = "other"

    id = models.UUIDField(primary_key=True, default=new_id)
    review = models.ForeignKey(Review, models.CASCADE, related_name="flags")
    user_id = models.UUIDField()
    reason = models.CharField(max_length=16, choices=Reason)
    detail = models.CharField(max_length=500, blank=True)
    resolved_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "review_flag"
        constraints = (
            models.UniqueConstraint(fields=["review", "user_id"], name="review_flag_once"),
            models.CheckConstraint(
                condition=Q(reason__in=["spam", "offensive", "off_topic", "false", "personal_data", "other"]),
                name="review_flag_reason_known",
            ),
        )

    def __str__(self) -> str:
        return self.reason


class Purchase(models.Model):
    """Someone received a product: a projection of order's VendorOrderDelivered."""

    id = models.UUIDField(primary_key=True, default=new_id)
    user_id = models.UUIDField()
    product_id = models.UUIDField()
    order_id = models.UUIDField()
    delivered_at = models.DateTimeField()

    class Meta:
        db_table = "purchase"
        constraints = (models.UniqueConstraint(fields=["user_id", "product_id"], name="purchase_once"),)

    def __str__(self) -> str:
        return f"{self.user_id} has {self.product_id}"
