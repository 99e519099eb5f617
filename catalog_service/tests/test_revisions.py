"""What vendors edit of approved products: some passes at once, the rest waits for an admin."""

import io
import json
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from factories import make_category, make_product, make_vendor, usd
from together import run_together

from catalog_service.actions.imports import queue_import, run_imports
from catalog_service.actions.products import edit_product
from catalog_service.actions.revisions import approve_revision
from catalog_service.actions.sale_prices import set_sale
from catalog_service.actions.variants import PriceInput, VariantInput
from catalog_service.models import Product, Revision
from shared.context import new_id
from shared.contracts.catalog import OfferChanged, ProductDecided, ProductSubmitted
from shared.errors import Refused
from shared.money import Money
from shared.testing import audited, body, client_as, published

pytestmark = pytest.mark.django_db
URL = "/api/v1/products"
QUEUE = "/api/v1/admin/revisions"


def seller_of(product: Product) -> Any:
    return client_as("vendor", vendor_id=product.vendor_id)


def edit(product: Product, **changes: Any) -> Any:
    response = seller_of(product).patch(f"{URL}/{product.id}", changes)
    assert response.status_code == 200, response.content
    return body(response)


def reprice(product: Product, *amounts: str) -> Any:
    variant = product.variants.get()
    prices = [dict(zip(("amount", "currency"), [*amount.split(), "USD"], strict=False)) for amount in amounts]
    response = seller_of(product).patch(f"{URL}/{product.id}/variants/{variant.id}", {"prices": prices})
    assert response.status_code == 200, response.content
    return body(response)


def seen(product: Product) -> Any:
    return body(client_as().get(f"{URL}/{product.id}"))


def waiting() -> list[Any]:
    found: list[Any] = body(client_as("admin").get(f"{QUEUE}?status=pending"))["results"]
    return found


def decide(revision: Any, verb: str = "approve", **given: Any) -> Any:
    return client_as("admin").post(f"{QUEUE}/{revision['id']}/{verb}", given)


def test_a_new_text_waits_while_buyers_read_the_old_one_until_an_admin_approves() -> None:
    product = make_product("Clay pot", description="Fired twice.")
    garden = make_category("Garden")

    answer = edit(product, name="Gold pot", description="Pure gold.", category="garden", brand="Midas")

    assert (answer["name"], answer["description"], answer["category"]["slug"]) == ("Clay pot", "Fired twice.", "pots")
    assert seen(product)["name"] == "Clay pot"
    (revision,) = waiting()
    assert answer["pending_revision"]["id"] == revision["id"]
    assert {rule["rule"] for rule in revision["rules"]} == {"text", "place"}
    changes = {change["field"]: (change["before"], change["after"]) for change in revision["changes"]}
    assert changes["name"] == ("Clay pot", "Gold pot")
    assert changes["category"][1]["slug"] == "garden"
    assert published(ProductSubmitted)[-1].revision_id == UUID(revision["id"])

    assert decide(revision).status_code == 200

    after = seen(product)
    assert (after["name"], after["description"], after["brand"]["name"]) == ("Gold pot", "Pure gold.", "Midas")
    assert (after["category"]["id"], after["slug"], waiting()) == (str(garden.id), "clay-pot", [])
    decided = published(ProductDecided)[-1]
    assert (decided.approved, decided.revision_id) == (True, UUID(revision["id"]))
    assert published(OfferChanged)[-1].name == "Gold pot"
    assert [card["name"] for card in body(client_as().get(f"{URL}?search=gold"))["results"]] == ["Gold pot"]
    assert ("catalog.revision.approve", "product") in audited()


def test_a_rejected_edit_leaves_the_product_and_tells_why() -> None:
    product = make_product("Clay pot")
    edit(product, name="Gold pot")
    (revision,) = waiting()

    assert decide(revision, "reject", reason="It is clay.").status_code == 200

    assert (seen(product)["name"], waiting()) == ("Clay pot", [])
    (told,) = body(seller_of(product).get(f"{URL}/{product.id}/revisions"))["results"]
    assert (told["status"], told["reason"]) == ("rejected", "It is clay.")
    assert published(ProductDecided)[-1].reason == "It is clay."
    assert body(decide(revision))["code"] == "already_decided"


