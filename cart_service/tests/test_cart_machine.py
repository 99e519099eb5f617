"""The cart against a plain model of it: two tabs that act on what they saw, a guest who signs in, offers that change.

After every step Redis holds what the model holds, sums are right to the last digit in currencies with 0, 2 and 3
digits, a change gives another version and nothing else does, and what a buyer was told is not told again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from conftest import make_offer_event, make_order_confirmed
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cart_service.actions import carts as actions
from cart_service.actions import merging
from cart_service.errors import (
    CartFull,
    CartNotFound,
    CurrencyMismatch,
    InsufficientStock,
    ItemNotFound,
    NotSoldInCurrency,
    TooManyOfOne,
    VariantUnavailable,
)
from cart_service.models import carts
from cart_service.queries import carts as queries
from cart_service.subscriptions import SUBSCRIPTIONS
from shared.context import new_id
from shared.contracts.catalog import OfferChanged
from shared.errors import Refused
from shared.messages import MoneyData
from shared.testing import deliver

pytestmark = pytest.mark.django_db
MAX_LINES, DIGITS = 2, {"USD": 2, "JPY": 0, "KWD": 3}
TABS, VARIANTS = st.sampled_from([0, 1]), st.sampled_from([0, 1, 2])
QUANTITIES = st.sampled_from([1, 2, 3, 7, 999])
WANTED = st.sampled_from([None, *DIGITS])
MINOR = st.integers(0, 10**6)
PRICES = st.one_of(
    st.fixed_dictionaries(dict.fromkeys(DIGITS, MINOR)), st.dictionaries(st.sampled_from(sorted(DIGITS)), MINOR)
)
OFFERS = st.fixed_dictionaries(
    {
        "prices": PRICES,
        "available": st.sampled_from([1, 3, 2000, 0]),
        "active": st.sampled_from([True, True, False]),
    }
)


@dataclass
class Plain:
    """A cart as anybody would write it down. `lines`: number of the variant → quantity, in order."""

    lines: dict[int, int] = field(default_factory=dict)
    currency: str | None = None
    coupon: str | None = None

    def add(self, variant: int, quantity: int, currency: str, available: int) -> None:
        new = self.lines.get(variant, 0) + quantity
        if self.lines and self.currency != currency:
            raise CurrencyMismatch
        if new > available:
            raise InsufficientStock(available)
        if new > 999:
            raise TooManyOfOne
        if variant not in self.lines and len(self.lines) >= MAX_LINES:
            raise CartFull
        self.currency, self.lines[variant] = currency, new


class Carts(RuleBasedStateMachine):
    @initialize(offers=st.lists(OFFERS, min_size=3, max_size=3))
    def begin(self, offers: list[dict[str, Any]]) -> None:
        self.owner, self.mine = carts.of_user(new_id()), Plain()
        self.guest: carts.Owner | None = None
        self.theirs = Plain()
        self.offers: list[OfferChanged] = []
        for offer in offers:
            self.offers.append(make_offer_event(**_told(offer)))
            deliver(self.offers[-1], SUBSCRIPTIONS)
        self.seen = [carts.load(self.owner)] * 2
        self.version = ""

    # What a tab does, it does to the cart as it saw it last.

    @rule(tab=TABS)
    def look(self, tab: int) -> None:
        self.seen[tab] = carts.load(self.owner)

    @rule(tab=TABS, variant=VARIANTS, quantity=QUANTITIES, wanted=WANTED)
    def add(self, tab: int, variant: int, quantity: int, wanted: str | None) -> None:
        self._both(
            lambda: self._add_by_hand(self.mine, self.seen[tab], variant, quantity, wanted),
            lambda: self._add(self.seen[tab], variant, quantity, wanted),
        )

    @rule(tab=TABS, variant=VARIANTS, quantity=QUANTITIES)
    def set_quantity(self, tab: int, variant: int, quantity: int) -> None:
        def by_hand() -> None:
            self._check_seen(tab, variant)
            self._check_offer(variant)
            if quantity > self.offers[variant].available:
                raise InsufficientStock(0)
            if variant not in self.mine.lines:
                raise ItemNotFound
            self.mine.lines[variant] = quantity

        cart = self.seen[tab]
        self._both(by_hand, lambda: actions.set_quantity(cart=cart, item_id=self._item(variant), quantity=quantity))

    @rule(tab=TABS, variant=VARIANTS)
    def remove(self, tab: int, variant: int) -> None:
        def by_hand() -> None:
            self._check_seen(tab, variant)
            if self.mine.lines.pop(variant, None) is None:
                raise ItemNotFound

        self._both(by_hand, lambda: actions.remove_item(cart=self.seen[tab], item_id=self._item(variant)))

    @rule(tab=TABS)
    @precondition(lambda self: self.version)
    def clear(self, tab: int) -> None:
        def by_hand() -> None:
            self.mine.lines, self.mine.coupon = {}, None

        self._both(by_hand, lambda: actions.clear(cart=self.seen[tab]))

    @rule(code=st.sampled_from(["SPRING", "AUTUMN", ""]))
    def set_coupon(self, code: str) -> None:
        def by_hand() -> None:
            self.mine.coupon = code or None

        self._both(by_hand, lambda: actions.set_coupon(owner=self.owner, code=code))

    @rule(variant=VARIANTS, quantity=QUANTITIES, wanted=WANTED)
    def guest_adds(self, variant: int, quantity: int, wanted: str | None) -> None:
        guest = self.guest or carts.of_guest(carts.new_token())
        cart = carts.load(guest) if self.guest else carts.Cart(guest)
        done = self._both(
            lambda: self._add_by_hand(self.theirs, cart, variant, quantity, wanted),
            lambda: self._add(cart, variant, quantity, wanted),
            changes=False,
        )
        self.guest = guest if done else self.guest

    @rule(code=st.sampled_from(["GUEST", ""]))
    @precondition(lambda self: self.guest)
    def guest_sets_coupon(self, code: str) -> None:
        assert self.guest
        carts.set_coupon(self.guest, code)
        self.theirs.coupon = code or None

    @rule()
    @precondition(lambda self: self.guest)
    def sign_in(self) -> None:
        guest = self.guest
        assert guest
        wanted = dict(self.theirs.lines)
        before = dict(self.mine.lines)

        cut = merging.merge(guest=guest, into=self.owner)

        mine = self.mine
        mine.currency = (mine.currency if mine.lines else None) or self.theirs.currency
        for variant, more in wanted.items():
            self._merge_by_hand(variant, more)
        mine.coupon = mine.coupon or self.theirs.coupon
        short = {
            v: mine.lines.get(v, 0) for v, more in wanted.items() if mine.lines.get(v, 0) < before.get(v, 0) + more
        }
        assert {part.variant_id: part.quantity for part in cut} == {self._id(v): n for v, n in short.items()}
        assert merging.merge(guest=guest, into=self.owner) == []
        with pytest.raises(CartNotFound):
            carts.load(guest)
        self._another_version()
        self.guest, self.theirs = None, Plain()

    @rule(variant=VARIANTS, offer=OFFERS)
    def catalog_changes(self, variant: int, offer: dict[str, Any]) -> None:
        newer = {**_told(offer), "version": self.offers[variant].version + 1}
        self.offers[variant] = self.offers[variant].model_copy(update=newer)
        deliver(self.offers[variant], SUBSCRIPTIONS)

    @rule(kept=st.integers(0, 3))
    @precondition(lambda self: self.mine.lines)
    def order(self, kept: int) -> None:
        """What was in the cart when it was ordered leaves it; `kept` of a line came since."""
        lines = {variant: max(quantity - kept, 1) for variant, quantity in self.mine.lines.items()}
        ordered = [(self.offers[variant], quantity) for variant, quantity in lines.items()]
        confirmed = make_order_confirmed({"id": str(self.owner.cart_id)}, *ordered)

        for _ in range(2):
            deliver(confirmed, SUBSCRIPTIONS)

        self.mine.lines = {v: n - lines[v] for v, n in self.mine.lines.items() if n > lines[v]}
        self.mine.coupon = self.mine.coupon if self.mine.lines else None
        self._another_version()

    @invariant()
    def redis_holds_what_the_model_holds(self) -> None:
        stored = carts.glance(self.owner)

        assert [(line.variant_id, line.quantity) for line in stored.lines] == [
            (self._id(variant), quantity) for variant, quantity in self.mine.lines.items()
        ]
        assert (stored.coupon, stored.version) == (self.mine.coupon, self.version)
        assert not stored.lines or stored.currency == self.mine.currency

    @invariant()
    def sums_are_right_to_the_last_digit(self) -> None:
        shown = queries.shown(carts.glance(self.owner))

        lines = [(self._price(variant, shown.currency), n) for variant, n in self.mine.lines.items()]
        expected = sum(price * n for price, n in lines if price is not None)
        digits = DIGITS[shown.currency]
        assert Decimal(shown.subtotal.amount) == Decimal(expected).scaleb(-digits)
        assert -Decimal(shown.subtotal.amount).as_tuple().exponent == digits  # type: ignore[operator]

    @invariant()
    def what_was_told_is_no_news(self) -> None:
        shown = queries.shown(carts.glance(self.owner))
        actions.remember_told(owner=self.owner, told=shown.told)

        again = queries.shown(carts.glance(self.owner))
        assert (list(again.changes), list(again.told)) == ([], [])

    def _both(self, by_hand: Callable[[], None], really: Callable[[], None], *, changes: bool = True) -> bool:
        """Both do it, or both refuse for the same reason."""
        expected, refused = _refusal(by_hand), _refusal(really)
        assert refused is expected
        if changes and refused is None:
            self._another_version()
        return refused is None

    def _another_version(self) -> None:
        before, self.version = self.version, carts.glance(self.owner).version
        assert self.version not in ("", before)

    def _add(self, cart: carts.Cart, variant: int, quantity: int, wanted: str | None) -> None:
        once = str(new_id())
        for _ in range(2):
            actions.add_item(cart=cart, variant_id=self._id(variant), quantity=quantity, currency=wanted, once=once)

    def _add_by_hand(self, to: Plain, seen: carts.Cart, variant: int, quantity: int, wanted: str | None) -> None:
        self._check_offer(variant)
        if seen.lines and wanted not in (None, seen.currency):
            raise CurrencyMismatch
        currency = (seen.currency if seen.lines else wanted or seen.currency) or "USD"
        if self._price(variant, currency) is None:
            raise NotSoldInCurrency
        to.add(variant, quantity, currency, self.offers[variant].available)

    def _merge_by_hand(self, variant: int, more: int) -> None:
        mine, offer = self.mine, self.offers[variant]
        old = mine.lines.get(variant, 0)
        new = max(old, min(old + more, offer.available if offer.active else 0, 999))
        if self._price(variant, str(mine.currency)) is None or (old == 0 and len(mine.lines) >= MAX_LINES):
            new = old
        if new:
            mine.lines[variant] = new

    def _check_seen(self, tab: int, variant: int) -> None:
        if self._id(variant) not in {line.variant_id for line in self.seen[tab].lines}:
            raise ItemNotFound

    def _check_offer(self, variant: int) -> None:
        if not self.offers[variant].active:
            raise VariantUnavailable

    def _price(self, variant: int, currency: str) -> int | None:
        return next((price.minor for price in self.offers[variant].prices if price.currency == currency), None)

    def _id(self, variant: int) -> Any:
        return self.offers[variant].variant_id

    def _item(self, variant: int) -> Any:
        return self.owner.item_id(self._id(variant))


def _told(offer: dict[str, Any]) -> dict[str, Any]:
    return {**offer, "prices": tuple(MoneyData(minor=n, currency=code) for code, n in sorted(offer["prices"].items()))}


def _refusal(act: Callable[[], None]) -> type[Refused] | None:
    try:
        act()
    except Refused as refused:
        return type(refused)
    return None


def test_the_cart_is_as_its_model(settings: Any) -> None:
    settings.CART_MAX_LINES = MAX_LINES

    run_state_machine_as_test(Carts, settings=CALM)


CALM = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
