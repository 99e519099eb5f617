"""The simulated provider's side: its API, which only this service's own client calls, and its hosted page."""

import hmac
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from payment_service.actions import simulator
from payment_service.errors import BadApiKey, IllegalMove
from payment_service.models import SimulatedCharge, SimulatedTransfer
from payment_service.queries.payments import simulated_charge
from payment_service.queries.simulated_records import page_of_records
from shared.errors import Invalid, NotFound, Unavailable
from shared.http import Shape, read
from shared.money import MAX_MINOR, Money

PAGE = "payment_service/simulator.html"


class ChargeIn(Shape):
    minor = serializers.IntegerField(min_value=1, max_value=MAX_MINOR)
    currency = serializers.RegexField(r"^[A-Z]{3}$")
    token = serializers.CharField(max_length=200, allow_blank=True)
    description = serializers.CharField(max_length=200, allow_blank=True)
    expires_at = serializers.DateTimeField()


class TransferIn(Shape):
    charge = serializers.UUIDField(required=False)
    recipient = serializers.UUIDField(required=False)
    minor = serializers.IntegerField(min_value=1, max_value=MAX_MINOR)
    currency = serializers.RegexField(r"^[A-Z]{3}$")


class _Api(APIView):
    """Called with the merchant's API key; never routed by NGINX."""

    authentication_classes: list[type] = []
    permission_classes = [AllowAny]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {settings.SIMULATOR_API_KEY}".encode()):
            raise BadApiKey()


def _key(request: Request) -> str:
    key = request.headers.get("Idempotency-Key", "")
    if not 1 <= len(key) <= 200:
        raise Invalid({"Idempotency-Key": ["This header is required."]})
    return key


def _charge(charge: SimulatedCharge) -> Response:
    url = f"{settings.PUBLIC_URL}/simulator/pay/{charge.id}"
    return Response(
        {
            "id": str(charge.id),
            "status": charge.status,
            "minor": charge.minor,
            "currency": charge.currency,
            "decline_code": charge.decline_code,
            "url": url if charge.status == SimulatedCharge.Status.REQUIRES_ACTION else "",
        }
    )


class ChargesView(_Api):
    def post(self, request: Request) -> Response:
        charge = simulator.charge(key=_key(request), **read(ChargeIn, request.data))
        if charge.answer_is_lost:
            raise Unavailable("The first answer about this token is always lost.")
        return _charge(charge)


class ChargeView(_Api):
    def get(self, request: Request, charge: UUID) -> Response:
        return _charge(simulated_charge(charge))


class CancellationsView(_Api):
    def post(self, request: Request) -> Response:
        return _charge(simulator.cancel(key=_key(request)))


def _transfer(transfer: SimulatedTransfer) -> Response:
    return Response({"id": str(transfer.id), "status": transfer.status, "reason": transfer.reason})


class RefundsView(_Api):
    def post(self, request: Request) -> Response:
        body = read(TransferIn, request.data)
        if "charge" not in body:
            raise Invalid({"charge": ["This field is required."]})
        money = {"minor": body["minor"], "currency": body["currency"]}
        return _transfer(simulator.refund(key=_key(request), charge_id=body["charge"], **money))


class PayoutsView(_Api):
    def post(self, request: Request) -> Response:
        body = read(TransferIn, request.data)
        return _transfer(simulator.pay_out(key=_key(request), minor=body["minor"], currency=body["currency"]))


class RecordsIn(Shape):
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    after = serializers.RegexField(
        r"^((charge|transfer):([0-9a-f-]{36})?)?$", required=False, allow_blank=True, default=""
    )


class RecordsView(_Api):
    def get(self, request: Request) -> Response:
        try:
            records, following = page_of_records(**read(RecordsIn, request.query_params.dict()))
        except ValueError:
            raise Invalid({"after": ["This is none of this list's."]}) from None
        return Response({"records": records, "next": following})


# ── The hosted page ──────────────────────────────────────────────────────────────────────────────────────────────────


@method_decorator(csrf_exempt, name="dispatch")
class HostedPage(View):
    """Where the buyer decides. Who knows the unguessable id may; there is no session that could be abused."""

    def get(self, request: HttpRequest, charge: UUID) -> HttpResponse:
        return self._page(request, charge)

    def post(self, request: HttpRequest, charge: UUID) -> HttpResponse:
        decision = request.POST.get("decision")
        if decision not in {"pay", "decline"}:
            return self._page(request, charge, "Choose to pay or to decline.", 400)
        try:
            simulator.decide(charge_id=charge, pays=decision == "pay")
        except IllegalMove as error:
            return self._page(request, charge, error.detail, 409)
        except NotFound:
            pass
        return self._page(request, charge)

    def _page(self, request: HttpRequest, charge_id: UUID, problem: str = "", status: int = 200) -> HttpResponse:
        try:
            charge = simulated_charge(charge_id)
        except NotFound:
            return render(request, PAGE, {"problem": "There is no such payment."}, status=404)
        shown = {"charge": charge, "amount": Money(charge.minor, charge.currency), "problem": problem}
        return render(request, PAGE, shown, status=status)
