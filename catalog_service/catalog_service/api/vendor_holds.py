"""Stock that a vendor keeps for a customer elsewhere."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog_service.actions import vendor_holds as writing
from catalog_service.api.inventory import WhoseQuery, whose
from catalog_service.api.lists import PageQuery, answer_page, page_of, parameters, read_query, scope_of
from catalog_service.models import VendorHold
from catalog_service.models.inventory import MAX_STOCK
from catalog_service.models.products import SKU_PATTERN
from catalog_service.queries import inventory as reading
from shared.auth import CATALOGUE, caller_of, roles
from shared.http import LineField, Shape, created, read
from shared.idempotency import idempotent


class HoldsQuery(PageQuery):
    vendor = serializers.UUIDField(required=False, help_text="For admins: whose.")
    status = serializers.ChoiceField(VendorHold.Status.choices, required=False)


class NewHold(Shape):
    sku = serializers.RegexField(SKU_PATTERN, max_length=64)
    quantity = serializers.IntegerField(min_value=1, max_value=MAX_STOCK)
    location = serializers.UUIDField(required=False, help_text="Absent: the default location.")
    expires_at = serializers.DateTimeField(
        required=False, help_text="When it ends by itself. Absent: when somebody ends it."
    )
    note = LineField(max_length=300, required=False, allow_blank=True, default="")


class HoldShape(Shape):
    id = serializers.UUIDField()
    sku = serializers.CharField()
    variant_id = serializers.UUIDField()
    quantity = serializers.IntegerField()
    location = serializers.UUIDField(help_text="Where. The default location has its vendor's id.")
    status = serializers.ChoiceField(VendorHold.Status.choices)
    note = serializers.CharField()
    expires_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


def hold_body(hold: VendorHold) -> dict[str, Any]:
    return {
        "id": str(hold.id),
        "sku": hold.variant.sku,
        "variant_id": str(hold.variant_id),
        "quantity": hold.quantity,
        "location": str(hold.location_id or hold.vendor_id),
        "status": hold.status,
        "note": hold.note,
        "expires_at": hold.expires_at,
        "created_at": hold.created_at,
        "ended_at": hold.ended_at,
    }


class VendorHolds(APIView):
    permission_classes = (roles("vendor", "admin", area=CATALOGUE),)

    @extend_schema(
        parameters=parameters(HoldsQuery),
        responses=page_of(HoldShape),
        tags=["inventory"],
        operation_id="stock_holds",
    )
    def get(self, request: Request) -> Response:
        """What vendors hold themselves, newest first; what orders hold is not among it."""
        query = read_query(HoldsQuery, request)
        page = reading.list_holds(
            vendor_id=scope_of(request) or query.get("vendor"),
            status=query.get("status"),
            cursor=query.get("cursor"),
            limit=query["limit"],
        )
        return answer_page(request, page, hold_body)

    @extend_schema(
        parameters=parameters(WhoseQuery),
        request=NewHold,
        responses={201: HoldShape},
        tags=["inventory"],
        operation_id="stock_hold",
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        """Keep some for a customer elsewhere: nobody here is sold it meanwhile. 409 `not_available` when less is
        free there.
        """
        given = read(NewHold, request.data)
        fields = {name: value for name, value in given.items() if name != "location"}
        wanted = writing.Wanted(**fields, location_id=given.get("location"), vendor_id=whose(request))
        hold = writing.hold_stock(wanted=wanted, actor_id=caller_of(request).id)
        return created(hold_body(hold), f"/api/v1/inventory/holds/{hold.id}")


class VendorHoldDetail(APIView):
    permission_classes = (roles("vendor", "admin", area=CATALOGUE),)

    @extend_schema(responses=HoldShape, tags=["inventory"], operation_id="stock_hold_detail")
    def get(self, request: Request, hold: UUID) -> Response:
        return Response(hold_body(reading.find_hold(hold, vendor_id=scope_of(request))))


class VendorHoldRelease(APIView):
    permission_classes = (roles("vendor", "admin", area=CATALOGUE),)

    @extend_schema(request=None, responses=HoldShape, tags=["inventory"], operation_id="stock_hold_release")
    @idempotent()
    def post(self, request: Request, hold: UUID) -> Response:
        """For sale again. 409 `hold_ended` when it is held no more."""
        return Response(hold_body(writing.release_hold(hold_id=hold, vendor_id=scope_of(request))))


class VendorHoldSell(APIView):
    permission_classes = (roles("vendor", "admin", area=CATALOGUE),)

    @extend_schema(request=None, responses=HoldShape, tags=["inventory"], operation_id="stock_hold_sell")
    @idempotent()
    def post(self, request: Request, hold: UUID) -> Response:
        """Sold elsewhere: a movement of kind `sale`. 409 `hold_ended` when it is held no more."""
        sold = writing.sell_hold(hold_id=hold, vendor_id=scope_of(request), actor_id=caller_of(request).id)
        return Response(hold_body(sold))
