"""A quote, and the order itself."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from order_service import checkout
from order_service.actions.orders import Placing
from order_service.api.shapes import AddressShape, OrderShape, ReasonShape, VendorShape, order_body, reason_body
from order_service.api.store_credit import CoverShape, UseCreditField, cover_body
from order_service.clients import Cart, CartLine, cart_of
from order_service.models import Promotion
from order_service.queries import orders as order_queries
from order_service.queries.quotes import Option, Quote, QuotedLine, QuotedPart, quote
from order_service.queries.reasons import Reason
from order_service.queries.store_credit import CreditWish, cover_of, wish_for
from shared.auth import Caller
from shared.errors import Invalid, Unauthenticated
from shared.http import MoneyShape, Shape, created, read
from shared.idempotency import MUST_BE_GIVEN, idempotent
from shared.money import Money
from shared.pagination import Cursor

CART_TOKEN_HEADER = "X-Cart-Token"  # noqa: S105
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z]{2,4})?(?![A-Za-z0-9-])")
CART_TOKEN = OpenApiParameter(CART_TOKEN_HEADER, str, OpenApiParameter.HEADER, description="A guest's cart.")


class QuoteIn(Shape):
    shipping_address = AddressShape()
    shipping_method = serializers.CharField(max_length=20, required=False, allow_null=True)
    coupon = serializers.CharField(max_length=40, required=False, allow_null=True, allow_blank=True)
    email = serializers.EmailField(max_length=254, required=False)
    use_store_credit = UseCreditField(required=False)


class QuotedItemShape(Shape):
    variant_id = serializers.UUIDField()
    name = serializers.CharField()
    sku = serializers.CharField()
    quantity = serializers.IntegerField()
    unit_price = MoneyShape()
    line_total = MoneyShape()
    discount = MoneyShape()
    tax = MoneyShape()
    tax_included = MoneyShape()
    why = ReasonShape(many=True)


class QuotedPartShape(Shape):
    vendor = VendorShape()
    items = QuotedItemShape(many=True)
    items_total = MoneyShape()
    discount_total = MoneyShape()
    shipping_total = MoneyShape()
    tax_total = MoneyShape()
    tax_included = MoneyShape()
    total = MoneyShape()
    weight_grams = serializers.IntegerField()
    why = ReasonShape(many=True)


class VendorPriceShape(Shape):
    vendor_id = serializers.UUIDField()
    price = MoneyShape()


class ShippingMethodShape(Shape):
    code = serializers.CharField()
    name = serializers.CharField()
    price = MoneyShape()
    vendors = VendorPriceShape(many=True)
    selected = serializers.BooleanField()


class QuotedPromotionShape(Shape):
    id = serializers.UUIDField()
    name = serializers.CharField()
    code = serializers.CharField(allow_null=True)
    discount = MoneyShape()


class QuoteShape(Shape):
    currency = serializers.CharField()
    items_total = MoneyShape()
    discount_total = MoneyShape()
    shipping_total = MoneyShape()
    tax_total = MoneyShape()
    tax_included = MoneyShape()
    total = MoneyShape()
    coupon = serializers.CharField(allow_null=True)
    promotions = QuotedPromotionShape(many=True)
    vendor_orders = QuotedPartShape(many=True)
    shipping_methods = ShippingMethodShape(many=True)
    store_credit = CoverShape(allow_null=True)


class QuoteView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="checkout_quote",
        tags=["checkout"],
        summary="What the cart would cost, without placing anything",
        request=QuoteIn,
        responses=QuoteShape,
        parameters=[CART_TOKEN],
    )
    def post(self, request: Request) -> Response:
        body = read(QuoteIn, request.data)
        cart = _cart(request)
        code = body.get("coupon", cart.coupon)
        quoted = quote(
            cart=cart,
            country=body["shipping_address"]["country"],
            region=body["shipping_address"].get("region", ""),
            method=body.get("shipping_method"),
            coupon_code=code,
            buyer_key=_buyer_key(request, body.get("email", "")),
        )
        return Response({**quote_body(quoted), "store_credit": _cover_body(request, body, quoted)})


def _cover_body(request: Request, body: dict[str, Any], quoted: Quote) -> dict[str, Any] | None:
    """Of all the buyer has, or of what is wanted; a guest has none."""
    wish = _wish(request, body, quoted)
    if not isinstance(request.user, Caller):
        return None
    return cover_body(cover_of(quoted, user_id=request.user.id, wish=wish), quoted.currency)


def _wish(request: Request, body: dict[str, Any], quoted: Quote) -> CreditWish:
    return wish_for(body.get("use_store_credit", False), quoted, signed_in=isinstance(request.user, Caller))


def _cart(request: Request) -> Cart:
    caller = request.user if isinstance(request.user, Caller) else None
    return cart_of(user_id=caller.id if caller else None, token=_cart_token(request))


def _cart_token(request: Request) -> str | None:
    """A guest's; a signed-in buyer needs none. Raises Invalid."""
    token = request.headers.get(CART_TOKEN_HEADER)
    if not token and not isinstance(request.user, Caller):
        raise Invalid({CART_TOKEN_HEADER: ["A guest's checkout needs this header: the token of the cart."]})
    return token


