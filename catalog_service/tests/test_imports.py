"""Files of products: what is good comes in, what is bad is named by line, and twice is once."""

import json
import os
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from catalog_service.actions import imports
from catalog_service.actions.import_files import read_file
from catalog_service.actions.imports import run_imports
from catalog_service.models import Category, Import, Movement, Product, StockItem, Variant
from shared.context import new_id
from shared.contracts.catalog import OfferChanged
from shared.testing import audited, body, client_as, published
from tests.factories import ask, hear, make_category, make_product, make_vendor

pytestmark = pytest.mark.django_db
URL = "/api/v1/imports"
HEADER = (
    "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Grams,"
    "Variant Inventory Qty,Variant Price,Variant Compare At Price,Image Src"
)
GOOD = f"""{HEADER}
shirt,Blue Shirt,<p>Soft &amp; light</p>,Acme,Clothing,"men, blue",true,Size,S,,120.0,3,50,60,https://example.org/a.jpg
shirt,,,,,,,,M,SHIRT-M,120,-2,55.5,,
shirt,,,,,,,,,,,,,,https://example.org/b.jpg
mug,Mug,"Two
lines",,,,false,Title,Default Title,MUG,300,7,9.99,5,
"""


def send(content: bytes | str, *, format_: str = "shopify-csv", vendor_id: UUID | None = None, **fields: Any) -> Any:
    client = client_as("vendor", vendor_id=vendor_id or make_vendor().id)
    file = SimpleUploadedFile("products.csv", content.encode() if isinstance(content, str) else content)
    return client.post(URL, {"file": file, "format": format_, **fields}, format="multipart")


def run(content: bytes | str, **fields: Any) -> dict[str, Any]:
    """Hand in, let the worker's clock tick, and ask how it went."""
    queued = send(content, **fields)
    assert queued.status_code == 202, queued.content
    run_imports()
    client = client_as("vendor", vendor_id=fields.get("vendor_id") or make_vendor().id)
    result: dict[str, Any] = body(client.get(f"{URL}/{body(queued)['id']}"))
    return result


def counts(result: dict[str, Any]) -> tuple[str, int, int, int, int, int, int]:
    names = ("status", "total", "done", "created", "updated", "unchanged", "failed")
    return tuple(result[name] for name in names)  # type: ignore[return-value]


def test_shopify_rows_of_one_handle_are_one_product(settings: Any) -> None:
    settings.FETCH_IMAGES = False
    make_category("Clothing")

    result = run(GOOD)

    assert counts(result) == ("succeeded", 2, 2, 2, 0, 0, 0)
    assert result["errors"] == []
    shirt = Product.objects.get(handle="shirt")
    assert (shirt.name, shirt.description, shirt.tags) == ("Blue Shirt", "Soft & light", ["men", "blue"])
    assert (shirt.category.slug, shirt.status) == ("clothing", "in_review")
    assert shirt.brand is not None
    assert shirt.brand.name == "Acme"
    small, medium = shirt.variants.order_by("position")
    assert (small.sku, small.options, small.weight_grams) == ("SHIRT-S", {"Size": "S"}, 120)
    assert (small.prices.get().minor, small.prices.get().compare_at_minor, small.stock.on_hand) == (5000, 6000, 3)
    assert (medium.sku, medium.prices.get().minor, medium.stock.on_hand) == ("SHIRT-M", 5550, 0)
    mug = Product.objects.get(handle="mug")
    assert (mug.status, mug.category.slug, mug.variants.get().options) == ("draft", "uncategorized", {})
    assert [(note["line"], note["field"]) for note in result["notes"]] == [
        (3, "Variant Inventory Qty"), (2, "Image Src"), (4, "Image Src"), (5, "Variant Compare At Price"),
    ]  # fmt: skip


def test_a_number_of_a_billion_digits_is_refused_and_never_written_out() -> None:
    result = run(f"{HEADER}\ncup,Cup,,,,,,,,CUP,1e999999999,1e999999999,5,,\n")

    assert {error["field"] for error in result["errors"]} == {"Variant Grams", "Variant Inventory Qty"}


def test_the_same_file_twice_changes_nothing() -> None:
    run(GOOD)
    before = len(published(OfferChanged)), Movement.objects.count()
    variant = Variant.objects.get(sku="SHIRT-S")
    StockItem.objects.filter(variant=variant).update(on_hand=1)

    result = run(GOOD)

    assert counts(result) == ("succeeded", 2, 2, 0, 0, 2, 0)
    assert (len(published(OfferChanged)), Movement.objects.count()) == before
    assert StockItem.objects.get(variant=variant).on_hand == 1


