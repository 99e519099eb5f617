"""A product in a file: what is written by an export and read by an import, whatever the format.

A product that cannot be read becomes a draft that only has errors, so that the rest of the file goes on.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NamedTuple

from django.utils.text import slugify
from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from catalog_service.actions.products import ProductInput
from catalog_service.actions.variants import PriceInput, VariantInput
from catalog_service.models.products import SKU_PATTERN, unstorable
from shared.money import Money, MoneyError
from shared.text import is_odd


class Remark(NamedTuple):
    line: int
    field: str
    message: str


class Unreadable(Exception):
    """Nothing can be made of the file at all."""

    def __init__(self, remark: Remark) -> None:
        super().__init__(remark.message)
        self.remark = remark


def _plain(text: str) -> str:
    if "\x00" in text:
        raise ValueError("null characters are not allowed")
    return text


def _storable(specifications: dict[str, Any]) -> dict[str, Any]:
    problem = unstorable(specifications)
    if problem:
        raise ValueError(problem)
    return specifications


def _once(images: list["ImageLine"]) -> list["ImageLine"]:
    if len({image.url for image in images}) < len(images):
        raise ValueError("an image is given twice")
    return images


def _readable(text: str) -> str:
    """Without what `POST products` refuses: files have soft hyphens and the like that nobody knows of."""
    return "".join(character for character in text if character in "\n\r\t" or not is_odd(character)).strip()


def _one_line(text: str) -> str:
    return "".join(character for character in _readable(" ".join(text.split("\n"))) if not is_odd(character)).strip()


Text = Annotated[str, AfterValidator(_plain)]
Line = Annotated[str, AfterValidator(_plain), AfterValidator(_one_line)]
Key = Annotated[str, StringConstraints(strip_whitespace=False), AfterValidator(_plain)]
"""The name of an option or a specification is what it is, spaces and all."""
Amount = Annotated[str, Field(max_length=24)]


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class MoneyLine(_Line):
    amount: Amount
    currency: str


class SaleLine(_Line):
    """What is asked instead for a time; null: from always, for good."""

    amount: Amount
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None


class PriceLine(MoneyLine):
    """`compare_at` is what the price is compared with, in the same currency, as is that of the sale."""

    compare_at: Amount | None = None
    sale: SaleLine | None = None


class VariantLine(_Line):
    """`stock` is what is on hand. What is None is not named: it stays as it is."""

    sku: Annotated[str, Field(pattern=SKU_PATTERN)]
    price: MoneyLine | None = None
    compare_at_price: MoneyLine | None = None
    prices: Annotated[list[PriceLine], Field(max_length=40)] = []
    stock: Annotated[int, Field(ge=0, le=10_000_000)] | None = None
    options: Annotated[dict[Key, Annotated[Text, Field(max_length=100)]], Field(max_length=10)] = {}
    barcode: Annotated[Text, Field(max_length=32)] = ""
    weight_grams: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    position: Annotated[int, Field(ge=0, le=1_000_000)] | None = None


class ImageLine(_Line):
    url: Annotated[Text, Field(min_length=1, max_length=2_000)]
    alt: Annotated[Text, Field(max_length=300)] = ""
    primary: bool = False


class ProductLine(_Line):
    """The body of `POST products`, plus `handle`, which finds the product again next time, `images` by their addresses,
    and for admins `vendor` by slug or id.
    """

    handle: Annotated[Text, Field(min_length=1, max_length=220)] | None = None
    vendor: Annotated[Text, Field(max_length=220)] | None = None
    name: Annotated[Line, Field(min_length=1, max_length=200)]
    category: Annotated[Text, Field(max_length=220)] | None = None
    brand: Annotated[Line, Field(max_length=200)] | None = None
    description: Annotated[Text, Field(max_length=20_000), AfterValidator(_readable)] = ""
    specifications: Annotated[dict[Key, Any], AfterValidator(_storable)] = {}
    tags: Annotated[list[Annotated[Line, Field(max_length=50)]], Field(max_length=30)] = []
    featured: bool | None = None
    seo_title: Annotated[Line, Field(max_length=200)] | None = None
    seo_description: Annotated[Line, Field(max_length=500)] | None = None
    status: Literal["draft", "in_review", "active", "inactive", "archived"] | None = None
    variants: Annotated[list[VariantLine], Field(min_length=1, max_length=100)]
    images: Annotated[list[ImageLine], Field(max_length=20), AfterValidator(_once)] | None = None


@dataclass(slots=True)
class Draft:
    """A product of the file. `kind` is Shopify's Type: a category's name, if one is called so. `images_at` are the
    lines that its images stand in.
    """

    line: int
    kind: str = ""
    told: ProductLine | None = None
    product: ProductInput | None = None
    images_at: list[int] = field(default_factory=list)
    errors: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)

    @property
    def stocked(self) -> frozenset[str]:
        """The SKUs whose stock is named."""
        return frozenset(one.sku for one in self.told.variants if one.stock is not None) if self.told else frozenset()


@dataclass(frozen=True, slots=True)
class Places:
    """Where the file says what: the line of each variant and image, and the column of each field."""

    variants: Sequence[int] = ()
    images: Sequence[int] = ()
    columns: Mapping[str, str] = field(default_factory=dict)


def fill(draft: Draft, data: Any, places: Places | None = None) -> None:
    """Check the product as a whole; either `product` is set, or `errors` says everything that is wrong."""
    places = places or Places()
    draft.images_at = list(places.images)
    try:
        line = ProductLine.model_validate(data)
    except ValidationError as error:
        for wrong in error.errors(include_url=False, include_context=False, include_input=False):
            draft.errors.append(_remark(draft, wrong["loc"], wrong["msg"], places))
        return
    variants = _variants(draft, line, places)
    skus = [variant.sku for variant in line.variants]
    if len(set(skus)) < len(skus):
        draft.errors.append(_remark(draft, ("sku",), "Each variant has a SKU of its own.", places))
    if not draft.errors:
        draft.told, draft.product = line, _product_input(line, variants, draft.kind)


def _variants(draft: Draft, line: ProductLine, places: Places) -> list[VariantInput]:
    variants = []
    for i, variant in enumerate(line.variants):
        try:
            variants.append(_variant_input(variant))
        except _Wrong as wrong:
            draft.errors.append(_remark(draft, ("variants", i, wrong.field), str(wrong), places))
    return variants


class _Wrong(Exception):
    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def _remark(draft: Draft, location: tuple[int | str, ...], message: str, places: Places) -> Remark:
    """A pydantic location as the file's own line and column."""
    parts, columns = [str(part) for part in location], places.columns
    if len(parts) > 2 and parts[0] in ("variants", "images") and columns:
        lines, at = (places.variants if parts[0] == "variants" else places.images), int(parts[1])
        return Remark(lines[at] if at < len(lines) else draft.line, columns.get(parts[2], parts[2]), message)
    name = columns.get(parts[0], ".".join(parts)) if parts else "line"
    return Remark(draft.line, name, message)


