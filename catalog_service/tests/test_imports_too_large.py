"""Files made to be expensive: what no import may have is not even read."""

import pytest

from catalog_service.actions import import_files, shopify
from tests.test_imports import run

pytestmark = pytest.mark.django_db
COLUMNS = "Handle,Title,Variant SKU,Variant Price\n"


@pytest.mark.parametrize(
    ("content", "format_", "line", "message"),
    [
        (COLUMNS + "".join(f"h{i},T,s{i},1\n" for i in range(9)), "shopify-csv", 7, "At most 5 products a file."),
        ("x\n" * 9, "jsonl", 6, "At most 5 products a file."),
        (COLUMNS + "h,T,s,1\n" * 30, "shopify-csv", 22, "At most 20 rows a product."),
    ],
)
def test_no_more_of_a_file_is_read_than_an_import_may_have(
    content: str, format_: str, line: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_files, "MAX_PRODUCTS", 5)
    monkeypatch.setattr(shopify, "MAX_ROWS", 20)

    result = run(content, format_=format_)

    assert (result["status"], result["total"]) == ("failed", 0)
    assert [(error["line"], error["message"]) for error in result["errors"]] == [(line, message)]


def test_a_line_longer_than_any_product_is_not_read() -> None:
    keys = ",".join(f'"k{i}": 1' for i in range(100_000))

    result = run(f"{{{keys}}}\n", format_="jsonl")

    assert result["failed"] == 1
    assert [error["message"] for error in result["errors"]] == ["At most 1000000 characters a line."]
