"""Sales of variants: a lower price for a time."""

from typing import Any
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog_service.actions import sale_prices as writing
from catalog_service.api.lists import read_query, scope_of
from catalog_service.api.variants import CurrencyQuery, PositiveMoney, VariantShape, variant_body
from catalog_service.models import Wish
from catalog_service.queries.products import find_variant
from shared.auth import CATALOGUE, roles
from shared.http import Shape, read
from shared.idempotency import idempotent
from shared.money import EXPONENTS


class SaleInput(Shape):
    price = PositiveMoney(help_text="Below the variant's price in this currency.")
    starts_at = serializers.DateTimeField(required=False, allow_null=True, help_text="Left out: at once.")
    ends_at = serializers.DateTimeField(required=False, allow_null=True, help_text="Left out: until it is ended.")


class VariantSale(APIView):
    permission_classes = (roles("vendor", "admin", area=CATALOGUE),)

    @extend_schema(request=SaleInput, responses=VariantShape, tags=["variants"], operation_id="variant_sale")
    @idempotent()
    def put(self, request: Request, product: str, variant: UUID) -> Response:
        """Put on sale in one currency, for a time or for good. Buyers see it from its start to its end, to the moment;
        filters, orders by price and carts follow within a second.
        """
        sale: dict[str, Any] = read(SaleInput, request.data)
        writing.set_sale(product=product, variant_id=variant, vendor_id=scope_of(request), **sale)
        return Response(variant_body(find_variant(variant), Wish(sale["price"].currency), for_writer=True))

    @extend_schema(
        parameters=[OpenApiParameter("currency", str, enum=sorted(EXPONENTS))],
        request=None,
        responses={204: None},
        tags=["variants"],
        operation_id="variant_sale_end",
    )
    @idempotent()
    def delete(self, request: Request, product: str, variant: UUID) -> Response:
        """End the sale in this currency (left out: in the default one), or call it off."""
        currency = read_query(CurrencyQuery, request).get("currency", settings.DEFAULT_CURRENCY)
        writing.end_sale(product=product, variant_id=variant, vendor_id=scope_of(request), currency=currency)
        return Response(status=status.HTTP_204_NO_CONTENT)
