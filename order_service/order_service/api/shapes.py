"""Shapes that several views of this service show."""

from typing import Any

from drf_spectacular.utils import inline_serializer
from rest_framework import serializers

from order_service.models import Order, OrderLine, Shipment, VendorOrder
from shared.http import LineField, MoneyShape, Shape
from shared.money import Money


def page_with(name: str, shape: type[Shape], **more: Any) -> Any:
    """The OpenAPI shape of a page of these, with what else a page tells."""
    links = {link: serializers.URLField(allow_null=True) for link in ("next", "previous")}
    return inline_serializer(name, {"results": shape(many=True), **links, **more})


class AddressShape(Shape):
    name = LineField(max_length=200)
    line1 = LineField(max_length=200)
    line2 = LineField(max_length=200, required=False, allow_blank=True)
    city = LineField(max_length=100)
    region = LineField(max_length=100, required=False, allow_blank=True)
    postal_code = LineField(max_length=20)
    country = serializers.RegexField(r"^[A-Z]{2}$")
    phone = LineField(max_length=30, required=False, allow_blank=True)


class VendorShape(Shape):
    id = serializers.UUIDField()
    name = serializers.CharField()


class ReasonShape(Shape):
    """How an amount came about: `rate` (per cent) of `base`, by the rule of that name. What lowers a price is negative;
    a tax that is `included` in the price is part of it, one that is not comes on top.
    """

    kind = serializers.ChoiceField(choices=["discount", "shipping", "shipping_discount", "tax", "shipping_tax"])
    rule = serializers.CharField(allow_blank=True)
    rate = serializers.CharField(allow_null=True)
    base = MoneyShape(allow_null=True)
    amount = MoneyShape()
    included = serializers.BooleanField()
    paid_by = serializers.CharField(allow_null=True)
    promotion_id = serializers.UUIDField(allow_null=True)


def reason_body(reason: dict[str, Any], currency: str) -> dict[str, Any]:
    """ReasonShape's content, of a reason as orders keep it."""
    rate, base = reason["basis_points"], reason["base"]
    return {
        **{name: reason[name] for name in ("kind", "rule", "included", "promotion_id")},
        "rate": None if rate is None else f"{rate // 100}.{rate % 100:02d}",
        "base": None if base is None else Money(base, currency).as_json(),
        "amount": Money(reason["amount"], currency).as_json(),
        "paid_by": reason["paid_by"] or None,
    }


class LineShape(Shape):
    id = serializers.UUIDField()
    variant_id = serializers.UUIDField()
    product_id = serializers.UUIDField()
    name = serializers.CharField()
    sku = serializers.CharField()
    quantity = serializers.IntegerField()
    shipped_quantity = serializers.IntegerField()
    cancelled_quantity = serializers.IntegerField()
    returned_quantity = serializers.IntegerField()
    unit_price = MoneyShape()
    line_total = MoneyShape()
    discount = MoneyShape()
    tax = MoneyShape()
    tax_included = MoneyShape()
    why = ReasonShape(many=True)


class ShipmentItemShape(Shape):
    id = serializers.UUIDField()
    quantity = serializers.IntegerField(min_value=1, max_value=1_000_000)


class ShipmentShape(Shape):
    """`tracking_url` is empty where the vendor gave none; a packed parcel has no carrier yet."""

    id = serializers.UUIDField()
    vendor_order_id = serializers.UUIDField()
    carrier = serializers.CharField(allow_blank=True)
    tracking_number = serializers.CharField(allow_blank=True)
    tracking_url = serializers.CharField(allow_blank=True)
    status = serializers.ChoiceField(choices=Shipment.Status.choices)
    items = ShipmentItemShape(many=True)
    created_at = serializers.DateTimeField()
    shipped_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)


class VendorOrderShape(Shape):
    id = serializers.UUIDField()
    vendor = VendorShape()
    status = serializers.CharField()
    cancel_reason = serializers.CharField(allow_null=True)
    items = LineShape(many=True)
    shipments = ShipmentShape(many=True)
    items_total = MoneyShape()
    discount_total = MoneyShape()
    shipping_total = MoneyShape()
    tax_total = MoneyShape()
    tax_included = MoneyShape()
    total = MoneyShape()
    why = ReasonShape(many=True)


