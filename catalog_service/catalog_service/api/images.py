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
from catalog_service.api.lists import scope_of
from catalog_service.api.products import ImageShape, image_body
from shared.auth import roles
from shared.http import Shape, created, read
from shared.idempotency import idempotent


class ImageUpload(Shape):
    image = serializers.FileField(help_text="JPEG, PNG or WebP; it is encoded anew.")
    alt = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")
    primary = serializers.BooleanField(required=False, default=False)

    def validate_image(self, upload: UploadedFile) -> UploadedFile:
        if (upload.size or 0) > settings.IMAGE_MAX_BYTES:
            raise serializers.ValidationError(f"At most {settings.IMAGE_MAX_BYTES} bytes.")
        return upload


class Images(APIView):
    permission_classes = (roles("vendor", "admin"),)
    parser_classes = (MultiPartParser,)

    @extend_schema(
        request={"multipart/form-data": ImageUpload},
        responses={201: ImageShape},
        tags=["images"],
        operation_id="image_create",
    )
    @idempotent()
    def post(self, request: Request, product: str) -> Response:
        """`primary` makes it the one that lists show; a product's first image is so anyway."""
        given = read(ImageUpload, request.data)
        image = writing.add_image(
            product=product,
            vendor_id=scope_of(request),
            upload=given["image"],
            alt=given["alt"],
            primary=given["primary"],
        )
        return created(image_body(image), f"/api/v1/products/{image.product_id}")


class ImageDetail(APIView):
    permission_classes = (roles("vendor", "admin"),)

    @extend_schema(request=None, responses={204: None}, tags=["images"], operation_id="image_delete")
    @idempotent()
    def delete(self, request: Request, product: str, image: UUID) -> Response:
        writing.remove_image(product=product, vendor_id=scope_of(request), image_id=image)
        return Response(status=status.HTTP_204_NO_CONTENT)
