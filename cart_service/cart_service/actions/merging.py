"""Two carts become one, when a guest signs in."""

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings

from cart_service.models import Offer, carts, merging
from cart_service.models.carts import Cart, Owner
from cart_service.models.merging import Limit, Merged
from cart_service.models.store import ChangedMeanwhile
from shared.errors import Unavailable

MERGE_ATTEMPTS = 5


def merge(*, guest: Owner, into: Owner) -> Sequence[Merged]:
    """At login: what the guest chose joins what the user had, as far as stock allows. Answers what was cut.

    The guest's cart is gone afterwards, and merging it again does nothing. Raises CartNotFound when the token leads
    nowhere or its cart became somebody else's, Unavailable when the carts keep changing meanwhile.
    """
    if merging.moved_to(guest, into):
        return []
    for _ in range(MERGE_ATTEMPTS):
        theirs, mine = carts.load(guest), carts.load(into)
        currency = (mine.currency if mine.lines else None) or theirs.currency or str(settings.CART_CURRENCY)
        try:
            return merging.merge(guest, into, currency=currency, limits=_limits(theirs, currency))
        except ChangedMeanwhile:
            continue
    raise Unavailable("The carts are changing at this moment.", retry_after=1)


def _limits(cart: Cart, currency: str) -> list[Limit]:
    variants = [line.variant_id for line in cart.lines]
    offers = Offer.objects.in_bulk(variants)
    return [_limit(variant, offers.get(variant), currency) for variant in variants]


def _limit(variant_id: UUID, offer: Offer | None, currency: str) -> Limit:
    price = offer.price_in(currency) if offer else None
    return Limit(variant_id, offer.buyable if offer else 0, price.minor if price else None)