def test_what_is_of_low_risk_passes_at_once() -> None:
    product = make_product(price="10.00")
    variant = product.variants.get()
    seller = seller_of(product)

    edit(product, status="inactive")
    edit(product, status="active")
    seller.patch(f"{URL}/{product.id}/variants/{variant.id}", {"barcode": "4006381333931", "weight_grams": 500})
    seller.post(f"/api/v1/inventory/{variant.sku}/adjustments", {"delta": 3, "reason": "found"})
    reprice(product, "12.90")

    assert waiting() == []
    now = seen(product)["variants"][0]
    assert (now["price"]["amount"], now["barcode"], now["available"]) == ("12.90", "4006381333931", 13)


@pytest.mark.parametrize(("amount", "waits"), [("13.00", False), ("7.00", False), ("13.01", True), ("6.99", True)])
def test_a_price_moves_thirty_per_cent_by_itself(amount: str, waits: bool) -> None:
    product = make_product(price="10.00")

    answer = reprice(product, amount)

    assert answer["price"]["amount"] == ("10.00" if waits else amount)
    assert bool(waiting()) == bool(answer["pending_revision"]) == waits


def test_small_steps_are_measured_by_what_was_approved() -> None:
    product = make_product(price="10.00")

    steps = [reprice(product, amount)["price"]["amount"] for amount in ("12.00", "13.00", "14.00")]

    assert steps == ["12.00", "13.00", "13.00"]
    (revision,) = waiting()
    assert [(change["before"]["amount"], change["after"]["amount"]) for change in revision["changes"]] == [
        ("13.00", "14.00")
    ]
    decide(revision)
    assert seen(product)["price"]["amount"] == "14.00"
    assert published(OfferChanged)[-1].prices[0].minor == 1_400
    assert reprice(product, "18.00")["price"]["amount"] == "18.00"


def test_an_admins_price_is_the_new_measure() -> None:
    product = make_product(price="10.00")
    reprice(product, "12.00")
    url = f"{URL}/{product.id}/variants/{product.variants.get().id}"

    client_as("admin").patch(url, {"price": usd("100.00").money.as_json()})

    assert reprice(product, "90.00")["price"]["amount"] == "90.00"


def test_another_currency_waits_and_takes_no_other_price_away_meanwhile() -> None:
    product = make_product(price="10.00")

    answer = reprice(product, "7.00 EUR")

    assert [(price["amount"], price["currency"]) for price in answer["prices"]] == [("10.00", "USD")]
    (revision,) = waiting()
    assert [change["after"] for change in revision["changes"]] == [{"amount": "7.00", "currency": "EUR"}, None]
    decide(revision)
    assert [price["currency"] for price in seen(product)["variants"][0]["prices"]] == ["EUR"]


def test_a_price_within_bounds_takes_back_the_one_that_waits() -> None:
    product = make_product(price="10.00")
    reprice(product, "99.00")

    reprice(product, "11.00")

    assert (waiting(), seen(product)["price"]["amount"]) == ([], "11.00")


def test_an_approved_price_ends_a_sale_that_it_undercuts() -> None:
    product = make_product(price="10.00")
    variant = product.variants.get()
    set_sale(product=str(product.id), variant_id=variant.id, vendor_id=None, price=Money(800, "USD"))
    reprice(product, "5.00")

    decide(waiting()[0])

    assert seen(product)["price"]["amount"] == "5.00"
    assert seen(product)["compare_at_price"] is None


def test_another_edit_supersedes_the_first_and_contains_it_so_that_nobody_approves_what_they_have_not_seen() -> None:
    product = make_product("Clay pot")
    edit(product, name="Gold pot")
    (first,) = waiting()

    edit(product, description="Pure gold.")

    (second,) = waiting()
    assert {change["field"] for change in second["changes"]} == {"name", "description"}
    assert body(decide(first))["code"] == "already_decided"
    assert seen(product)["name"] == "Clay pot"


def test_the_old_text_again_waits_for_nobody() -> None:
    product = make_product("Clay pot")
    edit(product, name="Gold pot")

    answer = edit(product, name="Clay pot")

    assert (answer["pending_revision"], waiting()) == (None, [])
    assert Revision.objects.get().status == "withdrawn"


def test_a_vendor_takes_back_what_waits() -> None:
    product = make_product("Clay pot")
    edit(product, name="Gold pot")
    (revision,) = waiting()
    url = f"{URL}/{product.id}/revisions/{revision['id']}"

    stranger = client_as("vendor", vendor_id=make_vendor("Other").id)
    assert stranger.delete(url).status_code == 404
    assert stranger.get(f"{URL}/{product.id}/revisions").status_code == 404
    assert seller_of(product).delete(url).status_code == 204

    assert waiting() == []
    assert body(decide(revision))["code"] == "already_decided"


