"""The cart of whoever asks: a signed-in user's own, or the guest's whose token the request carries."""

import hashlib
from typing import Any
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cart_service.actions import carts as actions
from cart_service.actions import merging
from cart_service.errors import CartNotFound
from cart_service.models import carts
from cart_service.models.carts import MAX_QUANTITY, Cart, Owner
from cart_service.models.merging import Merged
from cart_service.queries import carts as queries
from shared.auth import Caller, IsSignedIn, caller_of
from shared.context import new_id
from shared.errors import Invalid
from shared.http import JsonObject, LineField, MoneyShape, Shape, created, read, written
from shared.idempotency import HEADER, idempotent
from shared.money import EXPONENTS

TOKEN_HEADER = "X-Cart-Token"  # noqa: S105
LOCATION = "/api/v1/cart"
TAGS = ["cart"]


class VendorShape(Shape):
    id = serializers.UUIDField()
    name = serializers.CharField()


class ItemShape(Shape):
    """A line. `available` is how many can be bought now; prices are null when it is no longer sold in the currency."""

    id = serializers.UUIDField()
    variant_id = serializers.UUIDField(source="offer.variant_id")
    product_id = serializers.UUIDField(source="offer.product_id")
    name = serializers.CharField(source="offer.name")
    sku = serializers.CharField(source="offer.sku")
    vendor = VendorShape()
    quantity = serializers.IntegerField(min_value=1, max_value=MAX_QUANTITY)
    unit_price = MoneyShape(allow_null=True)
    line_total = MoneyShape(allow_null=True)
    available = serializers.IntegerField(min_value=0)
    image = serializers.CharField(source="offer.image", allow_null=True)
    options = serializers.DictField(source="offer.options", child=serializers.CharField())
    slug = serializers.CharField(source="offer.slug")


class ChangeShape(Shape):
    """What changed since the buyer last looked; told once."""

    kind = serializers.ChoiceField(choices=["price_changed", "quantity_reduced", *sorted(queries.KINDS.values())])
    item_id = serializers.UUIDField()
    variant_id = serializers.UUIDField()
    name = serializers.CharField()
    old = MoneyShape(allow_null=True)
    new = MoneyShape(allow_null=True)
    requested = serializers.IntegerField(allow_null=True)
    quantity = serializers.IntegerField(allow_null=True)
    available = serializers.IntegerField(allow_null=True)


class CartShape(Shape):
    """`id` is null for a guest who has put nothing into a cart yet."""

    id = serializers.UUIDField(allow_null=True)
    items = ItemShape(many=True)
    subtotal = MoneyShape()
    coupon = serializers.CharField(allow_null=True)
    currency = serializers.CharField()
    changes = ChangeShape(many=True)


TOKEN = OpenApiParameter(
    TOKEN_HEADER, OpenApiTypes.STR, OpenApiParameter.HEADER, description="A guest's cart; not needed when signed in."
)
TOKEN_ANSWERED = OpenApiParameter(
    TOKEN_HEADER,
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    response=[201],
    description="The token of a guest's new cart: answered once, to be kept by the client.",
)
A_CART = OpenApiResponse(CartShape, "The cart.")


def owner_of(request: Request) -> Owner | None:
    """Whose cart this request is about; None for a guest without a token."""
    if isinstance(request.user, Caller):
        return carts.of_user(request.user.id)
    token = request.headers.get(TOKEN_HEADER, "")
    return carts.of_guest(token) if token else None


def existing(request: Request) -> Cart:
    """Raises CartNotFound for a guest without a cart: absent, or not theirs."""
    owner = owner_of(request)
    if owner is None:
        raise CartNotFound()
    return queries.cart(owner)


def answer(owner: Owner, cut: list[Merged] | tuple[Merged, ...] = ()) -> Any:
    """The cart as its buyer sees it; what is told now will not be told again."""
    shown = queries.shown(queries.cart(owner), cut)
    actions.remember_told(owner=owner, told=shown.told)
    return written(CartShape, shown)


class CartView(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="cart_read", summary="Read the cart", tags=TAGS, parameters=[TOKEN], responses={200: A_CART}
    )
    def get(self, request: Request) -> Response:
        owner = owner_of(request)
        return Response(answer(owner) if owner else written(CartShape, queries.nothing()))

    @extend_schema(
        operation_id="cart_clear",
        summary="Take everything out of the cart",
        tags=TAGS,
        parameters=[TOKEN],
        request=None,
        responses={200: A_CART},
    )
    @idempotent()
    def delete(self, request: Request) -> Response:
        cart = existing(request)
        actions.clear(cart=cart)
        return Response(answer(cart.owner))


class AddItemShape(Shape):
    """`currency` decides the cart's currency while it is empty."""

    variant_id = serializers.UUIDField()
    quantity = serializers.IntegerField(min_value=1, max_value=MAX_QUANTITY, default=1)
    currency = serializers.ChoiceField(choices=sorted(EXPONENTS), required=False)


