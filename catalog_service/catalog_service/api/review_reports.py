"""Reviews for those who work with them, as a file and in numbers: those of a vendor's products, or all for admins."""

import csv
import json
from collections.abc import Iterator
from datetime import date
from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog_service.api.lists import PRIVATE, parameters, read_query, scope_of
from catalog_service.models import Review
from catalog_service.queries import review_reports as reading
from shared.auth import CATALOGUE, roles
from shared.http import Shape

FORMATS = {"csv": "text/csv", "jsonl": "application/x-ndjson"}
COLUMNS = (
    "id", "product_id", "product_slug", "product_name", "vendor_id", "rating", "title", "comment", "status",
    "verified_purchase", "helpful", "unhelpful", "open_flags", "spam_score", "answer", "answered_at", "created_at",
    "edited_at",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class ScopeQuery(Shape):
    product = serializers.UUIDField(required=False)
    since = serializers.DateField(required=False, help_text="The first day, UTC.")
    until = serializers.DateField(required=False, help_text="The last day, UTC.")

    def validate_until(self, until: date) -> date:
        if until == date.max:
            raise serializers.ValidationError("Later than the last day there is.")
        return until


class ExportQuery(ScopeQuery):
    format = serializers.ChoiceField(list(FORMATS), required=False, default="csv")
    status = serializers.ChoiceField(Review.Status.choices, required=False, default="")


class AnalyticsQuery(ScopeQuery):
    interval = serializers.ChoiceField(list(reading.INTERVALS), required=False, default="week")


class TotalsShape(Shape):
    pending = serializers.IntegerField()
    approved = serializers.IntegerField()
    rejected = serializers.IntegerField()
    flagged = serializers.IntegerField()
    verified = serializers.IntegerField(help_text="Approved ones of people who bought it here.")
    answered = serializers.IntegerField(help_text="Approved ones that the vendor answered.")
    average = serializers.FloatField(allow_null=True)
    histogram = serializers.DictField(child=serializers.IntegerField(), help_text="Stars → approved reviews.")


class PointShape(Shape):
    start = serializers.DateTimeField()
    count = serializers.IntegerField()
    average = serializers.FloatField()


class SubjectShape(Shape):
    id = serializers.UUIDField()
    name = serializers.CharField()
    count = serializers.IntegerField()
    average = serializers.FloatField()


class AnalyticsShape(Shape):
    totals = TotalsShape()
    series = PointShape(many=True, help_text="Intervals in which there were approved reviews, by the time of writing.")
    products = SubjectShape(many=True, help_text="The twenty with most reviews.")
    vendors = SubjectShape(many=True, help_text="The twenty with most reviews; a vendor sees itself.")


class AnyFormat(BaseContentNegotiation):
    """`format` is this path's own parameter, not DRF's; errors are problem documents whatever is accepted."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class ReviewExport(APIView):
    permission_classes = (roles("vendor", "admin", area=CATALOGUE),)
    content_negotiation_class = AnyFormat

    @extend_schema(
        parameters=parameters(ExportQuery),
        responses={(200, media): OpenApiTypes.STR for media in FORMATS.values()},
        tags=["reviews"],
        operation_id="review_export",
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """All reviews, oldest first, as CSV or JSON Lines; the file comes while it is read."""
        query = read_query(ExportQuery, request)
        format_ = query.pop("format")
        rows = reading.export(_scope(request, query))
        lines = _csv(rows) if format_ == "csv" else _json_lines(rows)
        attachment = {"Content-Disposition": f'attachment; filename="reviews.{format_}"'}
        return StreamingHttpResponse(lines, content_type=FORMATS[format_], headers={**PRIVATE, **attachment})


class ReviewAnalytics(APIView):
    permission_classes = (roles("vendor", "admin", area=CATALOGUE),)

    @extend_schema(
        parameters=parameters(AnalyticsQuery),
        responses=AnalyticsShape,
        tags=["reviews"],
        operation_id="review_analytics",
    )
    def get(self, request: Request) -> Response:
        """How many, how good, and how that changes over time."""
        query = read_query(AnalyticsQuery, request)
        interval = query.pop("interval")
        return Response(_analytics_body(reading.report(_scope(request, query), interval=interval)), headers=PRIVATE)


def _scope(request: Request, query: dict[str, Any]) -> reading.Scope:
    product = query.pop("product", None)
    return reading.Scope(vendor_id=scope_of(request), product_id=product, **query)


def _analytics_body(report: reading.Report) -> dict[str, Any]:
    totals = dict(report.totals)
    histogram = {str(stars): totals.pop(f"stars_{stars}") for stars in range(1, 6)}
    return {
        "totals": {**totals, "histogram": histogram, "average": _rounded(totals["average"])},
        "series": [{**point, "average": _rounded(point["average"])} for point in report.series],
        "products": list(map(_subject, report.products)),
        "vendors": list(map(_subject, report.vendors)),
    }


def _subject(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": str(row["subject"]), "name": row["name"], "count": row["count"], "average": _rounded(row["average"]),
    }  # fmt: skip


def _rounded(average: float | None) -> float | None:
    return None if average is None else round(float(average), 2)


def _record(review: Review) -> dict[str, Any]:
    product = review.product
    named = {"product_slug": product.slug, "product_name": product.name, "vendor_id": product.vendor_id}
    values = ((column, named[column] if column in named else getattr(review, column)) for column in COLUMNS)
    return {column: value.isoformat() if hasattr(value, "isoformat") else value for column, value in values}


class _Echo:
    """What csv writes to: it hands each line back."""

    def write(self, line: str) -> str:
        return line


def _csv(reviews: Iterator[Review]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield writer.writerow(COLUMNS)
    for review in reviews:
        yield writer.writerow([_cell(value) for value in _record(review).values()])


def _cell(value: object) -> object:
    """A spreadsheet takes some texts for formulas, and would run them."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _json_lines(reviews: Iterator[Review]) -> Iterator[str]:
    for review in reviews:
        yield json.dumps(_record(review), default=str, ensure_ascii=False) + "\n"