def _variant_input(line: VariantLine) -> VariantInput:
    prices = {price.currency: _price(price) for price in line.prices}
    if len(prices) < len(line.prices):
        raise _Wrong("prices", "One price a currency.")
    if line.price:
        compared = line.compare_at_price
        compare_at = _money(compared.amount, compared.currency, "compare_at_price") if compared else None
        price = PriceInput(_money(line.price.amount, line.price.currency, "price"), compare_at)
        prices[line.price.currency] = price
    if not prices:
        raise _Wrong("price", "This field is required.")
    for price in prices.values():
        _check_comparison(price)
    return VariantInput(
        sku=line.sku,
        prices=list(prices.values()),
        stock=line.stock or 0,
        options=line.options,
        barcode=line.barcode,
        weight_grams=line.weight_grams,
        position=line.position,
    )


def _price(line: PriceLine) -> PriceInput:
    compare_at = _money(line.compare_at, line.currency, "prices") if line.compare_at is not None else None
    price = PriceInput(_money(line.amount, line.currency, "prices"), compare_at)
    if line.sale:
        _check_sale(line.sale, price.money)
    return price


def _check_sale(sale: SaleLine, regular: Money) -> None:
    if _money(sale.amount, regular.currency, "sale").minor >= regular.minor:
        raise _Wrong("sale", "Must be below the price.")
    if sale.starts_at and sale.ends_at and sale.ends_at <= sale.starts_at:
        raise _Wrong("sale", "Must end after it starts.")


def _check_comparison(price: PriceInput) -> None:
    if price.compare_at and price.compare_at.currency != price.money.currency:
        raise _Wrong("compare_at_price", "Must be in the price's currency.")
    if price.compare_at and price.compare_at.minor <= price.money.minor:
        raise _Wrong("compare_at_price", "Must be above the price.")


def _money(amount: str, currency: str, field: str) -> Money:
    try:
        money = Money.parse(amount, currency)
    except MoneyError as error:
        raise _Wrong(field, str(error)) from None
    if money.minor <= 0:
        raise _Wrong(field, "Must be more than zero.")
    return money


def _product_input(line: ProductLine, variants: list[VariantInput], kind: str) -> ProductInput:
    canonical = json.dumps([line.model_dump(mode="json", exclude_defaults=True), kind], sort_keys=True)
    return ProductInput(
        name=line.name,
        category=line.category or "",
        brand=line.brand,
        description=line.description,
        specifications=line.specifications,
        tags=line.tags,
        featured=line.featured or False,
        seo_title=line.seo_title or "",
        seo_description=line.seo_description or "",
        status=line.status,
        variants=variants,
        handle=line.handle or slugify(line.name)[:220] or line.name,
        digest=hashlib.sha256(canonical.encode()).hexdigest(),
    )
