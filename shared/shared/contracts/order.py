"""order_service: what buyers ordered, and what became of it."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.messages import Event, MoneyData


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class OrderLine(_Part):
    line_id: UUID
    variant_id: UUID
    product_id: UUID
    sku: str
    name: str
    quantity: int
    unit_price: MoneyData
    line_total: MoneyData
    commission: MoneyData | None = None
    commission_tax: MoneyData | None = None
    commission_basis_points: int | None = None


class VendorOrderPart(_Part):
    """A vendor's share. items + shipping + tax − discount = total; `tax_included` is what prices contain besides.

    `commission` is frozen at sale, and so is `commission_tax`, which the vendor owes on top of it; commission is below
    zero where discounts that the platform pays are more.
    """

    vendor_order_id: UUID
    vendor_id: UUID
    vendor_name: str
    lines: tuple[OrderLine, ...]
    items_total: MoneyData
    shipping_total: MoneyData
    tax_total: MoneyData
    discount_total: MoneyData
    total: MoneyData
    commission: MoneyData
    tax_included: MoneyData | None = None
    commission_tax: MoneyData | None = None


class Buyer(_Part):
    """`user_id` is absent for a guest."""

    user_id: UUID | None = None
    email: str
    name: str
    locale: str = "en"


class _OrderEvent(Event):
    key = "order_id"
    order_id: UUID
    number: str
    buyer: Buyer


class OrderPlaced(_OrderEvent):
    type = "order.order_placed.v1"
    total: MoneyData
    placed_at: datetime


class OrderConfirmed(_OrderEvent):
    """Paid and held: catalog commits the hold, cart is emptied, buyer and vendors are told."""

    type = "order.order_confirmed.v1"
    cart_id: str | None = None
    total: MoneyData
    vendor_orders: tuple[VendorOrderPart, ...]
    confirmed_at: datetime


class OrderCancelled(_OrderEvent):
    type = "order.order_cancelled.v1"
    reason: str
    total: MoneyData
    vendor_ids: tuple[UUID, ...] = ()
    was_confirmed: bool = False


class VendorOrderShipped(_OrderEvent):
    type = "order.vendor_order_shipped.v1"
    vendor_order_id: UUID
    vendor_id: UUID
    shipment_id: UUID
    carrier: str
    tracking_number: str
    complete: bool
    tracking_url: str = ""


class VendorOrderDelivered(_OrderEvent):
    """payment releases the vendor's share after the return window; catalog lets the buyer's reviews be verified."""

    type = "order.vendor_order_delivered.v1"
    vendor_order_id: UUID
    vendor_id: UUID
    product_ids: tuple[UUID, ...]
    delivered_at: datetime
    charged: bool = True


class ShipmentLost(_OrderEvent):
    """What was in it will be sent again, or is cancelled."""

    type = "order.shipment_lost.v1"
    unheard = True
    vendor_order_id: UUID
    vendor_id: UUID
    shipment_id: UUID
    tracking_number: str


class CancelledItem(_Part):
    line_id: UUID
    variant_id: UUID
    quantity: int
    restock: bool = True


class VendorOrderCancelled(_OrderEvent):
    """A vendor does not send this: catalog gives it back to the stock. `complete`: nothing of it is sent."""

    type = "order.vendor_order_cancelled.v1"
    vendor_order_id: UUID
    vendor_id: UUID
    items: tuple[CancelledItem, ...]
    reason: str
    complete: bool


class OrderCompleted(_OrderEvent):
    """Nothing of it can be returned any more: what payment still holds back of it is the vendors'."""

    type = "order.order_completed.v1"
    vendor_order_ids: tuple[UUID, ...]
    completed_at: datetime


class ReturnRequested(_OrderEvent):
    type = "order.return_requested.v1"
    return_id: UUID
    vendor_id: UUID


class ReturnDecided(_OrderEvent):
    type = "order.return_decided.v1"
    return_id: UUID
    vendor_id: UUID
    approved: bool
    reason: str = ""
    instructions: str = ""


class ReturnedItem(_Part):
    variant_id: UUID
    quantity: int
    restock: bool = True


class ReturnReceived(_OrderEvent):
    """The goods are back: catalog restocks what is fit for sale."""

    type = "order.return_received.v1"
    return_id: UUID
    vendor_id: UUID
    items: tuple[ReturnedItem, ...]


class OrderRefunded(_OrderEvent):
    type = "order.order_refunded.v1"
    refund_id: UUID
    amount: MoneyData
    return_id: UUID | None = None
    refunded_at: datetime | None = None