class ItemsView(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="cart_add_item",
        summary="Put a variant into the cart",
        description="The same variant added again adds up. A guest's first item makes a cart and answers its token.",
        tags=TAGS,
        parameters=[
            TOKEN,
            TOKEN_ANSWERED,
            OpenApiParameter(
                "currency", OpenApiTypes.STR, enum=sorted(EXPONENTS), description="As `currency` in the body."
            ),
        ],
        request=AddItemShape,
        responses={201: A_CART},
    )
    def post(self, request: Request) -> Response:
        cart = _known_cart(request)
        if cart is None:
            return self._start_guest_cart(request)
        return self._add(request, cart)

    def _start_guest_cart(self, request: Request) -> Response:
        """Not replayed: the answer carries a new secret, and without a token one guest's key is any guest's key."""
        token = carts.new_token()
        response = _add_item(request, Cart(carts.of_guest(token)))
        response[TOKEN_HEADER] = token
        return response

    @idempotent()
    def _add(self, request: Request, cart: Cart) -> Response:
        return _add_item(request, cart)


def _known_cart(request: Request) -> Cart | None:
    """None for a guest whose token leads nowhere (any more) as well: such a guest gets a new cart, and a new token."""
    owner = owner_of(request)
    try:
        return queries.cart(owner) if owner else None
    except CartNotFound:
        return None


def _add_item(request: Request, cart: Cart) -> Response:
    body = read(AddItemShape, _with_query_currency(request))
    actions.add_item(
        cart=cart,
        variant_id=body["variant_id"],
        quantity=body["quantity"],
        currency=body.get("currency"),
        once=_once(request, cart.owner),
    )
    return created(answer(cart.owner), LOCATION)


def _with_query_currency(request: Request) -> Any:
    currency = request.query_params.get("currency")
    if currency and isinstance(request.data, dict):
        return JsonObject({"currency": currency, **request.data})
    return request.data


def _once(request: Request, owner: Owner) -> str:
    """The name under which this addition happens once, also when the answer was lost before it could be kept."""
    key = request.headers.get(HEADER)
    return hashlib.sha256(f"{owner.cart_id}:{key}".encode()).hexdigest() if key else str(new_id())


class QuantityShape(Shape):
    whole = True
    quantity = serializers.IntegerField(min_value=1, max_value=MAX_QUANTITY)


class ItemView(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="cart_set_quantity",
        summary="Set an item's quantity",
        tags=TAGS,
        parameters=[TOKEN],
        request=QuantityShape,
        responses={200: A_CART},
    )
    @idempotent()
    def patch(self, request: Request, item: UUID) -> Response:
        return self._set(request, item)

    @extend_schema(
        operation_id="cart_replace_item",
        summary="Set an item's quantity",
        tags=TAGS,
        parameters=[TOKEN],
        request=QuantityShape,
        responses={200: A_CART},
    )
    @idempotent()
    def put(self, request: Request, item: UUID) -> Response:
        return self._set(request, item)

    def _set(self, request: Request, item: UUID) -> Response:
        body = read(QuantityShape, request.data)
        cart = existing(request)
        actions.set_quantity(cart=cart, item_id=item, quantity=body["quantity"])
        return Response(answer(cart.owner))

    @extend_schema(
        operation_id="cart_remove_item",
        summary="Take an item out",
        tags=TAGS,
        parameters=[TOKEN],
        request=None,
        responses={200: A_CART},
    )
    @idempotent()
    def delete(self, request: Request, item: UUID) -> Response:
        cart = existing(request)
        actions.remove_item(cart=cart, item_id=item)
        return Response(answer(cart.owner))


class CouponShape(Shape):
    code = LineField(max_length=64)


class CouponView(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="cart_set_coupon",
        summary="Keep a coupon on the cart",
        description="Whether it holds, and what it is worth, is shown in the quote.",
        tags=TAGS,
        parameters=[TOKEN],
        request=CouponShape,
        responses={200: A_CART},
    )
    @idempotent()
    def put(self, request: Request) -> Response:
        body = read(CouponShape, request.data)
        owner = existing(request).owner
        actions.set_coupon(owner=owner, code=body["code"])
        return Response(answer(owner))

    @extend_schema(
        operation_id="cart_remove_coupon",
        summary="Take the coupon off",
        tags=TAGS,
        parameters=[TOKEN],
        request=None,
        responses={200: A_CART},
    )
    @idempotent()
    def delete(self, request: Request) -> Response:
        owner = existing(request).owner
        actions.set_coupon(owner=owner, code="")
        return Response(answer(owner))


class MergeShape(Shape):
    """Nothing: the guest's cart is named by the header."""


class MergeView(APIView):
    permission_classes = (IsSignedIn,)

    @extend_schema(
        operation_id="cart_merge",
        summary="Take over the guest's cart after login",
        description="Quantities add up as far as stock allows. The guest's cart is gone afterwards.",
        tags=TAGS,
        parameters=[
            OpenApiParameter(TOKEN_HEADER, {"type": "string", "minLength": 1}, OpenApiParameter.HEADER, required=True)
        ],
        request=None,
        responses={200: A_CART},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        read(MergeShape, request.data)
        token = request.headers.get(TOKEN_HEADER, "")
        if not token:
            raise Invalid({TOKEN_HEADER: ["This header is required."]})
        mine = carts.of_user(caller_of(request).id)
        cut = merging.merge(guest=carts.of_guest(token), into=mine)
        return Response(answer(mine, tuple(cut)))