def test_drafts_and_admins_edits_wait_for_nobody() -> None:
    draft = make_product("Draft", by_admin=False, status="draft")
    product = make_product("Clay pot")

    assert edit(draft, name="Other draft")["name"] == "Other draft"
    client_as("admin").patch(f"{URL}/{product.id}", {"name": "Tall pot"})

    assert (seen(product)["name"], waiting()) == ("Tall pot", [])


def test_a_product_put_back_to_the_drafts_is_no_way_around_an_admin() -> None:
    product = make_product("Clay pot")

    edit(product, status="draft")
    edit(product, name="Gold pot")
    edit(product, status="active")

    assert seen(product)["name"] == "Clay pot"


def test_where_edits_need_no_approval_they_pass(settings: Any) -> None:
    settings.EDITS_NEED_APPROVAL = False
    product = make_product("Clay pot", price="10.00")

    assert edit(product, name="Gold pot")["name"] == "Gold pot"
    assert reprice(product, "99.00")["price"]["amount"] == "99.00"


def test_search_engines_titles_are_kept_and_wait_too() -> None:
    product = make_product(seo_title="Pots of clay", seo_description="By hand.")

    edit(product, seo_title="Pots of gold")

    assert (seen(product)["seo_title"], seen(product)["seo_description"]) == ("Pots of clay", "By hand.")
    decide(waiting()[0])
    assert seen(product)["seo_title"] == "Pots of gold"


def test_a_variant_that_is_gone_is_passed_over() -> None:
    variants = [
        VariantInput(sku="A", prices=[usd("10.00")]),
        VariantInput(sku="B", prices=[PriceInput(Money(9, "USD"))]),
    ]
    product = make_product(variants=variants)
    first = product.variants.get(sku="A")
    url = f"{URL}/{product.id}/variants/{first.id}"
    seller_of(product).patch(url, {"price": usd("99.00").money.as_json()})
    seller_of(product).delete(url)

    assert decide(waiting()[0]).status_code == 200


@pytest.mark.parametrize("roles", [(), ("customer",), ("vendor",)])
def test_only_admins_decide(roles: tuple[str, ...]) -> None:
    product = make_product()
    edit(product, name="Gold pot")
    (revision,) = waiting()
    client = client_as(*roles, vendor_id=product.vendor_id)

    assert client.get(QUEUE).status_code in (401, 403)
    assert client.post(f"{QUEUE}/{revision['id']}/approve").status_code in (401, 403)
    assert client_as("admin").post(f"{QUEUE}/{new_id()}/approve").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_an_edit_and_an_approval_at_once_leave_what_was_approved_or_what_waits_never_a_mix() -> None:
    for _ in range(4):
        product = make_product("Clay pot")
        edit(product, name="Gold pot")
        revision = Revision.objects.get(product=product, status="pending")

        approve = partial(approve_revision, revision_id=revision.id)
        own = {"reference": str(product.id), "vendor_id": product.vendor_id}
        rename = partial(edit_product, **own, changes={"name": "Lead pot"})
        raised = run_together([approve, rename])

        assert all(isinstance(error, Refused) for error in raised), raised
        product.refresh_from_db()
        pending = Revision.objects.get(product=product, status="pending")
        assert pending.changes == {"name": "Lead pot"}
        assert product.name == ("Clay pot" if raised else "Gold pot")


def test_a_vendors_file_changes_an_approved_product_no_more_than_its_hand_does() -> None:
    product = make_product("Clay pot", price="10.00", sku="POT")
    Product.objects.update(handle="pot")
    line = {"handle": "pot", "name": "Gold pot", "variants": [{"sku": "POT", "price": usd("99.00").money.as_json()}]}
    queue_import(
        vendor_id=product.vendor_id,
        by_admin=False,
        actor_id=new_id(),
        file=io.BytesIO(json.dumps({**line, "category": "pots"}).encode()),
        format_="jsonl",
        currency="USD",
    )

    run_imports()

    assert (seen(product)["name"], seen(product)["price"]["amount"]) == ("Clay pot", "10.00")
    assert {change["field"] for change in waiting()[0]["changes"]} == {"name", "price"}