def test_a_changed_row_changes_its_product_only() -> None:
    run(GOOD)
    changed = GOOD.replace(",3,50,60,", ",9,45,60,").replace("SHIRT-M", "SHIRT-X")

    result = run(changed)

    assert counts(result) == ("succeeded", 2, 2, 0, 1, 1, 0)
    assert set(Variant.objects.filter(product__handle="shirt").values_list("sku", flat=True)) == {
        "SHIRT-S", "SHIRT-M", "SHIRT-X",
    }  # fmt: skip
    small = Variant.objects.get(sku="SHIRT-S")
    assert (small.prices.get().minor, small.stock.on_hand) == (4500, 9)
    assert [(m.kind, m.quantity) for m in small.movements.order_by("id")] == [("initial", 3), ("adjustment", 6)]
    assert Product.objects.get(handle="shirt").status == "in_review"


def test_bad_rows_are_named_and_the_others_come_in() -> None:
    rows = [
        HEADER,
        "good,Good,,,,,true,,,G,0,1,5,,",
        "bad-price,Bad,,,,,true,,,B,0,1,cheap,,",
        ",No handle,,,,,true,,,N,0,1,5,,",
        "bad-many,,,,,,true,,,a/b,0,x,5,,",
        f"long,{'x' * 300},,,,,true,,,L,0,1,5,,",
        "no-price,No price,,,,,true,,,P,0,1,,,",
        "twice,Twice,,,,,true,,,G,0,1,5,,",
        "nul,N\x00ul,,,,,true,,,Z,0,1,5,,",
        "digits,Digits,,,,,true,,,D,0,1,5.001,,",
    ]

    result = run("\n".join(rows))

    assert counts(result) == ("succeeded", 9, 9, 1, 0, 0, 8)
    found = {(error["line"], error["field"]) for error in result["errors"]}
    assert found == {
        (3, "Variant Price"), (4, "Handle"), (5, "Title"), (5, "Variant SKU"), (5, "Variant Inventory Qty"),
        (6, "Title"), (7, "Variant Price"), (8, "sku"), (9, "Title"), (10, "Variant Price"),
    }  # fmt: skip
    assert Product.objects.count() == 1


@pytest.mark.parametrize(
    ("content", "line", "field"),
    [
        (b"a,b\n1,2\n", 1, "Handle"),
        (b"", 1, "Handle"),
        (HEADER.encode() + b"\n", 1, "file"),
        (HEADER.encode() + b"\nx,\xff\xfe", 2, "file"),
        (HEADER.encode() + b'\n"' + b"x" * 200_000 + b'"', 2, "file"),
    ],
)
def test_a_file_that_cannot_be_read_fails_as_a_whole(content: bytes, line: int, field: str) -> None:
    if not content:
        assert send(content).status_code == 400
        return

    result = run(content)

    assert counts(result) == ("failed", 0, 0, 0, 0, 0, 0)
    assert [(error["line"], error["field"]) for error in result["errors"]] == [(line, field)]


def test_json_lines_are_products_as_the_api_takes_them() -> None:
    make_category("Clothing")
    lines = [
        {"handle": "cap", "name": "Cap", "category": "clothing", "specifications": {"size": "one"},
         "variants": [{"sku": "CAP", "price": {"amount": "7.50", "currency": "USD"}, "stock": 4,
                       "prices": [{"amount": "7.00", "currency": "EUR"}]}]},
        {"name": "Scarf", "category": "no", "variants": [{"sku": "S", "price": {"amount": "1", "currency": "USD"}}]},
        {"name": "Belt", "colour": "red", "variants": [{"sku": "B"}]},
    ]  # fmt: skip
    content = "\n".join([*(json.dumps(line) for line in lines), "{not json", "[1]", '{"name": 1e999}'])

    result = run(content, format_="jsonl")

    assert counts(result) == ("succeeded", 6, 6, 1, 0, 0, 5)
    cap = Product.objects.get(handle="cap")
    assert {price.currency: price.minor for price in cap.variants.get().prices.all()} == {"USD": 750, "EUR": 700}
    assert {(error["line"], error["field"]) for error in result["errors"]} >= {
        (2, "category"), (3, "colour"), (4, "line"), (5, "line"), (6, "name"),
    }  # fmt: skip
    assert counts(run(content, format_="jsonl"))[3:6] == (0, 0, 1)


def lease_is_over() -> None:
    Import.objects.update(due_at=timezone.now())


