"""What a bank carries out: the file of a run, what became of it, and payouts that came back."""

from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from payment_service.actions import bank_files
from payment_service.api.ledger import PayoutShape
from payment_service.api.payout_runs import PayoutRunShape, ReasonIn, run_body
from payment_service.queries.bank_files import MEDIA_TYPE
from shared.auth import roles
from shared.http import AsItIs, Shape, read, written
from shared.idempotency import idempotent
from shared.openapi import MAY_CONFLICT


class ExecutedIn(Shape):
    payouts = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        min_length=1,
        max_length=1_000,
        help_text="Those that the bank has carried out; all of the file without it.",
    )


class BankFileView(APIView):
    permission_classes = [roles("admin")]
    content_negotiation_class = AsItIs

    @extend_schema(
        operation_id="admin_payout_runs_bank_file",
        tags=["admin"],
        summary="The run as a file for the bank (ISO 20022 pain.001.001.09)",
        description="The same file every time. 409 `illegal_transition` before the run is executing.",
        responses={(200, MEDIA_TYPE): OpenApiTypes.BINARY},
        extensions=MAY_CONFLICT,
    )
    def get(self, request: Request, payout_run: UUID) -> HttpResponse:
        content = bank_files.take_bank_file(run_id=payout_run)
        name = f'attachment; filename="payouts-{payout_run}.xml"'
        return HttpResponse(content, MEDIA_TYPE, headers={"Content-Disposition": name, "Cache-Control": "no-store"})


class ExecutedView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_payout_runs_executed",
        tags=["admin"],
        summary="The bank has carried out the file, or a part of it",
        request=ExecutedIn,
        responses=PayoutRunShape,
    )
    @idempotent()
    def post(self, request: Request, payout_run: UUID) -> Response:
        wanted = read(ExecutedIn, request.data).get("payouts")
        bank_files.mark_executed(run_id=payout_run, payout_ids=wanted)
        return Response(run_body(payout_run))


class ReturnView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_payouts_return",
        tags=["admin"],
        summary="It came back from the vendor's bank: the vendor has it available again",
        description="409 `illegal_transition` unless it is in transit or paid.",
        request=ReasonIn,
        responses=PayoutShape,
    )
    @idempotent()
    def post(self, request: Request, payout: UUID) -> Response:
        return Response(
            written(PayoutShape, bank_files.return_payout(payout_id=payout, **read(ReasonIn, request.data)))
        )
