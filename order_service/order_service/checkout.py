"""The checkout: the whole story of an order from placed to its end, on one page.

                 ReserveStock            TakePayment
    placed ───────────────────▶ awaiting_payment ───────────────▶ confirmed ─── OrderConfirmed
      │  StockRejected              │  PaymentDeclined               │  CommitFailed: refund
      │  StockReserved, other sum   │  StockReleased (expired)       │  the buyer cancels: refund
      │  no answer by the deadline  │  no answer by the deadline     │  its vendors cannot send any of it
      ▼                             ▼                                ▼
    cancelled ◀──────────────────────────────────────────────────────┘  OrderCancelled

Where goods are exchanged, the replacement is an order too, for which nothing is charged: from placed it is confirmed as
soon as its stock is held; where it is cancelled, the money of what came back goes back instead.

`Order.status` and `Order.deadline` are its state. Every answer may come late, twice or never:

    | arrives                      | order is open                       | order is cancelled          | later     |
    |------------------------------|-------------------------------------|-----------------------------|-----------|
    | StockReserved                | placed: TakePayment                 | ReleaseStock (again)        | nothing   |
    | StockRejected                | placed: cancelled                   | nothing                     | nothing   |
    | StockReleased (expired)      | cancelled, CancelPayment            | nothing                     | nothing   |
    | PaymentActionRequired        | shown to the buyer                  | nothing                     | nothing   |
    | PaymentTaken                 | confirmed                           | RefundPayment, all of it    | nothing   |
    | PaymentDeclined              | cancelled, ReleaseStock             | nothing                     | nothing   |
    | CommitFailed                 | –                                   | nothing                     | refunded; |
    |                              |                                     |                             | if sent,  |
    |                              |                                     |                             | attention |
    | deadline                     | cancelled, ReleaseStock,            | –                           | –         |
    |                              | CancelPayment                       |                             |           |

The stock's hold outlives the payment's deadline, so a payment in time finds its stock. Money that arrives for a
cancelled order is always sent back. No lock on stock is held while a payment is made.

Store credit is payment's: TakePayment says how much of it the buyer wants used, PaymentTaken how much it was. What is
held of it for an order that ends otherwise is given back there, with the decline.
"""

from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from order_service.actions import exchanges, operations
from order_service.actions.attention import Cause, call_for_attention
from order_service.actions.cancellations import cancel_lines
from order_service.actions.orders import (
    Placing,
    about,
    confirmation_of,
    lines_of,
    money,
    reservation_of,
    splits_of,
    tell,
    write_order,
)
from order_service.actions.parts import locked_part
from order_service.actions.promotions import redeem_promotions, release_promotions
from order_service.actions.refunds import GIVEN_BACK, ask_refund
from order_service.clients import Cart
from order_service.errors import CheckoutBusy, IllegalMove, OrderNotFound, OutOfStock, PriceChanged
from order_service.models import Order, OrderOperation, Shipment, VendorOrder
from order_service.queries.orders import checkouts_under_way
from order_service.queries.quotes import Quote
from order_service.queries.shares import left_of
from shared.audit import record
from shared.contracts.catalog import (
    CommitFailed,
    ReleaseStock,
    StockCommitted,
    StockRejected,
    StockReleased,
    StockReserved,
)
from shared.contracts.order import OrderCancelled, OrderPlaced
from shared.contracts.payment import (
    CancelPayment,
    PaymentActionRequired,
    PaymentDeclined,
    PaymentTaken,
    TakePayment,
)
from shared.errors import Retry
from shared.money import Money
from shared.outbox import gathered

# ── 1. The buyer places an order ─────────────────────────────────────────────────────────────────────────────────────


def admit(*, payment_method: str) -> None:
    """Who comes faster than orders are carried out is told so at once, instead of waiting for longer and longer.

    Raises CheckoutBusy while `CHECKOUTS_AT_ONCE` orders wait for a service to answer: those of one payment method, so
    that a provider that hangs keeps only its own buyers waiting. A few more slip in when many ask in one moment.
    """
    if checkouts_under_way(payment_method) >= settings.CHECKOUTS_AT_ONCE:
        raise CheckoutBusy("Come again in a moment.", retry_after=2)


