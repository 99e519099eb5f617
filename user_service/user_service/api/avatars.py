"""The caller's picture."""

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shared.auth import IsSignedIn, caller_of
from shared.http import Shape, read
from shared.idempotency import idempotent
from user_service.actions import avatars
from user_service.api.auth import UserShape, user_body


class AvatarIn(Shape):
    avatar = serializers.FileField(help_text="JPEG, PNG or WebP; it is encoded anew.")

    def validate_avatar(self, upload: UploadedFile) -> UploadedFile:
        if (upload.size or 0) > settings.AVATAR_MAX_BYTES:
            raise serializers.ValidationError(f"At most {settings.AVATAR_MAX_BYTES} bytes.")
        return upload


class AvatarView(APIView):
    permission_classes = [IsSignedIn]
    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="users_me_avatar_set",
        tags=["users"],
        summary="Set the own picture",
        request={"multipart/form-data": AvatarIn},
        responses=UserShape,
    )
    @idempotent()
    def put(self, request: Request) -> Response:
        upload = read(AvatarIn, request.data)["avatar"]
        return Response(user_body(avatars.set_avatar(user_id=caller_of(request).id, upload=upload)))

    @extend_schema(
        operation_id="users_me_avatar_remove",
        tags=["users"],
        summary="Remove the own picture",
        request=None,
        responses={204: None},
    )
    @idempotent()
    def delete(self, request: Request) -> Response:
        avatars.remove_avatar(user_id=caller_of(request).id)
        return Response(status=204)
