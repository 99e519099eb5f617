"""The main journey over the gateway: `make demo` shows it, the journey test runs it. Each step checks what it did.

register ─ apply ─ approve ─ products ─ browse ─ cart ─ quote ─ order ─ confirmed
         ─ ship, deliver ─ review ─ return, refund ─ payout, books
"""

import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import uuid4

from fleet.client import Json, Market, Person, Unexpected, wait_for

ADDRESS = {"name": "Ada Buyer", "line1": "1 Analytical Row", "city": "London", "postal_code": "N1 9GU", "country": "GB"}
RED_DOT = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde\x00\x00\x00\x0c"
    b"IDATx\x9cc\xf8\xcf\xc0\x00\x00\x03\x01\x01\x00\xc9\xfe\x92\xef\x00\x00\x00\x00IEND\xaeB`\x82"
)


@dataclass(frozen=True)
class Step:
    """A step that was done: its title, what it took, what was checked."""

    title: str
    seconds: float
    checked: list[str]


@dataclass
class Journey:
    """One buyer, two vendors, an admin, and what they have made so far."""

    market: Market
    admin: Person
    buyer: Person
    vendors: list[Person] = field(default_factory=list)
    vendor_ids: list[str] = field(default_factory=list)
    products: list[Json] = field(default_factory=list)
    order: Json = field(default_factory=dict)
    vendor_orders: list[Json] = field(default_factory=list)
    shipments: list[Json] = field(default_factory=list)
    checked: list[str] = field(default_factory=list)

    def check(self, holds: bool, what: str) -> None:
        if not holds:
            raise Unexpected(what)
        self.checked.append(what)


def run(market: Market) -> Iterator[Step]:
    """Walk through all steps; raises Unexpected at the first that is not as it should be."""
    journey = Journey(market, market.account("admin"), market.newcomer("buyer"))
    try:
        for title, step in STEPS.items():
            journey.checked, started = [], time.perf_counter()
            step(journey)
            yield Step(title, time.perf_counter() - started, journey.checked)
    finally:
        leave_no_lamps(journey)


def leave_no_lamps(journey: Journey) -> None:
    """The marketplace looks as before: what was made for the journey is not for sale any more."""
    for product in journey.products:
        journey.admin.ask("DELETE", f"products/{product['id']}")


def register(journey: Journey) -> None:
    registered = journey.buyer.register("Ada", "Buyer")
    journey.check({"id", "email", "first_name", "last_name", "roles"} <= registered.keys(), "a buyer is registered")


def log_in(journey: Journey) -> None:
    me = journey.buyer.get("users/me")
    journey.check(me["email"] == journey.buyer.email, "the token speaks for the buyer")
    journey.buyer.refresh()
    journey.check(bool(journey.buyer.get("users/me")), "a refreshed token works")


def open_shops(journey: Journey) -> None:
    for name in ("Northwind", "Lumen"):
        vendor = journey.market.newcomer(name.lower())
        vendor.register(name, "Owner")
        journey.vendor_ids.append(_become_vendor(journey, vendor, f"{name} {uuid4().hex[:6]}"))
        journey.vendors.append(vendor)
    journey.check(len(set(journey.vendor_ids)) == 2, "two vendors are approved and hold the role")


def _become_vendor(journey: Journey, vendor: Person, name: str) -> str:
    application = {"business_name": name, "contact_email": vendor.email, "country": "GB", "payout_currency": "USD"}
    submitted = vendor.post("vendor-applications", application, expect=201)
    journey.check(submitted["status"] == "submitted", f"{name} has applied")
    journey.admin.post(f"admin/vendor-applications/{submitted['id']}/approve")

    wait_for(lambda: "vendor" in vendor.get("users/me")["roles"], "the role vendor")
    vendor.refresh()
    return str(vendor.get("vendors/me")["id"])


def list_products(journey: Journey) -> None:
    category = journey.market.guest().get("categories")["results"][0]
    for number, vendor in enumerate(journey.vendors):
        product = list_product(vendor, category["slug"], f"Journey lamp {number} {uuid4().hex[:6]}")
        journey.admin.post(f"admin/products/{product['id']}/approve")
        journey.products.append(product)
    journey.check(all(p["variants"][0]["available"] == 10 for p in journey.products), "ten of each are in stock")


def list_product(vendor: Person, category: str, name: str) -> Json:
    variant = {"sku": f"JL-{uuid4().hex[:10]}", "price": {"amount": "20.00", "currency": "USD"}, "stock": 10}
    body = {"name": name, "category": category, "description": "Made for a journey.", "variants": [variant]}
    product: Json = wait_for(lambda: _created(vendor, body), "the catalogue to know the vendor")
    image = {"image": ("dot.png", io.BytesIO(RED_DOT), "image/png")}
    vendor.ask("POST", f"products/{product['id']}/images", files=image, data={"alt": "A lamp"}, expect=201)
    return product