@transaction.atomic
def place_order(*, cart: Cart, quote: Quote, placing: Placing, expected_total: Money | None) -> Order:
    """Write the order, redeem its promotions, ask for its stock. Raises OutOfStock, PriceChanged, CouponRefused."""
    _refuse_what_the_cart_knows(cart)
    if expected_total is not None and expected_total != Money(quote.total, quote.currency):
        raise PriceChanged(f"The total is {Money(quote.total, quote.currency)} now.")
    now = timezone.now()
    order, lines = write_order(placing=placing, quote=quote, deadline=now + settings.STOCK_ANSWER_WITHIN)
    redeem_promotions(promotions=quote.promotions, order=order, buyer_key=placing.buyer_key)
    with gathered():
        tell(order, OrderPlaced(**about(order), total=money(order, order.total), placed_at=now))
        tell(order, reservation_of(order, lines))
    return order


def _refuse_what_the_cart_knows(cart: Cart) -> None:
    """Only what is certain to fail: the catalogue has the last word."""
    missing = [line.sku for line in cart.lines if not line.active or line.available < line.quantity]
    if missing:
        raise OutOfStock(f"Not available in this quantity: {', '.join(missing)}.")


# ── 2. The catalogue answers ─────────────────────────────────────────────────────────────────────────────────────────


def on_stock_reserved(message: StockReserved) -> None:
    order = _locked(message.order_id)
    if order.status == Order.Status.CANCELLED:
        tell(order, ReleaseStock(order_id=order.id, reason="order cancelled"))
    elif order.status == Order.Status.PLACED and not _is_as_seen(order, message):
        _cancel(order, "price_changed", release=True)
    elif order.status == Order.Status.PLACED and order.is_replacement:
        exchanges.name_lines(order, message)
        _confirm(order)
        exchanges.finish_exchange(order)
    elif order.status == Order.Status.PLACED:
        _ask_for_payment(order)


def _is_as_seen(order: Order, message: StockReserved) -> bool:
    """Does the catalogue ask for each line what the buyer was shown?"""
    if order.is_replacement and not exchanges.is_of_the_same_vendor(order, message):
        return False
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
            store_credit=order.credit_wanted,
            store_credit_exact=order.credit_exact,
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
    """An order, or a refund; never neither. Told again, what was given back since stays given back."""
    order = _locked(message.order_id)
    if order.payment_status not in GIVEN_BACK:
        order.payment_status = "taken"
    order.credit_used = message.store_credit
    if order.status == Order.Status.AWAITING_PAYMENT:
        _confirm(order)
        return
    order.save(update_fields=["payment_status", "credit_used", "updated_at"])
    if order.status == Order.Status.CANCELLED and not order.refunds.exists():
        ask_refund(order=order, splits=left_of(order), reason="paid after cancellation")


def _confirm(order: Order) -> None:
    order.confirm(at=timezone.now())
    order.save()
    _lead(order, VendorOrder.Status.CONFIRMED)
    tell(order, confirmation_of(order))


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
    """Paid, but the hold was gone and the stock sold to somebody else. What has been sent all the same is nothing that
    can be undone here: an operator has to look.
    """
    order = _locked(message.order_id)
    if order.status == Order.Status.CONFIRMED and not _is_on_its_way(order):
        _cancel(order, "out_of_stock", refund=True)
    elif order.status != Order.Status.CANCELLED:
        call_for_attention(order, Cause.COMMIT_FAILED, "sent, but its stock was sold to somebody else")


@transaction.atomic
def cancel_order(*, order_id: UUID, reason: str, by_admin: bool = False) -> Order:
    """While nothing has been shipped; a confirmed order is refunded. Raises IllegalMove."""
    order = _locked(order_id)
    if _is_on_its_way(order):
        raise IllegalMove("A part of this order is on its way.")
    confirmed = order.status == Order.Status.CONFIRMED
    if by_admin:
        record(action="order.order.cancel", subject_kind="order", subject_id=order_id, before=order.status)
    _cancel(order, reason, release=not confirmed, stop_payment=not confirmed, refund=confirmed)
    return order


