"""Forgetting people."""

from cart_service.models import Wishlist, carts
from shared.contracts.user import UserErased


def forget_user(message: UserErased) -> None:
    """The cart and the wishlists go. Raises Unavailable without Redis: it is tried again."""
    Wishlist.objects.filter(user_id=message.user_id).delete()
    carts.clear(carts.of_user(message.user_id))
