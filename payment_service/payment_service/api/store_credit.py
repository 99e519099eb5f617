"""Store credit: a buyer sees what there is and how it came and went; admins grant some."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from payment_service.actions.store_credit import grant_credit
from payment_service.models import Entry, Posting
from payment_service.queries.store_credit import credit_of, movements_of
from shared.auth import IsSignedIn, caller_of, roles
from shared.http import LineField, MoneyShape, Shape, created, read, written
from shared.idempotency import idempotent
from shared.money import EXPONENTS, Money
from shared.pagination import Cursor, read_filter

KINDS = [
    Entry.Kind.GIFT_CARD_REDEEMED, Entry.Kind.CREDIT_GRANTED, Entry.Kind.CREDIT_HELD, Entry.Kind.CREDIT_RETURNED,
    Entry.Kind.REFUND,
]  # fmt: skip
MOST = 10**11
"""Minor units of one grant or gift card: so that thousands of them do not sum to more than Money can tell."""
OF_ORDERS = {Entry.Kind.CREDIT_HELD, Entry.Kind.CREDIT_RETURNED, Entry.Kind.REFUND}


class CreditShape(Shape):
    currency = serializers.CharField()
    available = MoneyShape()
    held = MoneyShape(help_text="For payments that are not decided.")


class CreditsShape(Shape):
    results = CreditShape(many=True)


class StoreCreditView(APIView):
    permission_classes = [IsSignedIn]

    @extend_schema(
        operation_id="store_credit",
        tags=["store credit"],
        summary="The caller's, in each currency there is any",
        responses=CreditsShape,
    )
    def get(self, request: Request) -> Response:
        return Response(_credits(caller_of(request).id))


def _credits(user_id: UUID) -> dict[str, Any]:
    return {"results": written(CreditShape, credit_of(user_id), many=True)}


class MovementShape(Shape):
    """`amount` is below zero for what went."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=[(kind.value, kind.label) for kind in KINDS])
    amount = MoneyShape()
    order_number = serializers.CharField(allow_null=True)
    recorded_at = serializers.DateTimeField()


def movement_body(posting: Posting) -> dict[str, Any]:
    entry = posting.entry
    return {
        "id": posting.id,
        "kind": entry.kind,
        "amount": Money(-posting.minor, posting.currency).as_json(),
        "order_number": entry.memo.partition(":")[0] if entry.kind in OF_ORDERS else None,
        "recorded_at": entry.recorded_at,
    }


class MovementFilter(Shape):
    currency = serializers.ChoiceField(choices=sorted(EXPONENTS), required=False)


class MovementPage(Cursor):
    ordering = "-id"


class MovementsView(APIView):
    permission_classes = [IsSignedIn]

    @extend_schema(
        operation_id="store_credit_movements",
        tags=["store credit"],
        summary="How the caller's came and went, newest first",
        parameters=[MovementFilter],
        responses=MovementShape(many=True),
    )
    def get(self, request: Request) -> Response:
        page = MovementPage()
        rows = movements_of(caller_of(request).id).filter(**read_filter(MovementFilter, request))
        shown = page.paginate_queryset(rows, request, view=self)
        return page.get_paginated_response([movement_body(posting) for posting in shown or []])


class GrantIn(Shape):
    user_id = serializers.UUIDField()
    amount = MoneyShape()
    reason = LineField(max_length=200, help_text="For the audit log; the buyer does not see it.")

    def validate_amount(self, amount: Money) -> Money:
        if not 0 < amount.minor <= MOST:
            raise serializers.ValidationError("More than zero, and no fortune.")
        return amount


class GrantsView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_store_credit_grant",
        tags=["admin"],
        summary="Give a buyer store credit",
        request=GrantIn,
        responses={201: CreditsShape},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        body = read(GrantIn, request.data)
        grant_credit(**body)
        return created(_credits(body["user_id"]), f"/api/v1/admin/store-credit/{body['user_id']}")


class CreditOfView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_store_credit",
        tags=["admin"],
        summary="What a buyer has",
        responses=CreditsShape,
    )
    def get(self, request: Request, user: UUID) -> Response:
        return Response(_credits(user))
