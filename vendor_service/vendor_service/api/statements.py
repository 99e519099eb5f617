"""A vendor's monthly statements, as JSON and as CSV."""

import csv
import io
from datetime import UTC, date, datetime
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shared.auth import roles
from shared.http import AsItIs, MoneyShape, Shape, read
from shared.money import EXPONENTS, Money
from vendor_service.api.callers import vendor_of
from vendor_service.clients.statements import FIGURES, Statement
from vendor_service.models.members import Right
from vendor_service.queries.statements import statements


class StatementFilter(Shape):
    month = serializers.RegexField(
        r"^20[0-9]{2}-(0[1-9]|1[0-2])\Z", required=False, help_text="`2026-11`, in UTC; the present one without it."
    )
    currency = serializers.ChoiceField(choices=sorted(EXPONENTS), required=False)


class StatementShape(Shape):
    """opening + sales + refunds + commissions + commission_tax + tax + payouts + other = closing. What lowers it is
    negative.
    """

    currency = serializers.CharField()
    opening = MoneyShape()
    sales = MoneyShape()
    refunds = MoneyShape()
    commissions = MoneyShape(help_text="Of sales, less what refunds gave back of it.")
    commission_tax = MoneyShape(help_text="On what the marketplace charges for its service.")
    tax = MoneyShape()
    payouts = MoneyShape(help_text="Also those on their way; what was refused or came back is given back.")
    other = MoneyShape()
    closing = MoneyShape(help_text="Pending and available together.")


class StatementsShape(Shape):
    month = serializers.CharField()
    statements = StatementShape(many=True)


def _asked(request: Request) -> tuple[date, list[Statement]]:
    asked = read(StatementFilter, request.query_params.dict())
    month = date.fromisoformat(f"{asked['month']}-01") if "month" in asked else datetime.now(UTC).date()
    vendor_id = vendor_of(request, Right.SEE_MONEY)
    return month, statements(vendor_id=vendor_id, month=month, currency=asked.get("currency", ""))


def _body(row: Statement) -> dict[str, Any]:
    figures = {name: Money(getattr(row, name), row.currency).as_json() for name in FIGURES}
    return {"currency": row.currency, **figures}


class StatementsView(APIView):
    permission_classes = [roles("vendor")]

    @extend_schema(
        operation_id="vendors_me_statements",
        tags=["vendors"],
        summary="What moved your balance in a month, by currency",
        parameters=[StatementFilter],
        responses=StatementsShape,
    )
    def get(self, request: Request) -> Response:
        month, rows = _asked(request)
        return Response({"month": f"{month:%Y-%m}", "statements": [_body(row) for row in rows]})


class StatementsCsvView(APIView):
    permission_classes = [roles("vendor")]
    content_negotiation_class = AsItIs

    @extend_schema(
        operation_id="vendors_me_statements_csv",
        tags=["vendors"],
        summary="The same as a table",
        parameters=[StatementFilter],
        responses={(200, "text/csv"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request) -> HttpResponse:
        month, rows = _asked(request)
        content = io.StringIO()
        table = csv.writer(content)
        table.writerow(["month", "currency", *FIGURES])
        for row in rows:
            amounts = [Money(getattr(row, name), row.currency).amount for name in FIGURES]
            table.writerow([f"{month:%Y-%m}", row.currency, *amounts])
        name = f'attachment; filename="statement-{month:%Y-%m}.csv"'
        return HttpResponse(content.getvalue(), "text/csv; charset=utf-8", headers={"Content-Disposition": name})
