"""Payout runs: made, approved and cancelled by admins. Single payouts beyond the limit: approved, rejected."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from payment_service.actions import payout_runs, payouts
from payment_service.api.ledger import PayoutShape
from payment_service.models import Payout, PayoutItem, PayoutRun
from payment_service.queries import payout_runs as runs
from shared.auth import caller_of, roles
from shared.http import LineField, MoneyShape, Shape, created, read, written
from shared.idempotency import idempotent
from shared.money import EXPONENTS, Money
from shared.pagination import Cursor, read_filter


class PayoutRunIn(Shape):
    currency = serializers.ChoiceField(choices=sorted(EXPONENTS))
    method = serializers.ChoiceField(choices=PayoutRun.Method.choices, default=PayoutRun.Method.PROVIDER)


class PayoutRunShape(Shape):
    id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=PayoutRun.Status.choices)
    method = serializers.ChoiceField(choices=PayoutRun.Method.choices)
    currency = serializers.CharField()
    total = MoneyShape(help_text="Planned and paid.")
    count = serializers.IntegerField(help_text="Of how many vendors.")
    left_out = serializers.IntegerField(help_text="Vendors that are held or skipped.")
    needs_another = serializers.BooleanField(help_text="Beyond the limit: who made it may not approve it.")
    made_by = serializers.UUIDField(allow_null=True)
    scheduled_for = serializers.DateField(allow_null=True)
    approved_by = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()
    approved_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)


class PayoutItemShape(Shape):
    id = serializers.UUIDField()
    vendor_id = serializers.UUIDField()
    amount = MoneyShape()
    status = serializers.ChoiceField(choices=PayoutItem.Status.choices)
    reason = serializers.CharField(allow_blank=True, help_text="Why it is held or skipped.")
    payout = PayoutShape(allow_null=True)


class PayoutRunFilter(Shape):
    status = serializers.ChoiceField(choices=PayoutRun.Status.choices, required=False)
    currency = serializers.ChoiceField(choices=sorted(EXPONENTS), required=False)


class PayoutItemFilter(Shape):
    status = serializers.ChoiceField(choices=PayoutItem.Status.choices, required=False)


class ReasonIn(Shape):
    reason = LineField(max_length=200)


class RunPage(Cursor):
    ordering = "-id"


def _run(run: Any) -> dict[str, Any]:
    plain = {str(name) for name in PayoutRunShape().fields} - {"total"}
    return {**{name: getattr(run, name) for name in plain}, "total": Money(run.minor, run.currency).as_json()}


def run_body(run_id: UUID) -> dict[str, Any]:
    return _run(runs.payout_run(run_id))


def _item(item: PayoutItem) -> dict[str, Any]:
    payout: Payout | None = getattr(item, "payout", None)
    plain = {name: getattr(item, name) for name in ("id", "vendor_id", "status", "reason")}
    return {**plain, "amount": item.amount.as_json(), "payout": written(PayoutShape, payout) if payout else None}


class PayoutRunsView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_payout_runs_list",
        tags=["admin"],
        summary="Payout runs, newest first",
        parameters=[PayoutRunFilter],
        responses=PayoutRunShape(many=True),
    )
    def get(self, request: Request) -> Response:
        page = RunPage()
        wanted = read_filter(PayoutRunFilter, request)
        rows = page.paginate_queryset(runs.payout_runs().filter(**wanted), request, view=self)
        return page.get_paginated_response([_run(run) for run in rows or []])

    @extend_schema(
        operation_id="admin_payout_runs_make",
        tags=["admin"],
        summary="Plan to pay out every vendor that has enough in a currency",
        description="Nothing is paid before it is approved. 409 `payout_run_open`, `nothing_to_pay_out`; "
        "404 `not_configured` for files without an account to pay from.",
        request=PayoutRunIn,
        responses={201: PayoutRunShape},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        run = payout_runs.make_run(**read(PayoutRunIn, request.data), by=caller_of(request).id)
        return created(run_body(run.id), f"/api/v1/admin/payout-runs/{run.id}")


class PayoutRunView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(operation_id="admin_payout_runs_read", tags=["admin"], summary="One run", responses=PayoutRunShape)
    def get(self, request: Request, payout_run: UUID) -> Response:
        return Response(run_body(payout_run))


class PayoutItemsView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_payout_runs_items",
        tags=["admin"],
        summary="Who is paid by a run, who is not and why",
        parameters=[PayoutItemFilter],
        responses=PayoutItemShape(many=True),
    )
    def get(self, request: Request, payout_run: UUID) -> Response:
        page = RunPage()
        wanted = read_filter(PayoutItemFilter, request)
        rows = page.paginate_queryset(runs.run_items(payout_run).filter(**wanted), request, view=self)
        return page.get_paginated_response([_item(item) for item in rows or []])


class ApproveRunView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_payout_runs_approve",
        tags=["admin"],
        summary="Begin to pay",
        description="409 `needs_another_admin` for who made it, if it is beyond the limit; `illegal_transition`.",
        request=None,
        responses=PayoutRunShape,
    )
    @idempotent()
    def post(self, request: Request, payout_run: UUID) -> Response:
        payout_runs.approve_run(run_id=payout_run, by=caller_of(request).id)
        return Response(run_body(payout_run))


class CancelRunView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_payout_runs_cancel",
        tags=["admin"],
        summary="Give up a run of which nothing is paid",
        request=ReasonIn,
        responses=PayoutRunShape,
    )
    @idempotent()
    def post(self, request: Request, payout_run: UUID) -> Response:
        payout_runs.cancel_run(run_id=payout_run, **read(ReasonIn, request.data))
        return Response(run_body(payout_run))


# ── Single payouts ───────────────────────────────────────────────────────────────────────────────────────────────────


class ApprovePayoutView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_payouts_approve",
        tags=["admin"],
        summary="Pay a payout that is beyond the limit",
        description="409 `needs_another_admin` for the vendor's own owner; `illegal_transition`.",
        request=None,
        responses=PayoutShape,
    )
    @idempotent()
    def post(self, request: Request, payout: UUID) -> Response:
        return Response(written(PayoutShape, payouts.approve_payout(payout_id=payout, by=caller_of(request).id)))


class RejectPayoutView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_payouts_reject",
        tags=["admin"],
        summary="Don't pay a payout that is beyond the limit; the vendor has its money back",
        request=ReasonIn,
        responses=PayoutShape,
    )
    @idempotent()
    def post(self, request: Request, payout: UUID) -> Response:
        return Response(written(PayoutShape, payouts.reject_payout(payout_id=payout, **read(ReasonIn, request.data))))
