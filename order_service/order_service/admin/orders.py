"""The operators' pages: orders with all that belongs to them, returns, customers, vendors. No page shows a token."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join

from order_service import checkout
from order_service.actions import completion, refunds, returns, shipments
from order_service.models import (
    Customer,
    Exchange,
    Order,
    OrderLine,
    Refund,
    Return,
    ReturnItem,
    Shipment,
    ShipmentItem,
    StoreCredit,
    VendorOrder,
    VendorTerms,
)
from order_service.queries.timeline import timeline
from shared.admin import Records, Rows, amount, operation
from shared.auth import Caller
from shared.errors import Invalid

CANCEL_REASON_LENGTH = Order._meta.get_field("cancel_reason").max_length or 0


class OwnRows(Rows):
    ordering = ("id",)
    along: tuple[str, ...]
    """What rows show of their neighbours: joined."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related(*self.along)


# ── Orders ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@operation("Cancel", needs_reason=True)
def cancel(order: Order, _by: Caller, reason: str) -> None:
    if len(reason) > CANCEL_REASON_LENGTH:
        raise Invalid({}, f"A reason to cancel has at most {CANCEL_REASON_LENGTH} characters.")
    checkout.cancel_order(order_id=order.id, reason=reason, by_admin=True)


@operation("Needs no attention any more", needs_reason=True)
def settle(order: Order, _by: Caller, reason: str) -> None:
    refunds.settle_attention(order_id=order.id, reason=reason)


@operation("Ask again for refunds that failed")
def retry(order: Order, _by: Caller, _reason: str) -> None:
    refunds.retry_refunds(order_id=order.id)


@operation("Complete before the return window has passed", needs_reason=True)
def complete(order: Order, _by: Caller, reason: str) -> None:
    completion.complete_order(order_id=order.id, reason=reason)


