"""Follow what becomes of orders: stock is sold or given back, and what was bought is remembered."""

from collections import Counter
from uuid import UUID

from catalog_service.actions import reservations
from catalog_service.actions.recommendations import touch
from catalog_service.models import Reservation, Sale
from shared.contracts.order import OrderCancelled, OrderConfirmed


def confirm_order(told: OrderConfirmed) -> None:
    """Raises Retry before the order's hold is known."""
    reservations.commit_stock(told)
    _remember_sale(told)


def cancel_order(told: OrderCancelled) -> None:
    """Nothing was bought then."""
    reservations.forget_order(told)
    Sale.objects.filter(order_id=told.order_id).delete()


def _remember_sale(told: OrderConfirmed) -> None:
    """Not of an order whose cancellation came first; and once, as its buyer may have been forgotten since."""
    if Reservation.objects.filter(order_id=told.order_id, status=Reservation.Status.RELEASED).exists():
        return
    if Sale.objects.filter(order_id=told.order_id).exists():
        return
    sold = Counter[UUID]()
    for part in told.vendor_orders:
        for line in part.lines:
            sold[line.product_id] += line.quantity
    sales = [
        Sale(
            order_id=told.order_id,
            product_id=product_id,
            user_id=told.buyer.user_id,
            quantity=quantity,
            confirmed_at=told.confirmed_at,
        )
        for product_id, quantity in sorted(sold.items())
    ]
    Sale.objects.bulk_create(sales, ignore_conflicts=True)
    if told.buyer.user_id and sales:
        touch([told.buyer.user_id])
