"""Read files of products: Shopify's CSV, where several rows make a product, and JSON Lines, one product a line.

A product that cannot be read becomes a draft that only has errors, so that the rest of the file goes on.
"""

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from html import unescape
from typing import Annotated, Any, Literal, NamedTuple

from django.utils.html import strip_tags
from django.utils.text import slugify
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from catalog_service.actions.products import ProductInput
from catalog_service.actions.variants import PriceInput, VariantInput
from catalog_service.models.products import SKU_PATTERN, unstorable
from shared.money import Money, MoneyError

MAX_PRODUCTS = 20_000
NEEDED_COLUMNS = ("Handle", "Title", "Variant Price")
COLUMNS = {
    "name": "Title",
    "description": "Body (HTML)",
    "brand": "Vendor",
    "tags": "Tags",
    "handle": "Handle",
    "sku": "Variant SKU",
    "price": "Variant Price",
    "compare_at_price": "Variant Compare At Price",
    "stock": "Variant Inventory Qty",
    "weight_grams": "Variant Grams",
    "barcode": "Variant Barcode",
    "options": "Option1 Value",
}
"""Our field → Shopify's column, for errors in the words of the file."""


class Remark(NamedTuple):
    line: int
    field: str
    message: str


class Unreadable(Exception):
    """Nothing can be made of the file at all."""

    def __init__(self, remark: Remark) -> None:
        super().__init__(remark.message)
        self.remark = remark


@dataclass(slots=True)
class Draft:
    """A product of the file. `kind` is Shopify's Type: a category's name, if one is called so."""

    line: int
    product: ProductInput | None = None
    stocked: frozenset[str] = frozenset()
    kind: str = ""
    errors: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)


def _plain(text: str) -> str:
    if "\x00" in text:
        raise ValueError("null characters are not allowed")
    return text


def _storable(specifications: dict[str, Any]) -> dict[str, Any]:
    problem = unstorable(specifications)
    if problem:
        raise ValueError(problem)
    return specifications


Text = Annotated[str, AfterValidator(_plain)]


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class MoneyLine(_Line):
    amount: Annotated[str, Field(max_length=24)]
    currency: str


class VariantLine(_Line):
    sku: Annotated[str, Field(pattern=SKU_PATTERN)]
    price: MoneyLine | None = None
    compare_at_price: MoneyLine | None = None
    prices: Annotated[list[MoneyLine], Field(max_length=40)] = []
    stock: Annotated[int, Field(ge=0, le=10_000_000)] | None = None
    options: Annotated[dict[Text, Annotated[Text, Field(max_length=100)]], Field(max_length=10)] = {}
    barcode: Annotated[Text, Field(max_length=32)] = ""
    weight_grams: Annotated[int, Field(ge=0, le=10_000_000)] = 0


class ProductLine(_Line):
    """A product in a JSON Lines file: the body of `POST products`, plus `handle`, which finds it again next time."""

    handle: Annotated[Text, Field(min_length=1, max_length=220)] | None = None
    name: Annotated[Text, Field(min_length=1, max_length=200)]
    category: Annotated[Text, Field(max_length=220)] | None = None
    brand: Annotated[Text, Field(max_length=200)] | None = None
    description: Annotated[Text, Field(max_length=20_000)] = ""
    specifications: Annotated[dict[str, Any], AfterValidator(_storable)] = {}
    tags: Annotated[list[Annotated[Text, Field(max_length=50)]], Field(max_length=30)] = []
    status: Literal["draft", "in_review", "active"] | None = None
    variants: Annotated[list[VariantLine], Field(min_length=1, max_length=100)]


