"""Where a vendor's stock lies, and carrying it from one place to another."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog_service.actions import locations as writing
from catalog_service.api.inventory import MAX_LINES, WhoseQuery, whose
from catalog_service.api.lists import owner_of, parameters, scope_of
from catalog_service.models import Location
from catalog_service.models.inventory import MAX_STOCK
from catalog_service.models.products import SKU_PATTERN
from catalog_service.queries import inventory as reading
from shared.auth import CATALOGUE, caller_of, roles
from shared.errors import Invalid
from shared.http import LineField, Shape, created, read
from shared.idempotency import idempotent


class LocationFields(Shape):
    name = LineField(max_length=100)
    position = serializers.IntegerField(
        min_value=0, max_value=1_000_000, required=False, help_text="Orders take from the lowest first."
    )


class NewLocation(LocationFields):
    vendor_id = serializers.UUIDField(required=False, help_text="For admins: whose.")


class TransferLine(Shape):
    sku = serializers.RegexField(SKU_PATTERN, max_length=64)
    quantity = serializers.IntegerField(min_value=1, max_value=MAX_STOCK)


class TransferFields(Shape):
    """Each SKU once. `from` and `to` are locations of one vendor."""

    to = serializers.UUIDField()
    lines = TransferLine(many=True, allow_empty=False, max_length=MAX_LINES)  # type: ignore[call-arg]
    reason = LineField(max_length=300, required=False, allow_blank=True, default="")

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python's."""
        return {"from": serializers.UUIDField(), **super().get_fields()}


class TransferShape(Shape):
    id = serializers.UUIDField(help_text="The `reference` of its movements.")


class LocationShape(Shape):
    id = serializers.UUIDField()
    name = serializers.CharField()
    position = serializers.IntegerField()
    is_default = serializers.BooleanField()


class LocationsShape(Shape):
    results = LocationShape(many=True)


class LevelShape(Shape):
    location = LocationShape()
    on_hand = serializers.IntegerField()
    reserved = serializers.IntegerField()
    available = serializers.IntegerField()


class LevelsShape(Shape):
    results = LevelShape(many=True)


def location_body(location: Location) -> dict[str, Any]:
    return {
        "id": str(location.id),
        "name": location.name,
        "position": location.position,
        "is_default": location.is_default,
    }


def level_body(level: reading.LocationStock) -> dict[str, Any]:
    return {
        "location": location_body(level.location),
        "on_hand": level.on_hand,
        "reserved": level.reserved,
        "available": level.on_hand - level.reserved,
    }


class Locations(APIView):
    permission_classes = (roles("vendor", "admin", area=CATALOGUE),)

    @extend_schema(
        parameters=parameters(WhoseQuery), responses=LocationsShape, tags=["inventory"], operation_id="locations"
    )
    def get(self, request: Request) -> Response:
        """In the order in which orders take from them. The default one, with its vendor's id, is always there."""
        vendor_id = whose(request)
        if vendor_id is None:
            raise Invalid({"vendor": ["Say whose."]})
        return Response({"results": [location_body(row) for row in reading.list_locations(vendor_id)]})

    @extend_schema(
        request=NewLocation, responses={201: LocationShape}, tags=["inventory"], operation_id="location_create"
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        given = read(NewLocation, request.data)
        owner = owner_of(request, given.pop("vendor_id", None))
        row = writing.open_location(vendor_id=owner, by_admin=caller_of(request).is_admin, changes=given)
        return created(location_body(row), f"/api/v1/inventory/locations/{row.id}")


class LocationDetail(APIView):
    permission_classes = (roles("vendor", "admin", area=CATALOGUE),)

    @extend_schema(responses=LocationShape, tags=["inventory"], operation_id="location")
    def get(self, request: Request, location: UUID) -> Response:
        return Response(location_body(reading.find_location(location, vendor_id=scope_of(request))))

    @extend_schema(request=LocationFields, responses=LocationShape, tags=["inventory"], operation_id="location_edit")
    @idempotent()
    def patch(self, request: Request, location: UUID) -> Response:
        changes = read(LocationFields, request.data, partial=True)
        row = writing.edit_location(location_id=location, vendor_id=scope_of(request), changes=changes)
        return Response(location_body(row))

    @extend_schema(request=None, responses={204: None}, tags=["inventory"], operation_id="location_delete")
    @idempotent()
    def delete(self, request: Request, location: UUID) -> Response:
        """409 `location_in_use` while anything lies there, and for the default location."""
        writing.close_location(location_id=location, vendor_id=scope_of(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class Levels(APIView):
    permission_classes = (roles("vendor", "admin", area=CATALOGUE),)

    @extend_schema(
        parameters=parameters(WhoseQuery), responses=LevelsShape, tags=["inventory"], operation_id="stock_levels"
    )
    def get(self, request: Request, sku: str) -> Response:
        """How much of it lies at each location; they sum to the SKU's stock."""
        levels = reading.levels_of(sku, vendor_id=whose(request))
        return Response({"results": [level_body(level) for level in levels]})


class Transfers(APIView):
    permission_classes = (roles("vendor", "admin", area=CATALOGUE),)

    @extend_schema(
        request=TransferFields, responses={201: TransferShape}, tags=["inventory"], operation_id="stock_transfer"
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        """Carry all lines or none. 409 `adjustments_refused` names the lines of which less is free at `from`."""
        given = read(TransferFields, request.data)
        transfer_id = writing.transfer_stock(
            origin_id=given["from"],
            target_id=given["to"],
            lines=[writing.Carried(**line) for line in given["lines"]],
            vendor_id=scope_of(request),
            reason=given["reason"],
            actor_id=caller_of(request).id,
        )
        return created({"id": str(transfer_id)}, f"/api/v1/inventory/locations/{given['to']}")
