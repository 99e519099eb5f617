"""Wishlists as their owner sees them."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, QuerySet

from cart_service.errors import WishlistNotFound
from cart_service.models import Offer, Wishlist, WishlistItem
from shared.money import Money


@dataclass(frozen=True, slots=True)
class Wish:
    """An item with today's offer."""

    item: WishlistItem
    offer: Offer

    @property
    def price(self) -> Money | None:
        return self.offer.usual_price

    @property
    def vendor(self) -> dict[str, object]:
        return {"id": self.offer.vendor_id, "name": self.offer.vendor_name}


def wishlists(user_id: UUID) -> QuerySet[Wishlist]:
    return Wishlist.objects.filter(user_id=user_id).annotate(size=Count("items"))


def wishlist(user_id: UUID, wishlist_id: UUID) -> Wishlist:
    """Raises WishlistNotFound: absent, or not the caller's."""
    found = wishlists(user_id).filter(id=wishlist_id).first()
    if found is None:
        raise WishlistNotFound()
    return found


def items(user_id: UUID, wishlist_id: UUID) -> QuerySet[WishlistItem]:
    """Raises WishlistNotFound."""
    return wishlist(user_id, wishlist_id).items.all()


def with_offers(wished: Iterable[WishlistItem]) -> list[Wish]:
    """A wish whose variant is not known here is left out."""
    wished = list(wished)
    offers = Offer.objects.in_bulk([item.variant_id for item in wished])
    return [Wish(item, offers[item.variant_id]) for item in wished if item.variant_id in offers]
