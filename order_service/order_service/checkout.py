"""The checkout: the whole story of an order from placed to its end, on one page.

                 ReserveStock            TakePayment
    placed ───────────────────▶ awaiting_payment ───────────────▶ confirmed ─── OrderConfirmed
      │  StockRejected              │  PaymentDeclined               │  CommitFailed: refund
      │  StockReserved, other sum   │  StockReleased (expired)       │  the buyer cancels: refund
      │  no answer by the deadline  │  no answer by the deadline     │
      ▼                             ▼                                ▼
    cancelled ◀──────────────────────────────────────────────────────┘  OrderCancelled

`Order.status` and `Order.deadline` are its state. Every answer may come late, twice or never:

    | arrives                      | order is open                       | order is cancelled          | later     |
    |------------------------------|-------------------------------------|-----------------------------|-----------|
    | StockReserved                | placed: TakePayment                 | ReleaseStock (again)        | nothing   |
    | StockRejected                | placed: cancelled                   | nothing                     | nothing   |
    | StockReleased (expired)      | cancelled, CancelPayment            | nothing                     | nothing   |
    | PaymentActionRequired        | shown to the buyer                  | nothing                     | nothing   |
    | PaymentTaken                 | confirmed                           | RefundPayment, all of it    | nothing   |
    | PaymentDeclined              | cancelled, ReleaseStock             | nothing                     | nothing   |
    | CommitFailed                 | –                                   | nothing                     | refunded  |
    | deadline                     | cancelled, ReleaseStock,            | –                           | –         |
    |                              | CancelPayment                       |                             |           |

The stock's hold outlives the payment's deadline, so a payment in time finds its stock. Money that arrives for a
cancelled order is always sent back. No lock on stock is held while a payment is made.
"""

from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from order_service.actions.coupons import redeem_coupon, release_coupon
from order_service.actions.orders import (
    Placing,
    about,
    lines_of,
    money,
    parts_as_told,
    splits_of,
    tell,
    write_order,
)
from order_service.actions.refunds import ask_refund
from order_service.clients import Cart
from order_service.errors import IllegalMove, OutOfStock, PriceChanged
from order_service.models import Order, VendorOrder
from order_service.queries.quotes import Quote
from shared.audit import record
from shared.contracts.catalog import (
    CommitFailed,
    LineToReserve,
    ReleaseStock,
    ReserveStock,
    StockCommitted,
    StockRejected,
    StockReleased,
    StockReserved,
)
from shared.contracts.order import OrderCancelled, OrderConfirmed, OrderPlaced
from shared.contracts.payment import (
    CancelPayment,
    PaymentActionRequired,
    PaymentDeclined,
    PaymentTaken,
    TakePayment,
)
from shared.errors import Retry
from shared.money import Money

# ── 1. The buyer places an order ─────────────────────────────────────────────────────────────────────────────────────


@transaction.atomic
def place_order(*, cart: Cart, quote: Quote, placing: Placing, expected_total: Money | None) -> Order:
    """Write the order, redeem its coupon, ask for its stock. Raises OutOfStock, PriceChanged, CouponRefused."""
    _refuse_what_the_cart_knows(cart)
    if expected_total is not None and expected_total != Money(quote.total, quote.currency):
        raise PriceChanged(f"The total is {Money(quote.total, quote.currency)} now.")
    order = write_order(placing=placing, quote=quote)
    if quote.coupon:
        redeem_coupon(coupon=quote.coupon, order=order, buyer_key=placing.buyer_key)
    now = timezone.now()
    order.deadline = now + settings.STOCK_ANSWER_WITHIN
    order.save(update_fields=["deadline"])
    tell(order, OrderPlaced(**about(order), total=money(order, order.total), placed_at=now))
    tell(order, _reservation(order))
    return order


def _refuse_what_the_cart_knows(cart: Cart) -> None:
    """Only what is certain to fail: the catalogue has the last word."""
    missing = [line.sku for line in cart.lines if not line.active or line.available < line.quantity]
    if missing:
        raise OutOfStock(f"Not available in this quantity: {', '.join(missing)}.")


def _reservation(order: Order) -> ReserveStock:
    lines = [
        LineToReserve(line_id=line.id, variant_id=line.variant_id, quantity=line.quantity) for line in lines_of(order)
    ]
    return ReserveStock(
        order_id=order.id,
        currency=order.currency,
        lines=tuple(lines),
        expires_at=timezone.now() + settings.STOCK_ANSWER_WITHIN + settings.PAYMENT_WITHIN + settings.HOLD_MARGIN,
    )


# ── 2. The catalogue answers ─────────────────────────────────────────────────────────────────────────────────────────


def on_stock_reserved(message: StockReserved) -> None:
    order = _locked(message.order_id)
    if order.status == Order.Status.CANCELLED:
        tell(order, ReleaseStock(order_id=order.id, reason="order cancelled"))
    elif order.status == Order.Status.PLACED and not _is_as_seen(order, message):
        _cancel(order, "price_changed", release=True)
    elif order.status == Order.Status.PLACED:
        _ask_for_payment(order)


def _is_as_seen(order: Order, message: StockReserved) -> bool:
    """Does the catalogue ask for each line what the buyer was shown?"""
    told = {line.line_id: (line.quantity, line.unit_price.minor, line.unit_price.currency) for line in message.lines}
    return told == {line.id: (line.quantity, line.unit_price, order.currency) for line in lines_of(order)}


def _ask_for_payment(order: Order) -> None:
    order.await_payment(deadline=timezone.now() + settings.PAYMENT_WITHIN)
    order.save()
    tell(
        order,
        TakePayment(
            payment_id=order.payment_id,
            order_id=order.id,
            order_number=order.number,
            user_id=order.user_id,
            amount=money(order, order.total),
            method=order.payment_method,
            token=order.payment_token,
            splits=splits_of(order),
            expires_at=timezone.now() + settings.PAYMENT_WITHIN,
        ),
    )


