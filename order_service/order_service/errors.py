"""What can go wrong with an order, in domain words."""

from shared.errors import Conflict, NotFound


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


class CartOrdered(Conflict):
    code = "cart_ordered"
    title = "This cart has been ordered already"