def test_a_worker_that_dies_in_the_middle_is_followed_by_one_that_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    batch_id = body(send(GOOD))["id"]
    with monkeypatch.context() as patch:
        step = imports._step
        patch.setattr(imports, "_step", lambda *args: step(*args) and False)
        run_imports()
    assert (Import.objects.get(id=batch_id).status, Import.objects.get(id=batch_id).done) == ("running", 1)
    run_imports()
    assert Import.objects.get(id=batch_id).done == 1

    lease_is_over()
    run_imports()
    run_imports()

    batch = Import.objects.get(id=batch_id)
    assert (batch.status, batch.done, batch.created) == ("succeeded", 2, 2)
    assert not hasattr(batch, "file")


def test_stock_in_a_file_does_not_take_what_orders_hold() -> None:
    make_category("Clothing")
    run(GOOD)
    Product.objects.update(status="active")
    hear(ask((Variant.objects.get(sku="SHIRT-S"), 3)))

    result = run(GOOD.replace(",3,50,60,", ",1,50,60,"))

    assert counts(result)[-1] == 1
    assert Variant.objects.get(sku="SHIRT-S").stock.on_hand == 3


def test_another_vendors_import_is_absent() -> None:
    import_id = body(send(GOOD))["id"]
    stranger = client_as("vendor", vendor_id=make_vendor("Other").id)

    assert stranger.get(f"{URL}/{import_id}").status_code == 404
    assert stranger.get(f"{URL}/{new_id()}").status_code == 404
    assert body(stranger.get(URL))["results"] == []
    assert client_as("customer").get(f"{URL}/{import_id}").status_code == 403


def test_an_admins_import_is_on_sale_at_once() -> None:
    vendor = make_vendor()
    file = SimpleUploadedFile("a.csv", GOOD.encode())
    fields = {"file": file, "format": "shopify-csv", "vendor_id": str(vendor.id), "category": make_category().slug}

    response = client_as("admin").post(URL, fields, format="multipart")
    run_imports()

    assert response.status_code == 202
    assert Product.objects.get(handle="shirt").status == "active"
    assert set(Category.objects.values_list("slug", flat=True)) == {"pots"}


@pytest.mark.parametrize(
    "wrong", [{"format": "xml"}, {"format": "shopify-csv", "currency": "XXX"}, {"format": "jsonl", "category": "no"},
              {"format": "jsonl", "colour": "x"}, {"file": "text", "format": "jsonl"}]
)  # fmt: skip
def test_strange_imports_are_refused(wrong: dict[str, Any]) -> None:
    fields = {"file": SimpleUploadedFile("a.csv", GOOD.encode()), **wrong}
    client = client_as("vendor", vendor_id=make_vendor().id)

    assert client.post(URL, fields, format="multipart").status_code == 400
    assert not Import.objects.exists()


def test_a_worker_that_was_only_slow_finds_that_the_import_is_not_its_own_any_more() -> None:
    batch_id = body(send(GOOD))["id"]
    slow = imports._take()
    assert slow is not None
    drafts = read_file(GOOD.encode(), "shopify-csv", "USD")
    imports._step(slow, drafts)

    lease_is_over()
    run_imports()
    late = imports._step(slow, drafts)

    assert late is False
    assert (Import.objects.get(id=batch_id).done, Product.objects.count()) == (2, 2)


def test_an_import_that_kills_its_workers_is_given_up() -> None:
    batch_id = body(send(GOOD))["id"]
    Import.objects.update(attempts=imports.ATTEMPTS)

    run_imports()

    batch = Import.objects.get(id=batch_id)
    assert (batch.status, batch.errors[0]["message"]) == ("failed", "Workers died with it again and again.")
    assert not Product.objects.exists()


def test_progress_and_heartbeat_move_with_every_product() -> None:
    client = client_as("vendor", vendor_id=make_vendor().id)
    url = f"{URL}/{body(send(GOOD))['id']}"
    queued = body(client.get(url))
    taken = imports._take()
    assert taken is not None

    imports._step(taken, read_file(GOOD.encode(), "shopify-csv", "USD"))

    running = body(client.get(url))
    assert (running["status"], running["done"], running["total"]) == ("running", 1, 2)
    assert running["heartbeat_at"] > queued["heartbeat_at"]


def test_a_handle_stands_in_a_file_once() -> None:
    line = {"handle": "cap", "name": "Cap", "variants": [{"sku": "C", "price": {"amount": "1", "currency": "USD"}}]}
    content = "\n".join(json.dumps({**line, "name": name}) for name in ("Cap", "Hat"))

    for expected in (("succeeded", 2, 2, 1, 0, 0, 1), ("succeeded", 2, 2, 0, 0, 1, 1)):
        result = run(content, format_="jsonl")
        assert counts(result) == expected
        assert [(error["line"], error["field"]) for error in result["errors"]] == [(2, "handle")]
    assert Product.objects.get().name == "Cap"


