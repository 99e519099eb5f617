"""Wishlists change: only their owner's, so everything is looked up by the caller's id."""

from uuid import UUID

from django.db import connection, transaction

from cart_service.actions import carts
from cart_service.errors import ItemNotFound, VariantNotFound, WishlistFull, WishlistNotFound
from cart_service.models import Offer, Wishlist, WishlistItem
from cart_service.models.carts import Cart
from cart_service.models.wishlists import MAX_ITEMS, MAX_LISTS


@transaction.atomic
def make_wishlist(*, user_id: UUID, name: str, alerts: bool = True) -> Wishlist:
    """Raises WishlistFull when the user has too many of them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"wishlists {user_id}"])
    if Wishlist.objects.filter(user_id=user_id).count() >= MAX_LISTS:
        raise WishlistFull(f"At most {MAX_LISTS} wishlists.")
    return Wishlist.objects.create(user_id=user_id, name=name, alerts=alerts)


@transaction.atomic
def change(*, user_id: UUID, wishlist_id: UUID, name: str | None = None, alerts: bool | None = None) -> None:
    """None leaves it as it is. Raises WishlistNotFound."""
    wishlist = _locked(user_id, wishlist_id)
    wishlist.name = wishlist.name if name is None else name
    wishlist.alerts = wishlist.alerts if alerts is None else alerts
    wishlist.save(update_fields=["name", "alerts", "updated_at"])


@transaction.atomic
def delete(*, user_id: UUID, wishlist_id: UUID) -> None:
    """Raises WishlistNotFound."""
    _locked(user_id, wishlist_id).delete()


@transaction.atomic
def wish(*, user_id: UUID, wishlist_id: UUID, variant_id: UUID) -> WishlistItem:
    """Put a variant on the list; wishing for it again is the same wish. What is not on sale stays unseen.

    Raises WishlistNotFound, VariantNotFound, WishlistFull.
    """
    wishlist = _locked(user_id, wishlist_id)
    present = wishlist.items.filter(variant_id=variant_id).first()
    if present:
        return present
    if not Offer.objects.filter(variant_id=variant_id, active=True).exists():
        raise VariantNotFound()
    if wishlist.items.count() >= MAX_ITEMS:
        raise WishlistFull(f"At most {MAX_ITEMS} items on a wishlist.")
    return wishlist.items.create(variant_id=variant_id)


@transaction.atomic
def unwish(*, user_id: UUID, wishlist_id: UUID, item_id: UUID) -> None:
    """Raises WishlistNotFound, ItemNotFound."""
    _item(_locked(user_id, wishlist_id), item_id).delete()


@transaction.atomic
def move_to_cart(*, user_id: UUID, wishlist_id: UUID, item_id: UUID, quantity: int, cart: Cart) -> None:
    """From the list into the cart, or neither. Raises what these two raise."""
    item = _item(_locked(user_id, wishlist_id), item_id)
    item.delete()
    once = f"wish:{item_id}"
    carts.add_item(cart=cart, variant_id=item.variant_id, quantity=quantity, currency=None, once=once)


def _locked(user_id: UUID, wishlist_id: UUID) -> Wishlist:
    wishlist = Wishlist.objects.select_for_update().filter(user_id=user_id, id=wishlist_id).first()
    if wishlist is None:
        raise WishlistNotFound()
    return wishlist


def _item(wishlist: Wishlist, item_id: UUID) -> WishlistItem:
    item = wishlist.items.filter(id=item_id).first()
    if item is None:
        raise ItemNotFound("There is no such item on this wishlist.")
    return item
