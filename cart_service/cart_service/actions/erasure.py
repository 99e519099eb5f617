"""Forgetting people."""

from cart_service.models import AbandonedCart, Wishlist, carts
from shared.contracts.user import UserErased


def forget_user(message: UserErased) -> None:
    """The cart, what is known of it, and the wishlists go. Raises Unavailable without Redis: it is tried again."""
    AbandonedCart.objects.filter(user_id=message.user_id).delete()
    Wishlist.objects.filter(user_id=message.user_id).delete()
    carts.forget(carts.of_user(message.user_id))