def test_only_an_admins_file_says_whose_its_products_are() -> None:
    ours, others = make_vendor(), make_vendor("Other")
    line = {"name": "Cap", "variants": [{"sku": "C", "price": {"amount": "1", "currency": "USD"}}]}
    content = "\n".join(json.dumps({**line, "vendor": vendor}) for vendor in (str(ours.id), others.slug, "nobody"))
    file = SimpleUploadedFile("a", f"{content}\n{json.dumps(line)}".encode())

    client_as("admin").post(URL, {"file": file, "format": "jsonl"}, format="multipart")
    run_imports()

    batch = Import.objects.get()
    assert (batch.created, [error["line"] for error in batch.errors]) == (2, [3, 4])
    assert set(Product.objects.values_list("vendor", flat=True)) == {ours.id, others.id}
    assert audited()[0] == ("catalog.import.create", "import")
    assert counts(run(content, format_="jsonl", vendor_id=ours.id))[3:] == (0, 0, 1, 2)


def test_only_an_admins_file_features_products_and_brings_paused_ones_back() -> None:
    line = {"name": "Cap", "featured": True, "variants": [{"sku": "C", "price": {"amount": "1", "currency": "USD"}}]}
    statuses = ("inactive", "archived", "active")
    lines = [{**line, "handle": status, "status": status, "variants": [{**line["variants"][0], "sku": status}]}  # type: ignore[index,dict-item]
             for status in statuses]  # fmt: skip
    content = "\n".join(map(json.dumps, lines)).encode()
    admins = make_vendor("Other")

    run(content, format_="jsonl")
    client_as("admin").post(
        URL, {"file": SimpleUploadedFile("a", content), "format": "jsonl", "vendor_id": str(admins.id)},
        format="multipart",
    )  # fmt: skip
    run_imports()

    by_vendor = Product.objects.exclude(vendor=admins).order_by("id")
    by_admin = Product.objects.filter(vendor=admins).order_by("id")
    assert [(one.status, one.featured) for one in by_vendor] == [
        ("draft", False), ("archived", False), ("in_review", False),
    ]  # fmt: skip
    assert [(one.status, one.featured) for one in by_admin] == [(status, True) for status in statuses]


def test_a_product_that_never_was_in_a_file_is_found_by_its_slug() -> None:
    product = make_product("Clay pot", status="draft")
    line = {"handle": product.slug, "name": "Clay jug",
            "variants": [{"sku": "J", "price": {"amount": "1", "currency": "USD"}}]}  # fmt: skip

    assert counts(run(json.dumps(line), format_="jsonl"))[3:] == (0, 1, 0, 0)
    product.refresh_from_db()
    assert (product.name, product.handle) == ("Clay jug", product.slug)


def test_tags_that_are_never_closed_are_no_end_of_a_file() -> None:
    rows = [HEADER, f'bad,Bad,"{"<a" * 5_000}>",,,,true,,,B,0,1,5,,', "good,Good,,,,,true,,,G,0,1,5,,"]

    result = run("\n".join(rows))

    assert counts(result)[3] + counts(result)[-1] == 2
    assert Product.objects.filter(handle="good").exists()


@pytest.mark.parametrize("name", ["apparel.csv", "home-and-garden.csv"])
def test_files_that_shopify_itself_gives_away_come_in_whole(name: str) -> None:
    folder = os.environ.get("SHOPIFY_SAMPLES")
    if not folder:
        pytest.skip("SHOPIFY_SAMPLES names no folder with Shopify's sample files")
    content = (Path(folder) / name).read_bytes()

    first, again = run(content), run(content)

    assert (first["status"], first["failed"], first["errors"]) == ("succeeded", 0, [])
    assert first["created"] == again["unchanged"] == first["total"] > 10


def test_a_product_of_an_import_takes_few_statements(django_assert_max_num_queries: Any) -> None:
    make_category("Clothing")
    send(GOOD)
    taken = imports._take()
    assert taken is not None
    drafts = read_file(GOOD.encode(), "shopify-csv", "USD")

    with django_assert_max_num_queries(60):
        imports._step(taken, drafts)


def test_only_so_many_imports_wait_at_a_time() -> None:
    for _ in range(imports.AT_ONCE):
        assert send("Handle,Title").status_code == 202

    refused = send("Handle,Title")
    of_another = send("Handle,Title", vendor_id=make_vendor("Other").id)
    run_imports()

    assert (refused.status_code, body(refused)["code"]) == (409, "too_many_imports")
    assert of_another.status_code == 202
    assert send("Handle,Title").status_code == 202
