"""Reviews: read by all, written by buyers, answered by vendors."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog_service.actions import reviews as writing
from catalog_service.api.lists import (
    ANYBODY,
    PRIVATE,
    PUBLIC,
    PageQuery,
    ReadOnly,
    answer_page,
    page_of,
    parameters,
    read_query,
)
from catalog_service.models import Review, ReviewImage
from catalog_service.models.images import media_url
from catalog_service.queries import reviews as reading
from shared.auth import CATALOGUE, Caller, IsSignedIn, caller_of, roles
from shared.errors import Invalid, Unauthenticated
from shared.http import LineField, Shape, TextField, created, read
from shared.idempotency import idempotent

ORDERINGS = ["newest", "oldest", "highest", "lowest", "helpful"]


class ProductReviewQuery(PageQuery):
    rating = serializers.IntegerField(min_value=1, max_value=5, required=False)
    verified = serializers.BooleanField(required=False)
    answered = serializers.BooleanField(required=False, help_text="By the vendor.")
    with_images = serializers.BooleanField(required=False)
    ordering = serializers.ChoiceField(ORDERINGS, required=False, default="newest")


class ReviewQuery(ProductReviewQuery):
    product = serializers.CharField(required=False, max_length=240, help_text="Id or slug.")
    vendor = serializers.CharField(required=False, max_length=220, help_text="Slug or id, or `me`.")
    mine = serializers.BooleanField(required=False, default=False, help_text="The caller's own, in every status.")


class ReviewFields(Shape):
    rating = serializers.IntegerField(min_value=1, max_value=5)
    title = LineField(max_length=150, required=False, allow_blank=True)
    comment = TextField(max_length=5_000, required=False, allow_blank=True)


class NewReview(ReviewFields):
    product = serializers.CharField(max_length=240, help_text="Id or slug.")


class ReviewImageUpload(Shape):
    image = serializers.FileField(help_text="JPEG, PNG or WebP; it is encoded anew.")

    def validate_image(self, upload: UploadedFile) -> UploadedFile:
        if (upload.size or 0) > settings.IMAGE_MAX_BYTES:
            raise serializers.ValidationError(f"At most {settings.IMAGE_MAX_BYTES} bytes.")
        return upload


class Vote(Shape):
    helpful = serializers.BooleanField()


class Answer(Shape):
    text = TextField(max_length=2_000)


class ReviewImageShape(Shape):
    id = serializers.UUIDField()
    url = serializers.URLField()
    thumbnail = serializers.URLField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()


class AnswerShape(Shape):
    text = serializers.CharField()
    vendor_id = serializers.UUIDField()
    vendor_name = serializers.CharField()
    answered_at = serializers.DateTimeField()


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
    images = ReviewImageShape(many=True)
    answer = AnswerShape(allow_null=True)
    created_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)
    rejection_reason = serializers.CharField(required=False, help_text="Only for its author.")


def image_body(image: ReviewImage) -> dict[str, Any]:
    return {
        "id": str(image.id),
        "url": media_url(image.file),
        "thumbnail": media_url(image.thumbnail),
        "width": image.width,
        "height": image.height,
    }


def review_body(review: Review, *, for_author: bool = False) -> dict[str, Any]:
    body = {
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
        "images": [image_body(image) for image in sorted(review.images.all(), key=lambda image: image.id)],
        "answer": _answer_body(review),
        "created_at": review.created_at,
        "edited_at": review.edited_at,
    }
    return body | ({"rejection_reason": review.rejection_reason} if for_author else {})


def _answer_body(review: Review) -> dict[str, Any] | None:
    if review.answered_at is None:
        return None
    vendor = review.product.vendor
    return {
        "text": review.answer,
        "vendor_id": str(vendor.id),
        "vendor_name": vendor.name,
        "answered_at": review.answered_at,
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
    def get(self, request: Request) -> Response:
        """The approved ones of all products, or of one `product` or `vendor`. `mine`: the caller's own, in every
        status; `vendor=me`: those of the caller's products.
        """
        query = read_query(ReviewQuery, request)
        mine, personal = query.pop("mine"), query.get("vendor") == "me"
        if mine:
            query["author"] = _caller(request).id
        if personal:
            query["vendor"] = str(_vendor_of(_caller(request)))
        headers = PRIVATE if mine or personal else PUBLIC
        return _answer_list(request, query, headers, for_author=mine)

    @extend_schema(request=NewReview, responses={201: ReviewShape}, tags=["reviews"], operation_id="review_write")
    @idempotent()
    def post(self, request: Request) -> Response:
        """As on the product's path, with the `product` in the body."""
        given = read(NewReview, request.data)
        return _write(request, given.pop("product"), given)