def _created(vendor: Person, body: Json) -> Json | None:
    """None while the catalogue has not heard of the vendor yet."""
    response = vendor.ask("POST", "products", json=body, expect=(201, 409, 503))
    created: Json | None = response.json() if response.status_code == 201 else None
    return created


def browse(journey: Journey) -> None:
    guest, wanted = journey.market.guest(), journey.products[0]

    def found() -> bool:
        results = guest.get("products", params={"search": wanted["name"], "in_stock": "true"})["results"]
        return any(card["id"] == wanted["id"] for card in results)

    wait_for(found, "the product in the list")
    detail = guest.get(f"products/{wanted['slug']}")
    journey.check(
        {"variants", "images", "specifications", "category", "description"} <= detail.keys(), "a guest sees it"
    )
    journey.check(bool(detail["images"]), "it has its picture")


def fill_cart(journey: Journey) -> None:
    for product in journey.products:
        line = {"variant_id": product["variants"][0]["id"], "quantity": 2}
        wait_for(partial(_added, journey.buyer, line), "the offer in the cart service")
    cart = journey.buyer.get("cart")
    journey.check(
        cart["subtotal"] == {"amount": "80.00", "currency": "USD"}, "four lamps of two vendors cost 80.00 USD"
    )


def _added(buyer: Person, line: Json) -> bool:
    return buyer.ask("POST", "cart/items", json=line, expect=(201, 404, 409)).status_code == 201


def quote(journey: Journey) -> None:
    quoted = journey.buyer.post("checkout/quote", {"shipping_address": ADDRESS})
    parts = ("items_total", "shipping_total", "tax_total")
    total = sum(Decimal(quoted[part]["amount"]) for part in parts) - Decimal(quoted["discount_total"]["amount"])
    journey.check(total == Decimal(quoted["total"]["amount"]), "items + shipping + tax − discount = total")
    journey.check(len(quoted["vendor_orders"]) == 2, "it is split by vendor")
    journey.order = {"quoted": quoted["total"]}


def place(journey: Journey) -> None:
    body = {"shipping_address": ADDRESS, "payment_method": "simulator", "expected_total": journey.order["quoted"]}
    key = {"Idempotency-Key": str(uuid4())}
    placed = journey.buyer.post("orders", body, expect=201, headers=key)
    again = journey.buyer.ask("POST", "orders", json=body, expect=201, headers=key)
    journey.check(placed["status"] == "placed", "the order is placed")
    journey.check(again.json()["id"] == placed["id"], "the same Idempotency-Key gives the same order")
    journey.check(placed["total"] == journey.order["quoted"], "it costs what was quoted")
    journey.order = placed


def confirm(journey: Journey) -> None:
    journey.order = wait_for(lambda: _in_status(journey, "confirmed"), "the order to be confirmed")
    parts = sum(Decimal(part["total"]["amount"]) for part in journey.order["vendor_orders"])
    journey.check(parts == Decimal(journey.order["total"]["amount"]), "the vendor orders sum to the order")
    journey.buyer.wait_for_mail(journey.order["number"])
    journey.check(True, "the buyer got a mail")
    wait_for(lambda: not journey.buyer.get("cart")["items"], "the cart to be emptied")
    timeline = journey.buyer.get(f"orders/{journey.order['id']}/timeline")["results"]
    journey.check(len(timeline) >= 5, f"the timeline tells {len(timeline)} things about it")


def _in_status(journey: Journey, status: str) -> Json | None:
    order = journey.buyer.get(f"orders/{journey.order['id']}")
    if order["status"] == "cancelled" != status:
        raise Unexpected(f"cancelled: {order['cancel_reason']}")
    return order if order["status"] == status else None


def ship(journey: Journey) -> None:
    for vendor in journey.vendors:
        mine = vendor.get("vendor-orders")["results"]
        journey.check(len(mine) == 1, "a vendor sees its own vendor order only")
        parcel = {"carrier": "Swift", "tracking_number": f"SW{uuid4().hex[:8]}"}
        journey.shipments.append(vendor.post(f"vendor-orders/{mine[0]['id']}/shipments", parcel, expect=201))
        journey.vendor_orders.append(vendor.get(f"vendor-orders/{mine[0]['id']}"))
    journey.check(all(part["status"] == "shipped" for part in journey.vendor_orders), "both parcels are on their way")
    for vendor, shipment in zip(journey.vendors, journey.shipments, strict=True):
        vendor.post(f"shipments/{shipment['id']}/deliver")
    wait_for(lambda: _in_status(journey, "delivered"), "the order to be delivered")
    journey.check(True, "both are delivered")


