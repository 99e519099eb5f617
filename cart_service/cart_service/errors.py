"""What can go wrong, in domain words.

CartNotFound         404   no such guest's cart, or not yours
ItemNotFound         404   no such line in this cart
VariantNotFound      404   nothing for sale has this id
WishlistNotFound     404   absent, or not yours
VariantUnavailable   409   known, but not for sale now
InsufficientStock    409   fewer are left than were asked for
NotSoldInCurrency    409   the variant has no price in the cart's currency
CurrencyMismatch     409   the cart already has another currency
TooManyOfOne         409   more than 999 of one variant
CartFull             409   more than 100 lines
TooValuable          409   a sum that no order can have
WishlistFull         409   more wishlists, or more items on one, than are kept
"""

from shared.errors import Conflict, NotFound


class CartNotFound(NotFound):
    title = "There is no such cart"


class ItemNotFound(NotFound):
    title = "There is no such item in this cart"


class VariantNotFound(NotFound):
    title = "There is no such variant"


class WishlistNotFound(NotFound):
    title = "There is no such wishlist"


class VariantUnavailable(Conflict):
    code = "variant_unavailable"
    title = "This is not for sale at the moment"


class InsufficientStock(Conflict):
    code = "insufficient_stock"
    title = "There is not enough in stock"

    def __init__(self, available: int) -> None:
        super().__init__(f"Only {available} available." if available else "None available: 0 in stock.")
        self.available = available


class NotSoldInCurrency(Conflict):
    code = "not_sold_in_currency"
    title = "This has no price in the cart's currency"


class CurrencyMismatch(Conflict):
    code = "currency_mismatch"
    title = "The cart has another currency"


class TooManyOfOne(Conflict):
    code = "quantity_limit"
    title = "A cart takes at most 999 of one variant"


class CartFull(Conflict):
    code = "cart_full"
    title = "A cart takes at most 100 different items"


class TooValuable(Conflict):
    code = "cart_too_valuable"
    title = "This is worth more than an order can be"


class WishlistFull(Conflict):
    code = "wishlist_full"
    title = "This is more than a wishlist takes"
