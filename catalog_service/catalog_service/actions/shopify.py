"""Shopify's product CSV: several rows make a product, one for each variant and image, told together by their Handle.

What Shopify has no column for stands in columns as it names metafields, so that our own files come back as they went
out. Shopify keeps those it knows, and leaves out the others.
"""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from html import escape, unescape
from itertools import zip_longest
from typing import Any, NamedTuple

from django.core.exceptions import SuspiciousOperation
from django.utils.html import strip_tags
from django.utils.text import slugify

from catalog_service.actions.product_lines import (
    Draft,
    ImageLine,
    Places,
    ProductLine,
    Remark,
    Unreadable,
    VariantLine,
    fill,
)

NEEDED_COLUMNS = ("Handle", "Title", "Variant Price")
MAX_ROWS = 1_000
"""Of a product: far more than its variants and pictures can be."""
NAMES = {
    "name": "Title",
    "description": "Body (HTML)",
    "brand": "Vendor",
    "tags": "Tags",
    "handle": "Handle",
    "sku": "Variant SKU",
    "prices": "Variant Price",
    "price": "Variant Price",
    "compare_at_price": "Variant Compare At Price",
    "sale": "Sale (variant.metafields.nexus.sale)",
    "stock": "Variant Inventory Qty",
    "weight_grams": "Variant Grams",
    "barcode": "Variant Barcode",
    "options": "Option1 Value",
    "seo_title": "SEO Title",
    "seo_description": "SEO Description",
    "url": "Image Src",
    "alt": "Image Alt Text",
}
"""Our field → Shopify's column, for errors in the words of the file."""
OURS = {
    "vendor": "Marketplace vendor (product.metafields.nexus.vendor)",
    "category": "Category (product.metafields.nexus.category)",
    "specifications": "Specifications (product.metafields.nexus.specifications)",
    "status": "Exact status (product.metafields.nexus.status)",
    "featured": "Featured (product.metafields.nexus.featured)",
    "primary": "Primary image (product.metafields.nexus.primary_image)",
    "currency": "Currency (variant.metafields.nexus.currency)",
    "sale": "Sale (variant.metafields.nexus.sale)",
    "prices": "Other prices (variant.metafields.nexus.prices)",
    "options": "All options (variant.metafields.nexus.options)",
}
"""Our field → its column of ours."""
HEADER = [
    "Handle", "Title", "Body (HTML)", "Vendor", "Type", "Tags", "Published", "Option1 Name", "Option1 Value",
    "Option2 Name", "Option2 Value", "Option3 Name", "Option3 Value", "Variant SKU", "Variant Grams",
    "Variant Inventory Tracker", "Variant Inventory Qty", "Variant Inventory Policy", "Variant Fulfillment Service",
    "Variant Price", "Variant Compare At Price", "Variant Requires Shipping", "Variant Taxable", "Variant Barcode",
    "Image Src", "Image Position", "Image Alt Text", "Gift Card", "SEO Title", "SEO Description", "Variant Weight Unit",
    "Status", *OURS.values(),
]  # fmt: skip
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


class Row(NamedTuple):
    line: int
    cells: dict[str, str]

    def get(self, column: str) -> str:
        return _unguarded((self.cells.get(column) or "").strip())


