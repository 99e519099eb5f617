"""Payments and refunds, the methods to pay with, and the providers' webhooks."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from payment_service.actions import refunds, webhooks
from payment_service.actions.providers import PROVIDERS, currencies_of
from payment_service.models import Payment, Refund
from payment_service.queries import payments as payment_queries
from shared.auth import IsSignedIn, caller_of, roles
from shared.http import LineField, MoneyShape, Shape, created, read
from shared.idempotency import MUST_BE_GIVEN, idempotent
from shared.money import Money
from shared.pagination import Cursor


class RefundShape(Shape):
    id = serializers.UUIDField()
    amount = MoneyShape()
    store_credit = MoneyShape(help_text="What of the amount becomes store credit again.")
    status = serializers.ChoiceField(choices=Refund.Status.choices)
    reason = serializers.CharField()
    return_id = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()


class CryptoDueShape(Shape):
    chain_id = serializers.IntegerField()
    address = serializers.CharField(help_text="Of this payment alone; with the checksum of EIP-55.")
    symbol = serializers.CharField()
    token = serializers.CharField(allow_blank=True, help_text="The token's contract; empty for the chain's coin.")
    expected = serializers.CharField()
    amount = serializers.CharField(help_text="What is missing.")
    seen = serializers.CharField(help_text="What has come and is not confirmed.")
    confirmations = serializers.IntegerField(help_text="Blocks until it is.")
    uri = serializers.CharField(allow_blank=True, help_text="EIP-681, for wallets.")


class NextActionShape(Shape):
    kind = serializers.CharField()
    url = serializers.URLField()
    expires_at = serializers.DateTimeField()
    crypto = CryptoDueShape(allow_null=True, required=False, help_text="What is to be sent on a chain.")


class PaymentShape(Shape):
    id = serializers.UUIDField()
    order_id = serializers.UUIDField()
    order_number = serializers.CharField()
    status = serializers.ChoiceField(choices=Payment.Status.choices)
    reason = serializers.CharField(allow_blank=True)
    method = serializers.CharField()
    amount = MoneyShape()
    store_credit = MoneyShape(help_text="What of the amount is the buyer's store credit; the provider takes the rest.")
    refunded = MoneyShape()
    refunds = RefundShape(many=True)
    next_action = NextActionShape(allow_null=True)
    created_at = serializers.DateTimeField()
    taken_at = serializers.DateTimeField(allow_null=True)


def refund_body(refund: Refund) -> dict[str, Any]:
    return {
        "id": refund.id,
        "amount": refund.amount.as_json(),
        "store_credit": Money(refund.credit, refund.currency).as_json(),
        "status": refund.status,
        "reason": refund.reason,
        "return_id": refund.return_id,
        "created_at": refund.created_at,
    }


def payment_body(payment: Payment) -> dict[str, Any]:
    """`refunded` is what has gone back or is on its way."""
    return {
        "id": payment.id,
        "order_id": payment.order_id,
        "order_number": payment.order_number,
        "status": payment.status,
        "reason": payment.reason,
        "method": payment.method,
        "amount": payment.amount.as_json(),
        "store_credit": Money(payment.credit, payment.currency).as_json(),
        "refunded": Money(payment.refunded, payment.currency).as_json(),
        "refunds": [refund_body(refund) for refund in payment.refunds.all()],
        "next_action": payment.next_action,
        "created_at": payment.created_at,
        "taken_at": payment.taken_at,
    }


def _scope(request: Request) -> UUID | None:
    """Whose payments the caller may see; None: all."""
    caller = caller_of(request)
    return None if caller.roles & {"admin", "support"} else caller.id


class PaymentPage(Cursor):
    ordering = "-id"


class PaymentsView(APIView):
    permission_classes = [IsSignedIn]

    @extend_schema(
        operation_id="payments_list",
        tags=["payments"],
        summary="Own payments, newest first; an admin's: all",
        responses=PaymentShape(many=True),
    )
    def get(self, request: Request) -> Response:
        page = PaymentPage()
        rows = page.paginate_queryset(payment_queries.payments_of(_scope(request)), request, view=self)
        return page.get_paginated_response([payment_body(payment) for payment in rows or []])


class PaymentView(APIView):
    permission_classes = [IsSignedIn]

    @extend_schema(
        operation_id="payments_read",
        tags=["payments"],
        summary="One payment with its refunds",
        responses=PaymentShape,
    )
    def get(self, request: Request, payment: UUID) -> Response:
        return Response(payment_body(payment_queries.payment_for(payment, user_id=_scope(request))))


class RefundIn(Shape):
    amount = MoneyShape(required=False, help_text="All that is left, if absent.")
    reason = LineField(max_length=200)

    def validate_amount(self, amount: Money) -> Money:
        if amount.minor <= 0:
            raise serializers.ValidationError("Must be more than zero.")
        return amount


class RefundsView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="payments_refund",
        tags=["payments"],
        summary="Give back all or some of a payment",
        request=RefundIn,
        responses={201: RefundShape},
        extensions=MUST_BE_GIVEN,
    )
    @idempotent(required=True)
    def post(self, request: Request, payment: UUID) -> Response:
        body = read(RefundIn, request.data)
        refund = refunds.start_refund(payment_id=payment, amount=body.get("amount"), reason=body["reason"])
        return created(refund_body(refund), f"/api/v1/payments/{payment}")


class MethodShape(Shape):
    code = serializers.CharField()
    name = serializers.CharField()
    currencies = serializers.ListField(child=serializers.CharField(), help_text="What it takes, ISO 4217.")


class MethodFilter(Shape):
    currency = serializers.RegexField("^[A-Z]{3}$", required=False, help_text="Only methods that take it.")


class MethodsShape(Shape):
    results = MethodShape(many=True)


NAMES = {"simulator": "Simulated card", "stripe": "Card", "chapa": "Chapa", "crypto": "Crypto"}


class MethodsView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="payment_methods_list",
        tags=["payments"],
        summary="What can be paid with: values for an order's `payment_method`",
        parameters=[MethodFilter],
        responses=MethodsShape,
    )
    def get(self, request: Request) -> Response:
        currency = read(MethodFilter, request.query_params.dict()).get("currency")
        methods = [_method(code) for code in PROVIDERS if currencies_of(code)]
        return Response({"results": [one for one in methods if not currency or currency in one["currencies"]]})


def _method(code: str) -> dict[str, Any]:
    return {"code": code, "name": NAMES[code], "currencies": sorted(currencies_of(code))}


class WebhookView(APIView):
    """The signature covers the raw bytes, so that nothing parses them first."""

    authentication_classes: list[type] = []
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="payment_webhooks_receive",
        tags=["payments"],
        summary="A provider tells us something, signed",
        request={"application/json": {"type": "object"}},
        responses={204: None},
    )
    def post(self, request: Request, provider: str) -> Response:
        webhooks.receive_webhook(provider=provider, body=request._request.body, headers=request.headers)
        return Response(status=204)