class ProductReviews(APIView):
    permission_classes = (ReadOnly | IsSignedIn,)

    @extend_schema(
        parameters=parameters(ProductReviewQuery),
        responses=page_of(ReviewShape),
        auth=ANYBODY,
        tags=["reviews"],
        operation_id="product_reviews",
    )
    def get(self, request: Request, product: str) -> Response:
        """The approved ones, newest first."""
        return _answer_list(request, {**read_query(ProductReviewQuery, request), "product": product}, PUBLIC)

    @extend_schema(request=ReviewFields, responses={201: ReviewShape}, tags=["reviews"], operation_id="review_create")
    @idempotent()
    def post(self, request: Request, product: str) -> Response:
        """One per user and product (409 `already_reviewed`); others read it once an admin has approved it."""
        return _write(request, product, read(ReviewFields, request.data))


class ReviewDetail(APIView):
    permission_classes = (ReadOnly | IsSignedIn,)

    @extend_schema(responses=ReviewShape, auth=ANYBODY, tags=["reviews"], operation_id="review")
    def get(self, request: Request, review: UUID) -> Response:
        """An approved one, or one's own."""
        caller: object = request.user
        reader = caller.id if isinstance(caller, Caller) else None
        row = reading.find_review(review, reader_id=reader)
        own = row.user_id == reader
        return Response(review_body(row, for_author=own), headers=PRIVATE if own else PUBLIC)

    @extend_schema(request=ReviewFields, responses=ReviewShape, tags=["reviews"], operation_id="review_edit")
    @idempotent()
    def patch(self, request: Request, review: UUID) -> Response:
        """One's own. What was changed waits for approval again."""
        return self._edit(request, review, read(ReviewFields, request.data, partial=True))

    @extend_schema(request=ReviewFields, responses=ReviewShape, tags=["reviews"], operation_id="review_put")
    @idempotent()
    def put(self, request: Request, review: UUID) -> Response:
        """The whole text: what is left out becomes empty."""
        return self._edit(request, review, {"title": "", "comment": "", **read(ReviewFields, request.data)})

    @extend_schema(request=None, responses={204: None}, tags=["reviews"], operation_id="review_delete")
    @idempotent()
    def delete(self, request: Request, review: UUID) -> Response:
        """One's own, for good; then another may be written."""
        writing.delete_review(review_id=review, user_id=caller_of(request).id)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @staticmethod
    def _edit(request: Request, review: UUID, changes: dict[str, Any]) -> Response:
        row = writing.edit_review(review_id=review, user_id=caller_of(request).id, changes=changes)
        return Response(review_body(row, for_author=True))


class ReviewImages(APIView):
    permission_classes = (IsSignedIn,)
    parser_classes = (MultiPartParser,)

    @extend_schema(
        request={"multipart/form-data": ReviewImageUpload},
        responses={201: ReviewImageShape},
        tags=["reviews"],
        operation_id="review_image_create",
    )
    @idempotent()
    def post(self, request: Request, review: UUID) -> Response:
        """Up to five of one's own review, which then waits for approval again."""
        upload = read(ReviewImageUpload, request.data)["image"]
        image = writing.add_review_image(review_id=review, user_id=caller_of(request).id, upload=upload)
        return created(image_body(image), f"/api/v1/reviews/{review}")


