"""The catalogue's offers, and the cart's copy of them."""

from collections.abc import Iterable, Iterator
from typing import Any

from auditor.clients import Row
from auditor.findings import Figures, Mend, Severity
from auditor.joins import Join, Sides

OFFERS = Join("offers", walked={"catalog": ("catalog", "offers"), "cart": ("cart", "offers")}, versioned=True)
"""What sells all the time is never still."""


FIGURES = ("version", "active", "available", "prices")


@OFFERS.rule(Severity.SERIOUS, "make projections; repair=1 tells of this one", Mend("catalog", "offers"))
def a_cart_offers_what_the_catalogue_does(sides: Sides) -> Iterator[Figures]:
    """Prices, stock, state and everything else that carts know of a variant is what the catalogue says."""
    catalog, cart = sides["catalog"], sides["cart"]
    if catalog and not cart:
        yield {"catalog": _shown(catalog, FIGURES), "cart": "none"}
    elif catalog and cart and cart["checksum"] != catalog["checksum"]:
        wrong = [name for name in FIGURES if catalog[name] != cart[name]] or ["checksum"]
        yield {"catalog": _shown(catalog, wrong), "cart": _shown(cart, wrong)}


@OFFERS.rule(Severity.SERIOUS, "make projections, or repair=1, takes it away", Mend("cart", "offers"))
def a_cart_offers_nothing_else(sides: Sides) -> Iterator[Figures]:
    """What can be put into carts is in the catalogue."""
    cart = sides["cart"]
    if cart and not sides["catalog"]:
        yield {"catalog": "none", "cart": _shown(cart, FIGURES)}


def _shown(row: Row, names: Iterable[str]) -> dict[str, Any]:
    """Names and pictures are in the checksum alone."""
    return {name: row[name] for name in names}
