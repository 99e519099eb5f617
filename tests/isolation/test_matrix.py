"""Every operation of the API, tried by everybody who should not: a guest, another customer, another vendor.

What belongs to somebody is made by the main journey. Ids of it must be as good as ids of nothing.
"""

import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest
from operations import Operation, operations

from fleet.client import Json, Market, Person
from fleet.journey import ADDRESS, RED_DOT, STEPS, Journey, leave_no_lamps

AT_ONCE = 4
FOR_EVERYBODY = {
    "GET /api/v1/brands/{brand}",
    "GET /api/v1/categories/{category}",
    "GET /api/v1/categories/{category}/attributes",
    "GET /api/v1/products/{product}",
    "GET /api/v1/products/{product}/reviews",
    "POST /api/v1/products/{product}/reviews",
    "GET /api/v1/reviews/{review}",
    "POST /api/v1/reviews/{review}/votes",
    "DELETE /api/v1/reviews/{review}/votes",
    "POST /api/v1/reviews/{review}/flag",
    "GET /api/v1/vendors/{vendor}",
    "POST /api/v1/payment-webhooks/{provider}",
    "GET /problems/{code}",
}
"""What has an id in its path, and may be seen or done by anybody, or by anybody who is signed in."""
NOT_OURS = {"POST /api/v1/payment-webhooks/{provider}"}
"""Bodies that others define."""
RATES = {"zone": "shipping-zones", "method": "shipping-methods", "rate": "shipping-rates", "tax_rate": "tax-rates"}
INVITED = {"email": "ivy@example.com", "role": "staff"}
GIFT_CARD = {"amount": {"amount": "5.00", "currency": "USD"}}
SMUGGLED = {
    "is_staff": True, "roles": ["admin"], "user_id": str(uuid4()), "owner_id": str(uuid4()), "vendor_id": str(uuid4()),
    "status": "approved", "total": {"amount": "0.00", "currency": "USD"}, "version": 9, "commission_basis_points": 0,
    "verified_purchase": True, "email_verified": True, "created_at": "2020-01-01T00:00:00Z",
}  # fmt: skip


@dataclass
class World:
    """What a buyer and a vendor have, and who should not reach it."""

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
        return {name: self.ids.get(special.get(name, name), str(uuid4())) for name in operation.places}


@pytest.fixture(scope="module")
def world(market: Market, admin: Person) -> Iterator[World]:
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
        "crypto_transfer": _first(journey.admin, "admin/crypto-transfers"),
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
        "claim": _first(buyer, "users/me/security-claims"),
        "session": _first(buyer, "users/me/sessions"),
        "notification": _first(buyer, "notifications"),
        "wishlist": wishlist,
        "item": _first_item(buyer.post(f"wishlists/{wishlist}/items", variant, expect=201)),
        "cart_item": _first_item(buyer.post("cart/items", {**variant, "quantity": 1}, expect=201)),
        "review": str(buyer.get("reviews?mine=true")["results"][0]["id"]),
        "user": str(buyer.user["id"]),
    }


