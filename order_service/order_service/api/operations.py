"""Something done to many orders, or vendor orders, at once: asked for, watched, stopped."""

from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from order_service.actions import operations as doing
from order_service.api.filters import OrderFilter, VendorOrderFilter, choice_of
from order_service.api.shipments import scope
from order_service.models import Order, OrderOperation, OrderOperationItem
from order_service.queries import operations as reading
from shared.auth import ORDERS, caller_of, roles
from shared.errors import Invalid
from shared.http import LineField, Shape, read
from shared.idempotency import idempotent
from shared.pagination import Cursor, read_filter

Kind, Subject = OrderOperation.Kind, OrderOperation.Subject
CANCEL_REASON_LENGTH = Order._meta.get_field("cancel_reason").max_length or 0
HOW = (
    "Either `ids`, or a `filter`: all that the list narrowed to it has now. Each is done by itself, as if asked for "
    "alone; what is refused is told in `items`, and the others go on. The worker takes it from here."
)


class Chosen(Shape):
    ids = serializers.ListField(
        child=serializers.UUIDField(), required=False, allow_empty=False, max_length=doing.MOST, help_text="Each once."
    )
    reason = LineField(max_length=200, required=False, help_text="Where one is needed.")


class NewOrderOperation(Chosen):
    """`cancel` (its reason of at most 40 characters), `complete` and `settle` need a reason; `retry` asks again for
    refunds that failed.
    """

    kind = serializers.ChoiceField(list(OrderOperation.KINDS[Subject.ORDERS]))
    filter = OrderFilter(required=False)


class NewVendorOrderOperation(Chosen):
    """`pack` and `ship` all that is left, in one parcel each; `deliver` all that is on its way; `cancel`, with a
    reason, all that has not been sent. `ship` needs a `carrier`.
    """

    kind = serializers.ChoiceField(list(OrderOperation.KINDS[Subject.VENDOR_ORDERS]))
    filter = VendorOrderFilter(required=False)
    restock = serializers.BooleanField(required=False, help_text="Of `cancel`; true if it is not said.")
    carrier = LineField(max_length=100, required=False)
    tracking_numbers = serializers.DictField(
        child=LineField(max_length=100), required=False, help_text="Of `ship`: by the vendor order's id."
    )


NEEDED: dict[tuple[str, str], set[str]] = {
    (Subject.ORDERS, Kind.CANCEL): {"reason"},
    (Subject.ORDERS, Kind.COMPLETE): {"reason"},
    (Subject.ORDERS, Kind.SETTLE): {"reason"},
    (Subject.VENDOR_ORDERS, Kind.SHIP): {"carrier"},
    (Subject.VENDOR_ORDERS, Kind.CANCEL): {"reason"},
}
OPTIONAL: dict[tuple[str, str], set[str]] = {
    (Subject.VENDOR_ORDERS, Kind.SHIP): {"tracking_numbers"},
    (Subject.VENDOR_ORDERS, Kind.CANCEL): {"restock"},
}


class OperationShape(Shape):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(Kind.choices)
    arguments = serializers.DictField()
    filter = serializers.DictField(allow_null=True, help_text="Null where ids were named.")
    status = serializers.ChoiceField(OrderOperation.Status.choices)
    vendor_id = serializers.UUIDField(allow_null=True)
    created_by = serializers.UUIDField()
    total = serializers.IntegerField()
    done = serializers.IntegerField(help_text="Gone through, `succeeded` or `refused`.")
    succeeded = serializers.IntegerField()
    refused = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    heartbeat_at = serializers.DateTimeField(help_text="When it last moved.")


class ItemFilter(Shape):
    status = serializers.ChoiceField(OrderOperationItem.Status.choices, required=False)


class ItemShape(Shape):
    id = serializers.UUIDField(help_text="The order's, or the vendor order's.")
    status = serializers.ChoiceField(OrderOperationItem.Status.choices)
    code = serializers.CharField(allow_blank=True, help_text="Why it was refused.")
    detail = serializers.CharField(allow_blank=True)


