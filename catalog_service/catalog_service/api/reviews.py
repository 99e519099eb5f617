"""Reviews: read by all, written by buyers, judged by admins."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog_service.actions import reviews as writing
from catalog_service.api.lists import (
    ANYBODY,
    PUBLIC,
    PageQuery,
    ReadOnly,
    answer_page,
    page_of,
    parameters,
    read_query,
)
from catalog_service.models import Review
from catalog_service.queries import reviews as reading
from shared.auth import IsSignedIn, caller_of, roles
from shared.http import Shape, created, read
from shared.idempotency import idempotent


class ReviewQuery(PageQuery):
    rating = serializers.IntegerField(min_value=1, max_value=5, required=False)


class ModerationQuery(PageQuery):
    status = serializers.ChoiceField(Review.Status.choices, required=False, default="")


class NewReview(Shape):
    rating = serializers.IntegerField(min_value=1, max_value=5)
    title = serializers.CharField(max_length=150, required=False, allow_blank=True)
    comment = serializers.CharField(max_length=5_000, required=False, allow_blank=True)


class RejectReview(Shape):
    reason = serializers.CharField(max_length=1_000, required=False, allow_blank=True, default="")


class Vote(Shape):
    helpful = serializers.BooleanField()


class ReviewShape(Shape):
    id = serializers.UUIDField()
    product_id = serializers.UUIDField()
    rating = serializers.IntegerField()
    title = serializers.CharField()
    comment = serializers.CharField()
    author = serializers.CharField(help_text="A first name where it is known.")
    verified_purchase = serializers.BooleanField()
    status = serializers.ChoiceField(Review.Status.choices)
    helpful = serializers.IntegerField()
    unhelpful = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class ModeratedReviewShape(ReviewShape):
    user_id = serializers.UUIDField()
    product_name = serializers.CharField()
    rejection_reason = serializers.CharField()


def review_body(review: Review) -> dict[str, Any]:
    return {
        "id": str(review.id),
        "product_id": str(review.product_id),
        "rating": review.rating,
        "title": review.title,
        "comment": review.comment,
        "author": review.author or ("Verified buyer" if review.verified_purchase else "Customer"),
        "verified_purchase": review.verified_purchase,
        "status": review.status,
        "helpful": review.helpful,
        "unhelpful": review.unhelpful,
        "created_at": review.created_at,
    }


def moderated_body(review: Review) -> dict[str, Any]:
    return {
        **review_body(review),
        "user_id": str(review.user_id),
        "product_name": review.product.name,
        "rejection_reason": review.rejection_reason,
    }


class Reviews(APIView):
    permission_classes = (ReadOnly | IsSignedIn,)

    @extend_schema(
        parameters=parameters(ReviewQuery),
        responses=page_of(ReviewShape),
        auth=ANYBODY,
        tags=["reviews"],
        operation_id="reviews",
    )
    def get(self, request: Request, product: str) -> Response:
        """The approved ones, newest first."""
        query = read_query(ReviewQuery, request)
        page = reading.list_reviews(
            product, rating=query.get("rating"), cursor=query.get("cursor"), limit=query["limit"]
        )
        return answer_page(request, page, review_body, PUBLIC)

    @extend_schema(request=NewReview, responses={201: ReviewShape}, tags=["reviews"], operation_id="review_create")
    @idempotent()
    def post(self, request: Request, product: str) -> Response:
        """One per user and product (409 `already_reviewed`); others read it once an admin has approved it."""
        given = read(NewReview, request.data)
        caller = caller_of(request)
        review = writing.write_review(product=product, user_id=caller.id, vendor_id=caller.vendor_id, **given)
        return created(review_body(review), f"/api/v1/products/{review.product_id}/reviews")


class ReviewVotes(APIView):
    permission_classes = (IsSignedIn,)

    @extend_schema(request=Vote, responses=ReviewShape, tags=["reviews"], operation_id="review_vote")
    @idempotent()
    def post(self, request: Request, review: UUID) -> Response:
        """Was it helpful? A second vote replaces the first."""
        helpful = read(Vote, request.data)["helpful"]
        caller = caller_of(request)
        row = writing.vote(review_id=review, user_id=caller.id, vendor_id=caller.vendor_id, helpful=helpful)
        return Response(review_body(row))


class AdminReviews(APIView):
    permission_classes = (roles("admin"),)

    @extend_schema(
        parameters=parameters(ModerationQuery),
        responses=page_of(ModeratedReviewShape),
        tags=["admin"],
        operation_id="admin_reviews",
    )
    def get(self, request: Request) -> Response:
        """`status=pending` is the moderation queue."""
        query = read_query(ModerationQuery, request)
        page = reading.list_for_moderation(status=query["status"], cursor=query.get("cursor"), limit=query["limit"])
        return answer_page(request, page, moderated_body)


class AdminReviewApprove(APIView):
    permission_classes = (roles("admin"),)

    @extend_schema(request=None, responses=ReviewShape, tags=["admin"], operation_id="admin_review_approve")
    @idempotent()
    def post(self, request: Request, review: UUID) -> Response:
        return Response(review_body(writing.approve_review(review_id=review)))


class AdminReviewReject(APIView):
    permission_classes = (roles("admin"),)

    @extend_schema(request=RejectReview, responses=ReviewShape, tags=["admin"], operation_id="admin_review_reject")
    @idempotent()
    def post(self, request: Request, review: UUID) -> Response:
        reason = read(RejectReview, request.data)["reason"]
        return Response(review_body(writing.reject_review(review_id=review, reason=reason)))
