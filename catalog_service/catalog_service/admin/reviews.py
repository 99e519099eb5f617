"""What buyers think."""

from django.contrib import admin

from catalog_service.actions import moderation
from catalog_service.models import (
    Purchase,
    Review,
    ReviewFlag,
    ReviewVote,
)
from shared.admin import Records, operation
from shared.auth import Caller


@operation("Approve")
def approve_review(review: Review, by: Caller, reason: str) -> None:
    moderation.approve_review(review_id=review.id)


@operation("Reject", needs_reason=True)
def reject_review(review: Review, by: Caller, reason: str) -> None:
    moderation.reject_review(review_id=review.id, reason=reason)


@admin.register(Review)
class Reviews(Records):
    list_display = ("created_at", "product", "rating", "title", "status", "open_flags", "spam_score", "user_id")
    list_filter = ("status", "rating", "verified_purchase", "created_at")
    list_select_related = ("product",)
    search_ids = ("id", "product_id", "user_id")
    search_fields = ("product__slug__exact",)
    search_help_text = "Review, product or author by id; the product's slug."
    ordering = ("-id",)
    actions = (approve_review, reject_review)


@admin.register(ReviewFlag)
class ReviewFlags(Records):
    list_display = ("created_at", "review", "reason", "detail", "user_id", "resolved_at")
    list_filter = (("resolved_at", admin.EmptyFieldListFilter), "reason", "created_at")
    list_select_related = ("review",)
    search_ids = ("id", "review_id", "user_id")
    search_fields = ("pk__exact",)
    search_help_text = "Review or who flagged it by id."
    ordering = ("-id",)


@admin.register(ReviewVote)
class ReviewVotes(Records):
    list_display = ("created_at", "review", "user_id", "helpful")
    list_filter = ("helpful", "created_at")
    list_select_related = ("review",)
    search_ids = ("id", "review_id", "user_id")
    search_fields = ("pk__exact",)
    search_help_text = "Review or voter by id."
    ordering = ("-id",)


@admin.register(Purchase)
class Purchases(Records):
    list_display = ("delivered_at", "user_id", "product_id", "order_id")
    list_filter = ("delivered_at",)
    search_ids = ("id", "user_id", "product_id", "order_id")
    search_help_text = "User, product or order by id."
    ordering = ("-id",)
