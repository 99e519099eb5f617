"""The second factor. What answers a secret is not kept for `Idempotency-Key`."""

import segno
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shared.auth import IsSignedIn
from shared.http import Shape, read
from shared.idempotency import NOT_KEPT, idempotent
from user_service.actions import two_factor
from user_service.api.auth import (
    NO_STORE,
    PasswordField,
    SignedInShape,
    caller,
    client_address,
    signed_in_answer,
    user_agent_of,
)
from user_service.models import TwoFactor

SIGNED_IN: list[type[BasePermission]] = [IsSignedIn]


class TwoFactorSetupShape(Shape):
    secret = serializers.CharField(help_text="Base32, for typing in.")
    provisioning_uri = serializers.CharField(help_text="`otpauth://…`, for authenticators on this device.")
    qr_code = serializers.CharField(help_text="The same as a picture: SVG as a `data:` URI, for the `src` of an image.")


def setup_body(factor: TwoFactor) -> dict[str, str]:
    uri = factor.provisioning_uri()
    picture = segno.make(uri, micro=False).svg_data_uri(scale=4, light="white")
    return {"secret": factor.secret, "provisioning_uri": uri, "qr_code": picture}


class TwoFactorSetupView(APIView):
    permission_classes = SIGNED_IN

    @extend_schema(
        operation_id="two_factor_setup",
        tags=["auth"],
        summary="A secret for an authenticator; in use once it is confirmed",
        request=None,
        responses=TwoFactorSetupShape,
        extensions=NOT_KEPT,
    )
    def post(self, request: Request) -> Response:
        return Response(setup_body(two_factor.set_up(user_id=caller(request).id)), headers=NO_STORE)


class TwoFactorCodeField(serializers.CharField):
    """Six digits of the authenticator, or a recovery code; blanks do not count."""

    def __init__(self, *, required: bool = True) -> None:
        super().__init__(max_length=40, required=required)

    def to_internal_value(self, data: str) -> str:
        return "".join(super().to_internal_value(data).split())


class TwoFactorConfirmIn(Shape):
    code = TwoFactorCodeField()


class RecoveryCodesShape(Shape):
    recovery_codes = serializers.ListField(child=serializers.CharField())


class TwoFactorConfirmView(APIView):
    permission_classes = SIGNED_IN

    @extend_schema(
        operation_id="two_factor_confirm",
        tags=["auth"],
        summary="Turn the second factor on; answers the recovery codes once, other sessions end",
        request=TwoFactorConfirmIn,
        responses=RecoveryCodesShape,
        extensions=NOT_KEPT,
    )
    def post(self, request: Request) -> Response:
        me = caller(request)
        codes = two_factor.confirm(
            user_id=me.id,
            session_id=me.session_id,
            address=client_address(request),
            **read(TwoFactorConfirmIn, request.data),
        )
        return Response({"recovery_codes": codes}, headers=NO_STORE)


class StepUpIn(TwoFactorConfirmIn):
    password = PasswordField()


class RecoveryCodesView(APIView):
    permission_classes = SIGNED_IN

    @extend_schema(
        operation_id="two_factor_recovery_codes",
        tags=["auth"],
        summary="Ten new recovery codes, with the password and a code; those before are void",
        request=StepUpIn,
        responses=RecoveryCodesShape,
        extensions=NOT_KEPT,
    )
    def post(self, request: Request) -> Response:
        codes = two_factor.renew_recovery_codes(
            user_id=caller(request).id, address=client_address(request), **read(StepUpIn, request.data)
        )
        return Response({"recovery_codes": codes}, headers=NO_STORE)


class TwoFactorDisableView(APIView):
    permission_classes = SIGNED_IN

    @extend_schema(
        operation_id="two_factor_disable",
        tags=["auth"],
        summary="Turn the second factor off, with the password and a code; other sessions end",
        request=StepUpIn,
        responses={204: None},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        me = caller(request)
        two_factor.disable(
            user_id=me.id, session_id=me.session_id, address=client_address(request), **read(StepUpIn, request.data)
        )
        return Response(status=204)


class TwoFactorChallengeIn(TwoFactorConfirmIn):
    challenge = serializers.CharField(max_length=100)


class TwoFactorChallengeView(APIView):
    authentication_classes = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="two_factor_challenge",
        tags=["auth"],
        summary="Finish a login that was answered with a challenge",
        request=TwoFactorChallengeIn,
        responses=SignedInShape,
        extensions=NOT_KEPT,
    )
    def post(self, request: Request) -> Response:
        signed_in = two_factor.answer_challenge(
            address=client_address(request),
            user_agent=user_agent_of(request),
            **read(TwoFactorChallengeIn, request.data),
        )
        return signed_in_answer(signed_in)