def _ids_of_the_vendor(journey: Journey, vendor: Person) -> Json:
    hidden = _unapproved_product(journey, vendor)
    rows = {"file": ("rows.csv", io.BytesIO(b"Handle,Title\nx,y\n"), "text/csv")}
    return {
        "vendor_order": journey.vendor_orders[1]["id"],
        "shipment": journey.shipments[1]["id"],
        "product": hidden["id"],
        "variant": hidden["variants"][0]["id"],
        "sku": hidden["variants"][0]["sku"],
        "image": hidden["images"][0]["id"],
        "revision": _first(vendor, f"products/{hidden['id']}/revisions"),
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


def _unapproved_product(journey: Journey, vendor: Person) -> Json:
    from fleet.journey import _list_product

    category = journey.market.guest().get("categories")["results"][0]["slug"]
    made = _list_product(vendor, category, f"Hidden lamp {uuid4().hex[:6]}")
    journey.products.append(made)
    return vendor.get(f"products/{made['id']}")


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
    """Only admins have any; there may be nobody to pay."""
    admin.ask("POST", "admin/payout-runs", json={"currency": "USD"}, expect=(201, 409))
    runs = admin.get("admin/payout-runs")["results"]
    return str(runs[0]["id"] if runs else uuid4())


def _hold(vendor: Person, sku: str) -> str:
    return str(vendor.post("inventory/holds", {"sku": sku, "quantity": 1}, expect=201)["id"])


def _first(person: Person, path: str) -> str:
    results = person.get(path)["results"]
    return str(results[0]["id"]) if results else str(uuid4())


def _first_item(holder: Json) -> str:
    return str(holder["items"][0]["id"] if "items" in holder else holder["id"])


Verdict = Callable[[Operation], str | None]


def none_is_wrong(chosen: list[Operation], judge: Verdict) -> None:
    """Ask for each operation's verdict, and tell all that are not well."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        verdicts = list(pool.map(judge, chosen))
    wrong = [f"{one}: {verdict}" for one, verdict in zip(chosen, verdicts, strict=True) if verdict]
    assert not wrong, "\n".join(wrong)


def told(response: httpx.Response) -> str:
    return f"{response.status_code} {response.text[-300:]}"


# ── Who may come in ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_guest_is_refused_by_every_operation_that_is_not_for_guests(world: World) -> None:
    closed = [one for one in world.operations if not one.open]

    def judge(operation: Operation) -> str | None:
        answer = operation.ask(world.guest, world.ids_for(operation))
        return None if answer.status_code == 401 else told(answer)

    assert len(closed) > 100
    none_is_wrong(closed, judge)


@pytest.mark.parametrize("who", ["other_customer", "other_vendor"])
def test_what_is_for_admins_is_refused_to_everybody_else(world: World, who: str) -> None:
    person = getattr(world, who)
    for_admins = [one for one in world.operations if one.path.startswith("/api/v1/admin/")]

    def judge(operation: Operation) -> str | None:
        answer = operation.ask(person, world.ids_for(operation))
        return None if answer.status_code == 403 else told(answer)

    assert len(for_admins) > 20
    none_is_wrong(for_admins, judge)


# ── What belongs to somebody ─────────────────────────────────────────────────────────────────────────────────────────


def with_ids(world: World) -> list[Operation]:
    """All operations on something by its id that are neither for everybody nor for admins."""
    return [
        one
        for one in world.operations
        if one.places and str(one) not in FOR_EVERYBODY and not one.path.startswith("/api/v1/admin/")
    ]


def test_every_kind_of_id_is_tried(world: World) -> None:
    """A new kind of id in a path needs an id of somebody's in `_ids`, or its operation a line in FOR_EVERYBODY."""
    kinds = {place for operation in with_ids(world) for place in operation.places}

    assert kinds - world.ids.keys() == set()


@pytest.mark.parametrize("who", ["guest", "other_customer", "other_vendor"])
def test_what_belongs_to_somebody_else_is_as_good_as_absent(world: World, who: str) -> None:
    person = getattr(world, who)

    def judge(operation: Operation) -> str | None:
        theirs = operation.ask(person, world.ids_for(operation))
        if theirs.status_code in {401, 403}:
            return None
        nothing = operation.ask(person, {name: str(uuid4()) for name in operation.places})
        alike = theirs.status_code == 404 and _without_request_id(theirs) == _without_request_id(nothing)
        return None if alike else f"{told(theirs)} | an id of nothing: {told(nothing)}"

    none_is_wrong(with_ids(world), judge)


def _without_request_id(response: httpx.Response) -> Json:
    return {name: value for name, value in response.json().items() if name != "request_id"}


@pytest.mark.parametrize("who", ["guest", "other_customer", "other_vendor"])
def test_a_product_that_is_not_approved_is_seen_by_nobody_else(world: World, who: str) -> None:
    person = getattr(world, who)
    reads = [
        one
        for one in world.operations
        if one.method == "GET" and one.open and one.path.startswith("/api/v1/products/{product}")
    ]

    def judge(operation: Operation) -> str | None:
        answer = operation.ask(person, world.ids_for(operation))
        return None if answer.status_code == 404 else told(answer)

    none_is_wrong(reads, judge)


# ── Fields that nobody may set ───────────────────────────────────────────────────────────────────────────────────────


def test_unknown_fields_are_refused_by_every_write(world: World) -> None:
    """Nobody's body is taken with them, and whoever may write is told their names."""
    writes = [one for one in world.operations if (one.body is not None or one.form) and str(one) not in NOT_OURS]
    people = (world.guest, world.buyer, world.vendor, world.admin)

    def judge(operation: Operation) -> str | None:
        unknown = {name: value for name, value in SMUGGLED.items() if name not in operation.known}
        more = {name: str(value) for name, value in unknown.items()} if operation.form else unknown
        answers = [operation.ask(person, world.ids_for(operation), more) for person in people]
        if taken := [told(one) for one in answers if one.status_code < 400 or one.status_code >= 500]:
            return f"taken: {taken}"
        named = [one.json().get("errors", {}).keys() for one in answers if one.status_code == 400]
        return None if any(unknown.keys() <= names for names in named) else f"{[told(one) for one in answers]}"

    assert len(writes) > 50
    none_is_wrong(writes, judge)
