"""What buyers think of products, who of them bought it here, and who found that helpful."""

from django.db import models
from django.db.models import Q

from catalog_service.errors import AlreadyDecided
from catalog_service.models.products import Product
from shared.context import new_id


class Review(models.Model):
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
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

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
        )

    def __str__(self) -> str:
        return f"{self.rating}/5 for {self.product_id}"

    def approve(self) -> None:
        """Raises AlreadyDecided when it is approved already."""
        self._decide(self.Status.APPROVED, "")

    def reject(self, reason: str) -> None:
        """Also takes back an approval. Raises AlreadyDecided when it is rejected already."""
        self._decide(self.Status.REJECTED, reason)

    def _decide(self, status: str, reason: str) -> None:
        if self.status == status:
            raise AlreadyDecided
        self.status, self.rejection_reason = status, reason


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
