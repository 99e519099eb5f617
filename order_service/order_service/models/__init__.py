"""State, constraints, and named transitions that refuse illegal moves."""

from order_service.models.commissions import CategoryPlace, CommissionBook, CommissionRule
from order_service.models.customers import Customer
from order_service.models.exports import OrderExport, OrderExportPart
from order_service.models.operations import OrderOperation, OrderOperationItem
from order_service.models.orders import Order, OrderLine, VendorOrder
from order_service.models.promotions import Promotion, Redemption
from order_service.models.reports import BuyerMonth, OrderDay, ReportRun, SalesDay
from order_service.models.returns import Exchange, Refund, Return, ReturnItem
from order_service.models.shipments import Shipment, ShipmentItem
from order_service.models.shipping import ShippingMethod, ShippingRate, ShippingZone, ZoneCountry
from order_service.models.store_credit import StoreCredit
from order_service.models.taxes import TaxCategory, TaxedCategory, TaxRate
from order_service.models.vendors import VendorTerms

__all__ = [
    "BuyerMonth",
    "CategoryPlace",
    "CommissionBook",
    "CommissionRule",
    "Customer",
    "Exchange",
    "Order",
    "OrderDay",
    "OrderExport",
    "OrderExportPart",
    "OrderLine",
    "OrderOperation",
    "OrderOperationItem",
    "Promotion",
    "Redemption",
    "Refund",
    "ReportRun",
    "Return",
    "ReturnItem",
    "SalesDay",
    "Shipment",
    "ShipmentItem",
    "ShippingMethod",
    "ShippingRate",
    "ShippingZone",
    "StoreCredit",
    "TaxCategory",
    "TaxRate",
    "TaxedCategory",
    "VendorOrder",
    "VendorTerms",
    "ZoneCountry",
]