def on_stock_rejected(message: StockRejected) -> None:
    order = _locked(message.order_id)
    if order.status == Order.Status.PLACED:
        _cancel(order, "out_of_stock" if message.reason == "out_of_stock" else "unavailable")


def on_stock_released(message: StockReleased) -> None:
    """Only the expiry is news: the other releases were asked for here."""
    order = _locked(message.order_id)
    if message.reason == "expired" and order.is_open:
        _cancel(order, "payment_expired", stop_payment=True)


# ── 3. The payment service answers ───────────────────────────────────────────────────────────────────────────────────


def on_payment_action_required(message: PaymentActionRequired) -> None:
    order = _locked(message.order_id)
    if order.status == Order.Status.AWAITING_PAYMENT:
        order.payment_status, order.next_action = "action_required", message.next_action.model_dump(mode="json")
        order.save(update_fields=["payment_status", "next_action", "updated_at"])


def on_payment_taken(message: PaymentTaken) -> None:
    """An order, or a refund; never neither."""
    order = _locked(message.order_id)
    order.payment_status = "taken"
    order.save(update_fields=["payment_status", "updated_at"])
    if order.status == Order.Status.CANCELLED and not order.refunds.exists():
        ask_refund(order=order, splits=splits_of(order), reason="paid after cancellation")
    elif order.status == Order.Status.AWAITING_PAYMENT:
        _confirm(order)


def _confirm(order: Order) -> None:
    order.confirm(at=timezone.now())
    order.save()
    _lead(order, VendorOrder.Status.CONFIRMED)
    tell(
        order,
        OrderConfirmed(
            **about(order),
            cart_id=order.cart_id or None,
            total=money(order, order.total),
            vendor_orders=parts_as_told(order),
            confirmed_at=timezone.now(),
        ),
    )


def on_payment_declined(message: PaymentDeclined) -> None:
    order = _locked(message.order_id)
    if not order.is_open:
        return
    order.payment_status = "declined"
    _cancel(order, "payment_expired" if message.reason == "expired" else "payment_declined", release=True)


# ── 4. What may still go wrong ───────────────────────────────────────────────────────────────────────────────────────


def on_stock_committed(message: StockCommitted) -> None:
    """The hold became a sale: nothing is left to do, and the timeline shows it."""


def on_commit_failed(message: CommitFailed) -> None:
    """Paid, but the hold was gone and the stock sold to somebody else."""
    order = _locked(message.order_id)
    if order.status == Order.Status.CONFIRMED:
        _cancel(order, "out_of_stock", refund=True)


@transaction.atomic
def cancel_order(*, order_id: UUID, reason: str, by_admin: bool = False) -> Order:
    """While nothing has been shipped; a confirmed order is refunded. Raises IllegalMove."""
    order = _locked(order_id)
    shipped = order.vendor_orders.exclude(status__in=[VendorOrder.Status.PLACED, VendorOrder.Status.CONFIRMED])
    if shipped.exists():
        raise IllegalMove("A part of this order is on its way.")
    confirmed = order.status == Order.Status.CONFIRMED
    if by_admin:
        record(action="order.order.cancel", subject_kind="order", subject_id=order_id, before=order.status)
    _cancel(order, reason, release=not confirmed, stop_payment=not confirmed, refund=confirmed)
    return order


def sweep_deadlines(limit: int = 100) -> int:
    """Cancel what waited too long; answers how many. Safe beside another sweeper: each row is locked by one."""
    now, ended = timezone.now(), 0
    for order_id in Order.objects.filter(deadline__lte=now).values_list("id", flat=True)[:limit]:
        with transaction.atomic():
            order = Order.objects.select_for_update(skip_locked=True).filter(id=order_id, deadline__lte=now).first()
            if order is not None and order.is_open:
                _give_up(order)
                ended += 1
    return ended


def _give_up(order: Order) -> None:
    waiting_for_stock = order.status == Order.Status.PLACED
    reason = "stock_timeout" if waiting_for_stock else "payment_expired"
    _cancel(order, reason, release=True, stop_payment=not waiting_for_stock)


def _cancel(
    order: Order, reason: str, *, release: bool = False, stop_payment: bool = False, refund: bool = False
) -> None:
    """The one way to the end: state, coupon and all compensations in the caller's transaction."""
    was_confirmed = order.status == Order.Status.CONFIRMED
    order.cancel(reason=reason)
    order.save()
    vendors = _lead(order, VendorOrder.Status.CANCELLED)
    release_coupon(order_id=order.id)
    if release:
        tell(order, ReleaseStock(order_id=order.id, reason=reason))
    if stop_payment:
        tell(order, CancelPayment(payment_id=order.payment_id, order_id=order.id))
    if refund:
        ask_refund(order=order, splits=splits_of(order), reason=reason)
    told = {"reason": reason, "total": money(order, order.total), "was_confirmed": was_confirmed}
    tell(order, OrderCancelled(**about(order), **told, vendor_ids=vendors))


def _lead(order: Order, status: str) -> tuple[UUID, ...]:
    """The vendor orders follow; answers their vendors."""
    rows = list(VendorOrder.objects.select_for_update().filter(order=order).order_by("id"))
    for row in rows:
        row.follow(status)
    VendorOrder.objects.bulk_update(rows, ["status"])
    return tuple(row.vendor_id for row in rows)


def _locked(order_id: UUID) -> Order:
    order = Order.objects.select_for_update().filter(id=order_id).first()
    if order is None:
        raise Retry(f"order {order_id} is not here yet")
    return order
