"""What can go wrong with an order, in domain words."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from shared.errors import Conflict, Invalid, NotFound, TooMany


class OrderNotFound(NotFound):
    title = "There is no such order"


class CartEmpty(Conflict):
    code = "cart_empty"
    title = "The cart is empty"


class OutOfStock(Conflict):
    code = "out_of_stock"
    title = "Something in the cart is not available in this quantity"


class PriceChanged(Conflict):
    code = "price_changed"
    title = "The total is not what the buyer saw"


class IllegalMove(Conflict):
    code = "illegal_transition"
    title = "The order's state does not allow this"


class CouponRefused(Conflict):
    code = "coupon_not_valid"
    title = "The coupon cannot be used"


class NotReturnable(Conflict):
    code = "not_returnable"
    title = "This cannot be returned"


class CheckoutBusy(TooMany):
    code = "checkout_busy"
    title = "As many checkouts are under way as can be carried out soon"


class CartOrdered(Conflict):
    code = "cart_ordered"
    title = "This cart has been ordered already"


class NotDelivered(Conflict):
    code = "not_delivered"
    title = "This is not delivered to the address"


class ExportNotReady(Conflict):
    code = "export_not_ready"
    title = "The export has no file yet"


class TooManyExports(Conflict):
    code = "too_many_exports"
    title = "Other exports of yours are not finished yet"


class TooManyOperations(Conflict):
    code = "too_many_operations"
    title = "Other operations of yours are not finished yet"


@contextmanager
def refusing(wrong: Mapping[str, Mapping[str, list[str]]]) -> Iterator[None]:
    """A savepoint in which the database's refusal is told as Invalid: constraint → field → messages."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        told = next((fields for name, fields in wrong.items() if name in str(error)), None)
        if told is None:
            raise
        raise Invalid(told) from None
