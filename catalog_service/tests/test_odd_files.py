"""Files of products that nobody means to write, thought up by Hypothesis: each import ends, and tells how."""

import json
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from test_imports import GOOD, HEADER, counts, run

from catalog_service.actions.import_files import read_file
from catalog_service.actions.product_lines import Unreadable
from catalog_service.models import Product, StockItem, Variant
from shared.testing import examples
from tests.factories import make_category, make_vendor

pytestmark = pytest.mark.django_db
cells = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(
    [
        "",
        "shirt",
        "mug",
        "Size",
        "SHIRT-M",
        "12.5",
        "-1",
        "1e9999",
        "NaN",
        "9" * 50,
        "true",
        '"',
        '""',
        "<p>",
        "=1+1",
        "\0",
    ]
)
lines = st.lists(cells, max_size=17).map(",".join)
tables = st.lists(lines, max_size=5).map(lambda rows: "\n".join([HEADER, *rows]).encode())
odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=()), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
price = st.fixed_dictionaries({"amount": st.just("5") | odd, "currency": st.just("USD") | odd})
variant = st.fixed_dictionaries(
    {"sku": st.just("POT") | odd, "price": price | odd}, optional={"stock": odd, "options": odd}
)
products = st.fixed_dictionaries(
    {"handle": st.just("pot") | odd, "name": st.just("Pot") | odd, "variants": st.lists(variant, max_size=2) | odd},
    optional=dict.fromkeys(("category", "tags", "images", "specifications", "status", "vendor", "brand"), odd),
)
json_lines = st.lists(products | odd, max_size=4).map(lambda rows: "\n".join(map(json.dumps, rows)).encode())
DEEP = b'{"handle": "pot", "x": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"


def cut(content: bytes, at: int, with_: bytes) -> bytes:
    at %= len(content)
    return content[:at] + with_ + content[at:]


spoilt = st.builds(cut, st.just(GOOD.encode()), st.integers(0, 10**6), st.binary(max_size=6))


@settings(max_examples=examples(200), deadline=None)
@given(content=tables | json_lines | spoilt | st.binary(max_size=60), format_=st.sampled_from(["shopify-csv", "jsonl"]))
@example(content=DEEP, format_="jsonl")
@example(content=b"[" * 100_000, format_="jsonl")
@example(content=b'"' * 10_001, format_="shopify-csv")
def test_an_odd_file_is_read_or_not(content: bytes, format_: str) -> None:
    try:
        drafts = read_file(content, format_, "USD")
    except Unreadable:
        return
    assert all(draft.product is not None or draft.errors for draft in drafts)


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=(tables | json_lines | spoilt).filter(bytes.strip), format_=st.sampled_from(["shopify-csv", "jsonl"]))
@example(content=DEEP, format_="jsonl")
@example(content=b'{"handle": "a\\u0000", "name": "\\ud800", "variants": []}', format_="jsonl")
@example(content=b'{"handle": "pot", "\\u0000": 1}', format_="jsonl")
def test_an_import_of_an_odd_file_ends_and_leaves_whole_products(settings: Any, content: bytes, format_: str) -> None:
    settings.FETCH_IMAGES = False
    with transaction.atomic():
        make_category("Clothing")
        vendor = make_vendor()

        told = run(content, format_=format_, vendor_id=vendor.id)

        status, total, done, created, updated, unchanged, failed = counts(told)
        assert status in {"succeeded", "failed"}, told
        assert total == done == created + updated + unchanged + failed
        assert Product.objects.filter(vendor=vendor).count() == created
        assert not Product.objects.filter(variants=None).exists()
        assert Variant.objects.count() == StockItem.objects.count()
        transaction.set_rollback(True)


def test_a_field_that_nobody_can_see_is_named_as_far_as_it_can_be_shown() -> None:
    long = "x" * 1_000
    unseen = f'{{"handle": "pot", "name": "Pot", "variants": [{{"sku": "P"}}], "\\u0000": 1, "\\u0000{long}": 2}}'

    told = run(unseen, format_="jsonl")

    fields = {error["field"] for error in told["errors"]}
    assert counts(told) == ("failed", 1, 1, 0, 0, 0, 1)
    assert {"\N{REPLACEMENT CHARACTER}", "\N{REPLACEMENT CHARACTER}" + "x" * 199} <= fields
