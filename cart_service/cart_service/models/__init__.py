"""State: offers, wishlists and what was found abandoned in PostgreSQL, carts in Redis."""

from cart_service.models.abandoned import AbandonedCart
from cart_service.models.offers import Offer
from cart_service.models.wishlists import Wishlist, WishlistItem

__all__ = ["AbandonedCart", "Offer", "Wishlist", "WishlistItem"]