class ReviewImageDetail(APIView):
    permission_classes = (IsSignedIn,)

    @extend_schema(request=None, responses={204: None}, tags=["reviews"], operation_id="review_image_delete")
    @idempotent()
    def delete(self, request: Request, review: UUID, image: UUID) -> Response:
        writing.remove_review_image(review_id=review, user_id=caller_of(request).id, image_id=image)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ReviewVotes(APIView):
    permission_classes = (IsSignedIn,)

    @extend_schema(request=Vote, responses=ReviewShape, tags=["reviews"], operation_id="review_vote")
    @idempotent()
    def post(self, request: Request, review: UUID) -> Response:
        """Was it helpful? A second vote replaces the first; one's own review is 409 `own_review`."""
        return self._vote(request, review, read(Vote, request.data)["helpful"])

    @extend_schema(request=None, responses={200: ReviewShape}, tags=["reviews"], operation_id="review_unvote")
    @idempotent()
    def delete(self, request: Request, review: UUID) -> Response:
        """Take the vote back."""
        return self._vote(request, review, None)

    @staticmethod
    def _vote(request: Request, review: UUID, helpful: bool | None) -> Response:
        caller = caller_of(request)
        row = writing.vote(review_id=review, user_id=caller.id, vendor_id=caller.vendor_id, helpful=helpful)
        return Response(review_body(row))


class ReviewAnswer(APIView):
    def get_permissions(self) -> Any:
        return [
            roles("vendor", "admin", area=CATALOGUE)()
            if self.request.method == "DELETE"
            else roles("vendor", area=CATALOGUE)()
        ]

    @extend_schema(request=Answer, responses=ReviewShape, tags=["reviews"], operation_id="review_answer")
    @idempotent()
    def post(self, request: Request, review: UUID) -> Response:
        """The vendor's public answer to a review of its product; a second one replaces the first."""
        return self._answer(review, caller_of(request).vendor_id, read(Answer, request.data)["text"])

    @extend_schema(request=Answer, responses=ReviewShape, tags=["reviews"], operation_id="review_answer_put")
    @idempotent()
    def put(self, request: Request, review: UUID) -> Response:
        """The same as POST."""
        return self._answer(review, caller_of(request).vendor_id, read(Answer, request.data)["text"])

    @extend_schema(request=None, responses={200: ReviewShape}, tags=["reviews"], operation_id="review_answer_delete")
    @idempotent()
    def delete(self, request: Request, review: UUID) -> Response:
        """The vendor takes it back, or an admin takes it away."""
        caller = caller_of(request)
        return self._answer(review, None if caller.is_admin else caller.vendor_id, "")

    @staticmethod
    def _answer(review: UUID, vendor_id: UUID | None, text: str) -> Response:
        return Response(review_body(writing.answer_review(review_id=review, vendor_id=vendor_id, text=text)))


def _answer_list(
    request: Request, query: dict[str, Any], headers: dict[str, str], *, for_author: bool = False
) -> Response:
    cursor, limit, ordering = query.pop("cursor", None), query.pop("limit"), query.pop("ordering")
    page = reading.list_reviews(reading.ReviewFilters(**query), ordering=ordering, cursor=cursor, limit=limit)
    return answer_page(request, page, lambda row: review_body(row, for_author=for_author), headers)


def _write(request: Request, product: str, given: dict[str, Any]) -> Response:
    caller = caller_of(request)
    review = writing.write_review(product=product, user_id=caller.id, vendor_id=caller.vendor_id, **given)
    return created(review_body(review, for_author=True), f"/api/v1/reviews/{review.id}")


def _caller(request: Request) -> Caller:
    caller: object = request.user
    if not isinstance(caller, Caller):
        raise Unauthenticated("Sign in to see what is yours.")
    return caller


def _vendor_of(caller: Caller) -> UUID:
    if caller.vendor_id is None:
        raise Invalid({"vendor": ["You are no vendor."]})
    return caller.vendor_id
