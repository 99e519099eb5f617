"""Crypto: the page on which a buyer sees what to send where, and what admins do: prices, and transfers to be signed."""

from typing import Any
from uuid import UUID

import segno
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from payment_service.actions import crypto_prices, crypto_signing
from payment_service.models import CoinPrice, CryptoCharge, CryptoTransfer
from payment_service.models.addresses import checksummed
from payment_service.models.crypto import written
from payment_service.queries import crypto
from shared.auth import caller_of, roles
from shared.errors import NotFound
from shared.http import MoneyShape, Shape, read
from shared.idempotency import NOT_KEPT, idempotent
from shared.money import EXPONENTS, Money
from shared.pagination import Cursor, read_filter

PAGE = "payment_service/crypto.html"


# ── Transfers to be signed ───────────────────────────────────────────────────────────────────────────────────────────


class CryptoTransferShape(Shape):
    id = serializers.UUIDField(help_text="The refund's or payout's; of a misfit, its key.")
    kind = serializers.ChoiceField(choices=CryptoTransfer.Kind.choices)
    status = serializers.ChoiceField(choices=CryptoTransfer.Status.choices)
    amount = MoneyShape(help_text="What the books hold for it.")
    units = serializers.CharField(help_text="What is sent, in the smallest units.")
    symbol = serializers.CharField()
    token = serializers.CharField(allow_blank=True, help_text="Its contract; empty for the chain's coin.")
    recipient = serializers.CharField()
    nonce = serializers.IntegerField(allow_null=True, help_text="Of the wallet; once it was taken away to be signed.")
    hash = serializers.CharField(allow_blank=True)
    problem = serializers.CharField(allow_blank=True, help_text="What was wrong with the last hash.")
    created_at = serializers.DateTimeField()
    done_at = serializers.DateTimeField(allow_null=True)


class CryptoTransferFilter(Shape):
    status = serializers.ChoiceField(choices=CryptoTransfer.Status.choices, required=False)
    kind = serializers.ChoiceField(choices=CryptoTransfer.Kind.choices, required=False)


class TransactionShape(Shape):
    """Of EIP-1559; quantities are hexadecimal, as wallets and nodes take them."""

    type = serializers.CharField()
    chainId = serializers.CharField()  # noqa: N815 -- as wallets name it
    nonce = serializers.CharField()
    to = serializers.CharField()
    value = serializers.CharField()
    data = serializers.CharField()  # type: ignore[assignment]
    gas = serializers.CharField()
    maxFeePerGas = serializers.CharField()  # noqa: N815
    maxPriorityFeePerGas = serializers.CharField()  # noqa: N815


class UnsignedShape(Shape):
    transfer = CryptoTransferShape()
    sender = serializers.CharField(help_text="The wallet whose key signs.")
    transaction = TransactionShape()


class UnsignedListShape(Shape):
    transactions = UnsignedShape(many=True)


class UnsignedIn(Shape):
    transfers = serializers.ListField(child=serializers.UUIDField(), required=False, min_length=1, max_length=100)
    payout_run = serializers.UUIDField(required=False)


class HashIn(Shape):
    hash = serializers.RegexField(r"^0x[0-9a-fA-F]{64}$", help_text="0x and 64 hexadecimal digits.")


class NewestFirst(Cursor):
    ordering = ("-created_at", "-id")


def transfer_body(transfer: CryptoTransfer) -> dict[str, Any]:
    names = ("id", "kind", "status", "symbol", "nonce", "hash", "problem", "created_at", "done_at")
    return {
        **{name: getattr(transfer, name) for name in names},
        "amount": transfer.amount.as_json(),
        "units": str(transfer.value),
        "token": checksummed(transfer.token) if transfer.token else "",
        "recipient": checksummed(transfer.recipient),
    }


class TransfersView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_crypto_transfers_list",
        tags=["admin"],
        summary="Refunds, misfits and payouts on a chain, newest first",
        parameters=[CryptoTransferFilter],
        responses=CryptoTransferShape(many=True),
    )
    def get(self, request: Request) -> Response:
        page = NewestFirst()
        wanted = read_filter(CryptoTransferFilter, request)
        rows = page.paginate_queryset(crypto.transfers().filter(**wanted), request, view=self)
        return page.get_paginated_response([transfer_body(row) for row in rows or []])


class TransferView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_crypto_transfers_read",
        tags=["admin"],
        summary="One transfer",
        responses=CryptoTransferShape,
    )
    def get(self, request: Request, crypto_transfer: UUID) -> Response:
        return Response(transfer_body(crypto.transfer(crypto_transfer)))


class UnsignedView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_crypto_transfers_unsigned",
        tags=["admin"],
        summary="Take prepared transfers away to be signed, as a file",
        description="All of them, or these, or a payout run's; 100 at once, oldest first. Each keeps the nonce that it "
        "was given first, so that signing twice pays once. Sign them elsewhere in this order, send them, and hand in "
        "the hashes. 404 `not_configured` without a chain, 503 `provider_unavailable` while its node is away.",
        request=UnsignedIn,
        responses=UnsignedListShape,
        extensions=NOT_KEPT,
    )
    def post(self, request: Request) -> Response:
        """Nonces make it repeatable; a key's lock would be held while the node is asked."""
        body = read(UnsignedIn, request.data)
        found = crypto_signing.unsigned(ids=body.get("transfers"), run_id=body.get("payout_run"))
        answer = Response({"transactions": [_unsigned(one) for one in found]})
        answer["Content-Disposition"] = 'attachment; filename="unsigned.json"'
        answer["Cache-Control"] = "no-store"
        return answer


