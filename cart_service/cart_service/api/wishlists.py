"""A signed-in user's wishlists."""

from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cart_service.actions import wishlists as actions
from cart_service.api.carts import A_CART, VendorShape, answer
from cart_service.models import carts
from cart_service.models.carts import MAX_QUANTITY
from cart_service.queries import carts as cart_queries
from cart_service.queries import wishlists as queries
from shared.auth import IsSignedIn, caller_of
from shared.http import LineField, MoneyShape, Shape, created, read, written
from shared.idempotency import idempotent
from shared.pagination import Cursor

TAGS = ["wishlists"]
LIST = [
    OpenApiParameter("cursor", OpenApiTypes.STR),
    OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": 100}),
]


class NewWishlistShape(Shape):
    """`alerts`: whether to tell when something on it is back in stock or gets cheaper."""

    name = LineField(max_length=80)
    alerts = serializers.BooleanField(default=True)


class WishlistChangeShape(Shape):
    name = LineField(max_length=80, required=False)
    alerts = serializers.BooleanField(required=False)


class WishlistShape(Shape):
    """`size` is how many items are on it."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    size = serializers.IntegerField()
    alerts = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class WishShape(Shape):
    """`price` is null when it is not sold at present; `available` is how many can be bought now."""

    id = serializers.UUIDField(source="item.id")
    variant_id = serializers.UUIDField(source="offer.variant_id")
    product_id = serializers.UUIDField(source="offer.product_id")
    name = serializers.CharField(source="offer.name")
    sku = serializers.CharField(source="offer.sku")
    slug = serializers.CharField(source="offer.slug")
    vendor = VendorShape()
    price = MoneyShape(allow_null=True)
    available = serializers.IntegerField(source="offer.buyable")
    image = serializers.CharField(source="offer.image", allow_null=True)
    options = serializers.DictField(source="offer.options", child=serializers.CharField())
    added_at = serializers.DateTimeField(source="item.created_at")


class PageShape(Shape):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class WishlistPageShape(PageShape):
    results = WishlistShape(many=True)


class WishPageShape(PageShape):
    results = WishShape(many=True)


def me(request: Request) -> UUID:
    return caller_of(request).id


class WishlistsView(APIView):
    permission_classes = (IsSignedIn,)

    @extend_schema(
        operation_id="wishlists_list",
        summary="My wishlists, newest first",
        tags=TAGS,
        parameters=LIST,
        responses={200: WishlistPageShape},
    )
    def get(self, request: Request) -> Response:
        pages = Cursor()
        page = pages.paginate_queryset(queries.wishlists(me(request)), request, self)
        return pages.get_paginated_response(written(WishlistShape, page, many=True))

    @extend_schema(
        operation_id="wishlists_create",
        summary="Make a wishlist",
        tags=TAGS,
        request=NewWishlistShape,
        responses={201: WishlistShape},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        made = actions.make_wishlist(user_id=me(request), **read(NewWishlistShape, request.data))
        return created(_shown(request, made.id), f"/api/v1/wishlists/{made.id}")


class WishlistView(APIView):
    permission_classes = (IsSignedIn,)

    @extend_schema(operation_id="wishlists_read", summary="One wishlist", tags=TAGS, responses={200: WishlistShape})
    def get(self, request: Request, wishlist: UUID) -> Response:
        return Response(_shown(request, wishlist))

    @extend_schema(
        operation_id="wishlists_rename",
        summary="Rename a wishlist, or turn its alerts on or off; what is left out stays",
        tags=TAGS,
        request=WishlistChangeShape,
        responses={200: WishlistShape},
    )
    @idempotent()
    def patch(self, request: Request, wishlist: UUID) -> Response:
        body = read(WishlistChangeShape, request.data)
        actions.change(user_id=me(request), wishlist_id=wishlist, **body)
        return Response(_shown(request, wishlist))

    @extend_schema(
        operation_id="wishlists_delete",
        summary="Delete a wishlist",
        tags=TAGS,
        request=None,
        responses={204: OpenApiResponse(description="It is gone.")},
    )
    @idempotent()
    def delete(self, request: Request, wishlist: UUID) -> Response:
        actions.delete(user_id=me(request), wishlist_id=wishlist)
        return Response(status=204)


def _shown(request: Request, wishlist: UUID) -> dict[str, object]:
    return written(WishlistShape, queries.wishlist(me(request), wishlist))


class WishInShape(Shape):
    variant_id = serializers.UUIDField()


class WishesView(APIView):
    permission_classes = (IsSignedIn,)

    @extend_schema(
        operation_id="wishlist_items_list",
        summary="What is on a wishlist, newest first",
        tags=TAGS,
        parameters=LIST,
        responses={200: WishPageShape},
    )
    def get(self, request: Request, wishlist: UUID) -> Response:
        pages = Cursor()
        page = pages.paginate_queryset(queries.items(me(request), wishlist), request, self)
        return pages.get_paginated_response(written(WishShape, queries.with_offers(page or []), many=True))

    @extend_schema(
        operation_id="wishlist_items_add",
        summary="Put a variant on a wishlist",
        tags=TAGS,
        request=WishInShape,
        responses={201: WishShape},
    )
    @idempotent()
    def post(self, request: Request, wishlist: UUID) -> Response:
        body = read(WishInShape, request.data)
        item = actions.wish(user_id=me(request), wishlist_id=wishlist, variant_id=body["variant_id"])
        [wish] = queries.with_offers([item])
        return created(written(WishShape, wish), f"/api/v1/wishlists/{wishlist}/items")


class WishView(APIView):
    permission_classes = (IsSignedIn,)

    @extend_schema(
        operation_id="wishlist_items_remove",
        summary="Take an item off a wishlist",
        tags=TAGS,
        request=None,
        responses={204: OpenApiResponse(description="It is gone.")},
    )
    @idempotent()
    def delete(self, request: Request, wishlist: UUID, item: UUID) -> Response:
        actions.unwish(user_id=me(request), wishlist_id=wishlist, item_id=item)
        return Response(status=204)


class MoveShape(Shape):
    quantity = serializers.IntegerField(min_value=1, max_value=MAX_QUANTITY, default=1)


class MoveToCartView(APIView):
    permission_classes = (IsSignedIn,)

    @extend_schema(
        operation_id="wishlist_items_move_to_cart",
        summary="Move an item into the cart",
        tags=TAGS,
        request=MoveShape,
        responses={200: A_CART},
    )
    @idempotent()
    def post(self, request: Request, wishlist: UUID, item: UUID) -> Response:
        body = read(MoveShape, request.data)
        owner = carts.of_user(me(request))
        actions.move_to_cart(
            user_id=me(request),
            wishlist_id=wishlist,
            item_id=item,
            quantity=body["quantity"],
            cart=cart_queries.cart(owner),
        )
        return Response(answer(owner))
