"""What only other services may ask; NGINX does not route it."""

from uuid import UUID

from rest_framework import serializers
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cart_service.errors import CartNotFound
from cart_service.models import carts
from cart_service.models.carts import Cart, Owner
from cart_service.queries import carts as queries
from shared.auth import CallingService, ServiceAuthentication
from shared.errors import Invalid
from shared.http import MoneyShape, Shape, read, written


class IsOrder(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.user, CallingService) and request.user.name == "order"


class WhoseShape(Shape):
    user_id = serializers.UUIDField(required=False)
    token = serializers.CharField(required=False, max_length=200)


class LineShape(Shape):
    """A line for checkout. `available` and `active` are catalog's last word; a null price: none in this currency."""

    variant_id = serializers.UUIDField(source="offer.variant_id")
    product_id = serializers.UUIDField(source="offer.product_id")
    category_id = serializers.UUIDField(source="offer.category_id", allow_null=True)
    name = serializers.CharField(source="offer.name")
    sku = serializers.CharField(source="offer.sku")
    vendor_id = serializers.UUIDField(source="offer.vendor_id")
    vendor_name = serializers.CharField(source="offer.vendor_name")
    quantity = serializers.IntegerField()
    unit_price = MoneyShape(allow_null=True)
    weight_grams = serializers.IntegerField(source="offer.weight_grams")
    available = serializers.IntegerField()
    active = serializers.BooleanField(source="offer.active")


class InternalCartShape(Shape):
    id = serializers.UUIDField()
    version = serializers.CharField(allow_blank=True)
    currency = serializers.CharField()
    coupon = serializers.CharField(allow_null=True)
    items = LineShape(many=True)


class InternalCartView(APIView):
    """The cart that an order is made from. Looking does not count as the buyer having been told."""

    authentication_classes = (ServiceAuthentication,)
    permission_classes = (IsOrder,)

    def get(self, request: Request) -> Response:
        whose = read(WhoseShape, request.query_params.dict())
        return Response(written(InternalCartShape, queries.shown(_stored(_owner(whose)))))


def _owner(whose: dict[str, UUID | str]) -> Owner:
    match whose:
        case {"user_id": UUID() as user_id, **rest} if not rest:
            return carts.of_user(user_id)
        case {"token": str(token), **rest} if not rest:
            return carts.of_guest(token)
    raise Invalid({"user_id": ["Name a user_id or a token, and only one of them."]})


def _stored(owner: Owner) -> Cart:
    """A guest's cart that is not there any more is an empty one to checkout."""
    try:
        return queries.cart(owner)
    except CartNotFound:
        return Cart(owner)
