"""Orders: written when placed, and the messages that tell of them. The saga (checkout.py) decides when."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone

from order_service.actions.customers import ERASED
from order_service.errors import CartOrdered
from order_service.models import Order, OrderLine, VendorOrder
from order_service.queries.quotes import Quote, QuotedPart
from order_service.queries.store_credit import NO_CREDIT, CreditWish
from shared.context import acting, current
from shared.contracts.catalog import LineToReserve, ReserveStock
from shared.contracts.order import Buyer, OrderConfirmed, VendorOrderPart
from shared.contracts.order import OrderLine as ToldLine
from shared.contracts.payment import Split
from shared.messages import Event, Message, MoneyData
from shared.outbox import publish

NUMBER_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""No digit or letter that is read as another."""


@dataclass(frozen=True, slots=True)
class Placing:
    """Everything about an order that does not come from its quote."""

    user_id: UUID | None
    email: str
    buyer_name: str
    cart_id: str
    shipping_address: dict[str, Any]
    billing_address: dict[str, Any]
    payment_method: str
    payment_token: str
    cart_token: str | None = None
    """A guest's."""
    cart_version: str = ""
    locale: str = "en"
    credit: CreditWish = NO_CREDIT

    @property
    def buyer_key(self) -> str:
        """Who a coupon's limit per user counts: the account, a guest by address."""
        return str(self.user_id) if self.user_id else self.email.lower()

    @property
    def guest_digest(self) -> bytes | None:
        return Order.digest_of(self.cart_token) if self.cart_token and self.user_id is None else None


def write_order(*, placing: Placing, quote: Quote, deadline: datetime) -> tuple[Order, list[OrderLine]]:
    """The order with its vendor orders and lines, in three statements. Raises CartOrdered; then nothing else can be
    done in this transaction.
    """
    order = _group(placing, quote, deadline)
    _save_once(order)
    parts = VendorOrder.objects.bulk_create([_vendor_order(order, part) for part in quote.parts])
    lines = [line for row, part in zip(parts, quote.parts, strict=True) for line in _lines(row, part)]
    return order, OrderLine.objects.bulk_create(lines)


def _group(placing: Placing, quote: Quote, deadline: datetime) -> Order:
    return Order(
        number=new_number(),
        user_id=placing.user_id,
        guest_digest=placing.guest_digest,
        email=placing.email,
        buyer_name=placing.buyer_name,
        locale=placing.locale,
        cart_id=placing.cart_id,
        cart_version=placing.cart_version,
        correlation_id=current().correlation_id,
        currency=quote.currency,
        items_total=quote.items,
        discount_total=quote.discount,
        shipping_total=quote.shipping,
        tax_total=quote.tax,
        tax_included=quote.tax_included,
        total=quote.total,
        shipping_method=quote.method,
        shipping_address=placing.shipping_address,
        billing_address=placing.billing_address,
        coupon_code=(quote.coupon.code or "") if quote.coupon else "",
        payment_method=placing.payment_method,
        payment_token=placing.payment_token,
        deadline=deadline,
        credit_wanted=placing.credit.minor,
        credit_exact=placing.credit.exact,
    )


def _save_once(order: Order) -> None:
    """Of two orders made of the same cart at once, the database lets one in."""
    try:
        order.save(force_insert=True)
    except IntegrityError as error:
        if "one_order_a_cart_version" not in str(error):
            raise
        raise CartOrdered("An order of this cart is on its way. Change the cart, or cancel that order.") from None


def new_number() -> str:
    """Short enough to be read out: `N-26-7KQ4M2XD`. 30⁸ of them a year; the database refuses a second one."""
    return f"N-{timezone.now():%y}-" + "".join(secrets.choice(NUMBER_ALPHABET) for _ in range(8))


def _vendor_order(order: Order, part: QuotedPart) -> VendorOrder:
    return VendorOrder(
        order=order,
        vendor_id=part.vendor_id,
        vendor_name=part.vendor_name,
        items_total=part.items,
        discount_total=part.discount,
        shipping_total=part.shipping,
        shipping_tax=part.parcel.tax,
        shipping_discount=part.parcel.discount,
        tax_total=part.tax,
        tax_included=part.tax_included,
        total=part.total,
        weight_grams=part.weight_grams,
        platform_discount=part.platform_discount,
        commission_basis_points=part.commission_basis_points,
        commission=part.commission,
        commission_tax=part.commission_tax,
        commission_tax_basis_points=part.commission_tax_basis_points,
        why=[reason.as_json() for reason in part.parcel.why],
    )


