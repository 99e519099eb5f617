"""What the lines of a cart are in: their categories, and all above these."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from order_service.clients import Cart, CartLine
from order_service.models import CategoryPlace


def located(cart: Cart) -> Cart:
    """With the categories above those of its lines: promotions, taxes and commissions hold for all below a category."""
    own = {line.category_id for line in cart.lines if line.category_id}
    places = CategoryPlace.objects.filter(category_id__in=own) if own else ()
    lineages = {place.category_id: place.lineage for place in places}
    return replace(cart, lines=tuple(_located(line, lineages) for line in cart.lines))


def _located(line: CartLine, lineages: Mapping[UUID, Sequence[UUID]]) -> CartLine:
    """A lineage ends with the category itself."""
    lineage = lineages.get(line.category_id, ()) if line.category_id else ()
    return replace(line, above=tuple(reversed(lineage[:-1])))