def read_file(content: bytes, format_: str, currency: str) -> list[Draft]:
    """Every product of the file in order. Raises Unreadable."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise Unreadable(Remark(line, "file", "This is not UTF-8 text.")) from None
    drafts = list(_read_shopify(text, currency) if format_ == "shopify-csv" else _read_json_lines(text))
    if not drafts:
        raise Unreadable(Remark(1, "file", "There are no products in it."))
    if len(drafts) > MAX_PRODUCTS:
        raise Unreadable(Remark(1, "file", f"At most {MAX_PRODUCTS} products a file; it has {len(drafts)}."))
    return drafts


# ── JSON Lines ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _read_json_lines(text: str) -> Iterator[Draft]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield _from_json(line, number)


def _from_json(line: str, number: int) -> Draft:
    draft = Draft(number)
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        draft.errors.append(Remark(number, "line", "This is not JSON."))
        return draft
    _fill(draft, data, lines=[])
    return draft


# ── Shopify's CSV ────────────────────────────────────────────────────────────────────────────────────────────────────


class Row(NamedTuple):
    line: int
    cells: dict[str, str]

    def get(self, column: str) -> str:
        return (self.cells.get(column) or "").strip()


def _read_shopify(text: str, currency: str) -> Iterator[Draft]:
    products: dict[str, list[Row]] = {}
    for row in _rows(text):
        products.setdefault(row.get("Handle") or f"\x00{row.line}", []).append(row)
    for handle, rows in products.items():
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
    variants = [_variant(draft, row, first, handle, currency) for row in named]
    _note_images(draft, rows)
    data = {
        "handle": handle,
        "name": first.get("Title"),
        "brand": first.get("Vendor") or None,
        "description": unescape(strip_tags(first.get("Body (HTML)"))).strip(),
        "tags": [tag.strip() for tag in first.get("Tags").split(",") if tag.strip()],
        "status": "draft" if _is_hidden(first) else None,
        "variants": variants or [{}],
    }
    _fill(draft, data, lines=[row.line for row in named] or [first.line], columns=COLUMNS)
    return draft


def _is_hidden(row: Row) -> bool:
    return row.get("Published").lower() == "false" or row.get("Status").lower() in ("draft", "archived")


def _variant(draft: Draft, row: Row, first: Row, handle: str, currency: str) -> dict[str, Any]:
    options = {
        first.get(f"Option{i} Name"): row.get(f"Option{i} Value")
        for i in (1, 2, 3)
        if first.get(f"Option{i} Name") and row.get(f"Option{i} Value")
    }
    if options == {"Title": "Default Title"}:
        options = {}
    price, compare_at = row.get("Variant Price"), row.get("Variant Compare At Price")
    data: dict[str, Any] = {
        "sku": row.get("Variant SKU") or _derived_sku(handle, options),
        "options": options,
        "barcode": row.get("Variant Barcode").lstrip("'"),
        "weight_grams": _whole(row.get("Variant Grams")),
    }
    if price:
        data["price"] = {"amount": price, "currency": currency}
    if price and _is_above(draft, row, compare_at, price):
        data["compare_at_price"] = {"amount": compare_at, "currency": currency}
    if row.get("Variant Inventory Qty"):
        data["stock"] = _not_below_zero(draft, row)
    return data


def _derived_sku(handle: str, options: dict[str, str]) -> str:
    """Always the same for the same variant. Long ones end in a digest, so that cutting makes no two alike."""
    whole = slugify("-".join([handle, *options.values()])).upper()
    if len(whole) <= 64 and whole:
        return whole
    digest = hashlib.sha256("\n".join([handle, *options.values()]).encode(errors="replace")).hexdigest()[:10].upper()
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


def _note_images(draft: Draft, rows: list[Row]) -> None:
    for row in rows:
        if url := row.get("Image Src"):
            draft.notes.append(Remark(row.line, "Image Src", f"Skipped, images are not fetched: {url[:500]}"))


# ── Both ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _fill(draft: Draft, data: Any, *, lines: list[int], columns: dict[str, str] | None = None) -> None:
    """Check the product as a whole; either `product` is set, or `errors` says everything that is wrong."""
    try:
        line = ProductLine.model_validate(data)
    except ValidationError as error:
        for wrong in error.errors(include_url=False, include_context=False, include_input=False):
            draft.errors.append(_remark(draft, wrong["loc"], wrong["msg"], lines, columns or {}))
        return
    variants = []
    for i, variant in enumerate(line.variants):
        try:
            variants.append(_variant_input(variant))
        except _Wrong as wrong:
            draft.errors.append(_remark(draft, ("variants", i, wrong.field), str(wrong), lines, columns or {}))
    skus = [variant.sku for variant in line.variants]
    if len(set(skus)) < len(skus):
        draft.errors.append(_remark(draft, ("sku",), "Each variant has a SKU of its own.", lines, columns or {}))
    if not draft.errors:
        draft.product = _product_input(line, variants, draft.kind)
        draft.stocked = frozenset(variant.sku for variant in line.variants if variant.stock is not None)


class _Wrong(Exception):
    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def _remark(
    draft: Draft, location: tuple[int | str, ...], message: str, lines: list[int], columns: dict[str, str]
) -> Remark:
    """A pydantic location as the file's own line and column."""
    parts = [str(part) for part in location]
    if len(parts) > 2 and parts[0] == "variants" and columns:
        at = int(parts[1])
        return Remark(lines[at] if at < len(lines) else draft.line, columns.get(parts[2], parts[2]), message)
    name = columns.get(parts[0], ".".join(parts)) if parts else "line"
    return Remark(draft.line, name, message)


def _variant_input(line: VariantLine) -> VariantInput:
    prices = {}
    for money in line.prices:
        prices[money.currency] = PriceInput(_money(money, "prices"))
    if line.price:
        compare_at = _money(line.compare_at_price, "compare_at_price") if line.compare_at_price else None
        prices[line.price.currency] = PriceInput(_money(line.price, "price"), compare_at)
    if not prices:
        raise _Wrong("price", "This field is required.")
    for price in prices.values():
        if price.compare_at and price.compare_at.currency != price.money.currency:
            raise _Wrong("compare_at_price", "Must be in the price's currency.")
        if price.compare_at and price.compare_at.minor <= price.money.minor:
            raise _Wrong("compare_at_price", "Must be above the price.")
    return VariantInput(
        sku=line.sku,
        prices=list(prices.values()),
        stock=line.stock or 0,
        options=line.options,
        barcode=line.barcode,
        weight_grams=line.weight_grams,
    )


def _money(line: MoneyLine, field: str) -> Money:
    try:
        money = Money.parse(line.amount, line.currency)
    except MoneyError as error:
        raise _Wrong(field, str(error)) from None
    if money.minor <= 0:
        raise _Wrong(field, "Must be more than zero.")
    return money


def _product_input(line: ProductLine, variants: list[VariantInput], kind: str) -> ProductInput:
    handle = line.handle or slugify(line.name)[:220] or line.name
    canonical = json.dumps([line.model_dump(mode="json"), kind], sort_keys=True)
    return ProductInput(
        name=line.name,
        category=line.category or "",
        brand=line.brand,
        description=line.description,
        specifications=line.specifications,
        tags=line.tags,
        status=line.status,
        variants=variants,
        handle=handle,
        digest=hashlib.sha256(canonical.encode()).hexdigest(),
    )
