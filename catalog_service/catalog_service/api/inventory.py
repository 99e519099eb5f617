"""Stock: seen and adjusted by its vendor and by admins."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog_service.actions import inventory as writing
from catalog_service.api.lists import PageQuery, answer_page, page_of, parameters, read_query, scope_of
from catalog_service.models import Movement, StockItem, Variant
from catalog_service.models.inventory import MAX_STOCK
from catalog_service.models.products import SKU_PATTERN
from catalog_service.queries import forecasts
from catalog_service.queries import inventory as reading
from shared.auth import CATALOGUE, caller_of, roles
from shared.http import LineField, Shape, created, read
from shared.idempotency import idempotent

MAX_LINES = 500


class WhoseQuery(Shape):
    vendor = serializers.UUIDField(required=False, help_text="For admins, where several vendors use a SKU.")


class StockQuery(PageQuery, WhoseQuery):
    pass


class StockListQuery(PageQuery):
    vendor = serializers.UUIDField(required=False, help_text="For admins: whose stock.")
    supply = serializers.ChoiceField(
        ["low", "out", "available"],
        required=False,
        help_text="`low`: `low_at` or fewer on hand. `out`: none available.",
    )
    search = serializers.CharField(
        required=False, max_length=200, help_text="How a SKU begins, or words of the product's name."
    )


class ForecastQuery(WhoseQuery):
    lead_days = serializers.IntegerField(
        default=14, min_value=0, max_value=365, help_text="Days from ordering new stock to having it."
    )
    cover_days = serializers.IntegerField(
        default=30, min_value=1, max_value=365, help_text="Days that new stock shall last."
    )


class AdjustmentFields(Shape):
    """One of `delta` and `on_hand`."""

    delta = serializers.IntegerField(min_value=-MAX_STOCK, max_value=MAX_STOCK, required=False)
    on_hand = serializers.IntegerField(min_value=0, max_value=MAX_STOCK, required=False)
    location = serializers.UUIDField(
        required=False,
        help_text="Absent: `delta` is added at the default location; `on_hand` is of all together, and the default "
        "location takes the difference.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("delta" in attrs) == ("on_hand" in attrs):
            raise serializers.ValidationError({"delta": ["Give either delta or on_hand."]})
        return attrs


class Adjustment(AdjustmentFields):
    """One of `delta` and `on_hand`."""

    reason = LineField(max_length=300, required=False, allow_blank=True, default="")


class AdjustmentLine(AdjustmentFields):
    """One of `delta` and `on_hand`."""

    sku = serializers.RegexField(SKU_PATTERN, max_length=64)


class BulkAdjustment(Shape):
    """Each SKU once a location."""

    lines = AdjustmentLine(many=True, allow_empty=False, max_length=MAX_LINES)  # type: ignore[call-arg]
    reason = LineField(max_length=300, required=False, allow_blank=True, default="")


class StockEdit(Shape):
    low_at = serializers.IntegerField(min_value=0, max_value=MAX_STOCK)


class StockShape(Shape):
    variant_id = serializers.UUIDField()
    product_id = serializers.UUIDField()
    sku = serializers.CharField()
    on_hand = serializers.IntegerField()
    reserved = serializers.IntegerField()
    available = serializers.IntegerField()
    low_at = serializers.IntegerField()


class AdjustedShape(Shape):
    results = StockShape(many=True)


class MovementShape(Shape):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(Movement.Kind.choices)
    quantity = serializers.IntegerField()
    on_hand_after = serializers.IntegerField()
    location = serializers.UUIDField(help_text="Where. The default location has its vendor's id.")
    reason = serializers.CharField()
    reference = serializers.UUIDField(allow_null=True, help_text="The order, return, transfer or list of adjustments.")
    at = serializers.DateTimeField()


class DaySold(Shape):
    day = serializers.DateField()
    sold = serializers.IntegerField()


class ForecastShape(Shape):
    variant_id = serializers.UUIDField()
    sku = serializers.CharField()
    available = serializers.IntegerField()
    sold = serializers.IntegerField(help_text="In the last 90 days.")
    days_observed = serializers.IntegerField()
    per_day = serializers.FloatField(help_text="Units a day; what was sold two weeks ago weighs half.")
    days_left = serializers.IntegerField(allow_null=True, help_text="Null where nothing sells. At most ten years.")
    runs_out_on = serializers.DateField(allow_null=True)
    reorder_point = serializers.IntegerField(help_text="When no more than this is available, new stock is due.")
    reorder_quantity = serializers.IntegerField(help_text="0 where it is not due yet.")
    sales = DaySold(many=True, help_text="Days with sales only, oldest first.")


def stock_body(item: StockItem) -> dict[str, Any]:
    return {
        "variant_id": str(item.variant_id),
        "product_id": str(item.product_id),
        "sku": item.variant.sku,
        "on_hand": item.on_hand,
        "reserved": item.reserved,
        "available": item.available,
        "low_at": item.low_at,
    }


def movement_body(movement: Movement, vendor_id: UUID) -> dict[str, Any]:
    return {
        "id": str(movement.id),
        "kind": movement.kind,
        "quantity": movement.quantity,
        "on_hand_after": movement.on_hand_after,
        "location": str(movement.location_id or vendor_id),
        "reason": movement.reason,
        "reference": str(movement.reference) if movement.reference else None,
        "at": movement.created_at,
    }


def forecast_body(told: forecasts.Forecast) -> dict[str, Any]:
    return {
        "variant_id": str(told.item.variant_id),
        "sku": told.item.variant.sku,
        "available": told.item.available,
        "sold": told.sold,
        "days_observed": told.days_observed,
        "per_day": round(float(told.per_day), 3),
        "days_left": told.days_left,
        "runs_out_on": told.runs_out_on,
        "reorder_point": told.reorder_point,
        "reorder_quantity": told.reorder_quantity,
        "sales": [{"day": sale.day, "sold": sale.sold} for sale in told.sales],
    }


def whose(request: Request, shape: type[Shape] = WhoseQuery) -> UUID | None:
    """An admin looks at everybody's, or at the vendor's that the query names."""
    asked, own = read_query(shape, request).get("vendor"), scope_of(request)
    return own or asked


def _stock(request: Request, sku: str) -> StockItem:
    return reading.find_stock(sku, vendor_id=whose(request))


def adjustment_of(given: dict[str, Any], vendor_id: UUID | None) -> writing.Adjustment:
    fields = {name: given[name] for name in ("sku", "delta", "on_hand") if name in given}
    return writing.Adjustment(**fields, location_id=given.get("location"), vendor_id=vendor_id)


class Inventory(APIView):
    permission_classes = (roles("vendor", "admin", area=CATALOGUE),)

    @extend_schema(
        parameters=parameters(StockListQuery),
        responses=page_of(StockShape),
        tags=["inventory"],
        operation_id="inventory",
    )
    def get(self, request: Request) -> Response:
        """A vendor's whole stock by SKU; everybody's to an admin who names no vendor."""
        query = read_query(StockListQuery, request)
        page = reading.list_stock(
            vendor_id=scope_of(request) or query.get("vendor"),
            supply=query.get("supply"),
            search=query.get("search", ""),
            cursor=query.get("cursor"),
            limit=query["limit"],
        )
        return answer_page(request, page, _listed)


def _listed(variant: Variant) -> dict[str, Any]:
    item = variant.stock
    item.variant = variant
    return stock_body(item)


class Stock(APIView):
    permission_classes = (roles("vendor", "admin", area=CATALOGUE),)

    @extend_schema(parameters=parameters(WhoseQuery), responses=StockShape, tags=["inventory"], operation_id="stock")
    def get(self, request: Request, sku: str) -> Response:
        return Response(stock_body(_stock(request, sku)))

    @extend_schema(
        parameters=parameters(WhoseQuery),
        request=StockEdit,
        responses=StockShape,
        tags=["inventory"],
        operation_id="stock_edit",
    )
    @idempotent()
    def patch(self, request: Request, sku: str) -> Response:
        """From how few on hand on its vendor is told that it runs low."""
        changes = read(StockEdit, request.data, partial=True)
        if changes:
            writing.set_low_at(sku=sku, vendor_id=whose(request), **changes)
        return Response(stock_body(_stock(request, sku)))


class Adjustments(APIView):
    permission_classes = (roles("vendor", "admin", area=CATALOGUE),)

    @extend_schema(
        parameters=parameters(WhoseQuery),
        request=Adjustment,
        responses={201: StockShape},
        tags=["inventory"],
        operation_id="stock_adjust",
    )
    @idempotent()
    def post(self, request: Request, sku: str) -> Response:
        """Add `delta`, or set `on_hand`. 409 `below_reserved` when more is held than would be left."""
        given = read(Adjustment, request.data)
        vendor_id = whose(request)
        adjustment = adjustment_of({**given, "sku": sku}, vendor_id)
        writing.adjust_stock(adjustment=adjustment, reason=given["reason"], actor_id=caller_of(request).id)
        item = reading.find_stock(sku, vendor_id=vendor_id)
        return created(stock_body(item), f"/api/v1/inventory/{item.variant.sku}/movements")


class ManyAdjustments(APIView):
    permission_classes = (roles("vendor", "admin", area=CATALOGUE),)

    @extend_schema(
        parameters=parameters(WhoseQuery),
        request=BulkAdjustment,
        responses={201: AdjustedShape},
        tags=["inventory"],
        operation_id="stock_adjust_many",
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        """All lines or none. `errors` names those that are wrong (400) or that the stock does not allow (409
        `adjustments_refused`) as `lines.<n>.<field>`, counted from 0.
        """
        given = read(BulkAdjustment, request.data)
        vendor_id = whose(request)
        levels = writing.adjust_many(
            adjustments=[adjustment_of(line, vendor_id) for line in given["lines"]],
            reason=given["reason"],
            actor_id=caller_of(request).id,
        )
        items = reading.stock_of(list(levels))
        return created({"results": [stock_body(item) for item in items]}, "/api/v1/inventory")


class Movements(APIView):
    permission_classes = (roles("vendor", "admin", area=CATALOGUE),)

    @extend_schema(
        parameters=parameters(StockQuery),
        responses=page_of(MovementShape),
        tags=["inventory"],
        operation_id="stock_movements",
    )
    def get(self, request: Request, sku: str) -> Response:
        """What led to the present stock, newest first; the quantities sum to `on_hand`."""
        query = read_query(StockQuery, request)
        item = _stock(request, sku)
        page = reading.list_movements(item, cursor=query.get("cursor"), limit=query["limit"])
        return answer_page(request, page, lambda movement: movement_body(movement, item.variant.vendor_id))


class Forecast(APIView):
    permission_classes = (roles("vendor", "admin", area=CATALOGUE),)

    @extend_schema(
        parameters=parameters(ForecastQuery), responses=ForecastShape, tags=["inventory"], operation_id="stock_forecast"
    )
    def get(self, request: Request, sku: str) -> Response:
        """How long the stock lasts if it sells as it did, and what to order when."""
        query = read_query(ForecastQuery, request)
        item = _stock(request, sku)
        told = forecasts.forecast(item, lead_days=query["lead_days"], cover_days=query["cover_days"])
        return Response(forecast_body(told))
