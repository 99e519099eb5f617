"""Reviews as moderators see them, and how they come to be looked at."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog_service.actions import moderation as judging
from catalog_service.api.lists import PageQuery, answer_page, page_of, parameters, read_query
from catalog_service.api.reviews import ORDERINGS, ReviewShape, review_body
from catalog_service.models import Review, ReviewFlag
from catalog_service.queries import reviews as reading
from shared.auth import IsSignedIn, caller_of, roles
from shared.http import LineField, Shape, TextField, created, read
from shared.idempotency import idempotent


class ModerationQuery(PageQuery):
    status = serializers.ChoiceField(
        [*Review.Status.values, "flagged", "waiting"],
        required=False,
        default="",
        help_text="`flagged`: with open complaints; `waiting`: pending or flagged.",
    )
    product = serializers.UUIDField(required=False)
    ordering = serializers.ChoiceField([*ORDERINGS, "spam"], required=False, default="newest")


class RejectReview(Shape):
    reason = TextField(max_length=1_000)


class Flag(Shape):
    reason = serializers.ChoiceField(ReviewFlag.Reason.choices)
    detail = LineField(max_length=500, required=False, allow_blank=True)


class FlagShape(Shape):
    review_id = serializers.UUIDField()
    reason = serializers.ChoiceField(ReviewFlag.Reason.choices)
    detail = serializers.CharField()
    created_at = serializers.DateTimeField()


class BrokenRuleShape(Shape):
    rule = serializers.CharField()
    points = serializers.IntegerField()
    why = serializers.CharField()


class SpamShape(Shape):
    score = serializers.IntegerField(help_text="0 to 100: the sum of the rules' points.")
    rules = BrokenRuleShape(many=True)


class ModeratedReviewShape(ReviewShape):
    user_id = serializers.UUIDField()
    product_name = serializers.CharField()
    rejection_reason = serializers.CharField()
    spam = SpamShape()
    open_flags = serializers.IntegerField()
    flags = serializers.DictField(child=serializers.IntegerField(), help_text="Reason → open complaints.")


def moderated_body(review: Review) -> dict[str, Any]:
    return {
        **review_body(review, for_author=True),
        "user_id": str(review.user_id),
        "product_name": review.product.name,
        "spam": review.spam,
        "open_flags": review.open_flags,
        "flags": reading.flags_by_reason(review),
    }


class ReviewFlags(APIView):
    permission_classes = (IsSignedIn,)

    @extend_schema(request=Flag, responses={201: FlagShape}, tags=["reviews"], operation_id="review_flag")
    @idempotent()
    def post(self, request: Request, review: UUID) -> Response:
        """This should not be here: a moderator looks at it again. Once a user, with one reason."""
        given = read(Flag, request.data)
        flag = judging.flag_review(review_id=review, user_id=caller_of(request).id, **given)
        body = {
            "review_id": str(review),
            "reason": flag.reason,
            "detail": flag.detail,
            "created_at": flag.created_at,
        }
        return created(body, f"/api/v1/reviews/{review}")


class AdminReviews(APIView):
    permission_classes = (roles("admin"),)

    @extend_schema(
        parameters=parameters(ModerationQuery),
        responses=page_of(ModeratedReviewShape),
        tags=["admin"],
        operation_id="admin_reviews",
    )
    def get(self, request: Request) -> Response:
        """`status=waiting` is the moderation queue: new, edited, and flagged ones; each with its score of spam."""
        query = read_query(ModerationQuery, request)
        page = reading.list_for_moderation(
            status=query["status"],
            ordering=query["ordering"],
            product=query.get("product"),
            cursor=query.get("cursor"),
            limit=query["limit"],
        )
        return answer_page(request, page, moderated_body)


class AdminReview(APIView):
    permission_classes = (roles("admin"),)

    @extend_schema(responses=ModeratedReviewShape, tags=["admin"], operation_id="admin_review")
    def get(self, request: Request, review: UUID) -> Response:
        return Response(_as_moderator(review))


class AdminReviewApprove(APIView):
    permission_classes = (roles("admin"),)

    @extend_schema(request=None, responses=ModeratedReviewShape, tags=["admin"], operation_id="admin_review_approve")
    @idempotent()
    def post(self, request: Request, review: UUID) -> Response:
        """Also closes the complaints about it."""
        judging.approve_review(review_id=review)
        return Response(_as_moderator(review))


class AdminReviewReject(APIView):
    permission_classes = (roles("admin"),)

    @extend_schema(
        request=RejectReview, responses=ModeratedReviewShape, tags=["admin"], operation_id="admin_review_reject"
    )
    @idempotent()
    def post(self, request: Request, review: UUID) -> Response:
        """Its author reads the reason. Takes back an approval, too."""
        judging.reject_review(review_id=review, reason=read(RejectReview, request.data)["reason"])
        return Response(_as_moderator(review))


def _as_moderator(review: UUID) -> dict[str, Any]:
    return moderated_body(reading.find_review(review, reader_id=None, is_admin=True))