def _guarded(text: str) -> str:
    """Spreadsheets would compute a cell that begins like a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def _unguarded(text: str) -> str:
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


# ── Read ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def read(text: str, currency: str, most: int) -> Iterator[Draft]:
    """`currency` is that of prices, where the file does not say. Of more than `most` products, only one more is read.
    Raises Unreadable.
    """
    products: dict[tuple[str, str], list[Row]] = {}
    for row in _rows(text):
        key = (row.get("Handle") or f"\x00{row.line}", row.get(OURS["vendor"]))
        rows = products.setdefault(key, [])
        rows.append(row)
        if len(rows) > MAX_ROWS:
            raise Unreadable(Remark(row.line, "Handle", f"At most {MAX_ROWS} rows a product."))
        if len(products) > most:
            break
    for (handle, _vendor), rows in products.items():
        yield _from_rows("" if handle.startswith("\x00") else handle, rows, currency)


def _rows(text: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        header = [name.strip() for name in next(reader, [])]
        if missing := [name for name in NEEDED_COLUMNS if name not in header]:
            raise Unreadable(Remark(1, missing[0], f"The file has no column {', '.join(missing)}."))
        line = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield Row(line, dict(zip(header, cells, strict=False)))
            line = reader.line_num + 1
    except csv.Error as error:
        raise Unreadable(Remark(reader.line_num, "file", f"This is not CSV: {error}.")) from None


def _from_rows(handle: str, rows: list[Row], currency: str) -> Draft:
    first = rows[0]
    draft = Draft(first.line, kind=first.get("Type"))
    if not handle:
        draft.errors.append(Remark(first.line, "Handle", "This field is required."))
        return draft
    named = [row for row in rows if row.get("Variant Price") or row.get("Option1 Value") or row.get("Variant SKU")]
    by_url = {row.get("Image Src"): row for row in reversed(rows) if row.get("Image Src")}
    shown = sorted(by_url.values(), key=_image_position)
    data = {
        "handle": handle,
        "vendor": first.get(OURS["vendor"]) or None,
        "name": first.get("Title"),
        "category": first.get(OURS["category"]) or None,
        "brand": first.get("Vendor") or None,
        "description": _without_tags(draft, first),
        "specifications": _parsed(first, "specifications") or {},
        "tags": _tags(first.get("Tags")),
        "featured": first.get(OURS["featured"]) or None,
        "seo_title": first.get("SEO Title") or None,
        "seo_description": first.get("SEO Description") or None,
        "status": _status(first),
        "variants": [_variant(draft, row, first, handle, currency) for row in named] or [{}],
        "images": [_image(row, first) for row in shown] or None,
    }
    lines = [row.line for row in named] or [first.line]
    fill(draft, data, Places(lines, [row.line for row in shown], NAMES))
    return draft


def _without_tags(draft: Draft, row: Row) -> str:
    try:
        return unescape(strip_tags(row.get("Body (HTML)"))).strip()
    except SuspiciousOperation:
        draft.errors.append(Remark(row.line, "Body (HTML)", "Tags that are opened again and again, and never closed."))
        return ""


def _status(row: Row) -> str | None:
    """None: on sale as soon as may be."""
    if row.get(OURS["status"]):
        return row.get(OURS["status"])
    if row.get("Status").lower() == "archived":
        return "archived"
    return "draft" if row.get("Published").lower() == "false" or row.get("Status").lower() == "draft" else None


def _tags(cell: str) -> list[str]:
    """Separated by commas; one with a comma in it is in quotes, as it would be in a CSV of its own."""
    reader = csv.reader(io.StringIO(cell, newline=""), skipinitialspace=True)
    return [tag.strip() for tags in reader for tag in tags if tag.strip()]


def _parsed(row: Row, field: str) -> Any:
    """What stands as JSON in a column of ours; what is none stays text, and is refused as such."""
    cell = row.get(OURS[field])
    try:
        return json.loads(cell) if cell else None
    except (ValueError, RecursionError):
        return cell


def _image_position(row: Row) -> tuple[int, int]:
    position = _whole(row.get("Image Position"))
    return position if isinstance(position, int) else 0, row.line


def _image(row: Row, first: Row) -> dict[str, Any]:
    primary = first.get(OURS["primary"]) == row.get("Image Src")
    return {"url": row.get("Image Src"), "alt": row.get("Image Alt Text"), "primary": primary}


def _variant(draft: Draft, row: Row, first: Row, handle: str, currency: str) -> dict[str, Any]:
    options = _parsed(row, "options")
    if options is None:
        options = _options(first, row)
    price, compare_at = row.get("Variant Price"), row.get("Variant Compare At Price")
    currency = row.get(OURS["currency"]) or currency
    data: dict[str, Any] = {
        "sku": row.get("Variant SKU") or _derived_sku(handle, options),
        "options": options,
        "barcode": row.get("Variant Barcode").removeprefix("'"),
        "weight_grams": _whole(row.get("Variant Grams")),
        "prices": _parsed(row, "prices") or [],
    }
    if price:
        own = {"amount": price, "currency": currency, "sale": _parsed(row, "sale")}
        own["compare_at"] = compare_at if _is_above(draft, row, compare_at, price) else None
        data["prices"] = [own, *data["prices"]] if isinstance(data["prices"], list) else data["prices"]
    if row.get("Variant Inventory Qty"):
        data["stock"] = _not_below_zero(draft, row)
    return data


def _options(first: Row, row: Row) -> dict[str, str]:
    names = [(first.get(f"Option{i} Name"), row.get(f"Option{i} Value")) for i in (1, 2, 3)]
    options = {name: value for name, value in names if name and value}
    return {} if options == {"Title": "Default Title"} else options


def _derived_sku(handle: str, options: Any) -> str:
    """Always the same for the same variant. Long ones end in a digest, so that cutting makes no two alike."""
    values = [str(value) for value in options.values()] if isinstance(options, dict) else []
    whole = slugify("-".join([handle, *values])).upper()
    if len(whole) <= 64 and whole:
        return whole
    digest = hashlib.sha256("\n".join([handle, *values]).encode(errors="replace")).hexdigest()[:10].upper()
    return f"{whole[:50].rstrip('-')}-{digest}".lstrip("-")


def _whole(text: str) -> int | str:
    """A number as Shopify writes it (`"120.0"`); what is none stays text, and is refused as such."""
    try:
        number = Decimal(text or "0")
        # Before it becomes an integer: "1e999999999" would be one of a billion digits, and a worker's end.
        return int(number) if abs(number) < 10**18 else text
    except (ArithmeticError, ValueError):
        return text


def _is_above(draft: Draft, row: Row, compare_at: str, price: str) -> bool:
    if not compare_at:
        return False
    try:
        above = Decimal(compare_at) > Decimal(price)
    except InvalidOperation:
        return True
    if not above:
        draft.notes.append(Remark(row.line, "Variant Compare At Price", "Not above the price, left out."))
    return above


def _not_below_zero(draft: Draft, row: Row) -> int | str:
    quantity = _whole(row.get("Variant Inventory Qty"))
    if isinstance(quantity, int) and quantity < 0:
        draft.notes.append(Remark(row.line, "Variant Inventory Qty", f"{quantity} is taken as 0."))
        return 0
    return quantity


# ── Write ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def header() -> str:
    return _csv([HEADER])


def write(product: ProductLine, currency: str) -> str:
    """The rows of one product. Prices in `currency` stand where Shopify looks for them."""
    handle = product.handle or ""
    names = _option_names(product.variants)
    rows: list[dict[str, str]] = []
    for i, (variant, image) in enumerate(zip_longest(product.variants, product.images or [])):
        row = {"Handle": handle, OURS["vendor"]: product.vendor or ""}
        row |= _product_cells(product, names) if i == 0 else {}
        row |= _variant_cells(variant, names, currency) if variant else {}
        row |= _image_cells(image, i) if image else {}
        rows.append(row)
    return _csv([[_guarded(row.get(column, "")) for column in HEADER] for row in rows])


def _csv(rows: Iterable[list[str]]) -> str:
    target = io.StringIO(newline="")
    csv.writer(target, lineterminator="\r\n").writerows(rows)
    return target.getvalue()


def _option_names(variants: list[VariantLine]) -> list[str]:
    """Up to three names for all variants, as Shopify has it; options that do not fit go into our own column."""
    names: list[str] = []
    for variant in variants:
        names += [name for name in variant.options if name not in names]
    return names[:3] or ["Title"]


def _product_cells(product: ProductLine, names: list[str]) -> dict[str, str]:
    primary = [image.url for image in product.images or [] if image.primary]
    return {
        "Title": product.name,
        "Body (HTML)": escape(product.description),
        "Vendor": product.brand or "",
        "Tags": _tags_cell(product.tags),
        "Published": "true" if product.status == "active" else "false",
        "Status": product.status if product.status in ("active", "archived") else "draft",
        "Gift Card": "false",
        "SEO Title": product.seo_title or "",
        "SEO Description": product.seo_description or "",
        **{f"Option{i} Name": name for i, name in enumerate(names, start=1)},
        OURS["category"]: product.category or "",
        OURS["specifications"]: _json(product.specifications) if product.specifications else "",
        OURS["status"]: product.status or "",
        OURS["featured"]: "true" if product.featured else "false" if product.featured is not None else "",
        OURS["primary"]: primary[0] if primary else "",
    }


def _tags_cell(tags: list[str]) -> str:
    """A tag that begins with a quote is quoted, too: unquoted it would be read as the beginning of a quoted one."""
    quoted = ['"' + tag.replace('"', '""') + '"' if re.search(r'^"|[,\r\n]', tag) else tag for tag in tags]
    return ", ".join(quoted)


def _variant_cells(variant: VariantLine, names: list[str], currency: str) -> dict[str, str]:
    own = next((price for price in variant.prices if price.currency == currency), None)
    others = [price.model_dump(mode="json", exclude_none=True) for price in variant.prices if price is not own]
    cells = {
        "Variant SKU": variant.sku,
        "Variant Grams": str(variant.weight_grams),
        "Variant Inventory Tracker": "shopify",
        "Variant Inventory Qty": "" if variant.stock is None else str(variant.stock),
        "Variant Inventory Policy": "deny",
        "Variant Fulfillment Service": "manual",
        "Variant Price": own.amount if own else "",
        "Variant Compare At Price": (own.compare_at or "") if own else "",
        "Variant Requires Shipping": "true",
        "Variant Taxable": "true",
        "Variant Barcode": f"'{variant.barcode}" if variant.barcode.startswith("'") else variant.barcode,
        "Variant Weight Unit": "g",
        OURS["currency"]: currency,
        OURS["sale"]: _json(own.sale.model_dump(mode="json", exclude_none=True)) if own and own.sale else "",
        OURS["prices"]: _json(others) if others else "",
    }
    return cells | _option_cells(variant, names)


def _option_cells(variant: VariantLine, names: list[str]) -> dict[str, str]:
    cells = {f"Option{i} Value": variant.options.get(name, "") for i, name in enumerate(names, start=1)}
    if not variant.options and names == ["Title"]:
        cells["Option1 Value"] = "Default Title"
    named = {f"Option{i} Name": name for i, name in enumerate(names, start=1)}
    written = Row(0, {name: _guarded(cell) for name, cell in (cells | named).items()})
    return (
        cells if _options(written, written) == variant.options else {**cells, OURS["options"]: _json(variant.options)}
    )


def _image_cells(image: ImageLine, i: int) -> dict[str, str]:
    return {"Image Src": image.url, "Image Position": str(i + 1), "Image Alt Text": image.alt}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
