"""The logo and the banner of a shop's page."""

from typing import Any, ClassVar

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shared.auth import roles
from shared.http import Shape, read
from shared.idempotency import idempotent
from vendor_service.actions import store_pictures
from vendor_service.api.callers import vendor_of
from vendor_service.api.vendors import OwnVendorShape, own_body
from vendor_service.models.members import Right


class StorePictureIn(Shape):
    image = serializers.FileField(help_text="JPEG, PNG or WebP; it is encoded anew.")

    def validate_image(self, upload: UploadedFile) -> UploadedFile:
        if (upload.size or 0) > settings.STORE_PICTURE_MAX_BYTES:
            raise serializers.ValidationError(f"At most {settings.STORE_PICTURE_MAX_BYTES} bytes.")
        return upload


class _PictureView(APIView):
    permission_classes = [roles("vendor")]
    parser_classes = [MultiPartParser]
    place: ClassVar[store_pictures.Place]

    @idempotent()
    def put(self, request: Request) -> Response:
        vendor_id = vendor_of(request, Right.EDIT)
        upload = read(StorePictureIn, request.data)["image"]
        vendor = store_pictures.set_picture(vendor_id=vendor_id, place=self.place, upload=upload)
        return Response(own_body(vendor))

    @idempotent()
    def delete(self, request: Request) -> Response:
        store_pictures.remove_picture(vendor_id=vendor_of(request, Right.EDIT), place=self.place)
        return Response(status=204)


def _described(place: str) -> Any:
    """Both operations of one place, as OpenAPI shall name them."""
    setting = extend_schema(
        operation_id=f"vendors_me_{place}_set",
        tags=["vendors"],
        summary=f"Set the {place} of your shop",
        request={"multipart/form-data": StorePictureIn},
        responses=OwnVendorShape,
    )
    removing = extend_schema(
        operation_id=f"vendors_me_{place}_remove",
        tags=["vendors"],
        summary=f"Remove the {place} of your shop",
        request=None,
        responses={204: None},
    )
    return extend_schema_view(put=setting, delete=removing)


@_described("logo")
class LogoView(_PictureView):
    place = "logo"


@_described("banner")
class BannerView(_PictureView):
    place = "banner"
