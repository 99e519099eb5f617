"""The history of prices, for those who set them."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog_service.api.lists import PageQuery, answer_page, page_of, parameters, read_query, scope_of
from catalog_service.models import PriceChange
from catalog_service.queries.price_history import list_price_changes
from shared.auth import CATALOGUE, roles
from shared.http import MoneyShape, Shape
from shared.money import EXPONENTS, Money


class HistoryQuery(PageQuery):
    variant = serializers.UUIDField(required=False)
    currency = serializers.ChoiceField(sorted(EXPONENTS), required=False, default="")


class PriceChangeShape(Shape):
    id = serializers.UUIDField()
    variant_id = serializers.UUIDField()
    sku = serializers.CharField()
    currency = serializers.CharField()
    price = MoneyShape(
        allow_null=True, help_text="What was asked from `at` on. Null: it had no price of its own in it."
    )
    compare_at_price = MoneyShape(allow_null=True, help_text="What that was crossed out from.")
    at = serializers.DateTimeField()


def change_body(change: PriceChange) -> dict[str, Any]:
    def told(minor: int | None) -> dict[str, str] | None:
        return None if minor is None else Money(minor, change.currency).as_json()

    return {
        "id": str(change.id),
        "variant_id": str(change.variant_id),
        "sku": change.variant.sku,
        "currency": change.currency,
        "price": told(change.minor),
        "compare_at_price": told(change.compare_at_minor),
        "at": change.at,
    }


class PriceHistory(APIView):
    permission_classes = (roles("vendor", "admin", area=CATALOGUE),)

    @extend_schema(
        parameters=parameters(HistoryQuery),
        responses=page_of(PriceChangeShape),
        tags=["variants"],
        operation_id="product_price_history",
    )
    def get(self, request: Request, product: str) -> Response:
        """What was asked for each variant in each currency that it has a price in, and since when; latest first. Sales
        that start and end are in it, too.
        """
        query = read_query(HistoryQuery, request)
        page = list_price_changes(
            product=product,
            vendor_id=scope_of(request),
            variant=query.get("variant"),
            currency=query["currency"],
            cursor=query.get("cursor"),
            limit=query["limit"],
        )
        return answer_page(request, page, change_body)
