"""Carts change. Stock and price are checked against catalog's last word; the final truth is found at checkout."""

from collections.abc import Sequence
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from cart_service.errors import (
    CurrencyMismatch,
    InsufficientStock,
    ItemNotFound,
    NotSoldInCurrency,
    TooValuable,
    VariantNotFound,
    VariantUnavailable,
)
from cart_service.models import Offer, OrderedCart, carts
from cart_service.models.carts import Cart, Owner
from cart_service.models.ordered import REMEMBERED
from shared.contracts.order import OrderConfirmed
from shared.money import MAX_MINOR, Money


def add_item(*, cart: Cart, variant_id: UUID, quantity: int, currency: str | None, once: str) -> None:
    """Put `quantity` more of a variant into the cart; the first line decides the cart's currency.

    `currency` None: the cart's, or the shop's for an empty one. Repeating with the same `once` does nothing.
    Raises VariantNotFound, VariantUnavailable, NotSoldInCurrency, CurrencyMismatch, InsufficientStock, TooManyOfOne,
    CartFull, TooValuable.
    """
    offer = _offer(variant_id)
    into = _currency(cart, currency)
    price = offer.price_in(into)
    if price is None:
        raise NotSoldInCurrency(f"This has no price in {into}.")
    there = sum(line.quantity for line in cart.lines if line.variant_id == variant_id)
    _check_worth(price, there + quantity)
    carts.add(
        cart.owner,
        variant_id=variant_id,
        quantity=quantity,
        available=offer.available,
        price=price.minor,
        currency=into,
        once=once,
    )


def _offer(variant_id: UUID) -> Offer:
    offer = Offer.objects.filter(variant_id=variant_id).first()
    if offer is None:
        raise VariantNotFound()
    if not offer.active:
        raise VariantUnavailable()
    return offer


def _currency(cart: Cart, wanted: str | None) -> str:
    if not cart.lines or cart.currency is None:
        return wanted or cart.currency or str(settings.CART_CURRENCY)
    if wanted and wanted != cart.currency:
        raise CurrencyMismatch(f"This cart is in {cart.currency}.")
    return cart.currency


def _check_worth(price: Money, quantity: int) -> None:
    if price.minor * quantity > MAX_MINOR:
        raise TooValuable()


def set_quantity(*, cart: Cart, item_id: UUID, quantity: int) -> None:
    """Raises ItemNotFound, VariantUnavailable, InsufficientStock, TooValuable."""
    variant_id = _variant(cart, item_id)
    offer = _offer(variant_id)
    if quantity > offer.available:
        raise InsufficientStock(offer.available)
    _check_worth(offer.price_in(str(cart.currency)) or Money.zero(str(cart.currency)), quantity)
    carts.set_quantity(cart.owner, variant_id=variant_id, quantity=quantity)


def remove_item(*, cart: Cart, item_id: UUID) -> None:
    """Raises ItemNotFound."""
    carts.remove(cart.owner, variant_id=_variant(cart, item_id))


def _variant(cart: Cart, item_id: UUID) -> UUID:
    for line in cart.lines:
        if cart.owner.item_id(line.variant_id) == item_id:
            return line.variant_id
    raise ItemNotFound()


def clear(*, cart: Cart) -> None:
    carts.clear(cart.owner)


def set_coupon(*, owner: Owner, code: str) -> None:
    """Keep a coupon's code on the cart; what it is worth is order's to say, in the quote. Empty: take it off."""
    carts.set_coupon(owner, code)


def remember_told(*, owner: Owner, told: Sequence[tuple[UUID, int | None, str]]) -> None:
    """The buyer has been told of these prices and states: next time they are not news."""
    if told:
        carts.remember_told(owner, told)


def take_out_ordered(event: OrderConfirmed) -> None:
    """What was bought leaves the cart it was bought from; what was added since stays. An order does so once, however
    often its confirmation is told: one that is too old to be remembered here has done so long ago.
    """
    cart_id = _cart_of(event)
    if cart_id is None or event.confirmed_at < timezone.now() - REMEMBERED:
        return
    _row, is_first = OrderedCart.objects.get_or_create(order_id=event.order_id)
    if not is_first:
        return
    lines = [(line.variant_id, line.quantity) for part in event.vendor_orders for line in part.lines]
    carts.take_out(cart_id, order_id=event.order_id, lines=lines)


def _cart_of(event: OrderConfirmed) -> UUID | None:
    if event.cart_id:
        return UUID(event.cart_id)
    return carts.of_user(event.buyer.user_id).cart_id if event.buyer.user_id else None


def forget_ordered(batch: int = 5_000) -> int:
    """A job for the clock: orders whose confirmation would come too late to be acted upon; answers how many."""
    old = OrderedCart.objects.filter(taken_out_at__lt=timezone.now() - REMEMBERED).order_by("taken_out_at")
    return OrderedCart.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:batch])).delete()[0]
