"""Reconciliation: an admin sends a provider's records of some days, and reads how they differ from the ledger."""

from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from payment_service.actions.providers import PROVIDERS
from payment_service.actions.reconciliations import reconcile
from payment_service.models import Difference, Reconciliation
from payment_service.queries import reconciliations
from payment_service.queries.provider_records import read_records
from shared.auth import caller_of, roles
from shared.http import MoneyShape, Shape, created, read
from shared.idempotency import idempotent
from shared.money import Money
from shared.pagination import Cursor, read_filter

MOST_BYTES = 10_000_000
MOST_DAYS = 92


class ReconciliationIn(Shape):
    file = serializers.FileField(
        help_text="CSV with a header, or JSON: kind (charge, refund, payout), key, reference, amount, currency, at."
    )
    provider = serializers.ChoiceField(choices=sorted(PROVIDERS), default="simulator")
    since = serializers.DateField(help_text="The first day, in UTC.")
    until = serializers.DateField(help_text="The last day.")

    def validate_file(self, upload: UploadedFile) -> UploadedFile:
        if (upload.size or 0) > MOST_BYTES:
            raise serializers.ValidationError(f"At most {MOST_BYTES} bytes.")
        return upload

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if not 0 <= (given["until"] - given["since"]).days < MOST_DAYS or not 2_000 <= given["since"].year < 9_000:
            raise serializers.ValidationError({"until": [f"The same day or later, {MOST_DAYS} days at most."]})
        return given


class ReconciliationShape(Shape):
    id = serializers.UUIDField()
    provider = serializers.CharField()
    since = serializers.DateField()
    until = serializers.DateField()
    agrees = serializers.BooleanField()
    records = serializers.IntegerField(help_text="In the file.")
    matched = serializers.IntegerField()
    differing = serializers.IntegerField()
    made_by = serializers.UUIDField()
    created_at = serializers.DateTimeField()


class DifferenceShape(Shape):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Difference.Kind.choices)
    what = serializers.CharField(help_text="charge, refund or payout")
    key = serializers.CharField(allow_blank=True, help_text="The payment, refund or payout.")
    reference = serializers.CharField(allow_blank=True, help_text="The provider's own.")
    ours = MoneyShape(allow_null=True)
    theirs = MoneyShape(allow_null=True)
    cause = serializers.CharField(help_text="What probably is the matter.")


class DifferenceFilter(Shape):
    kind = serializers.ChoiceField(choices=Difference.Kind.choices, required=False)


class NewestFirst(Cursor):
    ordering = "-id"


class InOrder(Cursor):
    ordering = "id"


def _body(row: Reconciliation) -> Any:
    return ReconciliationShape(row).data


def _difference(row: Difference) -> dict[str, Any]:
    plain = {name: getattr(row, name) for name in ("id", "kind", "what", "key", "reference", "cause")}
    ours = None if row.ours is None else Money(row.ours, row.our_currency).as_json()
    theirs = None if row.theirs is None else Money(row.theirs, row.their_currency).as_json()
    return {**plain, "ours": ours, "theirs": theirs}


class ReconciliationsView(APIView):
    permission_classes = [roles("admin")]
    parser_classes = (MultiPartParser,)

    @extend_schema(
        operation_id="admin_reconciliations_list",
        tags=["admin"],
        summary="Reconciliations, newest first",
        responses=ReconciliationShape(many=True),
    )
    def get(self, request: Request) -> Response:
        page = NewestFirst()
        rows = page.paginate_queryset(reconciliations.reconciliations(), request, view=self)
        return page.get_paginated_response([_body(row) for row in rows or []])

    @extend_schema(
        operation_id="admin_reconciliations_make",
        tags=["admin"],
        summary="Hold a provider's records of some days against the ledger",
        request={"multipart/form-data": ReconciliationIn},
        responses={201: ReconciliationShape},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        given = read(ReconciliationIn, request.data)
        records = read_records(given.pop("file").read())
        made = reconcile(**given, records=records, by=caller_of(request).id)
        return created(_body(made), f"/api/v1/admin/reconciliations/{made.id}")


class ReconciliationView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_reconciliations_read", tags=["admin"], summary="One", responses=ReconciliationShape
    )
    def get(self, request: Request, reconciliation: UUID) -> Response:
        return Response(_body(reconciliations.reconciliation(reconciliation)))


class DifferencesView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_reconciliations_differences",
        tags=["admin"],
        summary="What differs, and probably why",
        parameters=[DifferenceFilter],
        responses=DifferenceShape(many=True),
    )
    def get(self, request: Request, reconciliation: UUID) -> Response:
        page = InOrder()
        wanted = read_filter(DifferenceFilter, request)
        found = reconciliations.differences(reconciliation).filter(**wanted)
        return page.get_paginated_response(
            [_difference(row) for row in page.paginate_queryset(found, request, view=self) or []]
        )
