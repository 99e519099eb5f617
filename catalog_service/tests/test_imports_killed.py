"""Workers that are really killed, in the middle of imports and exports: nothing is lost, nothing is done twice."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from catalog_service.actions import exports
from catalog_service.models import Export, Import, Movement, Product, StockItem, Variant
from shared.models import OutboxMessage
from shared.testing import body, client_as, clock_process, wait_until
from tests.factories import make_product, make_vendor

pytestmark = pytest.mark.django_db(transaction=True)
SERVICE = Path(__file__).parent.parent
PRODUCTS = 60


def lines() -> bytes:
    price = {"amount": "5.00", "currency": "USD"}
    return "\n".join(
        json.dumps(
            {"handle": f"pot-{i}", "name": f"Pot {i}", "variants": [{"sku": f"P-{i}", "price": price, "stock": 3}]}
        )
        for i in range(PRODUCTS)
    ).encode()


def killed_again_and_again(rows: Any, times: int) -> None:
    """Start a worker, let it do some more, kill it; then let one finish."""
    for _ in range(times):
        seen = rows.get().done
        with clock_process():
            wait_until(lambda seen=seen: rows.get().done > seen)  # type: ignore[misc]
        assert rows.get().status == "running"
    with clock_process():
        wait_until(lambda: rows.get().status != "running")


def test_an_import_survives_kills_and_does_nothing_twice() -> None:
    client = client_as("vendor", vendor_id=make_vendor().id)
    form = {"file": SimpleUploadedFile("a.jsonl", lines()), "format": "jsonl"}
    import_id = body(client.post("/api/v1/imports", form, format="multipart"))["id"]

    killed_again_and_again(Import.objects.filter(id=import_id), 2)

    batch = Import.objects.get(id=import_id)
    assert (batch.status, batch.done, batch.created, batch.errors) == ("succeeded", PRODUCTS, PRODUCTS, [])
    assert batch.attempts >= 3
    assert Counter(Product.objects.values_list("handle", flat=True)) == {f"pot-{i}": 1 for i in range(PRODUCTS)}
    assert Variant.objects.count() == Movement.objects.count() == PRODUCTS
    assert set(StockItem.objects.values_list("on_hand", flat=True)) == {3}
    told = Counter(OutboxMessage.objects.filter(type="catalog.offer_changed.v1").values_list("subject", flat=True))
    assert set(told.values()) == {1}
    assert len(told) == PRODUCTS


def test_an_export_survives_kills_and_writes_nothing_twice(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.JOB_LEASE_SECONDS = 1
    for i in range(5):
        make_product(f"Pot {i}")
    client = client_as("vendor", vendor_id=make_vendor().id)
    export_id = body(client.post("/api/v1/exports", {"format": "jsonl"}))["id"]
    monkeypatch.setattr(exports, "PART", 2)
    taken = exports._take()
    assert taken is not None
    exports._step(taken)  # and this one never comes back

    with clock_process():
        wait_until(lambda: Export.objects.get().status == "succeeded")

    file = b"".join(client.get(f"/api/v1/exports/{export_id}/file").streaming_content)
    assert [json.loads(line)["name"] for line in file.splitlines()] == [f"Pot {i}" for i in range(5)]
