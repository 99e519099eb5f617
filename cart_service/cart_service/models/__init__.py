"""State: offers, wishlists, what was found abandoned and what was ordered in PostgreSQL, carts in Redis."""

from cart_service.models.abandoned import AbandonedCart
from cart_service.models.offers import Offer
from cart_service.models.ordered import OrderedCart
from cart_service.models.wishlists import Wishlist, WishlistItem

__all__ = ["AbandonedCart", "Offer", "OrderedCart", "Wishlist", "WishlistItem"]
