"""What a buyer and a vendor have, made by the main journey, and the people who should not reach it."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import uuid4

from operations import Operation, operations

from fleet.client import Json, Market, Person, wait_for
from fleet.journey import ADDRESS, RED_DOT, STEPS, Journey, leave_no_lamps, list_product

RATES = {"zone": "shipping-zones", "method": "shipping-methods", "rate": "shipping-rates", "tax_rate": "tax-rates"}
INVITED = {"email": "ivy@example.com", "role": "staff"}
GIFT_CARD = {"amount": {"amount": "5.00", "currency": "USD"}}


@dataclass
class World:
    """Who there is, and the ids of what `buyer` and `vendor` have."""

    operations: list[Operation]
    ids: Json
    buyer: Person
    vendor: Person
    admin: Person
    guest: Person
    other_customer: Person
    other_vendor: Person

    def ids_for(self, operation: Operation) -> dict[str, str]:
        """The foreign ids; of kinds of which this test has none, ids of nothing."""
        special = {"item": "cart_item"} if "/cart/" in operation.path else {}
        special |= {"product": "revised"} if "/revisions" in operation.path else {}
        return {name: self.ids.get(special.get(name, name), str(uuid4())) for name in operation.places}


@contextmanager
def furnished(market: Market, admin: Person) -> Iterator[World]:
    journey = Journey(market, admin, market.newcomer("owner"))
    try:
        for step in STEPS.values():
            step(journey)
        stranger = market.newcomer("stranger")
        stranger.register("Mallory", "Other")
        yield World(
            operations(market), _ids(journey), journey.buyer, journey.vendors[1], admin,
            market.guest(), stranger, market.account("vendor"),
        )  # fmt: skip
    finally:
        leave_no_lamps(journey)


def _ids(journey: Journey) -> Json:
    """Place in a path → the id of something that belongs to the buyer or to the second vendor."""
    return {
        **_ids_of_the_buyer(journey, journey.buyer),
        **_ids_of_the_vendor(journey, journey.vendors[1]),
        **{noun: _first(journey.admin, f"admin/{path}") for noun, path in RATES.items()},
        "payout_run": _payout_run(journey.admin),
        "reconciliation": _reconciliation(journey.admin),
        "crypto_transfer": _first_if_any(journey.admin, "admin/crypto-transfers"),
        "coupon": _first(journey.admin, "coupons"),
        "gift_card": journey.admin.post("gift-cards", GIFT_CARD, expect=201)["cards"][0]["id"],
        "language": "de",
    }


def _ids_of_the_buyer(journey: Journey, buyer: Person) -> Json:
    variant = {"variant_id": journey.products[1]["variants"][0]["id"]}
    wishlist = buyer.post("wishlists", {"name": "Mine"}, expect=201)["id"]
    return {
        "order": journey.order["id"],
        "payment": journey.order["payment"]["id"],
        "refund": _first(buyer, f"orders/{journey.order['id']}/refunds"),
        "return_id": _first(buyer, "returns"),
        "address": buyer.post("users/me/addresses", ADDRESS, expect=201)["id"],
        "wallet": buyer.post("users/me/wallets", {"address": f"0x{uuid4().hex}{uuid4().hex[:8]}"}, expect=201)["id"],
        "claim": _claim(journey, buyer),
        "session": _first(buyer, "users/me/sessions"),
        "notification": _first(buyer, "notifications"),
        "wishlist": wishlist,
        "item": _first_item(buyer.post(f"wishlists/{wishlist}/items", variant, expect=201)),
        "cart_item": _first_item(buyer.post("cart/items", {**variant, "quantity": 1}, expect=201)),
        "review": str(buyer.get("reviews?mine=true")["results"][0]["id"]),
        "user": str(buyer.user["id"]),
    }


def _ids_of_the_vendor(journey: Journey, vendor: Person) -> Json:
    hidden, revised = _unapproved_product(journey, vendor), _revised_product(journey, vendor)
    rows = {"file": ("rows.csv", io.BytesIO(b"Handle,Title\nx,y\n"), "text/csv")}
    return {
        "vendor_order": journey.vendor_orders[1]["id"],
        "shipment": journey.shipments[1]["id"],
        "product": hidden["id"],
        "variant": hidden["variants"][0]["id"],
        "sku": hidden["variants"][0]["sku"],
        "image": hidden["images"][0]["id"],
        "revised": revised,
        "revision": _first(vendor, f"products/{revised}/revisions"),
        "location": _first(vendor, "inventory/locations"),
        "hold": _hold(vendor, journey.products[1]["variants"][0]["sku"]),
        "import_id": vendor.ask("POST", "imports", files=rows, data={"format": "shopify-csv"}, expect=202).json()["id"],
        "export_id": vendor.ask("POST", "exports", json={"format": "jsonl"}, expect=202).json()["id"],
        "operation": vendor.post("vendor-orders/operations", {"kind": "pack", "ids": [str(uuid4())]}, expect=202)["id"],
        "order_export": vendor.post("order-exports", {"format": "jsonl"}, expect=202)["id"],
        "application": _first(vendor, "vendor-applications"),
        "checklist_item": _checklist_item(journey.admin),
        "commission_rule": _commission_rule(journey.admin),
        "document": _document(vendor),
        "payout": _first(vendor, "vendors/me/payouts"),
        "member": _first(vendor, "vendors/me/members"),
        "invitation": vendor.post("vendors/me/members", INVITED, expect=201)["id"],
        "promotion": vendor.post("promotions", {"kind": "free_shipping", "name": "Ours"}, expect=201)["id"],
    }


def _claim(journey: Journey, buyer: Person) -> str:
    """Raised once a login is looked at that came by a device of which the account knows nothing."""
    elsewhere = journey.market.guest()
    elsewhere.http.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
    elsewhere.email, elsewhere.password = buyer.email, buyer.password
    elsewhere.login()
    claims = wait_for(lambda: buyer.get("users/me/security-claims")["results"], "a security claim")
    return str(claims[0]["id"])


def _unapproved_product(journey: Journey, vendor: Person) -> Json:
    category = journey.market.guest().get("categories")["results"][0]["slug"]
    made = list_product(vendor, category, f"Hidden lamp {uuid4().hex[:6]}")
    journey.products.append(made)
    return vendor.get(f"products/{made['id']}")


def _revised_product(journey: Journey, vendor: Person) -> str:
    """On sale as it was; what the vendor wants to say of it waits for an admin."""
    product = str(journey.products[1]["id"])
    vendor.ask("PATCH", f"products/{product}", json={"description": "Brighter than before."}, expect=200)
    return product


def _checklist_item(admin: Person) -> str:
    """Asked for a moment only, and of nobody by force."""
    given = {"title": f"Terms {uuid4().hex[:6]}", "kind": "attested"}
    item = admin.post("admin/vendor-checklist-items", given, expect=201)["id"]
    admin.ask("PATCH", f"admin/vendor-checklist-items/{item}", json={"active": False})
    return str(item)


def _commission_rule(admin: Person) -> str:
    """Of a product that nobody sells: it changes nothing."""
    rule = {"basis_points": 500, "product_id": str(uuid4())}
    return str(admin.post("admin/commission-rules", rule, expect=201)["id"])


def _document(vendor: Person) -> str:
    path = f"vendor-applications/{_first(vendor, 'vendor-applications')}/documents"
    file = {"file": ("dot.png", io.BytesIO(RED_DOT), "image/png")}
    return str(vendor.ask("POST", path, files=file, data={"title": "Licence"}, expect=201).json()["id"])


def _reconciliation(admin: Person) -> str:
    file = {"file": ("none.csv", b"kind,key,reference,amount,currency,at\n", "text/csv")}
    days = {"since": "2020-01-01", "until": "2020-01-01"}
    return str(admin.ask("POST", "admin/reconciliations", files=file, data=days, expect=201).json()["id"])


def _payout_run(admin: Person) -> str:
    """There may be nobody to pay."""
    admin.ask("POST", "admin/payout-runs", json={"currency": "USD"}, expect=(201, 409))
    return _first_if_any(admin, "admin/payout-runs")


def _hold(vendor: Person, sku: str) -> str:
    return str(vendor.post("inventory/holds", {"sku": sku, "quantity": 1}, expect=201)["id"])


def _first(person: Person, path: str) -> str:
    """There must be one: an id of nothing in its place would never be found to be somebody's."""
    results = person.get(path)["results"]
    assert results, f"nothing in {path} for {person.email}"
    return str(results[0]["id"])


def _first_if_any(admin: Person, path: str) -> str:
    """Of what only admins have."""
    results = admin.get(path)["results"]
    return str(results[0]["id"] if results else uuid4())


def _first_item(holder: Json) -> str:
    return str(holder["items"][0]["id"] if "items" in holder else holder["id"])
