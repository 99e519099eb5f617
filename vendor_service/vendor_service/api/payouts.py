"""A vendor's balance and its payouts."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shared.auth import roles
from shared.http import MoneyShape, Shape, created, read
from shared.idempotency import idempotent
from shared.money import Money
from shared.pagination import Cursor
from vendor_service.actions import payouts
from vendor_service.api.callers import user_of, vendor_of
from vendor_service.models import Balance, Payout
from vendor_service.models.members import Right
from vendor_service.queries import payouts as payout_queries
from vendor_service.queries import vendors as vendor_queries


class CurrencyBalanceShape(Shape):
    currency = serializers.CharField()
    pending = MoneyShape()
    available = MoneyShape()


class BalanceShape(Shape):
    """`pending` and `available` in the payout currency; `balances` in every currency sold in."""

    pending = MoneyShape()
    available = MoneyShape()
    balances = CurrencyBalanceShape(many=True)


class PayoutIn(Shape):
    amount = MoneyShape(required=False)


class PayoutShape(Shape):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=Payout.Status.choices)
    amount = MoneyShape()
    reason = serializers.CharField(help_text="Why it was refused.")
    created_at = serializers.DateTimeField()
    settled_at = serializers.DateTimeField(allow_null=True)


class PayoutPage(Cursor):
    ordering = "-id"


def payout_body(row: Payout) -> dict[str, Any]:
    plain = ("id", "status", "reason", "created_at", "settled_at")
    return {**{name: getattr(row, name) for name in plain}, "amount": row.money.as_json()}


def balance_body(row: Balance) -> dict[str, Any]:
    return {
        "currency": row.currency,
        "pending": Money(row.pending, row.currency).as_json(),
        "available": Money(row.available, row.currency).as_json(),
    }


class BalanceView(APIView):
    permission_classes = [roles("vendor")]

    @extend_schema(
        operation_id="vendors_me_balance", tags=["vendors"], summary="What you have earned", responses=BalanceShape
    )
    def get(self, request: Request) -> Response:
        vendor = vendor_queries.vendor(vendor_of(request, Right.SEE_MONEY))
        balances = [balance_body(row) for row in payout_queries.balances(vendor.id)]
        nothing = balance_body(Balance(currency=vendor.payout_currency))
        own = next((row for row in balances if row["currency"] == vendor.payout_currency), nothing)
        return Response({"pending": own["pending"], "available": own["available"], "balances": balances})


class PayoutsView(APIView):
    permission_classes = [roles("vendor")]
    pagination_class = PayoutPage

    @extend_schema(
        operation_id="vendors_me_payouts_list",
        tags=["vendors"],
        summary="Your payouts",
        responses=PayoutShape(many=True),
    )
    def get(self, request: Request) -> Response:
        page = self.pagination_class()
        rows = page.paginate_queryset(payout_queries.payouts(vendor_of(request, Right.SEE_MONEY)), request, view=self)
        return page.get_paginated_response([payout_body(row) for row in rows or []])

    @extend_schema(
        operation_id="vendors_me_payouts_request",
        tags=["vendors"],
        summary="Ask for a payout; without an amount, of all that is available",
        description="For the owner and finance. 409 `payout_pending`, `nothing_available`, `insufficient_balance`, "
        "`vendor_suspended`.",
        request=PayoutIn,
        responses={201: PayoutShape},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        body = read(PayoutIn, request.data)
        vendor_id = vendor_of(request, Right.PAY_OUT)
        row = payouts.request_payout(vendor_id=vendor_id, member_id=user_of(request), amount=body.get("amount"))
        return created(payout_body(row), f"/api/v1/vendors/me/payouts/{row.id}")


class PayoutView(APIView):
    permission_classes = [roles("vendor")]

    @extend_schema(
        operation_id="vendors_me_payouts_read", tags=["vendors"], summary="One payout", responses=PayoutShape
    )
    def get(self, request: Request, payout: UUID) -> Response:
        return Response(
            payout_body(payout_queries.payout(vendor_id=vendor_of(request, Right.SEE_MONEY), payout_id=payout))
        )
