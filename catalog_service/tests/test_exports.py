"""Files of products go out, and come in again as what they were."""

import json
import re
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from catalog_service.actions import exports, images, json_lines, remote_images
from catalog_service.actions.exports import run_exports
from catalog_service.actions.import_files import read_file
from catalog_service.actions.imports import run_imports
from catalog_service.actions.product_lines import ProductLine
from catalog_service.actions.sale_prices import set_sale
from catalog_service.actions.variants import VariantInput
from catalog_service.models import Export, ExportPart, Image, Import, Movement, Product, Vendor
from shared.context import new_id
from shared.contracts.catalog import OfferChanged
from shared.money import Money
from shared.testing import audited, body, client_as, examples, published
from tests.factories import make_category, make_product, make_vendor, usd
from tests.lines import products

pytestmark = pytest.mark.django_db
URL = "/api/v1/exports"
FORMATS = ["jsonl", "shopify-csv"]


def vendor_client(vendor: Vendor | None = None) -> Any:
    return client_as("vendor", vendor_id=(vendor or make_vendor()).id)


def ask_for(client: Any, format_: str = "jsonl", **fields: Any) -> str:
    asked = client.post(URL, {"format": format_, **fields})
    assert asked.status_code == 202, asked.content
    assert asked["Location"] == f"{URL}/{body(asked)['id']}"
    return str(body(asked)["id"])


def fetch(client: Any, export_id: str) -> bytes:
    answer = client.get(f"{URL}/{export_id}/file")
    assert answer.status_code == 200, answer.content
    content = b"".join(answer.streaming_content)
    assert int(answer["Content-Length"]) == len(content)
    return content


def exported(client: Any, format_: str = "jsonl", **fields: Any) -> bytes:
    export_id = ask_for(client, format_, **fields)
    run_exports()
    return fetch(client, export_id)


def imported(client: Any, content: bytes, format_: str, **fields: Any) -> Import:
    form = {"file": SimpleUploadedFile("a", content), "format": format_, **fields}
    queued = client.post("/api/v1/imports", form, format="multipart")
    assert queued.status_code == 202, queued.content
    run_imports()
    return Import.objects.get(id=body(queued)["id"])


def make_some() -> Vendor:
    """One of each kind that files must tell apart."""
    vendor = make_vendor()
    make_product(
        'Café = bar, "so"', description="<b>1 & 2</b>\n- soft", tags=["a", "b, c"], brand="Acme", featured=True
    )
    make_product("Shirt", handle="shirt", specifications={"x": {"y": [1, None, "z"]}}, variants=[
        VariantInput(sku="S-1", prices=[usd("5")], stock=3, options={"Size": "S"}, barcode="'0123", weight_grams=7),
        VariantInput(sku="S-2", prices=[usd("6")], stock=0, options={"Fit": "slim", " odd": "x"}, position=9),
    ])  # fmt: skip
    _put_on_sale(Product.objects.get(name="Shirt"))
    make_product("Draft", status="draft")
    make_product("Old", status="archived", restored=True)
    make_product("Paused", status="inactive", restored=True)
    add_picture(Product.objects.get(name="Shirt"), "teal", "Front")
    add_picture(Product.objects.get(name="Shirt"), "red", "=Back", primary=True)
    return vendor


def _put_on_sale(product: Product) -> None:
    variant = product.variants.get(sku="S-1")
    ends_at = timezone.now() + timedelta(days=1)
    set_sale(product=str(product.id), variant_id=variant.id, vendor_id=None, price=Money(450, "USD"), ends_at=ends_at)


def add_picture(product: Product, colour: str, alt: str, *, primary: bool = False) -> None:
    buffer = BytesIO()
    Pillow.new("RGB", (30, 20), colour).save(buffer, "PNG")
    buffer.seek(0)
    images.add_image(product=str(product.id), vendor_id=None, upload=buffer, alt=alt, primary=primary)


@pytest.mark.parametrize("format_", FORMATS)
def test_a_vendors_export_is_its_own_products_in_every_status(format_: str) -> None:
    vendor = make_some()
    make_product("Foreign", vendor=make_vendor("Other"))

    content = exported(vendor_client(vendor), format_)

    drafts = read_file(content, format_, "EUR")
    told = {draft.told.name: draft.told for draft in drafts if draft.told}
    assert [draft.errors for draft in drafts] == [[]] * 5
    assert {name: line.status for name, line in told.items()} == {
        'Café = bar, "so"': "active", "Shirt": "active", "Draft": "draft", "Old": "archived", "Paused": "inactive",
    }  # fmt: skip
    assert {line.vendor for line in told.values()} == {None}
    assert [image.alt for image in told["Shirt"].images or []] == ["Front", "=Back"]


