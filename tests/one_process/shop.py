"""A shop with all its services, and the same shop on paper: how it opens, what its buyers do, and what that costs."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import transaction
from hypothesis.stateful import RuleBasedStateMachine
from market import ADDRESS, tell, vendor_changed
from plain import SHIPPING, Parcel, Purchase, Ware, buy
from world import World, serving

from cart_service.models import carts
from cart_service.queries import carts as cart_queries
from catalog_service.actions.products import ProductInput, create_product
from catalog_service.actions.variants import PriceInput, VariantInput
from catalog_service.models import Category
from order_service import checkout, clients
from order_service.actions import coupons
from order_service.actions.orders import Placing
from order_service.models import Order, Promotion
from order_service.queries.quotes import Quote, quote
from shared.context import new_id
from shared.contracts.user import UserChanged
from shared.errors import Refused
from shared.money import EXPONENTS, Money


class OpenShop(RuleBasedStateMachine):
    """Without rules of its own."""

    currency = "USD"

    # ── Opening ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _furnish(self) -> None:
        """Two vendors with three wares between them, and two buyers with empty carts."""
        self.world = World(0, disorder=0)
        self.vendors, self.buyers = [new_id(), new_id()], [new_id(), new_id()]
        self.owners = [carts.of_user(buyer) for buyer in self.buyers]
        for vendor_id in self.vendors:
            name = vendor_id.hex[-12:]
            told = vendor_changed(vendor_id, 0).model_copy(update={"name": name, "slug": name})
            tell("vendor", told)
        for buyer in self.buyers:
            told_of = {"email": f"{buyer.hex}@example.com", "first_name": "A", "last_name": "B", "version": 1}
            tell("user", UserChanged.model_validate({"user_id": buyer, **told_of}))
        self._settle()
        self.code = f"T{self.vendors[0].hex[-8:]}".upper()
        with serving("order"):
            coupons.create_coupon(code=self.code, kind=Promotion.Kind.PERCENTAGE, basis_points=1_000)
        self.category = Category(name="Lamps", slug=f"lamps-{self.code.lower()}")
        self.category.stand_under(None)
        self.category.save()
        self.wares = {n: self._list(n) for n in range(3)}
        self._settle()
        self.carts: list[dict[int, int]] = [{}, {}]
        self.coupons = [False, False]
        self.orders: list[Purchase] = []

    def _list(self, n: int) -> Ware:
        vendor, sku, price, stock = self.vendors[n % 2], f"S{new_id().hex[-12:]}", 1_999 + 700 * n, 9
        wanted = VariantInput(sku=sku, prices=[PriceInput(self._money(price))], stock=stock)
        product = ProductInput(name=f"Lamp {sku}", category=str(self.category.id), variants=[wanted])
        with serving("catalog"):
            variant = create_product(vendor_id=vendor, by_admin=True, product=product).variants.get()
        return Ware(variant.id, vendor, sku, price, stock)

    # ── Buying and pricing ───────────────────────────────────────────────────────────────────────────────────────────

    def _cart(self, buyer: int) -> carts.Cart:
        return cart_queries.cart(self.owners[buyer])

    def _quote(self, buyer: int) -> tuple[clients.Cart, Quote]:
        cart = clients.cart_of(user_id=self.buyers[buyer], token=None)
        asked = {"country": "GB", "method": None, "coupon_code": cart.coupon, "buyer_key": str(self.buyers[buyer])}
        return cart, quote(cart=cart, **asked)

    def _place(self, buyer: int, token: str, total: int) -> Order:
        cart, quoted = self._quote(buyer)
        email, version = f"{self.buyers[buyer].hex}@example.com", cart.version
        placing = Placing(
            self.buyers[buyer], email, "Ada", cart.id, ADDRESS, ADDRESS, "simulator", token, cart_version=version
        )
        return checkout.place_order(cart=cart, quote=quoted, placing=placing, expected_total=self._money(total))

    def _price(self, buyer: int) -> Purchase:
        """What the cart would cost, on paper."""
        wanted, digits = self.carts[buyer], EXPONENTS[self.currency]
        by_vendor = buy(self.wares, wanted, digits=digits, coupon=self.coupons[buyer])
        parcels = {
            vendor: Parcel({line.ware.id: line for line in lines.values()}, SHIPPING[digits])
            for vendor, lines in by_vendor.items()
        }
        with serving("cart"):
            version = self._cart(buyer).version
        return Purchase(new_id(), buyer, version, "placed", parcels)

    # ── Helping ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _settle(self) -> None:
        self.world.happened.clear()
        self.world.collect()
        self.world.settle()

    def _try(self, expected: type[Refused] | None, service: str, act: Callable[[], Any]) -> Any:
        """What it answers; None where it is refused, which it is if, and only if, that was expected."""
        answer, refusal = None, None
        try:
            with serving(service), transaction.atomic():
                answer = act()
        except Refused as refused:
            refusal = refused
        assert (type(refusal) if refusal else None) is expected, refusal
        return answer

    def _money(self, minor: int) -> Money:
        return Money(minor, self.currency)

    def _those(self, *states: str) -> list[Purchase]:
        return [one for one in self.orders if one.state in states]

    def _parcels(self, **wanted: bool) -> list[tuple[Purchase, UUID, Parcel]]:
        """With the vendor order's id; of orders that are paid and stand."""
        standing = [one for one in self.orders if one.is_paid and not one.all_back]
        found = [(one, key, parcel) for one in standing for key, parcel in one.parcels.items()]
        if wanted.get("unsent"):
            found = [row for row in found if any(line.unsent for line in row[2].lines.values())]
        if wanted.get("under_way"):
            found = [row for row in found if row[2].under_way]
        if wanted.get("refundable"):
            found = [row for row in found if row[2].total > row[2].back]
        return found

    @staticmethod
    def _pick(found: Any, which: int) -> Any:
        return found[which % len(found)]
