"""The caller's wallet addresses."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shared.auth import IsSignedIn, caller_of
from shared.http import LineField, Shape, created, read
from shared.idempotency import idempotent
from shared.pagination import Cursor
from user_service.actions import wallets
from user_service.models import Wallet
from user_service.queries import wallets as wallet_queries


class WalletChange(Shape):
    label = LineField(max_length=60, allow_blank=True)  # type: ignore[assignment]


class WalletIn(Shape):
    address = serializers.RegexField(
        r"^0x[0-9A-Fa-f]{40}$",
        error_messages={"invalid": "0x and 40 hexadecimal digits."},
        help_text="EVM; in mixed case with the checksum of EIP-55.",
    )
    label = LineField(max_length=60, required=False, allow_blank=True)  # type: ignore[assignment]


class WalletShape(Shape):
    id = serializers.UUIDField()
    network = serializers.ChoiceField(choices=Wallet.Network.choices)
    address = serializers.CharField()
    label = serializers.CharField(allow_blank=True)  # type: ignore[assignment]
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


def wallet_body(wallet: Wallet) -> dict[str, Any]:
    return {name: getattr(wallet, name) for name in map(str, WalletShape().fields)}


class WalletsView(APIView):
    permission_classes = [IsSignedIn]

    @extend_schema(operation_id="wallets_list", tags=["users"], summary="Own wallets", responses=WalletShape(many=True))
    def get(self, request: Request) -> Response:
        page = Cursor()
        rows = page.paginate_queryset(wallet_queries.wallets(caller_of(request).id), request, view=self)
        return page.get_paginated_response([wallet_body(row) for row in rows or []])

    @extend_schema(
        operation_id="wallets_add",
        tags=["users"],
        summary="Add a wallet",
        request=WalletIn,
        responses={201: WalletShape},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        wallet = wallets.add_wallet(user_id=caller_of(request).id, **read(WalletIn, request.data))
        return created(wallet_body(wallet), f"/api/v1/users/me/wallets/{wallet.id}")


class WalletView(APIView):
    permission_classes = [IsSignedIn]

    @extend_schema(operation_id="wallets_read", tags=["users"], summary="One wallet", responses=WalletShape)
    def get(self, request: Request, wallet: UUID) -> Response:
        return Response(wallet_body(wallet_queries.wallet(user_id=caller_of(request).id, wallet_id=wallet)))

    @extend_schema(
        operation_id="wallets_rename",
        tags=["users"],
        summary="Change a wallet's label",
        request=WalletChange,
        responses=WalletShape,
    )
    @idempotent()
    def patch(self, request: Request, wallet: UUID) -> Response:
        label = read(WalletChange, request.data)["label"]
        row = wallets.rename_wallet(user_id=caller_of(request).id, wallet_id=wallet, label=label)
        return Response(wallet_body(row))

    @extend_schema(
        operation_id="wallets_remove", tags=["users"], summary="Remove a wallet", request=None, responses={204: None}
    )
    @idempotent()
    def delete(self, request: Request, wallet: UUID) -> Response:
        wallets.remove_wallet(user_id=caller_of(request).id, wallet_id=wallet)
        return Response(status=204)
