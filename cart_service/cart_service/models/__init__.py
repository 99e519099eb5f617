"""State: offers and wishlists in PostgreSQL, carts in Redis."""

from cart_service.models.offers import Offer

__all__ = ["Offer"]
