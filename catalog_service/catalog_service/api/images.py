"""Pictures of a product."""

from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog_service.actions import images as writing
from catalog_service.api.lists import ANYBODY, PRIVATE, PUBLIC, ReadOnly, scope_of, viewer_of
from catalog_service.api.products import ImageShape, image_body
from catalog_service.queries import products as reading
from shared.auth import CATALOGUE, roles
from shared.http import LineField, Shape, created, read
from shared.idempotency import idempotent


class ImageUpload(Shape):
    image = serializers.FileField(help_text="JPEG, PNG or WebP; it is encoded anew.")
    alt = LineField(max_length=300, required=False, allow_blank=True, default="")
    primary = serializers.BooleanField(required=False, default=False)

    def validate_image(self, upload: UploadedFile) -> UploadedFile:
        if (upload.size or 0) > settings.IMAGE_MAX_BYTES:
            raise serializers.ValidationError(f"At most {settings.IMAGE_MAX_BYTES} bytes.")
        return upload


class ImageFields(Shape):
    alt = LineField(max_length=300, required=False, allow_blank=True)
    primary = serializers.BooleanField(required=False)
    position = serializers.IntegerField(min_value=0, max_value=1_000, required=False, help_text="From 0.")


class ImageOrder(Shape):
    images = serializers.ListField(
        child=serializers.UUIDField(), max_length=writing.MAX_IMAGES, help_text="Every image, each once."
    )


class ImagesShape(Shape):
    results = ImageShape(many=True)


class Images(APIView):
    permission_classes = (ReadOnly | roles("vendor", "admin", area=CATALOGUE),)
    parser_classes = (MultiPartParser,)

    @extend_schema(responses=ImagesShape, auth=ANYBODY, tags=["images"], operation_id="images")
    def get(self, request: Request, product: str) -> Response:
        """All of them, in their order. What is not on sale is there for its vendor and admins only."""
        whole = reading.find_product(product, **viewer_of(request))
        body = {"results": [image_body(image) for image in whole.images]}
        return Response(body, headers=PUBLIC if whole.product.is_visible else PRIVATE)

    @extend_schema(
        request={"multipart/form-data": ImageUpload},
        responses={201: ImageShape},
        tags=["images"],
        operation_id="image_create",
    )
    @idempotent()
    def post(self, request: Request, product: str) -> Response:
        """`primary` makes it the one that lists show; a product's first image is so anyway. Thumbnails follow."""
        given = read(ImageUpload, request.data)
        image = writing.add_image(
            product=product,
            vendor_id=scope_of(request),
            upload=given["image"],
            alt=given["alt"],
            primary=given["primary"],
        )
        return created(image_body(image), f"/api/v1/products/{image.product_id}")


class ImagesOrder(APIView):
    permission_classes = (roles("vendor", "admin", area=CATALOGUE),)

    @extend_schema(request=ImageOrder, responses=ImagesShape, tags=["images"], operation_id="images_order")
    @idempotent()
    def put(self, request: Request, product: str) -> Response:
        wanted = read(ImageOrder, request.data)["images"]
        images = writing.order_images(product=product, vendor_id=scope_of(request), image_ids=wanted)
        return Response({"results": [image_body(image) for image in images]})


class ImageDetail(APIView):
    permission_classes = (roles("vendor", "admin", area=CATALOGUE),)

    @extend_schema(request=ImageFields, responses=ImageShape, tags=["images"], operation_id="image_edit")
    @idempotent()
    def patch(self, request: Request, product: str, image: UUID) -> Response:
        """`primary: true` takes it from the other; `position` moves the others out of the way."""
        changes = read(ImageFields, request.data)
        row = writing.edit_image(product=product, vendor_id=scope_of(request), image_id=image, changes=changes)
        return Response(image_body(row))

    @extend_schema(request=None, responses={204: None}, tags=["images"], operation_id="image_delete")
    @idempotent()
    def delete(self, request: Request, product: str, image: UUID) -> Response:
        writing.remove_image(product=product, vendor_id=scope_of(request), image_id=image)
        return Response(status=status.HTTP_204_NO_CONTENT)