def _is_on_its_way(order: Order) -> bool:
    """Or was: what was lost on it is the vendor's to cancel, who knows what has become of the goods."""
    sent = Shipment.objects.filter(vendor_order__order=order).exclude(status=Shipment.Status.PACKED)
    return sent.exists()


@transaction.atomic
def cancel_part(
    *,
    vendor_order_id: UUID,
    vendor_id: UUID | None,
    reason: str,
    items: dict[UUID, int] | None = None,
    restock: bool = True,
) -> VendorOrder:
    """A vendor cannot send some of its part; the buyer is refunded. Without any part left, the order ends.

    Raises OrderNotFound, IllegalMove, Invalid.
    """
    part, order = locked_part(vendor_order_id, vendor_id)
    cancel_lines(part, order, items=items, reason=reason, restock=restock)
    told = {"order": order.id, "reason": reason, "vendor": part.vendor_id}
    record(action="order.vendor_order.cancel", subject_kind="vendor_order", subject_id=part.id, **told)
    if not order.vendor_orders.exclude(status=VendorOrder.Status.CANCELLED).exists():
        _cancel(order, "cancelled_by_vendor")
    return part


def run_operations() -> None:
    """A job for the clock: what was asked for upon many orders at once; to cancel is the saga's part of it."""
    operations.work_off({("orders", "cancel"): _cancel_asked, ("vendor_orders", "cancel"): _cancel_part_asked})


def _cancel_asked(operation: OrderOperation, order_id: UUID) -> Order:
    if not Order.objects.filter(id=order_id).exists():
        raise OrderNotFound
    return cancel_order(order_id=order_id, reason=operation.arguments["reason"], by_admin=True)


def _cancel_part_asked(operation: OrderOperation, part_id: UUID) -> VendorOrder:
    said = {"reason": operation.arguments["reason"], "restock": operation.arguments.get("restock", True)}
    return cancel_part(vendor_order_id=part_id, vendor_id=operation.vendor_id, **said)


def sweep_deadlines(limit: int = 100) -> int:
    """Cancel what waited too long; answers how many. Safe beside another sweeper: each row is locked by one."""
    now, ended = timezone.now(), 0
    due = Order.objects.filter(deadline__lte=now).order_by("deadline")
    for order_id in due.values_list("id", flat=True)[:limit]:
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
    """The one way to the end: state, promotions and all compensations in the caller's transaction."""
    was_confirmed = order.status == Order.Status.CONFIRMED
    order.cancel(reason=reason)
    order.save()
    vendors = _lead(order, VendorOrder.Status.CANCELLED)
    Shipment.objects.filter(vendor_order__order=order, status=Shipment.Status.PACKED).delete()
    release_promotions(order_id=order.id)
    if release:
        tell(order, ReleaseStock(order_id=order.id, reason=reason))
    if stop_payment and not order.is_replacement:
        tell(order, CancelPayment(payment_id=order.payment_id, order_id=order.id))
    if refund:
        ask_refund(order=order, splits=left_of(order), reason=reason)
    if order.is_replacement:
        exchanges.pay_instead(order, reason)
    told = {"reason": reason, "total": money(order, order.total), "was_confirmed": was_confirmed}
    tell(order, OrderCancelled(**about(order), **told, vendor_ids=vendors))


def _lead(order: Order, status: str) -> tuple[UUID, ...]:
    """The vendor orders follow, but for those that were cancelled before; answers their vendors."""
    rows = list(VendorOrder.objects.select_for_update().filter(order=order).order_by("id"))
    rows = [row for row in rows if row.status != VendorOrder.Status.CANCELLED]
    for row in rows:
        row.follow(status)
    VendorOrder.objects.filter(id__in=[row.id for row in rows]).update(status=status)
    return tuple(row.vendor_id for row in rows)


def _locked(order_id: UUID) -> Order:
    order = Order.objects.select_for_update().filter(id=order_id).first()
    if order is None:
        raise Retry(f"order {order_id} is not here yet")
    return order
