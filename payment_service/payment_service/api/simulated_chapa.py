"""Chapa's side, for development: its API, in its words, which only this service's own client calls."""

import hmac
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from payment_service.actions import simulated_chapa as chapa
from payment_service.clients.chapa import CURRENCIES
from payment_service.errors import BadApiKey, IllegalMove
from payment_service.models import SimulatedCharge
from payment_service.queries.simulated_records import chapas_transactions
from shared.errors import NotFound
from shared.money import Money, MoneyError

_STATUS = {"succeeded": "success", "requires_action": "pending"}


def _refused(message: str, status: int = 400) -> Response:
    return Response({"message": message, "status": "failed", "data": None}, status=status)


def _done(message: str, data: dict[str, Any] | None) -> Response:
    return Response({"message": message, "status": "success", "data": data})


class _Api(APIView):
    """Called with the merchant's key; never routed by NGINX, and absent where CHAPA_FAKE is not set."""

    authentication_classes: list[type] = []
    permission_classes = [AllowAny]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if not settings.CHAPA_FAKE:
            raise NotFound()
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {settings.CHAPA_SECRET_KEY}".encode()):
            raise BadApiKey()


def _page_of(charge: SimulatedCharge) -> str:
    return f"{settings.PUBLIC_URL}/simulator/pay/{charge.id}"


class InitializeView(_Api):
    def post(self, request: Request) -> Response:
        body = request.data if isinstance(request.data, dict) else {}
        missing = [name for name in ("amount", "currency", "tx_ref") if not isinstance(body.get(name), str)]
        if missing:
            return _refused(f"Required attribute: {', '.join(missing)}")
        if body["currency"] not in CURRENCIES:
            return _refused("Invalid currency, currency is not supported")
        try:
            amount = Money.parse(body["amount"], body["currency"])
            shown = str((body.get("customization") or {}).get("description", ""))[:200]
            charge = chapa.initialize(tx_ref=body["tx_ref"][:200], amount=amount, description=shown)
        except (MoneyError, IllegalMove) as error:
            return _refused(str(getattr(error, "detail", error)))
        return _done("Hosted Link", {"checkout_url": _page_of(charge)})


class VerifyView(_Api):
    def get(self, request: Request, tx_ref: str) -> Response:
        try:
            charge = chapa.found(tx_ref=tx_ref)
        except NotFound:
            return _refused("Invalid transaction or Transaction not found", 404)
        data = {
            "tx_ref": charge.key,
            "reference": charge.id.hex,
            "amount": Money(charge.minor, charge.currency).amount,
            "currency": charge.currency,
            "status": _STATUS.get(charge.status, "failed/cancelled"),
            "mode": "test",
            "type": "API",
            "created_at": charge.created_at,
        }
        return _done("Payment details fetched successfully", data)


class TransactionsView(_Api):
    """The newest first, without the merchant's own reference: as Chapa's documentation shows it."""

    def get(self, request: Request) -> Response:
        asked = {name: request.query_params.get(name, "") for name in ("page", "per_page")}
        page, per_page = (int(text) if text.isdecimal() and 1 <= int(text) <= 10_000 else 0 for text in asked.values())
        page, per_page = page or 1, min(per_page or 10, 100)
        rows, more = chapas_transactions(page=page, per_page=per_page)
        address = f"{settings.CHAPA_URL}/v1/transactions?page="
        pagination = {
            "per_page": per_page,
            "current_page": page,
            "first_page_url": f"{address}1",
            "next_page_url": f"{address}{page + 1}" if more else None,
            "prev_page_url": f"{address}{page - 1}" if page > 1 else None,
        }
        told = {"transactions": [_listed(row) for row in rows], "pagination": pagination}
        return _done("Transactions retrieved successfully", told)


def _listed(charge: SimulatedCharge) -> dict[str, Any]:
    return {
        "status": _STATUS.get(charge.status, "failed/cancelled"),
        "ref_id": charge.id.hex,
        "type": "API",
        "created_at": charge.created_at,
        "currency": charge.currency,
        "amount": f"{Decimal(Money(charge.minor, charge.currency).amount):.3f}",
        "charge": "0.000",
        "trans_id": None,
        "payment_method": "test",
        "customer": {"id": 1, "email": None, "first_name": None, "last_name": None, "mobile": None},
    }


class CancelView(_Api):
    def put(self, request: Request, tx_ref: str) -> Response:
        try:
            chapa.cancel(tx_ref=tx_ref)
        except NotFound:
            return _refused("Invalid transaction or Transaction not found", 404)
        except IllegalMove as error:
            return _refused(error.detail)
        return _done("Transaction cancelled", None)


class RefundView(_Api):
    def post(self, request: Request, reference: str) -> Response:
        body = request.data if isinstance(request.data, dict) else {}
        try:
            key, amount = str(body.get("reference") or ""), str(body.get("amount") or "")
            sent = chapa.refund(reference=UUID(reference), amount=amount, key=key[:200])
        except (NotFound, ValueError) as error:
            return _refused(str(error) or "Transaction not found", 404)
        except IllegalMove as error:
            return _refused(error.detail)
        return _done("Refund initiated", {"reference": sent.key, "amount": Money(sent.minor, sent.currency).amount})