def review(journey: Journey) -> None:
    product = journey.products[0]["id"]
    text = {"rating": 5, "title": "Bright", "comment": "Lights the whole journey."}

    def reviewed() -> Json | None:
        response = journey.buyer.ask("POST", f"products/{product}/reviews", json=text, expect=(201, 409))
        return response.json() if response.status_code == 201 else None

    wait_for(lambda: _purchase_known(journey), "the purchase in the catalogue", seconds=3)
    written = wait_for(reviewed, "the review")
    journey.check(written["verified_purchase"] is True, "the purchase behind the review is verified")
    journey.admin.post(f"admin/reviews/{written['id']}/approve")
    rated = wait_for(lambda: journey.market.guest().get(f"products/{product}")["rating"], "the rating")
    journey.check(Decimal(str(rated)) == 5, "the product's rating follows")


def _purchase_known(journey: Journey) -> bool:
    """The delivery travels to the catalogue as an event; the mail about it travels beside it and is seen here."""
    return any("deliver" in mail.lower() for mail in journey.buyer.mails())


def send_back(journey: Journey) -> None:
    vendor, part = journey.vendors[0], journey.vendor_orders[0]
    before = _balance(vendor)
    item = {"id": part["items"][0]["id"], "quantity": 1, "reason": "One lamp is enough."}
    request = journey.buyer.post(f"orders/{journey.order['id']}/returns", {"items": [item]}, expect=201)
    vendor.post(f"returns/{request['id']}/approve")
    vendor.post(f"returns/{request['id']}/receive")
    payment = journey.order["payment"]["id"]
    refunded = wait_for(lambda: journey.buyer.get(f"payments/{payment}")["refunds"], "the refund")
    journey.check(len(refunded) == 1, "the payment shows the refund")
    variant = journey.products[0]["variants"][0]
    wait_for(lambda: vendor.get(f"inventory/{variant['sku']}")["available"] == 9, "the stock to be back")
    journey.check(True, "one lamp is back in stock")
    wait_for(lambda: _balance(vendor) < before, "the vendor's balance to be lower")
    journey.check(True, "the vendor's balance is lower")


def _balance(vendor: Person) -> Decimal:
    """Pending and available together, once the ledger's last word has arrived."""
    balance = vendor.get("vendors/me/balance")
    return Decimal(balance["pending"]["amount"]) + Decimal(balance["available"]["amount"])


def pay_out(journey: Journey) -> None:
    vendor = journey.vendors[1]
    wait_for(lambda: Decimal(vendor.get("vendors/me/balance")["available"]["amount"]) > 0, "money to be available")
    payout = vendor.post("vendors/me/payouts", expect=201)

    def paid() -> bool:
        payouts = vendor.get("vendors/me/payouts")["results"]
        return any(row["id"] == payout["id"] and row["status"] == "paid" for row in payouts)

    wait_for(paid, "the payout to be paid")
    journey.check(True, "the vendor is paid")
    balance = journey.admin.get("admin/ledger/trial-balance")["currencies"]
    journey.check(
        all(Decimal(_amount(row["difference"])) == 0 for row in balance), "debits equal credits, per currency"
    )
    journey.check(bool(journey.admin.get("admin/financials")["currencies"]), "the financial summary is there")


def _amount(value: Any) -> str:
    return str(value["amount"] if isinstance(value, dict) else value)


STEPS: dict[str, Callable[[Journey], None]] = {
    "register, verify by mail, log in": register,
    "who am I, refresh": log_in,
    "two vendors apply and are approved": open_shops,
    "they list products with pictures": list_products,
    "a guest browses": browse,
    "the buyer fills the cart": fill_cart,
    "a quote": quote,
    "the order, twice with one key": place,
    "stock held, paid, confirmed": confirm,
    "shipped and delivered": ship,
    "a review of a verified purchase": review,
    "a return, refunded": send_back,
    "a payout, and the books add up": pay_out,
}


def main(market: Market) -> int:
    """Print the journey as it goes; 0 when every step held."""
    print(f"The main journey at {market.gateway}\n")
    try:
        for number, step in enumerate(run(market), 1):
            print(f"{number:>3}. {step.title:<40} {step.seconds * 1000:>7.0f} ms")
            for what in dict.fromkeys(step.checked):
                print(f"     ✓ {what}")
    except Unexpected as error:
        print(f"     ✗ {error}")
        return 1
    print("\nEvery step held.")
    return 0