@pytest.mark.parametrize("format_", FORMATS)
def test_an_export_that_is_imported_again_changes_nothing(format_: str) -> None:
    vendor = make_some()
    content = exported(vendor_client(vendor), format_)
    before = (
        len(published(OfferChanged)),
        Movement.objects.count(),
        list(Product.objects.order_by("id").values("version", "status")),
    )

    result = imported(vendor_client(vendor), content, format_)

    assert (result.status, result.unchanged, result.errors, result.notes) == ("succeeded", 5, [], [])
    after = (
        len(published(OfferChanged)),
        Movement.objects.count(),
        list(Product.objects.order_by("id").values("version", "status")),
    )
    assert after == before
    assert exported(vendor_client(vendor), format_) == content


@pytest.mark.parametrize("format_", FORMATS)
def test_an_export_makes_the_same_products_for_somebody_else(format_: str, media: Path) -> None:
    vendor, twin, admin = make_some(), make_vendor("Twin"), client_as("admin")
    content = exported(admin, format_, vendor_id=str(vendor.id))

    result = imported(admin, content, format_, vendor_id=str(twin.id))
    assert remote_images.fetch_images() == 2

    assert (result.status, result.created, result.errors) == ("succeeded", 5, [])
    again = exported(admin, format_, vendor_id=str(twin.id))
    assert without_addresses(again, format_) == without_addresses(content, format_)
    assert pixels(vendor, media) == pixels(twin, media)
    assert len(set(pixels(vendor, media))) == 2
    assert imported(admin, content, format_, vendor_id=str(twin.id)).unchanged == 5


def pixels(vendor: Vendor, media: Path) -> list[bytes]:
    return [
        (media / image.file).read_bytes() for image in Image.objects.filter(product__vendor=vendor).order_by("position")
    ]


def without_addresses(content: bytes, format_: str) -> list[Any]:
    """All that is told, but for the random names of pictures."""
    told = [draft.told for draft in read_file(content, format_, "EUR")]
    return [
        line and line.model_copy(update={"images": [(image.alt, image.primary) for image in line.images or []]})
        for line in told
    ]


@settings(max_examples=examples(8), deadline=None, suppress_health_check=list(HealthCheck))
@given(lines=st.lists(products(), min_size=1, max_size=3, unique_by=lambda line: line.handle))
def test_whatever_there_is_comes_back_from_either_format(lines: list[ProductLine]) -> None:
    make_category()
    first, second, third = (make_vendor(f"V {new_id()}") for _ in range(3))
    wanted = [tidied(line, i) for i, line in enumerate(lines)]
    content = "".join(json_lines.write(line) for line in wanted).encode()
    admin = client_as("admin")

    made = imported(admin, content, "jsonl", vendor_id=str(first.id))
    assert (made.created, made.errors) == (len(lines), [])
    sheet = exported(admin, "shopify-csv", vendor_id=str(first.id), currency="ETB")
    imported(admin, sheet, "shopify-csv", vendor_id=str(second.id))
    written = exported(admin, "jsonl", vendor_id=str(second.id))
    imported(admin, written, "jsonl", vendor_id=str(third.id))

    assert [draft.told for draft in read_file(written, "jsonl", "USD")] == [
        line.model_copy(update={"images": []}) for line in wanted
    ]
    assert exported(admin, "jsonl", vendor_id=str(third.id)) == written
    assert exported(admin, "shopify-csv", vendor_id=str(third.id), currency="ETB") == sheet


def tidied(line: ProductLine, i: int) -> ProductLine:
    """Within what one catalogue can hold: SKUs once a vendor, brands once a name."""
    variants = [one.model_copy(update={"sku": f"{i}-{one.sku}"}) for one in line.variants]
    brand = line.brand and f"{line.brand[:100]} {new_id()}"
    return line.model_copy(update={"variants": variants, "images": None, "brand": brand})


def test_an_admins_export_of_everything_says_whose_each_product_is() -> None:
    vendor, other = make_some(), make_vendor("Other")
    make_product("Foreign", vendor=other, handle="shirt")

    for format_ in FORMATS:
        content = exported(client_as("admin"), format_)
        told = [draft.told for draft in read_file(content, format_, "EUR")]
        assert len(told) == 6
        assert {line.vendor for line in told if line} == {str(vendor.id), str(other.id)}
        assert imported(client_as("admin"), content, format_).unchanged == 6


def test_an_export_says_how_far_it_is_and_has_a_file_when_it_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "PART", 2)
    for i in range(5):
        make_product(f"Pot {i}")
    client = vendor_client()
    export_id = ask_for(client)
    queued = body(client.get(f"{URL}/{export_id}"))
    early = client.get(f"{URL}/{export_id}/file")

    taken = exports._take()
    assert taken is not None
    exports._step(taken)
    running = body(client.get(f"{URL}/{export_id}"))
    run_exports()  # the lease is not over
    assert body(client.get(f"{URL}/{export_id}")) == running
    while exports._step(taken):
        pass
    done = body(client.get(f"{URL}/{export_id}"))

    assert (queued["status"], queued["done"], queued["file"]) == ("queued", 0, None)
    assert (early.status_code, body(early)["code"]) == (409, "export_not_ready")
    assert (running["status"], running["total"], running["done"], running["file"]) == ("running", 5, 2, None)
    assert (done["status"], done["total"], done["done"]) == ("succeeded", 5, 5)
    assert done["file"].endswith(f"{URL}/{export_id}/file")
    assert len(fetch(client, export_id).splitlines()) == 5


