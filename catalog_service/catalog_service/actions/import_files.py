"""Read files of products: Shopify's CSV, where several rows make a product, and JSON Lines, one product a line."""

from itertools import islice

from catalog_service.actions import json_lines, shopify
from catalog_service.actions.product_lines import Draft, Remark, Unreadable

MAX_PRODUCTS = 20_000


def read_file(content: bytes, format_: str, currency: str) -> list[Draft]:
    """Every product of the file in order. Raises Unreadable."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Unreadable(Remark(line, "file", "This is not UTF-8 text.")) from None
    found = shopify.read(text, currency, MAX_PRODUCTS) if format_ == "shopify-csv" else json_lines.read(text)
    drafts = list(islice(found, MAX_PRODUCTS + 1))
    if not drafts:
        raise Unreadable(Remark(1, "file", "There are no products in it."))
    if len(drafts) > MAX_PRODUCTS:
        raise Unreadable(Remark(drafts[-1].line, "file", f"At most {MAX_PRODUCTS} products a file."))
    _refuse_doubles(drafts)
    return drafts


def _refuse_doubles(drafts: list[Draft]) -> None:
    """Or each would undo the other, every time the file is read."""
    first: dict[tuple[str | None, str], int] = {}
    for draft in drafts:
        if draft.product is None or draft.told is None:
            continue
        line = first.setdefault((draft.told.vendor, draft.product.handle), draft.line)
        if line != draft.line:
            draft.errors.append(Remark(draft.line, "handle", f"Given twice; the first is in line {line}."))
            draft.product = draft.told = None
