"""State, constraints, and named transitions that refuse illegal moves."""

from order_service.models.coupons import Coupon, CouponRedemption
from order_service.models.customers import Customer
from order_service.models.orders import Order, OrderLine, VendorOrder
from order_service.models.returns import Exchange, Refund, Return, ReturnItem
from order_service.models.shipments import Shipment, ShipmentItem
from order_service.models.vendors import VendorTerms

__all__ = [
    "Coupon",
    "CouponRedemption",
    "Customer",
    "Exchange",
    "Order",
    "OrderLine",
    "Refund",
    "Return",
    "ReturnItem",
    "Shipment",
    "ShipmentItem",
    "VendorOrder",
    "VendorTerms",
]