def test_a_worker_that_dies_with_an_export_is_followed_by_one_that_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "PART", 2)
    for i in range(5):
        make_product(f"Pot {i}")
    client = vendor_client()
    export_id = ask_for(client)
    dead = exports._take()
    assert dead is not None
    exports._step(dead)  # and is killed here

    Export.objects.update(due_at=timezone.now())
    run_exports()
    late = exports._step(dead)  # it was only slow

    assert late is False
    names = [json.loads(line)["name"] for line in fetch(client, export_id).splitlines()]
    assert names == [f"Pot {i}" for i in range(5)]


def test_exports_of_others_are_absent() -> None:
    make_product()
    export_id = ask_for(vendor_client())
    run_exports()
    stranger, admin = vendor_client(make_vendor("Other")), client_as("admin")
    of_all = ask_for(admin)
    run_exports()

    for path in (f"{URL}/{export_id}", f"{URL}/{export_id}/file", f"{URL}/{of_all}", f"{URL}/{of_all}/file"):
        assert stranger.get(path).status_code == 404
        assert admin.get(path).status_code == 200
        assert client_as("customer").get(path).status_code == 403
        assert client_as().get(path).status_code == 401
    assert body(stranger.get(URL))["results"] == []
    assert [row["id"] for row in body(admin.get(URL))["results"]] == [of_all, export_id]


@pytest.mark.parametrize(
    "wrong", [{}, {"format": "xml"}, {"format": "jsonl", "currency": "XXX"}, {"format": "jsonl", "vendor_id": "x"},
              {"format": "jsonl", "vendor_id": str(UUID(int=7))}, {"format": "jsonl", "colour": "red"}]
)  # fmt: skip
def test_strange_exports_are_refused(wrong: dict[str, Any]) -> None:
    refused = vendor_client().post(URL, wrong)

    assert refused.status_code == 400
    assert len(body(refused)["errors"]) == 1
    assert not Export.objects.exists()


def test_only_so_many_exports_wait_at_a_time() -> None:
    client = vendor_client()
    for _ in range(exports.AT_ONCE):
        ask_for(client)

    refused = client.post(URL, {"format": "jsonl"})
    ask_for(vendor_client(make_vendor("Other")))
    run_exports()

    assert (refused.status_code, body(refused)["code"]) == (409, "too_many_exports")
    ask_for(client)


def test_a_repeated_request_with_a_key_is_one_export() -> None:
    client = vendor_client()
    first, second = (client.post(URL, {"format": "jsonl"}, headers={"Idempotency-Key": "k"}) for _ in range(2))

    assert first.content == second.content
    assert Export.objects.count() == 1


def test_a_file_has_its_type_and_name_whatever_is_accepted() -> None:
    make_product()
    client = vendor_client()
    export_id = ask_for(client, "shopify-csv")
    run_exports()

    answer = client.get(f"{URL}/{export_id}/file", headers={"Accept": "text/csv"})

    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert re.fullmatch(r'attachment; filename="products-\d{8}-\d{4}\.csv"', answer["Content-Disposition"])
    assert answer["Cache-Control"] == "private, no-store"


def test_an_export_of_nothing_is_an_empty_file() -> None:
    assert exported(vendor_client(), "jsonl") == b""
    assert exported(vendor_client(), "shopify-csv").count(b"\r\n") == 1


def test_old_exports_go_with_their_files(settings: Any) -> None:
    make_product()
    client = vendor_client()
    old, fresh = ask_for(client), ask_for(client)
    run_exports()
    Export.objects.filter(id=old).update(created_at=timezone.now() - timedelta(hours=settings.EXPORT_KEEP_HOURS + 1))

    assert exports.forget_old_exports() == 1
    assert set(ExportPart.objects.values_list("export_id", flat=True)) == {UUID(fresh)}


def test_what_an_admin_takes_out_is_audited() -> None:
    ask_for(client_as("admin"))
    ask_for(vendor_client())

    assert audited() == [("catalog.export.create", "export")]


def test_a_part_of_an_export_takes_few_statements(django_assert_max_num_queries: Any) -> None:
    for i in range(30):
        make_product(f"Pot {i}")
    ask_for(vendor_client())
    taken = exports._take()
    assert taken is not None

    with django_assert_max_num_queries(8):
        exports._step(taken)