class CryptoDueShape(Shape):
    chain_id = serializers.IntegerField()
    address = serializers.CharField()
    symbol = serializers.CharField()
    token = serializers.CharField(allow_blank=True, help_text="The token's contract; empty for the chain's coin.")
    expected = serializers.CharField()
    amount = serializers.CharField(help_text="What is missing.")
    seen = serializers.CharField(help_text="What has come and is not confirmed.")
    confirmations = serializers.IntegerField(help_text="Blocks until it is.")
    uri = serializers.CharField(allow_blank=True, help_text="EIP-681, for wallets.")


class NextActionShape(Shape):
    kind = serializers.CharField()
    url = serializers.CharField()
    expires_at = serializers.DateTimeField()
    crypto = CryptoDueShape(allow_null=True, required=False, help_text="What is to be sent on a chain.")


class PaymentShape(Shape):
    id = serializers.UUIDField()
    method = serializers.CharField()
    status = serializers.CharField()
    store_credit = MoneyShape(help_text="What of the total was store credit; zero until it is paid.")
    next_action = NextActionShape(allow_null=True)


class OrderShape(Shape):
    id = serializers.UUIDField()
    number = serializers.CharField()
    status = serializers.CharField()
    cancel_reason = serializers.CharField(allow_null=True)
    email = serializers.EmailField()
    currency = serializers.CharField()
    items_total = MoneyShape()
    discount_total = MoneyShape()
    shipping_total = MoneyShape()
    tax_total = MoneyShape()
    tax_included = MoneyShape()
    total = MoneyShape()
    coupon = serializers.CharField(allow_null=True)
    shipping_method = serializers.CharField()
    shipping_address = AddressShape()
    billing_address = AddressShape()
    vendor_orders = VendorOrderShape(many=True)
    payment = PaymentShape()
    placed_at = serializers.DateTimeField()
    confirmed_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)
    completed_at = serializers.DateTimeField(allow_null=True)
    locale = serializers.CharField()
    access_token = serializers.CharField(required=False)


TOTALS = ("items_total", "discount_total", "shipping_total", "tax_total", "tax_included", "total")


def totals(row: Order | VendorOrder, currency: str) -> dict[str, Any]:
    return {name: Money(getattr(row, name), currency).as_json() for name in TOTALS}


def order_body(order: Order) -> dict[str, Any]:
    """OrderShape's content; the order comes with its vendor orders and lines fetched."""
    return {
        "id": order.id,
        "number": order.number,
        "status": order.status,
        "cancel_reason": order.cancel_reason or None,
        "email": order.email,
        "currency": order.currency,
        **totals(order, order.currency),
        "coupon": order.coupon_code or None,
        "shipping_method": order.shipping_method,
        "shipping_address": order.shipping_address,
        "billing_address": order.billing_address,
        "vendor_orders": [vendor_order_body(part, order.currency) for part in order.vendor_orders.all()],
        "payment": {
            "id": order.payment_id,
            "method": order.payment_method,
            "status": order.payment_status,
            "store_credit": order.money(order.credit_used).as_json(),
            "next_action": order.next_action,
        },
        "placed_at": order.placed_at,
        "confirmed_at": order.confirmed_at,
        "delivered_at": order.delivered_at,
        "completed_at": order.completed_at,
        "locale": order.locale,
    }


def vendor_order_body(part: VendorOrder, currency: str) -> dict[str, Any]:
    return {
        "id": part.id,
        "vendor": {"id": part.vendor_id, "name": part.vendor_name},
        "status": part.status,
        "cancel_reason": part.cancel_reason or None,
        "items": [_line_body(line, currency) for line in part.lines.all()],
        "shipments": [shipment_body(shipment) for shipment in part.shipments.all()],
        **totals(part, currency),
        "why": [reason_body(reason, currency) for reason in part.why],
    }


def shipment_body(shipment: Shipment) -> dict[str, Any]:
    plain = ("id", "vendor_order_id", "carrier", "tracking_number", "tracking_url", "status", "created_at")
    return {
        **{name: getattr(shipment, name) for name in plain},
        "items": [{"id": item.line_id, "quantity": item.quantity} for item in shipment.items.all()],
        "shipped_at": shipment.shipped_at,
        "delivered_at": shipment.delivered_at,
    }


def _line_body(line: OrderLine, currency: str) -> dict[str, Any]:
    counts = ("quantity", "shipped_quantity", "cancelled_quantity", "returned_quantity")
    plain = ("id", "variant_id", "product_id", "name", "sku", *counts)
    amounts = ("unit_price", "line_total", "discount", "tax", "tax_included")
    return {
        **{name: getattr(line, name) for name in plain},
        **{name: Money(getattr(line, name), currency).as_json() for name in amounts},
        "why": [reason_body(reason, currency) for reason in line.why],
    }