def operation_body(operation: OrderOperation) -> dict[str, Any]:
    plain = ("id", "kind", "arguments", "filter", "status", "vendor_id", "created_by", "total", "done", "succeeded",
             "refused", "created_at")  # fmt: skip
    return {**{name: getattr(operation, name) for name in plain}, "heartbeat_at": operation.updated_at}


def item_body(item: OrderOperationItem) -> dict[str, Any]:
    return {"id": item.subject_id, "status": item.status, "code": item.code, "detail": item.detail}


def arguments_of(subject: str, given: dict[str, Any]) -> dict[str, Any]:
    """What the kind needs, and nothing else. Raises Invalid."""
    kind = given["kind"]
    needed, may_be = NEEDED.get((subject, kind), set()), OPTIONAL.get((subject, kind), set())
    said = {name: value for name, value in given.items() if name not in {"kind", "ids", "filter"}}
    wrong = {name: ["This field is required."] for name in sorted(needed - set(said))}
    wrong |= {name: [f"Nothing to {kind} with."] for name in sorted(set(said) - needed - may_be)}
    if (subject, kind) == (Subject.ORDERS, Kind.CANCEL) and len(said.get("reason", "")) > CANCEL_REASON_LENGTH:
        wrong["reason"] = [f"At most {CANCEL_REASON_LENGTH} characters."]
    if strangers := set(said.get("tracking_numbers", {})) - {str(one) for one in given.get("ids", [])}:
        wrong["tracking_numbers"] = [f"Not among the ids: {', '.join(sorted(strangers)[:3])[:200]}."]
    if wrong:
        raise Invalid(wrong)
    return said


def choice(request: Request, given: dict[str, Any], *, of_orders: bool) -> dict[str, Any]:
    """`ids`, or `wanted`: never neither, and never all there is. Raises Invalid."""
    if ("ids" in given) == ("filter" in given):
        raise Invalid({"ids": ["Either these, or a filter."]})
    if "ids" in given:
        return {"ids": given["ids"]}
    wanted = choice_of(request, given["filter"], "filter", of_orders=of_orders)
    if not wanted:
        raise Invalid({"filter": ["Say which ones."]})
    return {"wanted": wanted}


class _Operations(APIView):
    subject: ClassVar[str]
    path: ClassVar[str]
    shape: ClassVar[type[Shape]]

    def own(self, request: Request) -> UUID | None:
        return scope(request)

    def listed(self, request: Request) -> Response:
        page = Cursor()
        rows = reading.operations_upon(self.subject, vendor_id=self.own(request))
        found = page.paginate_queryset(rows, request, view=self)
        return page.get_paginated_response([operation_body(one) for one in found or []])

    def queued(self, request: Request) -> Response:
        given = read(self.shape, request.data)
        operation = doing.queue_operation(
            subject=self.subject,
            kind=given["kind"],
            created_by=caller_of(request).id,
            vendor_id=self.own(request),
            arguments=arguments_of(self.subject, given),
            **choice(request, given, of_orders=self.subject == Subject.ORDERS),
        )
        headers = {"Location": f"{self.path}/{operation.id}"}
        return Response(operation_body(operation), status=status.HTTP_202_ACCEPTED, headers=headers)

    def found(self, request: Request, operation: UUID) -> OrderOperation:
        return reading.find_operation(operation, self.subject, vendor_id=self.own(request))

    def items(self, request: Request, operation: UUID) -> Response:
        page, wanted = InOrder(), read_filter(ItemFilter, request)
        rows = reading.items_of(self.found(request, operation), wanted.get("status"))
        found = page.paginate_queryset(rows, request, view=self)
        return page.get_paginated_response([item_body(item) for item in found or []])

    def stopped(self, request: Request, operation: UUID) -> Response:
        stopped = doing.stop_operation(operation_id=operation, subject=self.subject, vendor_id=self.own(request))
        return Response(operation_body(stopped))


class InOrder(Cursor):
    ordering = "position"


