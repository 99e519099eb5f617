"""Variants of a product and their prices."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog_service.actions import variants as writing
from catalog_service.actions.variants import PriceInput, VariantInput
from catalog_service.api.lists import ANYBODY, PRIVATE, PUBLIC, ReadOnly, parameters, read_query, scope_of, viewer_of
from catalog_service.api.prices import CONVERTED, LOWEST, price_body
from catalog_service.api.revisions import RevisionShape, pending_body
from catalog_service.models import Price, Variant, Wish
from catalog_service.models.card_prices import CardPrice, base_of, converted
from catalog_service.models.prices import Asked
from catalog_service.models.products import SKU_PATTERN
from catalog_service.queries.products import ProductInWhole, find_product, find_variant
from shared.auth import CATALOGUE, caller_of, roles
from shared.errors import NotFound
from shared.http import MoneyShape, Shape, created, read
from shared.idempotency import idempotent
from shared.money import EXPONENTS

MAX_FIRST_STOCK = 10_000_000


class PositiveMoney(MoneyShape):
    def to_internal_value(self, data: Any) -> Any:
        money = super().to_internal_value(data)
        if money.minor <= 0:
            raise serializers.ValidationError({"amount": ["Must be more than zero."]})
        return money


class Options(serializers.DictField):
    """`{"size": "M", "colour": "blue"}`."""

    child = serializers.CharField(max_length=100)

    def to_internal_value(self, data: Any) -> dict[str, str]:
        options: dict[str, str] = super().to_internal_value(data)
        if len(options) > 10:
            raise serializers.ValidationError("At most 10 options.")
        if any(not 0 < len(name) <= 50 or not name.isprintable() for name in options):
            raise serializers.ValidationError("Names of options are 1 to 50 printable characters.")
        return options


class PriceShape(Shape):
    amount = serializers.CharField(max_length=24)
    currency = serializers.CharField()
    compare_at_price = MoneyShape(allow_null=True)


class VariantFields(Shape):
    sku = serializers.RegexField(SKU_PATTERN, max_length=64)
    price = PositiveMoney(required=False)
    compare_at_price = PositiveMoney(required=False, allow_null=True, help_text="Above `price`, in its currency.")
    prices = PositiveMoney(many=True, required=False, max_length=40)  # type: ignore[call-arg]
    options = Options(required=False)
    barcode = serializers.CharField(max_length=32, required=False, allow_blank=True)
    weight_grams = serializers.IntegerField(min_value=0, max_value=10_000_000, required=False)
    position = serializers.IntegerField(min_value=0, max_value=1_000_000, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        prices = attrs.get("prices") or []
        currencies = [price.currency for price in prices]
        if len(set(currencies)) < len(currencies):
            raise serializers.ValidationError({"prices": ["One price a currency."]})
        if "prices" in attrs and not prices:
            raise serializers.ValidationError({"prices": ["At least one."]})
        _check_comparison(attrs)
        return attrs


class NewVariant(VariantFields):
    stock = serializers.IntegerField(min_value=0, max_value=MAX_FIRST_STOCK, default=0)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "price" not in attrs and "prices" not in attrs:
            raise serializers.ValidationError({"price": ["This field is required."]})
        return super().validate(attrs)


class CurrencyQuery(Shape):
    currency = serializers.ChoiceField(
        sorted(EXPONENTS), required=False, help_text="Prices that are not set in it are converted by the day's rate."
    )


class SaleShape(Shape):
    price = MoneyShape()
    regular_price = MoneyShape()
    starts_at = serializers.DateTimeField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True)


class VariantShape(Shape):
    id = serializers.UUIDField()
    sku = serializers.CharField()
    options = serializers.DictField(child=serializers.CharField())
    price = MoneyShape(allow_null=True)
    compare_at_price = MoneyShape(allow_null=True)
    lowest_price_30_days = MoneyShape(allow_null=True, help_text=LOWEST)
    converted_from = MoneyShape(allow_null=True, help_text=CONVERTED)
    prices = PriceShape(many=True, help_text="The variant's own, in every currency that it has one in.")
    sale = SaleShape(
        allow_null=True, help_text="Of `price`, while it is on; those who write it see it before it starts too."
    )
    available = serializers.IntegerField()
    in_stock = serializers.BooleanField()
    barcode = serializers.CharField()
    weight_grams = serializers.IntegerField()
    position = serializers.IntegerField()
    pending_revision = RevisionShape(required=False, allow_null=True, help_text="After a write: what of it waits.")


def _check_comparison(attrs: dict[str, Any]) -> None:
    compared = attrs.get("compare_at_price")
    if compared is None:
        return
    if "price" not in attrs:
        raise serializers.ValidationError({"compare_at_price": ["Give `price` too."]})
    if compared.currency != attrs["price"].currency or compared.minor <= attrs["price"].minor:
        raise serializers.ValidationError({"compare_at_price": ["Must be above the price, in its currency."]})


def variant_body(variant: Variant, wish: Wish, *, for_writer: bool = False) -> dict[str, Any]:
    now = timezone.now()
    prices = {price.currency: price for price in variant.prices.all()}
    first = prices.get(wish.currency) or prices.get(base_of(prices) or "")
    others = sorted(prices, key=lambda currency: (currency != wish.currency, currency))
    available = variant.stock.available
    return price_body(_wished(CardPrice(*first.asked(now)), wish) if first else None) | {
        "id": str(variant.id),
        "sku": variant.sku,
        "options": variant.options,
        "prices": [_price_body(prices[currency].asked(now)) for currency in others],
        "sale": sale_body(first, wish) if first and (for_writer or first.is_on_sale(now)) else None,
        "available": available,
        "in_stock": available > 0,
        "barcode": variant.barcode,
        "weight_grams": variant.weight_grams,
        "position": variant.position,
    }


def _wished(price: CardPrice, wish: Wish) -> CardPrice:
    return converted(price, wish) or price


def sale_body(price: Price, wish: Wish) -> dict[str, Any] | None:
    if price.sale is None:
        return None
    sale = _wished(CardPrice(price.sale, price.money, None), wish)
    return {
        "price": sale.money.as_json(),
        "regular_price": (sale.compare_at or sale.money).as_json(),
        "starts_at": price.sale_starts_at,
        "ends_at": price.sale_ends_at,
    }


def _price_body(price: Asked) -> dict[str, Any]:
    return {**price.money.as_json(), "compare_at_price": price.compare_at.as_json() if price.compare_at else None}


def variant_input(given: dict[str, Any]) -> VariantInput:
    """A validated NewVariant as the action takes it."""
    own = {name: value for name, value in given.items() if name not in ("price", "compare_at_price", "prices")}
    prices = {price.money.currency: price for price in [*_prices(given), *_price(given)]}
    return VariantInput(prices=list(prices.values()), **own)


def _price(given: dict[str, Any]) -> list[PriceInput]:
    return [PriceInput(given["price"], given.get("compare_at_price"))] if "price" in given else []


def _prices(given: dict[str, Any]) -> list[PriceInput]:
    return [PriceInput(price) for price in given.get("prices", [])]


class VariantsShape(Shape):
    results = VariantShape(many=True)


class Variants(APIView):
    permission_classes = (ReadOnly | roles("vendor", "admin", area=CATALOGUE),)

    @extend_schema(
        parameters=parameters(CurrencyQuery),
        responses=VariantsShape,
        auth=ANYBODY,
        tags=["variants"],
        operation_id="variants",
    )
    def get(self, request: Request, product: str) -> Response:
        """All of them, in their order. What is not on sale is there for its vendor and admins only."""
        whole, bodies = _read(request, product)
        return Response({"results": bodies}, headers=PUBLIC if whole.product.is_visible else PRIVATE)

    @extend_schema(request=NewVariant, responses={201: VariantShape}, tags=["variants"], operation_id="variant_create")
    @idempotent()
    def post(self, request: Request, product: str) -> Response:
        variant = writing.add_variant(
            product=product,
            vendor_id=scope_of(request),
            variant=variant_input(read(NewVariant, request.data)),
            actor_id=caller_of(request).id,
        )
        return created(_after_write(variant), f"/api/v1/products/{variant.product_id}/variants/{variant.id}")


class VariantDetail(APIView):
    permission_classes = (ReadOnly | roles("vendor", "admin", area=CATALOGUE),)

    @extend_schema(
        parameters=parameters(CurrencyQuery),
        responses=VariantShape,
        auth=ANYBODY,
        tags=["variants"],
        operation_id="variant",
    )
    def get(self, request: Request, product: str, variant: UUID) -> Response:
        whole, bodies = _read(request, product)
        body = next((body for body in bodies if body["id"] == str(variant)), None)
        if body is None:
            raise NotFound
        return Response(body, headers=PUBLIC if whole.product.is_visible else PRIVATE)

    @extend_schema(request=VariantFields, responses=VariantShape, tags=["variants"], operation_id="variant_edit")
    @idempotent()
    def patch(self, request: Request, product: str, variant: UUID) -> Response:
        """`price` sets one currency's price; `prices` sets them all. Stock moves by inventory adjustments."""
        changes = read(VariantFields, request.data, partial=True)
        changes.pop("compare_at_price", None) if "price" not in changes else None
        if "price" in changes:
            changes["price"] = PriceInput(changes["price"], changes.pop("compare_at_price", None))
        if "prices" in changes:
            changes["prices"] = _prices(changes)
        row = writing.edit_variant(product=product, variant_id=variant, vendor_id=scope_of(request), changes=changes)
        return Response(_after_write(row))

    @extend_schema(request=None, responses={204: None}, tags=["variants"], operation_id="variant_delete")
    @idempotent()
    def delete(self, request: Request, product: str, variant: UUID) -> Response:
        writing.remove_variant(product=product, variant_id=variant, vendor_id=scope_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _read(request: Request, product: str) -> tuple[ProductInWhole, list[dict[str, Any]]]:
    """The product, and its variants as they are told. Raises NotFound."""
    wish = Wish(read_query(CurrencyQuery, request).get("currency", settings.DEFAULT_CURRENCY))
    whole = find_product(product, **viewer_of(request))
    for_writer = not whole.product.is_visible
    return whole, [variant_body(variant, wish, for_writer=for_writer) for variant in whole.variants]


def _after_write(variant: Variant) -> dict[str, Any]:
    row = find_variant(variant.id)
    return variant_body(row, Wish(settings.DEFAULT_CURRENCY), for_writer=True) | {
        "pending_revision": pending_body(row.product)
    }
