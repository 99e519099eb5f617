"""The list of what is on sale, and cards wherever they are shown."""

import re
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpResponse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from catalog_service.actions import searches
from catalog_service.api import kept
from catalog_service.api.lists import PUBLIC, PageQuery, page_body, read_query
from catalog_service.api.prices import CONVERTED, LOWEST, price_body
from catalog_service.api.taxonomy import BrandShape, PlaceShape, place
from catalog_service.api.translations import in_language
from catalog_service.models import Product, Wish
from catalog_service.models.card_prices import price_of
from catalog_service.models.images import media_url
from catalog_service.queries import cards, editions, facets
from catalog_service.queries.filters import Filters, by_slug
from shared.http import MoneyShape, Shape
from shared.money import EXPONENTS, Money

MAX_PRICE = 10**12
PRICED = {"min_price", "max_price", "on_sale"}
"""Filters for which prices in other currencies count."""
_COMMA = re.compile(r"(?<!\\),")


class Commas(serializers.CharField):
    r"""`a,b` → `["a", "b"]`; a comma within is `\,`."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        text = super().run_validation(data)
        parts = [part.replace("\\,", ",").strip() for part in _COMMA.split(text)]
        return [part for part in parts if part][:20]


class Attributes(Commas):
    """`colour:red,colour:blue,size:M` → `{"colour": ["red", "blue"], "size": ["M"]}`."""

    pattern = r"^[^:]*[^:,\s][^:]*:(.|\n)*[^,\s]"

    def run_validation(self, data: Any = serializers.empty) -> Any:
        chosen: dict[str, list[str]] = {}
        for pair in super().run_validation(data):
            name, colon, value = pair.partition(":")
            if not (name.strip() and colon and value.strip()):
                raise serializers.ValidationError("Write name:value, separated by commas.")
            chosen.setdefault(name.strip().lower(), []).append(value.strip())
        return chosen


class FacetNames(Commas):
    pattern = rf"^({'|'.join(['all', *facets.FACETS])})?(,({'|'.join(['all', *facets.FACETS])}))*$"

    def run_validation(self, data: Any = serializers.empty) -> Any:
        names = super().run_validation(data)
        if unknown := set(names) - {*facets.FACETS, "all"}:
            raise serializers.ValidationError(f"There is no facet {', '.join(sorted(unknown))}.")
        return list(facets.FACETS) if "all" in names else names


class ProductQuery(PageQuery):
    search = serializers.CharField(required=False, max_length=200)
    category = serializers.CharField(required=False, max_length=220, help_text="Slug or id; descendants count.")
    brand = Commas(required=False, max_length=1_000, help_text="Slugs or ids, separated by commas.")
    vendor = serializers.CharField(required=False, max_length=220, help_text="Slug or id, or `me`.")
    min_price = serializers.DecimalField(20, 4, required=False, min_value=0, max_value=MAX_PRICE)
    max_price = serializers.DecimalField(20, 4, required=False, min_value=0, max_value=MAX_PRICE)
    currency = serializers.ChoiceField(
        sorted(EXPONENTS),
        required=False,
        help_text="Of all prices, filters, facets and order by price. What has no price of its own in it is converted "
        "by the day's rate; where there is no rate, a price stays in its own currency.",
    )
    in_stock = serializers.BooleanField(required=False)
    rating = serializers.DecimalField(3, 2, required=False, min_value=0, max_value=5, help_text="At least.")
    featured = serializers.BooleanField(required=False)
    on_sale = serializers.BooleanField(required=False, help_text="With a compare-at price in the currency.")
    tags = Commas(required=False, max_length=1_000, help_text="All of these, separated by commas.")
    attributes = Attributes(
        required=False,
        max_length=2_000,
        help_text="Of specifications and options: `colour:red,colour:blue,size:M` is red or blue, and M. A comma "
        "within a value is `\\,`.",
    )
    facets = FacetNames(
        required=False, max_length=200, help_text=f"Count values too: `all`, or some of {', '.join(facets.FACETS)}."
    )
    ordering = serializers.ChoiceField([*cards.ORDERS, cards.RELEVANCE], required=False, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["ordering"] == cards.RELEVANCE and "search" not in attrs:
            raise serializers.ValidationError({"ordering": ["By relevance to what? Give `search` too."]})
        return attrs


class SellerShape(Shape):
    id = serializers.UUIDField()
    name = serializers.CharField()
    slug = serializers.CharField()


class CardShape(Shape):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    status = serializers.CharField()
    price = MoneyShape(allow_null=True, help_text="Of the cheapest variant.")
    compare_at_price = MoneyShape(allow_null=True)
    lowest_price_30_days = MoneyShape(allow_null=True, help_text=LOWEST)
    converted_from = MoneyShape(allow_null=True, help_text=CONVERTED)
    rating = serializers.FloatField(help_text="Average; 0 without reviews.")
    rating_count = serializers.IntegerField()
    image = serializers.URLField(allow_null=True)
    vendor = SellerShape()
    in_stock = serializers.BooleanField()
    category = PlaceShape()
    brand = BrandShape(allow_null=True)
    featured = serializers.BooleanField()
    tags = serializers.ListField(child=serializers.CharField())


class CountShape(Shape):
    value = serializers.CharField()
    count = serializers.IntegerField()


class NamedCountShape(CountShape):
    name = serializers.CharField()


class AttributeCountShape(Shape):
    name = serializers.CharField()
    values = CountShape(many=True)


class PriceRangeShape(Shape):
    min_price = MoneyShape()
    max_price = MoneyShape()
    count = serializers.IntegerField()


class FacetsShape(Shape):
    total = serializers.IntegerField(help_text="Products of the whole list.")
    exact = serializers.BooleanField(help_text="False: there are so many that numbers are estimates.")
    category = NamedCountShape(many=True, required=False)
    brand = NamedCountShape(many=True, required=False)
    vendor = NamedCountShape(many=True, required=False)
    tags = CountShape(many=True, required=False)
    attributes = AttributeCountShape(many=True, required=False)
    price = PriceRangeShape(many=True, required=False)
    rating = CountShape(many=True, required=False, help_text="At least so many stars.")
    in_stock = CountShape(many=True, required=False)
    featured = CountShape(many=True, required=False)
    on_sale = CountShape(many=True, required=False)


class CardPageShape(Shape):
    results = CardShape(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    did_you_mean = serializers.CharField(
        required=False, allow_null=True, help_text="With `search`: what these are results of, if nothing was found."
    )
    facets = FacetsShape(required=False)


def list_shelf(request: Request) -> HttpResponse:
    return kept.answer(
        request, settings.CACHE_LIST_SECONDS, editions.of_lists, lambda: _list_shelf(request), _note_search
    )


def _note_search(searched: tuple[str, bool] | None) -> None:
    """The words, and whether they found anything."""
    if searched:
        text, found = searched
        searches.note(text, found=found)


def _list_shelf(request: Request) -> tuple[Response, tuple[str, bool] | None]:
    query = read_query(ProductQuery, request)
    cursor, limit, ordering = query.pop("cursor", None), query.pop("limit"), query.pop("ordering")
    counted = query.pop("facets", None)
    wish = Wish(query.setdefault("currency", settings.DEFAULT_CURRENCY))
    by_price = ordering.endswith("price") or query.keys() & PRICED or set(counted or ()) & {"price", "on_sale"}
    filters = by_slug(Filters(**query, factors=wish.factors if by_price else {}))
    found = cards.list_cards(filters, ordering=ordering, cursor=cursor, limit=limit)
    body = page_body(_address(request, found), found.page, lambda row: shown_body(row, wish))
    if filters.search:
        body["did_you_mean"] = found.corrected
    if counted:
        nothing = filters.search and found.wanted is None
        numbers = facets.nothing() if nothing else facets.count_facets(filters, found.wanted, counted)
        body["facets"] = facets_body(numbers, counted, wish.currency)
    first = filters.search and not cursor
    searched = (filters.search, bool(found.page.rows) and not found.corrected) if first else None
    return in_language(request, body, PUBLIC), searched


def _address(request: Request, found: cards.Found) -> str:
    """Of this list; the pages after a corrected search's first are those of what was meant."""
    address = request.build_absolute_uri()
    return replace_query_param(address, "search", found.corrected) if found.corrected else address


