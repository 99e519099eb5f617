"""Financial summaries for admins, as JSON and as a table."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from payment_service.queries.summaries import FIGURES, STEPS, Summary, summaries
from shared.auth import roles
from shared.http import AsItIs, MoneyShape, Shape, read
from shared.money import EXPONENTS, Money

EARLIEST = date(2000, 1, 1)
LATEST = date(2199, 12, 31)
USUAL_DAYS = 30
MOST_PERIODS = 400
MEANING = (
    "Sums of the ledger's postings. Days are UTC's, from the first to the last, both included; the last thirty if "
    "nothing is said. What a period closes with, the next opens with: "
    "vendors + sales − refunds − tax_collected − commission − "
    "commission_tax − payouts; taxes + tax_collected + commission_tax; gift_cards + issued − redeemed − ended; "
    "store_credit + issued + returned − spent."
)


class SummaryFilter(Shape):
    to = serializers.DateField(required=False)
    by = serializers.ChoiceField(STEPS, default="month")
    currency = serializers.ChoiceField(sorted(EXPONENTS), required=False, help_text="Without it each by itself.")

    def get_fields(self) -> dict[str, Any]:
        return {"from": serializers.DateField(required=False), **super().get_fields()}

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        last = given.get("to", datetime.now(UTC).date())
        first = given.get("from", max(last, EARLIEST + timedelta(days=USUAL_DAYS)) - timedelta(days=USUAL_DAYS - 1))
        if not EARLIEST <= first <= last <= LATEST:
            raise serializers.ValidationError({"from": [f"A day from {EARLIEST} to the last one, before {LATEST}."]})
        shortest = {"day": 1, "week": 7, "month": 28}.get(given["by"])
        if shortest and (last - first).days // shortest >= MOST_PERIODS:
            raise serializers.ValidationError({"by": [f"That would be more than {MOST_PERIODS} of them."]})
        return {"first": first, "last": last, "by": given["by"], "currency": given.get("currency", "")}


class SummaryShape(Shape):
    """`fees`: what vendors were charged, commission and its tax. `vendors`: owed to them, pending, available and on its
    way. `taxes`: owed to the state. `payouts`: carried out, less what came back. `provider`: what is held for us.
    """

    to = serializers.DateField(help_text="The last day of it.")
    currency = serializers.CharField()

    def get_fields(self) -> dict[str, Any]:
        amounts = {name: MoneyShape() for name in FIGURES}
        return {"from": serializers.DateField(help_text="The first day of it."), **super().get_fields(), **amounts}


class SummariesShape(Shape):
    summaries = SummaryShape(many=True)


def _asked(request: Request) -> list[Summary]:
    return summaries(**read(SummaryFilter, request.query_params.dict()))


def _amounts(row: Summary) -> dict[str, Money]:
    return {name: Money(getattr(row, name), row.currency) for name in FIGURES}


class SummariesView(APIView):
    permission_classes = [roles("admin")]

    @extend_schema(
        operation_id="admin_financial_summaries",
        tags=["admin"],
        summary="What was sold, given back, charged, paid out and is owed, by period and currency",
        description=MEANING,
        parameters=[SummaryFilter],
        responses=SummariesShape,
    )
    def get(self, request: Request) -> Response:
        return Response({"summaries": [_body(row) for row in _asked(request)]})


def _body(row: Summary) -> dict[str, Any]:
    amounts = {name: money.as_json() for name, money in _amounts(row).items()}
    return {"from": row.first, "to": row.last, "currency": row.currency, **amounts}


class SummariesCsvView(APIView):
    permission_classes = [roles("admin")]
    content_negotiation_class = AsItIs

    @extend_schema(
        operation_id="admin_financial_summaries_csv",
        tags=["admin"],
        summary="The same as a table",
        description=MEANING,
        parameters=[SummaryFilter],
        responses={(200, "text/csv"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request) -> HttpResponse:
        rows = _asked(request)
        content = io.StringIO(newline="")
        table = csv.writer(content)
        table.writerow(["from", "to", "currency", *FIGURES])
        for row in rows:
            table.writerow([row.first, row.last, row.currency, *(money.amount for money in _amounts(row).values())])
        name = 'attachment; filename="financial-summaries.csv"'
        return HttpResponse(content.getvalue(), "text/csv; charset=utf-8", headers={"Content-Disposition": name})
