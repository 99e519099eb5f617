"""What is written into a file is what is read from it again, in both formats."""

import csv
import io
import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog_service.actions import json_lines, shopify
from catalog_service.actions.import_files import read_file
from catalog_service.actions.product_lines import PriceLine, ProductLine, VariantLine
from shared.testing import examples
from tests.lines import products

many = settings(max_examples=examples(20), deadline=None, suppress_health_check=[HealthCheck.too_slow])


def unpriced(line: ProductLine) -> ProductLine:
    """Shopify's one price, and the position that rows have anyway, in the form that exports have."""
    variants = []
    for variant in line.variants:
        found = {price.currency: price for price in variant.prices}
        if variant.price:
            compared = variant.compare_at_price
            own = PriceLine(**variant.price.model_dump(), compare_at=compared.amount if compared else None)
            found[own.currency] = own
        plain = {"price": None, "compare_at_price": None, "position": None}
        variants.append(variant.model_copy(update={**plain, "prices": [found[name] for name in sorted(found)]}))
    return line.model_copy(update={"variants": variants})


@many
@given(st.lists(products(), min_size=1, max_size=3, unique_by=lambda line: line.handle))
def test_json_lines_come_back_as_they_went(lines: list[ProductLine]) -> None:
    written = "".join(json_lines.write(line) for line in lines)

    drafts = read_file(written.encode(), "jsonl", "USD")

    assert [draft.errors for draft in drafts] == [[]] * len(lines)
    assert [draft.told for draft in drafts] == lines


@many
@given(
    st.lists(products(), min_size=1, max_size=3, unique_by=lambda line: line.handle), st.sampled_from(["USD", "JPY"])
)
def test_shopifys_csv_comes_back_as_it_went(lines: list[ProductLine], currency: str) -> None:
    written = shopify.header() + "".join(shopify.write(line, currency) for line in lines)

    drafts = read_file(written.encode(), "shopify-csv", "EUR")

    assert [draft.errors for draft in drafts] == [[]] * len(lines)
    assert [unpriced(draft.told) for draft in drafts if draft.told] == [unpriced(line) for line in lines]


@many
@given(products())
def test_no_cell_of_a_csv_is_a_formula(line: ProductLine) -> None:
    written = shopify.header() + shopify.write(line, "USD")

    cells = [cell for row in csv.reader(io.StringIO(written, newline="")) for cell in row]

    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_three_options_stand_where_shopify_has_them() -> None:
    variant = VariantLine(
        sku="S", prices=[PriceLine(amount="5.00", currency="USD")], options={"Size": "S", "Cut": "Slim"}
    )
    line = ProductLine(
        handle="shirt", name="Shirt", category="c", variants=[variant], status="active", tags=["a", "b, c"]
    )

    [row] = csv.DictReader(io.StringIO(shopify.header() + shopify.write(line, "USD"), newline=""))

    shown = ("Option1 Name", "Option1 Value", "Option2 Name", "Option2 Value", "Variant Price", "Status", "Tags")
    assert [row[name] for name in shown] == ["Size", "S", "Cut", "Slim", "5.00", "active", 'a, "b, c"']
    assert row[shopify.OURS["options"]] == ""


def test_what_cannot_be_seen_does_not_come_in() -> None:
    variants = [{"sku": "S", "price": {"amount": "5.00", "currency": "USD"}}]
    told = {
        "handle": "h",
        "name": "Soft\u00adware\u202e\nbox",
        "description": "One\u200b\n\ttwo\x07",
        "variants": variants,
    }

    [draft] = read_file(json.dumps(told).encode(), "jsonl", "USD")

    assert draft.told
    assert (draft.told.name, draft.told.description) == ("Software box", "One\n\ttwo")
