"""The simulated text message service: as much of Twilio's REST API as clients/sms.py asks. Never routed by NGINX."""

import base64
import hmac
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from django.conf import settings
from django.http import QueryDict
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import FormParser
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from notification_service.actions import simulator
from shared.http import Shape

INVALID_TO, INVALID_FROM, NO_BODY, WRONG_CREDENTIALS = 21211, 21212, 21602, 20003
_PHONE = r"^\+[1-9][0-9]{6,14}$"


class MessageIn(Shape):
    To = serializers.RegexField(_PHONE)
    From = serializers.RegexField(_PHONE)
    Body = serializers.CharField(max_length=1_600)


_CODES = {"To": INVALID_TO, "From": INVALID_FROM}


class MessagesView(APIView):
    authentication_classes: list[type] = []
    permission_classes = [AllowAny]
    parser_classes = [FormParser]

    @extend_schema(exclude=True)
    def post(self, request: Request, account: str) -> Response:
        if account != settings.SMS_ACCOUNT or not _is_known(request):
            return _refusal(401, WRONG_CREDENTIALS, "Authenticate")
        assert isinstance(request.data, QueryDict)
        form = MessageIn(data=request.data.dict())
        if not form.is_valid():
            wrong = min(form.errors)
            return _refusal(400, _CODES.get(wrong, NO_BODY), f"The '{wrong}' is not valid.")
        return Response(_created(account, form.validated_data), status=201)


def _is_known(request: Request) -> bool:
    pair = f"{settings.SMS_ACCOUNT}:{settings.SMS_TOKEN}".encode()
    expected = b"Basic " + base64.b64encode(pair)
    return hmac.compare_digest(request.headers.get("Authorization", "").encode(), expected)


def _created(account: str, message: dict[str, str]) -> dict[str, Any]:
    sid = simulator.take_sms(to=message["To"], sender=message["From"], body=message["Body"])
    return {
        "sid": sid,
        "account_sid": account,
        "status": "queued",
        "error_code": None,
        "error_message": None,
        "to": message["To"],
        "from": message["From"],
        "body": message["Body"],
        "num_segments": "1",
        "direction": "outbound-api",
        "date_created": format_datetime(datetime.now(UTC)),
        "uri": f"/2010-04-01/Accounts/{account}/Messages/{sid}.json",
    }


def _refusal(status: int, code: int, message: str) -> Response:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return Response({"code": code, "message": message, "more_info": more, "status": status}, status=status)
