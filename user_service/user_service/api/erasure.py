"""What proves that an account's owner wants it erased."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shared.auth import IsSignedIn, caller_of
from shared.http import Shape
from shared.idempotency import idempotent
from user_service.actions import erasure
from user_service.api.auth import DoneShape, PasswordField
from user_service.api.two_factor import TwoFactorCodeField


class EraseIn(Shape):
    password = PasswordField(required=False)
    email_code = serializers.RegexField(
        r"^[0-9]{6}$", required=False, help_text="Instead of the password: from `users/me/erasure-code`."
    )
    code = TwoFactorCodeField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs.keys() & {"password", "email_code"}) != 1:
            raise serializers.ValidationError({"password": ["The password, or `email_code` instead of it."]})
        return attrs


class ErasureCodeView(APIView):
    permission_classes = [IsSignedIn]

    @extend_schema(
        operation_id="users_me_erasure_code",
        tags=["users"],
        summary="A code by mail, for erasing an account that has no password",
        request=None,
        responses={202: DoneShape},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        erasure.send_erasure_code(user_id=caller_of(request).id)
        return Response({"detail": "A code is on its way."}, status=202)
