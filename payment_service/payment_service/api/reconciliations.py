"""Reconciliation: an admin sends a provider's or the bank's records of some days, or has the provider asked for them,
and reads how they differ from the ledger.
"""

from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from payment_service.actions.providers import PROVIDERS
from payment_service.actions.reconciliations import reconcile, start_reconciliation
from payment_service.models import BANK, Difference, Reconciliation
from payment_service.queries import reconciliations
from payment_service.queries.provider_records import KINDS, read_records
from shared.auth import caller_of, roles
from shared.http import MoneyShape, Shape, created, read, written
from shared.idempotency import idempotent
from shared.money import Money
from shared.pagination import Cursor, read_filter

MOST_BYTES = 10_000_000
MOST_DAYS = 92


class DaysIn(Shape):
    since = serializers.DateField(help_text="The first day, in UTC.")
    until = serializers.DateField(help_text="The last day.")

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if not 0 <= (given["until"] - given["since"]).days < MOST_DAYS or not 2_000 <= given["since"].year < 9_000:
            raise serializers.ValidationError({"until": [f"The same day or later, {MOST_DAYS} days at most."]})
        return given


class FromProviderIn(DaysIn):
    provider = serializers.ChoiceField(choices=sorted(PROVIDERS))

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if given["since"] > timezone.now().date():
            raise serializers.ValidationError({"since": ["Today or earlier."]})
        return super().validate(given)


class ReconciliationIn(DaysIn):
    file = serializers.FileField(
        help_text=f"CSV with a header, or JSON: kind ({', '.join(KINDS)}), key, reference, amount, currency, at; of a "
        "bank also its statement or notification, ISO 20022 camt.053 or camt.054."
    )
    provider = serializers.ChoiceField(choices=sorted([*PROVIDERS, BANK]), default="simulator")

    def validate_file(self, upload: UploadedFile) -> UploadedFile:
        if (upload.size or 0) > MOST_BYTES:
            raise serializers.ValidationError(f"At most {MOST_BYTES} bytes.")
        return upload


class ReconciliationShape(Shape):
    id = serializers.UUIDField()
    provider = serializers.CharField()
    origin = serializers.ChoiceField(choices=Reconciliation.Origin.choices, help_text="Whence the records came.")
    status = serializers.ChoiceField(choices=Reconciliation.Status.choices)
    failure = serializers.CharField(allow_blank=True, help_text="`provider_away` for a day, or `too_many_records`.")
    since = serializers.DateField()
    until = serializers.DateField()
    kinds = serializers.ListField(child=serializers.CharField(), help_text="Kinds of records that were compared.")
    agrees = serializers.BooleanField(allow_null=True, help_text="Null until it is done.")
    pages = serializers.IntegerField(help_text="That the provider has told so far.")
    records = serializers.IntegerField(help_text="In the file, or that the provider told, a day around included.")
    matched = serializers.IntegerField()
    differing = serializers.IntegerField()
    made_by = serializers.UUIDField(allow_null=True, help_text="Null: the schedule.")
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class ReconciliationFilter(Shape):
    provider = serializers.ChoiceField(choices=sorted([*PROVIDERS, BANK]), required=False)
    status = serializers.ChoiceField(choices=Reconciliation.Status.choices, required=False)
    agrees = serializers.BooleanField(required=False, help_text="`false`: those that somebody has to look into.")


class DifferenceShape(Shape):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Difference.Kind.choices)
    what = serializers.CharField(
        help_text="charge, refund, payout, payout_return; of a provider also dispute, refund_return"
    )
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
    return written(ReconciliationShape, row)


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
        parameters=[ReconciliationFilter],
        responses=ReconciliationShape(many=True),
    )
    def get(self, request: Request) -> Response:
        page = NewestFirst()
        found = reconciliations.reconciliations(**read_filter(ReconciliationFilter, request))
        rows = page.paginate_queryset(found, request, view=self)
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


class FromProviderView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_reconciliations_start",
        tags=["admin"],
        summary="Ask a provider for its records of some days, and hold them against the ledger",
        description="It is done in the background, a page at a time; read its `status`. One of a provider at a time: "
        "else 409 `reconciliation_running`. 404 `records_not_kept`: send a file.",
        request=FromProviderIn,
        responses={202: ReconciliationShape},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        made = start_reconciliation(**read(FromProviderIn, request.data), by=caller_of(request).id)
        place = {"Location": f"/api/v1/admin/reconciliations/{made.id}"}
        return Response(_body(made), status=202, headers=place)


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