def shown_body(row: cards.Shown, wish: Wish) -> dict[str, Any]:
    return shelf_body(orjson.loads(row.body), orjson.loads(row.prices), wish, in_stock=row.in_stock)


def shelf_body(body: dict[str, Any], prices: dict[str, Any], wish: Wish, *, in_stock: bool) -> dict[str, Any]:
    """Of `body` and `prices` as a Card has them."""
    return body | price_body(price_of(prices, wish)) | {"image": media_url(body["image"]), "in_stock": in_stock}


def card_body(product: Product, wish: Wish, *, in_stock: bool) -> dict[str, Any]:
    """As `shown_body`, of a product that need not be on sale."""
    return price_body(price_of(product.prices, wish)) | {
        "id": str(product.id),
        "slug": product.slug,
        "name": product.name,
        "status": product.status,
        "rating": float(product.rating_average),
        "rating_count": product.rating_count,
        "image": media_url(product.image),
        "vendor": {"id": str(product.vendor_id), "name": product.vendor.name, "slug": product.vendor.slug},
        "in_stock": in_stock,
        "category": place(product.category),
        "brand": place(product.brand) if product.brand else None,
        "featured": product.featured,
        "tags": product.tags,
    }


def facets_body(numbers: facets.Facets, asked: list[str], currency: str) -> dict[str, Any]:
    body: dict[str, Any] = {"total": numbers.total, "exact": numbers.exact}
    for facet in asked:
        if facet == "price":
            body[facet] = [_range(one, currency) for one in facets.price_ranges(numbers)]
        elif facet == "attributes":
            body[facet] = _attributes(numbers)
        else:
            body[facet] = [_count(numbers, facet, one) for one in numbers.counts.get(facet, [])]
    return body


def _attributes(numbers: facets.Facets) -> list[dict[str, Any]]:
    """Those that most cards have first."""
    kinds = {kind: values for kind, values in numbers.counts.items() if kind.startswith("attribute:") and values}
    most = sorted(kinds, key=lambda kind: (-sum(one.cards for one in kinds[kind]), kind))[: facets.MAX_ATTRIBUTES]
    return [
        {"name": kind.removeprefix("attribute:"), "values": [_count(numbers, kind, one) for one in kinds[kind]]}
        for kind in most
    ]


def _count(numbers: facets.Facets, facet: str, one: facets.Value) -> dict[str, Any]:
    body = {"value": one.value, "count": one.cards}
    return body | ({"name": numbers.names[facet, one.value]} if (facet, one.value) in numbers.names else {})


def _range(one: facets.Range, currency: str) -> dict[str, Any]:
    return {
        "min_price": Money(one.least, currency).as_json(),
        "max_price": Money(one.greatest, currency).as_json(),
        "count": one.cards,
    }