class VendorOrderRows(OwnRows):
    model = VendorOrder
    along = ("order",)
    share, platform = staticmethod(amount("total")), staticmethod(amount("commission"))
    fields = readonly_fields = ("vendor_name", "bought", "share", "platform", "delivered_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("lines")

    @admin.display
    def bought(self, part: VendorOrder) -> str:
        return ", ".join(str(line) for line in part.lines.all())


class RefundRows(OwnRows):
    model = Refund
    along = ("order", "return_request")
    money = staticmethod(amount("amount"))
    fields = readonly_fields = ("money", "reason", "return_request", "created_at")


@admin.register(Order)
class Orders(Records):
    """Without what proves a guest's possession, and what the payment is taken with."""

    list_display = (
        "number",
        "status",
        "to_pay",
        "payment_status",
        "email",
        "placed_at",
        "needs_attention",
        "attention_since",
    )
    list_filter = (
        "status", "attention_cause", ("needs_attention", admin.EmptyFieldListFilter),
        ("deadline", admin.EmptyFieldListFilter), ("user_id", admin.EmptyFieldListFilter), "placed_at",
    )  # fmt: skip
    search_ids = ("id", "user_id", "payment_id", "correlation_id")
    search_fields = ("number__iexact", "email__iexact", "coupon_code__iexact", "correlation_id__exact")
    search_help_text = "Order, buyer or payment by id; number; e-mail address; coupon; request id."
    ordering = ("-id",)
    items, discount = staticmethod(amount("items_total")), staticmethod(amount("discount_total"))
    shipping, tax = staticmethod(amount("shipping_total")), staticmethod(amount("tax_total"))
    to_pay, credit = staticmethod(amount("total")), staticmethod(amount("credit_used"))
    fields = (
        "id", "number", "status", "cancel_reason", "needs_attention", "attention_cause", "attention_since",
        "deadline", "items", "discount", "shipping",
        "tax", "to_pay", "credit", "payment_method", "payment_status", "payment_id", "coupon_code", "user_id", "email",
        "buyer_name", "locale", "shipping_method", "shipping_address", "billing_address", "placed_at", "confirmed_at",
        "delivered_at", "completed_at", "updated_at", "correlation_id", "happenings",
    )  # fmt: skip
    inlines = (VendorOrderRows, RefundRows)
    actions = (cancel, settle, retry, complete)

    @admin.display(description="timeline")
    def happenings(self, order: Order) -> str:
        told = (
            (f"{one.at:%Y-%m-%d %H:%M:%S.%f}", one.service, one.kind, one.name, one.detail, _took(one.latency_ms))
            for one in timeline(order)
        )
        return format_html_join("", "<div>{} {} {} <b>{}</b> {} {}</div>", told)


def _took(latency_ms: float | None) -> str:
    return "" if latency_ms is None else f"{latency_ms} ms"


class LineRows(OwnRows):
    model = OrderLine
    along = ("vendor_order__order",)
    price, sum, less = (staticmethod(amount(name)) for name in ("unit_price", "line_total", "discount"))
    fields = readonly_fields = (
        "sku",
        "name",
        "price",
        "sum",
        "less",
        "shipped_quantity",
        "cancelled_quantity",
        "returned_quantity",
    )


class ShipmentRows(Rows):
    model = Shipment
    ordering = ("id",)
    fields = readonly_fields = ("carrier", "tracking_number", "status", "created_at", "delivered_at")


@operation("Cannot be sent: cancel and refund", needs_reason=True)
def cancel_part(part: VendorOrder, _by: Caller, reason: str) -> None:
    checkout.cancel_part(vendor_order_id=part.id, vendor_id=None, reason=reason)


class ReturnRows(Rows):
    model = Return
    ordering = ("id",)
    fields = readonly_fields = ("id", "decision_reason", "created_at", "updated_at")


@admin.register(VendorOrder)
class VendorOrders(Records):
    list_display = ("order", "vendor_name", "status", "share", "platform", "created_at", "delivered_at")
    list_filter = ("status", "created_at")
    list_select_related = ("order",)
    search_ids = ("id", "order_id", "vendor_id")
    search_fields = ("order__number__iexact", "vendor_name__icontains")
    search_help_text = "Vendor order, order or vendor by id; order number; the vendor's name."
    ordering = ("-id",)
    share, platform = staticmethod(amount("total")), staticmethod(amount("commission"))
    items, discount = staticmethod(amount("items_total")), staticmethod(amount("discount_total"))
    shipping, tax = staticmethod(amount("shipping_total")), staticmethod(amount("tax_total"))
    tax_on_it = staticmethod(amount("commission_tax"))
    fields = (
        "id", "order", "vendor_id", "vendor_name", "status", "items", "discount", "shipping", "tax", "share",
        "commission_basis_points", "platform", "commission_tax_basis_points", "tax_on_it",
        "cancel_reason", "shipping_refunded", "created_at", "delivered_at",
    )  # fmt: skip
    inlines = (LineRows, ShipmentRows, ReturnRows)
    actions = (cancel_part,)


@admin.register(OrderLine)
class OrderLines(Records):
    """Who bought a product: where one is called back."""

    list_display = ("sku", "name", "order", "vendor_order", "sum", "shipped_quantity", "returned_quantity")
    list_select_related = ("vendor_order__order",)
    search_ids = ("id", "variant_id", "product_id", "vendor_order_id")
    search_fields = ("sku__exact", "vendor_order__order__number__iexact")
    search_help_text = "Line, variant, product or vendor order by id; SKU; order number."
    ordering = ("-id",)
    price, sum, less, taxed = (staticmethod(amount(name)) for name in ("unit_price", "line_total", "discount", "tax"))
    fields = (
        "id", "vendor_order", "sku", "name", "variant_id", "product_id", "category_id", "quantity", "price", "sum",
        "less", "taxed", "shipped_quantity", "cancelled_quantity", "returned_quantity", "refunded_quantity", "replaces",
    )  # fmt: skip

    @admin.display
    def order(self, line: OrderLine) -> str:
        return line.vendor_order.order.number


# ── Parcels, there and back ──────────────────────────────────────────────────────────────────────────────────────────


@operation("Mark as delivered")
def deliver(shipment: Shipment, _by: Caller, _reason: str) -> None:
    shipments.deliver_shipment(shipment_id=shipment.id, vendor_id=None)


@operation("Lost: to be sent again, or cancelled")
def lose(shipment: Shipment, _by: Caller, _reason: str) -> None:
    shipments.lose_shipment(shipment_id=shipment.id, vendor_id=None)


class ShipmentItemRows(OwnRows):
    model = ShipmentItem
    along = ("line",)
    fields = readonly_fields = ("line", "quantity")


@admin.register(Shipment)
class Shipments(Records):
    list_display = ("tracking_number", "carrier", "order", "vendor_order", "status", "created_at", "delivered_at")
    list_filter = ("status", "created_at")
    list_select_related = ("vendor_order__order",)
    search_ids = ("id", "vendor_order_id", "vendor_order__order_id", "vendor_order__vendor_id")
    search_fields = ("tracking_number__exact", "vendor_order__order__number__iexact")
    search_help_text = "Shipment, vendor order, order or vendor by id; tracking number; order number."
    ordering = ("-id",)
    fields = ("id", "vendor_order", "carrier", "tracking_number", "tracking_url", "status", "created_at", "shipped_at",
              "delivered_at")  # fmt: skip
    inlines = (ShipmentItemRows,)
    actions = (deliver, lose)

    @admin.display
    def order(self, shipment: Shipment) -> str:
        return shipment.vendor_order.order.number


@operation("Approve")
def approve(request: Return, _by: Caller, _reason: str) -> None:
    returns.approve_return(return_id=request.id, vendor_id=None)


@operation("Reject", needs_reason=True)
def reject(request: Return, _by: Caller, reason: str) -> None:
    returns.reject_return(return_id=request.id, vendor_id=None, reason=reason)


@operation("Received: restock and refund")
def receive(request: Return, _by: Caller, _reason: str) -> None:
    returns.receive_return(return_id=request.id, vendor_id=None)


@operation("Received: refund only")
def receive_broken(request: Return, _by: Caller, _reason: str) -> None:
    returns.receive_return(return_id=request.id, vendor_id=None, restock=False)


class ReturnItemRows(OwnRows):
    model = ReturnItem
    along = ("line",)
    fields = readonly_fields = ("line", "quantity", "received_quantity", "restocked_quantity", "reason", "variant_id")


@admin.register(Return)
class Returns(Records):
    list_display = ("created_at", "order", "vendor_order", "status", "resolution", "decision_reason", "updated_at")
    list_filter = ("status", "resolution", "created_at")
    list_select_related = ("vendor_order__order",)
    search_ids = ("id", "vendor_order_id", "vendor_order__order_id", "vendor_order__vendor_id")
    search_fields = ("vendor_order__order__number__iexact",)
    search_help_text = "Return, vendor order, order or vendor by id; order number."
    ordering = ("-id",)
    fields = (
        "id", "vendor_order", "status", "resolution", "decision_reason", "instructions", "vendor_fault", "created_at",
        "updated_at",
    )  # fmt: skip
    inlines = (ReturnItemRows, RefundRows)
    actions = (approve, reject, receive, receive_broken)

    @admin.display
    def order(self, request: Return) -> str:
        return request.vendor_order.order.number


@admin.register(Refund)
class Refunds(Records):
    list_display = ("created_at", "order", "money", "status", "reason", "return_request")
    list_filter = ("status", "created_at")
    list_select_related = ("order", "return_request")
    search_ids = ("id", "order_id", "return_request_id")
    search_fields = ("order__number__iexact",)
    search_help_text = "Refund, order or return by id; order number."
    ordering = ("-id",)
    money = staticmethod(amount("amount"))
    fields = ("id", "order", "return_request", "money", "status", "reason", "failure", "created_at", "done_at")


@admin.register(Exchange)
class Exchanges(Records):
    """What was sent for what came back."""

    list_display = ("created_at", "order", "return_request")
    list_select_related = ("order", "return_request")
    search_ids = ("id", "order_id", "return_request_id")
    search_fields = ("order__number__iexact",)
    search_help_text = "Exchange, replacement or return by id; the replacement's number."
    ordering = ("-id",)


# ── What is known of customers and vendors ───────────────────────────────────────────────────────────────────────────


@admin.register(Customer)
class Customers(Records):
    """A projection: accounts are acted upon where they are kept."""

    list_display = ("user_id", "email", "locale", "version", "erased_at")
    list_filter = (("erased_at", admin.EmptyFieldListFilter),)
    search_ids = ("user_id",)
    search_fields = ("email__iexact",)
    ordering = ("-user_id",)


@admin.register(VendorTerms)
class Terms(Records):
    """A projection: vendors are acted upon where they are kept."""

    list_display = ("name", "vendor_id", "active", "commission_basis_points", "country", "version")
    list_filter = ("active",)
    search_ids = ("vendor_id",)
    search_fields = ("name__icontains",)
    ordering = ("-vendor_id",)


@admin.register(StoreCredit)
class Credits(Records):
    """A projection: store credit is granted and spent where it is kept."""

    list_display = ("user_id", "spendable", "version")
    list_filter = ("currency",)
    search_ids = ("id", "user_id")
    search_help_text = "Buyer by id."
    ordering = ("-id",)
    spendable = staticmethod(amount("available"))
    fields = ("id", "user_id", "spendable", "version")
