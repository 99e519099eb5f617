"""Products as vendors write them and buyers see them."""

import json
import re
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog_service.models import Product
from shared.context import new_id
from shared.contracts.catalog import OfferChanged, ProductDecided, ProductSubmitted
from shared.testing import body, client_as, published
from tests.factories import hear, make_category, make_product, make_vendor, usd, vendor_changed

pytestmark = pytest.mark.django_db
URL = "/api/v1/products"
ONE_DOLLAR = {"amount": "1.00", "currency": "USD"}


def ids(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [row["id"] for row in body(response)["results"]]


def a_pot(**changes: Any) -> dict[str, Any]:
    pot = {
        "name": "Clay pot",
        "category": make_category().slug,
        "variants": [{"sku": "POT-1", "price": {"amount": "12.50", "currency": "USD"}, "stock": 5}],
    }
    return {**pot, **changes}


# ── Writing ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_vendors_product_is_shown_when_an_admin_has_approved_it() -> None:
    vendor = make_vendor()
    seller, admin, guest = client_as("vendor", vendor_id=vendor.id), client_as("admin"), client_as()

    made = seller.post(URL, a_pot(brand="Kiln & Co", specifications={"height": "20 cm"}, tags=["clay"]))

    assert made.status_code == 201, made.content
    product = body(made)
    assert made["Location"] == f"{URL}/{product['id']}"
    assert (product["slug"], product["status"]) == ("clay-pot", "in_review")
    assert product["variants"][0]["price"] == {"amount": "12.50", "currency": "USD"}
    assert (product["variants"][0]["available"], product["variants"][0]["in_stock"]) == (5, True)
    assert product["brand"]["slug"] == "kiln-co"
    assert [told.product_id for told in published(ProductSubmitted)] == [UUID(product["id"])]
    assert guest.get(f"{URL}/{product['id']}").status_code == 404
    assert ids(guest.get(URL)) == []
    assert ids(admin.get("/api/v1/admin/products?status=in_review")) == [product["id"]]
    assert published(OfferChanged)[-1].active is False

    approved = admin.post(f"/api/v1/admin/products/{product['id']}/approve")

    assert body(approved)["status"] == "active"
    assert [told.approved for told in published(ProductDecided)] == [True]
    assert ids(guest.get(URL)) == [product["id"]]
    assert published(OfferChanged)[-1].active is True
    detail = body(guest.get(f"{URL}/clay-pot"))
    assert detail["specifications"] == {"height": "20 cm"}
    assert detail["category"]["breadcrumbs"][-1]["slug"] == "pots"


def test_a_rejected_product_goes_back_to_the_drafts_with_the_reason() -> None:
    product = make_product(by_admin=False)
    admin, seller = client_as("admin"), client_as("vendor", vendor_id=product.vendor_id)

    response = admin.post(f"/api/v1/admin/products/{product.id}/reject", {"reason": "No picture."})

    assert response.status_code == 200
    seen = body(seller.get(f"{URL}/{product.id}"))
    assert (seen["status"], seen["rejection_reason"]) == ("draft", "No picture.")
    assert published(ProductDecided)[0].reason == "No picture."
    assert admin.post(f"/api/v1/admin/products/{product.id}/approve").status_code == 409
    assert body(seller.patch(f"{URL}/{product.id}", {"status": "active"}))["status"] == "in_review"


def test_what_an_admin_took_off_sale_comes_back_through_a_review_only() -> None:
    product = make_product()
    seller = client_as("vendor", vendor_id=product.vendor_id)
    url = f"{URL}/{product.id}"

    paused = [body(seller.patch(url, {"status": status}))["status"] for status in ("inactive", "active")]
    client_as("admin").patch(url, {"status": "inactive"})
    asked = body(seller.patch(url, {"status": "active"}))["status"]

    assert paused == ["inactive", "active"]
    assert asked == "in_review"


def test_an_admins_product_is_active_at_once() -> None:
    response = client_as("admin").post(URL, a_pot(vendor_id=str(make_vendor().id)))

    assert body(response)["status"] == "active"


def test_a_product_may_be_written_before_its_vendor_is_known_and_appears_with_it() -> None:
    vendor_id = new_id()
    product = body(client_as("vendor", vendor_id=vendor_id).post(URL, a_pot()))
    client_as("admin").post(f"/api/v1/admin/products/{product['id']}/approve")
    assert ids(client_as().get(URL)) == []

    hear(vendor_changed(vendor_id, name="Blue Kiln"))

    (card,) = body(client_as().get(URL))["results"]
    assert card["vendor"] == {"id": str(vendor_id), "name": "Blue Kiln", "slug": "blue-kiln"}
    assert (published(OfferChanged)[-1].active, published(OfferChanged)[-1].vendor_name) == (True, "Blue Kiln")


def test_a_suspended_vendors_products_vanish_and_an_older_truth_does_not_bring_them_back() -> None:
    product = make_product()

    hear(vendor_changed(product.vendor_id, status="suspended", version=5))
    hear(vendor_changed(product.vendor_id, status="active", version=4))

    assert ids(client_as().get(URL)) == []
    assert client_as().get(f"{URL}/{product.slug}").status_code == 404
    assert published(OfferChanged)[-1].active is False


def test_every_wrong_field_is_named_at_once() -> None:
    wrong = a_pot(
        name="",
        colour="blue",
        specifications=["tall"],
        variants=[{"sku": "a/b", "price": {"amount": "1.234", "currency": "USD"}, "stock": -1, "size": 3}],
    )

    response = client_as("vendor", vendor_id=make_vendor().id).post(URL, wrong)

    assert response.status_code == 400
    assert set(body(response)["errors"]) == {
        "name", "colour", "specifications", "variants.0.sku", "variants.0.price.amount", "variants.0.stock",
        "variants.0.size",
    }  # fmt: skip


@pytest.mark.parametrize(
    "strange",
    [
        {"name": "nul \x00 byte"},
        {"name": "x" * 10_000},
        {"name": "\ud800"},
        {"category": "\x00"},
        {"category": "x" * 10_000},
        {"category": str(new_id())},
        {"brand": str(new_id())},
        {"brand": {"a": 1}},
        {"specifications": {"a": "\x00"}},
        {"specifications": {"a": "\ud800"}},
        {"specifications": {"a": float("1e308") * 10}},
        {"specifications": {"a": "x" * 30_000}},
        {"specifications": {"a": [[[[[[[1]]]]]]]}},
        {"tags": ["x" * 51]},
        {"tags": "clay"},
        {"status": "sold"},
        {"status": "archived"},
        {"featured": True},
        {"variants": []},
        {"variants": [{"sku": "A", "price": {"amount": "9" * 24, "currency": "USD"}}]},
        {"variants": [{"sku": "A", "price": {"amount": "9E999999", "currency": "USD"}}]},
        {"variants": [{"sku": "A", "price": {"amount": "NaN", "currency": "USD"}}]},
        {"variants": [{"sku": "A", "price": {"amount": "0", "currency": "USD"}}]},
        {"variants": [{"sku": "A", "price": {"amount": "1", "currency": "XXX"}}]},
        {"variants": [{"sku": "A", "price": ONE_DOLLAR, "stock": 10**30}]},
        {"variants": [{"sku": "A", "price": ONE_DOLLAR, "options": {"x": "\x00"}}]},
        {"variants": [{"sku": "A", "price": ONE_DOLLAR, "options": {"\x00": "x"}}]},
        {"variants": [{"sku": "A", "price": ONE_DOLLAR, "compare_at_price": ONE_DOLLAR}]},
        {"variants": [{"sku": "A", "price": ONE_DOLLAR}] * 2},
        {"variants": [{"sku": "A"}]},
    ],
)
def test_strange_input_is_refused_without_a_row(strange: dict[str, Any]) -> None:
    client = client_as("vendor", vendor_id=make_vendor().id)

    response = client.post(URL, json.dumps(a_pot(**strange)), content_type="application/json")

    assert response.status_code == 400, response.content
    assert not Product.objects.exists()


def test_another_vendors_product_is_as_absent_as_no_product() -> None:
    product = make_product()
    stranger = client_as("vendor", vendor_id=make_vendor("Other").id)
    variant = product.variants.get()

    answers = [
        stranger.patch(f"{URL}/{product.id}", {"name": "Mine"}),
        stranger.patch(f"{URL}/{product.id}", {"category": "nowhere"}),
        stranger.delete(f"{URL}/{product.id}"),
        stranger.post(f"{URL}/{product.id}/variants", a_pot()["variants"][0]),
        stranger.patch(f"{URL}/{product.id}/variants/{variant.id}", {"sku": "MINE"}),
        stranger.delete(f"{URL}/{product.id}/variants/{variant.id}"),
        stranger.get(f"/api/v1/inventory/{variant.sku}"),
        stranger.post(f"/api/v1/inventory/{variant.sku}/adjustments", {"delta": 1}),
        stranger.get(f"/api/v1/inventory/{variant.sku}/movements"),
        stranger.patch(f"{URL}/{new_id()}", {"name": "Mine"}),
    ]

    assert [answer.status_code for answer in answers] == [404] * len(answers)
    absent = {**body(answers[-1]), "request_id": ""}
    assert all({**body(answer), "request_id": ""} == absent for answer in answers)


def test_buyers_and_guests_write_nothing() -> None:
    product = make_product()

    assert client_as().post(URL, a_pot()).status_code == 401
    assert client_as("customer").post(URL, a_pot()).status_code == 403
    assert client_as("customer").delete(f"{URL}/{product.id}").status_code == 403
    assert client_as("vendor", vendor_id=product.vendor_id).get("/api/v1/admin/products").status_code == 403


def test_a_vendor_writes_for_itself_only() -> None:
    response = client_as("vendor", vendor_id=make_vendor().id).post(URL, a_pot(vendor_id=str(new_id())))

    assert set(body(response)["errors"]) == {"vendor_id"}


def test_a_deleted_product_is_gone_for_buyers_and_carts() -> None:
    product = make_product()
    client = client_as("vendor", vendor_id=product.vendor_id)

    assert client.delete(f"{URL}/{product.id}").status_code == 204

    assert client.get(f"{URL}/{product.id}").status_code == 404
    assert published(OfferChanged)[-1].active is False


def test_put_empties_what_is_left_out_and_patch_does_not() -> None:
    product = make_product(description="Fired twice.", tags=["clay"], by_admin=False)
    client = client_as("vendor", vendor_id=product.vendor_id)

    patched = body(client.patch(f"{URL}/{product.id}", {"name": "Tall pot"}))
    put = body(client.put(f"{URL}/{product.id}", {"name": "Tall pot", "category": "pots"}))

    assert (patched["name"], patched["description"], patched["tags"]) == ("Tall pot", "Fired twice.", ["clay"])
    assert (put["name"], put["description"], put["tags"], put["status"]) == ("Tall pot", "", [], "in_review")
    assert client.put(f"{URL}/{product.id}", {"name": "Tall pot"}).status_code == 400


def test_products_of_one_name_get_slugs_of_their_own() -> None:
    slugs = {make_product("Clay pot").slug, make_product("Clay pot").slug, make_product("ሸክላ").slug}

    assert len(slugs) == 3
    assert "clay-pot" in slugs


def test_a_vendor_uses_a_sku_once_but_two_vendors_may_share_it() -> None:
    make_product(sku="POT-1")
    make_product(sku="POT-1", vendor=make_vendor("Other"))

    response = client_as("vendor", vendor_id=make_vendor().id).post(URL, a_pot())

    assert response.status_code == 409
    assert body(response)["code"] == "sku_taken"
    assert "POT-1" in body(response)["detail"]


def test_variants_come_change_and_go() -> None:
    product = make_product(sku="S", price="10.00")
    client = client_as("vendor", vendor_id=product.vendor_id)
    url = f"{URL}/{product.id}/variants"

    made = client.post(
        url,
        {
            "sku": "M",
            "options": {"size": "M"},
            "stock": 2,
            "prices": [{"amount": "8.00", "currency": "USD"}, {"amount": "7.50", "currency": "EUR"}],
        },
    )
    medium = body(made)

    assert made.status_code == 201
    assert body(client.get(f"{URL}/{product.id}"))["price"] == {"amount": "8.00", "currency": "USD"}
    repriced = {"price": usd("9.00").money.as_json(), "compare_at_price": usd("11.00").money.as_json()}
    changed = body(client.patch(f"{url}/{medium['id']}", repriced))
    assert [(price["amount"], price["currency"]) for price in changed["prices"]] == [("9.00", "USD"), ("7.50", "EUR")]
    card = body(client_as().get(f"{URL}?currency=USD"))["results"][0]
    assert (card["price"]["amount"], card["compare_at_price"]["amount"]) == ("9.00", "11.00")
    assert client.delete(f"{url}/{medium['id']}").status_code == 204
    assert [v["sku"] for v in body(client.get(f"{URL}/{product.id}"))["variants"]] == ["S"]
    assert [offer.active for offer in published(OfferChanged) if offer.sku == "M"][-1] is False
    last = body(client.get(f"{URL}/{product.id}"))["variants"][0]
    assert body(client.delete(f"{url}/{last['id']}"))["code"] == "last_variant"


def test_an_idempotency_key_makes_one_product() -> None:
    client = client_as("vendor", vendor_id=make_vendor().id)

    first, second = (client.post(URL, a_pot(), headers={"Idempotency-Key": "k-1"}) for _ in range(2))

    assert first.content == second.content
    assert Product.objects.count() == 1


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_product_is_one_statement_and_whether_it_has_changed() -> None:
    product = make_product("Alone")

    with CaptureQueriesContext(connection) as detail:
        client_as().get(f"{URL}/{product.slug}")

    assert len(detail) == 2


def test_public_reads_may_be_cached_for_a_second_and_private_ones_not() -> None:
    product, draft = make_product(), make_product(status="draft")

    public = client_as().get(f"{URL}/{product.id}")
    private = client_as("vendor", vendor_id=draft.vendor_id).get(f"{URL}/{draft.id}")

    for shared in (public, client_as().get(URL)):
        assert shared["Cache-Control"] == "public, max-age=1, stale-while-revalidate=1"
        assert re.fullmatch("@[0-9]{10}", shared["X-Accel-Expires"])
    assert "X-Accel-Expires" not in private
    assert private["Cache-Control"] == "private, no-store"
    assert client_as().get(f"{URL}/{product.id}", headers={"If-None-Match": public["ETag"]}).status_code == 304


@pytest.mark.parametrize("reference", ["%00", "no-such", str(new_id()), "x" * 5_000, "A%20B", "%F0%9F%90%98"])
def test_strange_references_are_absent(reference: str) -> None:
    assert client_as().get(f"{URL}/{reference}").status_code == 404


@pytest.mark.parametrize("odd", ["\n", "\x07", "\u202e", "\u200b", "\ufeff"])
def test_names_are_one_line_that_is_seen_as_it_is(odd: str) -> None:
    vendor, admin = client_as("vendor", vendor_id=make_vendor().id), client_as("admin")
    fields = dict.fromkeys(("name", "brand", "seo_title"), f"a{odd}b")
    variant = {"sku": "A", "price": {"amount": "1.00", "currency": "USD"}}
    given = {"category": make_category().slug, "variants": [variant], "tags": [f"a{odd}b"], **fields}

    refused = vendor.post(URL, given)

    assert body(refused)["errors"].keys() == {"name", "brand", "seo_title", "tags.0"}
    for path in ("categories", "brands"):
        assert body(admin.post(f"/api/v1/admin/{path}", {"name": f"a{odd}b"}))["errors"].keys() == {"name"}
