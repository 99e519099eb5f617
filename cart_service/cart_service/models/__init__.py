"""State: offers and wishlists in PostgreSQL, carts in Redis."""

from cart_service.models.offers import Offer
from cart_service.models.wishlists import Wishlist, WishlistItem

__all__ = ["Offer", "Wishlist", "WishlistItem"]