def _buyer_key(request: Request, email: str) -> str:
    return str(request.user.id) if isinstance(request.user, Caller) else email.lower()


def quote_body(quoted: Quote) -> dict[str, Any]:
    return {
        "currency": quoted.currency,
        **_totals(quoted, quoted),
        "coupon": quoted.coupon.code if quoted.coupon else None,
        "promotions": [_promotion_body(promotion, quoted) for promotion in quoted.promotions],
        "vendor_orders": [_part_body(part, quoted) for part in quoted.parts],
        "shipping_methods": [_method_body(option, quoted) for option in quoted.options],
    }


def _promotion_body(promotion: Promotion, quoted: Quote) -> dict[str, Any]:
    """With all that it takes off, shipping too."""
    reasons = [reason for part in quoted.parts for line in part.lines for reason in line.why]
    reasons += [reason for part in quoted.parts for reason in part.parcel.why]
    taken = -sum(reason.amount for reason in reasons if reason.promotion_id == promotion.id)
    return {
        "id": promotion.id,
        "name": promotion.title,
        "code": promotion.code,
        "discount": _money(taken, quoted),
    }


def _method_body(option: Option, quoted: Quote) -> dict[str, Any]:
    priced = zip(quoted.parts, option.parcels, strict=True)
    return {
        "code": option.method.code,
        "name": option.method.name,
        "price": _money(option.price, quoted),
        "vendors": [{"vendor_id": part.vendor_id, "price": _money(parcel.price, quoted)} for part, parcel in priced],
        "selected": option.method.code == quoted.method,
    }


def _totals(row: Quote | QuotedPart, quoted: Quote) -> dict[str, Any]:
    return {
        "items_total": _money(row.items, quoted),
        "discount_total": _money(row.discount, quoted),
        "shipping_total": _money(row.shipping, quoted),
        "tax_total": _money(row.tax, quoted),
        "tax_included": _money(row.tax_included, quoted),
        "total": _money(row.total, quoted),
    }


def _part_body(part: QuotedPart, quoted: Quote) -> dict[str, Any]:
    return {
        "vendor": {"id": part.vendor_id, "name": part.vendor_name},
        "items": [_item_body(line, quoted) for line in part.lines],
        **_totals(part, quoted),
        "weight_grams": part.weight_grams,
        "why": _why(part.parcel.why, quoted),
    }


def _why(reasons: Sequence[Reason], quoted: Quote) -> list[dict[str, Any]]:
    return [reason_body(reason.as_json(), quoted.currency) for reason in reasons]


def _item_body(quoted_line: QuotedLine, quoted: Quote) -> dict[str, Any]:
    line: CartLine = quoted_line.line
    return {
        "variant_id": line.variant_id,
        "name": line.name,
        "sku": line.sku,
        "quantity": line.quantity,
        "unit_price": line.unit_price.as_json(),
        "line_total": _money(quoted_line.line_total, quoted),
        "discount": _money(quoted_line.discount, quoted),
        "tax": _money(quoted_line.tax, quoted),
        "tax_included": _money(quoted_line.tax_included, quoted),
        "why": _why(quoted_line.why, quoted),
    }


def _money(minor: int, quoted: Quote) -> dict[str, str]:
    return Money(minor, quoted.currency).as_json()


SIMULATED = ["ok", "decline", "insufficient_funds", "requires_action", "slow", "timeout", "duplicate_webhook"]


def token_field(methods: Sequence[str]) -> serializers.Field[Any, Any, Any, Any]:
    """What the provider's page gave the buyer for their card. Where only the simulator takes money, one of its own."""
    if list(methods) == ["simulator"]:
        return serializers.ChoiceField(required=False, choices=SIMULATED)
    token = serializers.RegexField(r"^[A-Za-z0-9_-]+$", required=False, max_length=200, validators=[_no_card_number])
    return cast(serializers.Field[Any, Any, Any, Any], token)


