"""Proving a phone by a code in a text message."""

import re
from typing import Any

import phonenumbers
from drf_spectacular.utils import extend_schema
from phonenumbers import PhoneNumberType
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shared.auth import IsSignedIn, caller_of
from shared.http import Shape, read
from shared.idempotency import idempotent
from user_service.actions import phones
from user_service.api.auth import DoneShape, UserShape, user_body

_WRITTEN = re.compile(r"\+[0-9][0-9 ().-]{5,30}")
_NOBODYS = {
    PhoneNumberType.PREMIUM_RATE,
    PhoneNumberType.SHARED_COST,
    PhoneNumberType.TOLL_FREE,
    PhoneNumberType.PAGER,
    PhoneNumberType.UAN,
    PhoneNumberType.VOICEMAIL,
}
"""Kinds of numbers that no person reads messages at; the first two are how messages are turned into money."""


class PhoneField(serializers.CharField):
    """An international number that exists in its country's plan; validated data is E.164: `+14155552671`."""

    default_error_messages = {"phone": "An international phone number, such as +14155552671."}

    def __init__(self) -> None:
        super().__init__(max_length=32, help_text="International; spaces, dots, hyphens and brackets are ignored.")

    def to_internal_value(self, data: Any) -> str:
        written = super().to_internal_value(data)
        try:
            number = phonenumbers.parse(written) if _WRITTEN.fullmatch(written) else None
        except phonenumbers.NumberParseException:
            number = None
        if not number or not phonenumbers.is_valid_number(number) or phonenumbers.number_type(number) in _NOBODYS:
            self.fail("phone")
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


class PhoneIn(Shape):
    phone = PhoneField()


class PhoneCodeIn(PhoneIn):
    code = serializers.RegexField(r"^[0-9]{6}$")


class PhoneSendView(APIView):
    permission_classes = [IsSignedIn]

    @extend_schema(
        operation_id="auth_phone_send",
        tags=["auth"],
        summary="A code to this phone, as a text message",
        request=PhoneIn,
        responses={202: DoneShape},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        phones.send_phone_code(user_id=caller_of(request).id, **read(PhoneIn, request.data))
        return Response({"detail": "A code is on its way."}, status=202)


class PhoneVerifyView(APIView):
    permission_classes = [IsSignedIn]

    @extend_schema(
        operation_id="auth_phone_verify",
        tags=["auth"],
        summary="Prove the phone with its code; it is the account's from now on",
        request=PhoneCodeIn,
        responses=UserShape,
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        user = phones.verify_phone(user_id=caller_of(request).id, **read(PhoneCodeIn, request.data))
        return Response(user_body(user))


class PhoneView(APIView):
    permission_classes = [IsSignedIn]

    @extend_schema(
        operation_id="users_me_phone_remove",
        tags=["users"],
        summary="Remove the own phone",
        request=None,
        responses={204: None},
    )
    @idempotent()
    def delete(self, request: Request) -> Response:
        phones.remove_phone(user_id=caller_of(request).id)
        return Response(status=204)