# ── Upon orders, by admins ───────────────────────────────────────────────────────────────────────────────────────────


class _UponOrders(_Operations):
    permission_classes = [roles("admin")]
    subject, path, shape = Subject.ORDERS, "/api/v1/admin/order-operations", NewOrderOperation


class OrderOperationsView(_UponOrders):
    @extend_schema(
        operation_id="admin_order_operations_list",
        tags=["admin"],
        summary="Operations upon many orders, newest first",
        responses=OperationShape(many=True),
    )
    def get(self, request: Request) -> Response:
        return self.listed(request)

    @extend_schema(
        operation_id="admin_order_operations_create",
        tags=["admin"],
        summary="Do something to many orders",
        description=HOW,
        request=NewOrderOperation,
        responses={202: OperationShape},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        return self.queued(request)


class OrderOperationView(_UponOrders):
    @extend_schema(
        operation_id="admin_order_operations_read",
        tags=["admin"],
        summary="How far an operation is",
        responses=OperationShape,
    )
    def get(self, request: Request, operation: UUID) -> Response:
        return Response(operation_body(self.found(request, operation)))


class OrderOperationItemsView(_UponOrders):
    @extend_schema(
        operation_id="admin_order_operations_items",
        tags=["admin"],
        summary="What became of each order of an operation",
        parameters=[ItemFilter],
        responses=ItemShape(many=True),
    )
    def get(self, request: Request, operation: UUID) -> Response:
        return self.items(request, operation)


class OrderOperationStopView(_UponOrders):
    @extend_schema(
        operation_id="admin_order_operations_stop",
        tags=["admin"],
        summary="Leave the rest as it is; what is done stays done",
        request=None,
        responses=OperationShape,
    )
    @idempotent()
    def post(self, request: Request, operation: UUID) -> Response:
        return self.stopped(request, operation)


# ── Upon vendor orders, by their vendors, and by admins ──────────────────────────────────────────────────────────────


class _UponVendorOrders(_Operations):
    permission_classes = [roles("vendor", "admin", area=ORDERS)]
    subject, path, shape = Subject.VENDOR_ORDERS, "/api/v1/vendor-orders/operations", NewVendorOrderOperation


class VendorOrderOperationsView(_UponVendorOrders):
    @extend_schema(
        operation_id="vendor_orders_operations_list",
        tags=["vendor orders"],
        summary="Operations upon many vendor orders, newest first",
        responses=OperationShape(many=True),
    )
    def get(self, request: Request) -> Response:
        return self.listed(request)

    @extend_schema(
        operation_id="vendor_orders_operations_create",
        tags=["vendor orders"],
        summary="Do something to many own vendor orders",
        description=HOW,
        request=NewVendorOrderOperation,
        responses={202: OperationShape},
    )
    @idempotent()
    def post(self, request: Request) -> Response:
        return self.queued(request)


class VendorOrderOperationView(_UponVendorOrders):
    @extend_schema(
        operation_id="vendor_orders_operations_read",
        tags=["vendor orders"],
        summary="How far an operation is",
        responses=OperationShape,
    )
    def get(self, request: Request, operation: UUID) -> Response:
        return Response(operation_body(self.found(request, operation)))


class VendorOrderOperationItemsView(_UponVendorOrders):
    @extend_schema(
        operation_id="vendor_orders_operations_items",
        tags=["vendor orders"],
        summary="What became of each vendor order of an operation",
        parameters=[ItemFilter],
        responses=ItemShape(many=True),
    )
    def get(self, request: Request, operation: UUID) -> Response:
        return self.items(request, operation)


class VendorOrderOperationStopView(_UponVendorOrders):
    @extend_schema(
        operation_id="vendor_orders_operations_stop",
        tags=["vendor orders"],
        summary="Leave the rest as it is; what is done stays done",
        request=None,
        responses=OperationShape,
    )
    @idempotent()
    def post(self, request: Request, operation: UUID) -> Response:
        return self.stopped(request, operation)