def _lines(row: VendorOrder, part: QuotedPart) -> list[OrderLine]:
    return [
        OrderLine(
            vendor_order=row,
            variant_id=quoted.line.variant_id,
            product_id=quoted.line.product_id,
            category_id=quoted.line.category_id,
            sku=quoted.line.sku,
            name=quoted.line.name,
            quantity=quoted.line.quantity,
            unit_price=quoted.line.unit_price.minor,
            line_total=quoted.line_total,
            discount=quoted.discount,
            tax=quoted.tax,
            tax_included=quoted.tax_included,
            platform_discount=quoted.platform_discount,
            commission_basis=quoted.commission_basis,
            commission=fee - quoted.platform_discount,
            commission_tax=tax,
            commission_rule_id=rate.rule_id,
            commission_basis_points=rate.basis_points,
            commission_fee_per_unit=rate.fee_per_unit,
            weight_grams=quoted.line.weight_grams,
            why=[reason.as_json() for reason in quoted.why],
        )
        for quoted, rate, fee, tax in zip(part.lines, part.rates, part.fees, part.fee_taxes, strict=True)
    ]


def lines_of(order: Order) -> list[OrderLine]:
    """All lines in key order."""
    return list(OrderLine.objects.filter(vendor_order__order=order).order_by("id"))


def reservation_of(order: Order, lines: Iterable[OrderLine]) -> ReserveStock:
    """Outlives the payment's deadline by a margin."""
    wanted = [LineToReserve(line_id=line.id, variant_id=line.variant_id, quantity=line.quantity) for line in lines]
    return ReserveStock(
        order_id=order.id,
        currency=order.currency,
        lines=tuple(wanted),
        expires_at=timezone.now() + settings.STOCK_ANSWER_WITHIN + settings.PAYMENT_WITHIN + settings.HOLD_MARGIN,
    )


# ── As messages tell it ──────────────────────────────────────────────────────────────────────────────────────────────


def about(order: Order) -> dict[str, Any]:
    """The fields every event of an order carries."""
    return {"order_id": order.id, "number": order.number, "buyer": _buyer(order)}


def _buyer(order: Order) -> Buyer:
    """Nobody, once the buyer is forgotten: an inbox and purchases that are gone are not to come back."""
    if order.email == ERASED:
        return Buyer(email="", name=order.buyer_name, locale=order.locale)
    return Buyer(user_id=order.user_id, email=order.email, name=order.buyer_name, locale=order.locale)


def tell(order: Order, message: Message) -> None:
    """Publish under the order's own correlation id, whoever acts now: its timeline stays one story."""
    with acting(replace(current(), correlation_id=order.correlation_id)):
        publish(message, version=order.version if isinstance(message, Event) else None)


def money(order: Order, minor: int) -> MoneyData:
    return MoneyData(minor=minor, currency=order.currency)


def confirmation_of(order: Order) -> OrderConfirmed:
    """Of an order that is confirmed, or was."""
    assert order.confirmed_at is not None
    return OrderConfirmed(
        **about(order),
        cart_id=order.cart_id or None,
        total=money(order, order.total),
        vendor_orders=parts_as_told(order),
        confirmed_at=order.confirmed_at,
    )


def parts_as_told(order: Order) -> tuple[VendorOrderPart, ...]:
    rows = VendorOrder.objects.filter(order=order).prefetch_related("lines").order_by("id")
    return tuple(_part(order, row) for row in rows)


def _part(order: Order, row: VendorOrder) -> VendorOrderPart:
    return VendorOrderPart(
        vendor_order_id=row.id,
        vendor_id=row.vendor_id,
        vendor_name=row.vendor_name,
        lines=tuple(_told(order, line) for line in row.lines.all()),
        items_total=money(order, row.items_total),
        shipping_total=money(order, row.shipping_total),
        tax_total=money(order, row.tax_total),
        tax_included=money(order, row.tax_included),
        discount_total=money(order, row.discount_total),
        total=money(order, row.total),
        commission=money(order, row.commission),
        commission_tax=money(order, row.commission_tax),
    )


def _told(order: Order, line: OrderLine) -> ToldLine:
    return ToldLine(
        line_id=line.id,
        variant_id=line.variant_id,
        product_id=line.product_id,
        sku=line.sku,
        name=line.name,
        quantity=line.quantity,
        unit_price=money(order, line.unit_price),
        line_total=money(order, line.line_total),
        commission=None if line.commission is None else money(order, line.commission),
        commission_tax=money(order, line.commission_tax),
        commission_basis_points=line.commission_basis_points,
    )


def splits_of(order: Order) -> tuple[Split, ...]:
    """Whose money the order's payment is."""
    rows = VendorOrder.objects.filter(order=order).order_by("id")
    return tuple(
        Split(
            vendor_order_id=row.id,
            vendor_id=row.vendor_id,
            gross=row.total,
            tax=row.tax_total + row.tax_included,
            commission=row.commission,
            commission_tax=row.commission_tax,
        )
        for row in rows
    )