def _unsigned(one: dict[str, Any]) -> dict[str, Any]:
    transaction = dict(one["transaction"])
    return {"transfer": transfer_body(one["transfer"]), "sender": transaction.pop("from"), "transaction": transaction}


class HandInView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_crypto_transfers_hand_in",
        tags=["admin"],
        summary="The transfer was signed and sent: the hash of its transaction",
        description="It is done once the chain confirms that recipient, amount, token, wallet and nonce are right. One "
        "that is wrong is refused then (`problem`), and one that is never mined may be followed by another. "
        "409 `hash_used`, `illegal_transition`.",
        request=HashIn,
        responses=CryptoTransferShape,
    )
    @idempotent()
    def post(self, request: Request, crypto_transfer: UUID) -> Response:
        hash = read(HashIn, request.data)["hash"]
        made = crypto_signing.hand_in(transfer_id=crypto_transfer, hash=hash, by=caller_of(request).id)
        return Response(transfer_body(made))


# ── What came ────────────────────────────────────────────────────────────────────────────────────────────────────────


class CryptoChargeShape(Shape):
    payment_id = serializers.UUIDField()
    index = serializers.IntegerField(help_text="Its key is this child of the extended key.")
    address = serializers.CharField()
    symbol = serializers.CharField()
    expected = serializers.CharField()
    confirmed = serializers.CharField()
    seen = serializers.CharField(help_text="Not confirmed yet.")
    status = serializers.CharField(help_text="The payment's.")
    created_at = serializers.DateTimeField()


class OldestLast(Cursor):
    ordering = "-index"


def charge_body(charge: Any) -> dict[str, Any]:
    amounts = {name: written(int(getattr(charge, name)), charge.decimals) for name in ("expected", "confirmed", "seen")}
    return {
        "payment_id": charge.payment_id,
        "index": charge.index,
        "address": checksummed(charge.address),
        "symbol": charge.symbol,
        **amounts,
        "status": charge.payment.status,
        "created_at": charge.created_at,
    }


class ChargesView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_crypto_charges_list",
        tags=["admin"],
        summary="Addresses that payments came to, newest first: what whoever has the keys finds there",
        responses=CryptoChargeShape(many=True),
    )
    def get(self, request: Request) -> Response:
        page = OldestLast()
        rows = page.paginate_queryset(crypto.charges(), request, view=self)
        return page.get_paginated_response([charge_body(row) for row in rows or []])


# ── Prices ───────────────────────────────────────────────────────────────────────────────────────────────────────────


class CoinPriceIn(Shape):
    price = MoneyShape(help_text="Of one coin.")

    def validate_price(self, price: Money) -> Money:
        if price.minor <= 0:
            raise serializers.ValidationError("Must be more than zero.")
        return price


class CoinPriceShape(Shape):
    currency = serializers.ChoiceField(choices=sorted(EXPONENTS))
    price = MoneyShape()
    set_by = serializers.UUIDField()
    set_at = serializers.DateTimeField()


class CoinPricesShape(Shape):
    results = CoinPriceShape(many=True)


def price_body(row: CoinPrice) -> dict[str, Any]:
    return {"currency": row.currency, "price": row.price.as_json(), "set_by": row.set_by, "set_at": row.set_at}


class PricesView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_coin_prices_list",
        tags=["admin"],
        summary="What the chain's coin is worth, by currency",
        responses=CoinPricesShape,
    )
    def get(self, request: Request) -> Response:
        return Response({"results": [price_body(row) for row in crypto.prices()]})

    @extend_schema(
        operation_id="admin_coin_prices_set",
        tags=["admin"],
        summary="Say what a coin is worth from now on",
        description="It holds for CRYPTO_PRICE_HOURS; then coins are not taken in that currency until somebody says "
        "again. Payments that were begun keep the price they began with.",
        request=CoinPriceIn,
        responses=CoinPriceShape,
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        price = read(CoinPriceIn, request.data)["price"]
        return Response(price_body(crypto_prices.set_price(price=price, by=caller_of(request).id)))


# ── The page ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class PayPage(View):
    """What is to be sent where. Who knows the unguessable id may look; there is nothing to do but to look."""

    def get(self, request: HttpRequest, payment: UUID) -> HttpResponse:
        try:
            charge = crypto.charge_of(payment)
        except NotFound:
            return render(request, PAGE, {"problem": "There is no such payment."}, status=404)
        page = render(request, PAGE, shown(charge))
        page["Cache-Control"] = "no-store"
        return page


def shown(charge: CryptoCharge) -> dict[str, Any]:
    payment = charge.payment
    due = (payment.next_action or {}).get("crypto")
    open_to_pay = bool(due and due["uri"] and not charge.closed_at)
    picture = segno.make(due["uri"], micro=False).svg_data_uri(scale=5, light="white") if due and open_to_pay else ""
    return {"payment": payment, "due": due, "open": open_to_pay, "picture": picture}