def _no_card_number(token: str) -> None:
    """Whoever sends one has not read how to pay. It is refused before anything stores it."""
    if re.fullmatch("[0-9]{12,19}", token.replace("-", "")):
        raise serializers.ValidationError("A token of the provider's, never a card's number.")


class OrderIn(Shape):
    shipping_address = AddressShape()
    billing_address = AddressShape(required=False)
    shipping_method = serializers.CharField(max_length=20, required=False, allow_null=True)
    payment_method = serializers.ChoiceField(choices=settings.PAYMENT_METHODS)
    payment_token = token_field(settings.PAYMENT_METHODS)
    expected_total = MoneyShape(required=False)
    coupon = serializers.CharField(max_length=40, required=False, allow_null=True, allow_blank=True)
    email = serializers.EmailField(max_length=254, required=False)
    use_store_credit = UseCreditField(required=False)


class OrderPage(Cursor):
    ordering = "-id"


class OrdersView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(
        operation_id="orders_list", tags=["orders"], summary="Own orders, newest first", responses=OrderShape(many=True)
    )
    def get(self, request: Request) -> Response:
        caller = _signed_in(request)
        page = OrderPage()
        rows = page.paginate_queryset(order_queries.history_of(caller.id), request, view=self)
        return page.get_paginated_response([order_body(order) for order in rows or []])

    @extend_schema(
        operation_id="orders_place",
        tags=["orders"],
        summary="Place an order for what is in the cart",
        request=OrderIn,
        responses={201: OrderShape},
        extensions=MUST_BE_GIVEN,
        parameters=[CART_TOKEN],
    )
    def post(self, request: Request) -> Response:
        """A guest without a cart's token is refused first: guests' keys are kept apart by it."""
        _cart_token(request)
        return self._place(request)

    @idempotent(required=True)
    def _place(self, request: Request) -> Response:
        body = read(OrderIn, request.data)
        checkout.admit(payment_method=body["payment_method"])
        contact = _contact(request, body)
        cart = _cart(request)
        placing = _placing(request, body, cart, contact)
        quoted = quote(
            cart=cart,
            country=body["shipping_address"]["country"],
            region=body["shipping_address"].get("region", ""),
            method=body.get("shipping_method"),
            coupon_code=body.get("coupon", cart.coupon),
            buyer_key=placing.buyer_key,
        )
        placing = replace(placing, credit=_wish(request, body, quoted))
        order = checkout.place_order(
            cart=cart, quote=quoted, placing=placing, expected_total=body.get("expected_total")
        )
        order = order_queries.whole().get(id=order.id)
        answer = order_body(order)
        if order.user_id is None:
            answer["access_token"] = order_queries.link_token(order)
        return created(answer, f"/api/v1/orders/{order.id}")


def _signed_in(request: Request) -> Caller:
    if not isinstance(request.user, Caller):
        raise Unauthenticated()
    return request.user


def _contact(request: Request, body: dict[str, Any]) -> tuple[str, str]:
    """(e-mail, locale). A guest gives the one and its browser the other; a signed-in buyer's account has both."""
    if isinstance(request.user, Caller):
        email, locale = order_queries.contact_of(request.user.id)
        return str(body.get("email") or email), locale
    if not body.get("email"):
        raise Invalid({"email": ["A guest's order needs an e-mail address."]})
    return str(body["email"]), _language(request.headers.get("Accept-Language", ""))


def _language(accepted: str) -> str:
    """The first that a browser names: `de-CH` of `de-CH,de;q=0.9`."""
    first = LANGUAGE.match(accepted.strip())
    return first[0] if first else "en"


def _placing(request: Request, body: dict[str, Any], cart: Cart, contact: tuple[str, str]) -> Placing:
    address = cast(dict[str, Any], body["shipping_address"])
    user_id: UUID | None = request.user.id if isinstance(request.user, Caller) else None
    return Placing(
        user_id=user_id,
        email=contact[0],
        buyer_name=address["name"],
        cart_id=cart.id,
        shipping_address=dict(address),
        billing_address=dict(body.get("billing_address") or address),
        payment_method=body["payment_method"],
        payment_token=body.get("payment_token", "ok"),
        cart_token=request.headers.get(CART_TOKEN_HEADER),
        cart_version=cart.version,
        locale=contact[1],
    )
