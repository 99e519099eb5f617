"""Lists, facets and pages, of shelves that hypothesis thinks up, against a look at every product in plain Python."""

from collections import Counter
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from catalog_service.models import ExchangeRate
from shared.testing import body, client_as, examples
from tests.factories import make_category, make_product
from tests.oracle import (
    CATEGORIES,
    RATES,
    SHELVES,
    THINGS,
    Thing,
    counted,
    for_a_while,
    matches,
    on_sale,
    ordered,
    price,
    put,
    shelf,
)

pytestmark = pytest.mark.django_db
URL = "/api/v1/products"
ASKED = 4
"""Questions to each shelf: filling one takes far longer than asking."""

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "category": st.sampled_from([*CATEGORIES, "nowhere"]),
    "brand": st.sampled_from(["acme", "zenith", "acme,zenith", "nobody"]),
    "vendor": st.sampled_from(["kiln", "mill"]),
    "min_price": st.sampled_from(["0.94", "1.02", "1.035", "154.5"]),
    "max_price": st.sampled_from(["1.04", "1.009", "0.945", "156"]),
    "currency": st.sampled_from(["USD", "EUR", "JPY"]),
    "in_stock": st.booleans(),
    "rating": st.sampled_from(["3.5", "4"]),
    "featured": st.booleans(),
    "on_sale": st.booleans(),
    "tags": st.sampled_from(["new", "new,hot"]),
    "attributes": st.sampled_from(["colour:red", "colour:red,colour:blue", "colour:blue,size:M"]),
    "search": st.sampled_from(["lamp", "chair", "tall lamp", "acme", "lam"]),
}
QUERIES = st.lists(st.sampled_from([*VALUES]), max_size=4, unique=True).flatmap(
    lambda names: st.fixed_dictionaries({name: VALUES[name] for name in names} | {"converted": st.booleans()})
)
"""Of few parameters, so that most find something: what is compared with an empty list says little."""

ORDERINGS = ("newest", "price", "-price", "name", "rating", "bestselling")
MANY = settings(
    max_examples=examples(15),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def _places() -> None:
    """What all shelves have in common."""
    for name, parent in CATEGORIES.items():
        make_category(name, make_category(parent) if parent else None)


def ask(query: dict[str, Any], **more: Any) -> Any:
    """`converted` is no parameter, but whether there are rates."""
    ExchangeRate.objects.all().delete()
    if query.get("converted"):
        ExchangeRate.objects.bulk_create(
            ExchangeRate(currency=currency, rate=rate, day="2026-01-01", version=1) for currency, rate in RATES.items()
        )
    given = {name: value for name, value in query.items() if name != "converted"}
    text = urlencode({name: str(value).lower() if isinstance(value, bool) else value for name, value in given.items()})
    response = client_as().get(f"{URL}?{text}&{urlencode(more)}")
    assert response.status_code == 200, response.content
    return body(response)


def walk(query: dict[str, Any], **more: Any) -> list[str]:
    """All pages forward; the same pages backward must be the same."""
    page = ask(query, **more)
    there = ids(page)
    while page["next"]:
        page = body(client_as().get(page["next"]))
        there += ids(page)
    back = ids(page)
    while page["previous"]:
        page = body(client_as().get(page["previous"]))
        back = ids(page) + back
    assert there == back
    return there


def ids(page: Any) -> list[str]:
    return [row["id"] for row in page["results"]]


def numbers(rows: list[Any]) -> Counter[str]:
    return Counter({row["value"]: row["count"] for row in rows})


def several(**question: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """So many questions, each a query and what else it takes."""
    return st.lists(st.fixed_dictionaries({"query": QUERIES, **question}), min_size=ASKED, max_size=ASKED)


@pytest.mark.usefixtures("_places")
@MANY
@given(things=SHELVES, asked=several(ordering=st.sampled_from(ORDERINGS), limit=st.integers(1, 4)))
def test_a_list_has_what_fits_in_order_and_its_pages_make_it_up(
    things: list[Thing], asked: list[dict[str, Any]]
) -> None:
    with shelf(things):
        for question in asked:
            _check_list(things, **question)


def _check_list(things: list[Thing], query: dict[str, Any], ordering: str, limit: int) -> None:
    fitting = [thing for thing in things if matches(thing, query)]

    assert walk(query, ordering=ordering, limit=limit) == ordered(fitting, ordering, query)
    for row in ask(query, ordering=ordering, limit=100)["results"]:
        thing = next(thing for thing in things if thing.id == row["id"])
        assert price(thing, query) in (None, Decimal(row["price"]["amount"])), note(row)
    if "search" in query:
        assert sorted(walk(query, limit=limit)) == sorted(thing.id for thing in fitting)


@pytest.mark.usefixtures("_places")
@MANY
@given(things=SHELVES, asked=several())
def test_facets_count_what_is_there(things: list[Thing], asked: list[dict[str, Any]]) -> None:
    with shelf(things):
        for question in asked:
            _check_facets(things, **question)
            _check_attributes(things, **question)


def _check_facets(things: list[Thing], query: dict[str, Any]) -> None:
    facets = ask(query, facets="all")["facets"]
    fitting = [thing for thing in things if matches(thing, query)]

    assert (facets["total"], facets["exact"]) == (len(fitting), True)
    assert numbers(facets["category"]) == Counter(place for thing in fitting for place in thing.categories)
    assert numbers(facets["tags"]) == Counter(tag for thing in fitting for tag in thing.tags)
    expected = {
        "brand": counted(things, query, "brand", lambda thing: [thing.brand] if thing.brand else []),
        "vendor": counted(things, query, "vendor", lambda thing: [thing.vendor]),
        "in_stock": counted(things, query, "in_stock", lambda thing: [str(thing.stock > 0).lower()]),
        "featured": counted(things, query, "featured", lambda thing: [str(thing.featured).lower()]),
        "on_sale": counted(things, query, "on_sale", lambda thing: [str(on_sale(thing, query)).lower()]),
        "rating": counted(things, query, "rating", lambda thing: [n for n in (1, 2, 3, 4) if thing.rating >= n]),
    }
    assert {name: numbers(facets[name]) for name in expected} == expected
    prices = {name: value for name, value in query.items() if name not in ("min_price", "max_price")}
    priced = [thing for thing in things if matches(thing, prices) and price(thing, query) is not None]
    assert sum(row["count"] for row in facets["price"]) == len(priced)
    for row in facets["price"]:
        bounds = {side: row[side]["amount"] for side in ("min_price", "max_price")}
        assert row["count"] == sum(matches(thing, {**query, **bounds}) for thing in things), note(row)


def _check_attributes(things: list[Thing], query: dict[str, Any]) -> None:
    """Of each is counted as if nothing had been chosen of it."""
    told = ask(query, facets="attributes")["facets"]["attributes"]

    pairs = query.get("attributes", "").split(",")
    expected = {}
    for name in ("colour", "size"):
        others = ",".join(pair for pair in pairs if pair and not pair.startswith(f"{name}:"))
        rest = {key: value for key, value in query.items() if key != "attributes"}
        fitting = [thing for thing in things if matches(thing, rest | ({"attributes": others} if others else {}))]
        values = Counter(value for thing in fitting if (value := getattr(thing, name)))
        expected |= {name: values} if values else {}
    assert {row["name"]: numbers(row["values"]) for row in told} == expected


@pytest.mark.usefixtures("_places")
@MANY
@given(
    things=SHELVES,
    asked=several(
        late=st.lists(THINGS, min_size=1, max_size=4), ordering=st.sampled_from(ORDERINGS), limit=st.integers(1, 3)
    ),
)
def test_what_comes_between_two_pages_loses_and_doubles_nothing(
    things: list[Thing], asked: list[dict[str, Any]]
) -> None:
    with shelf(things):
        for question in asked:
            with for_a_while():
                _check_what_comes(things, **question)


def _check_what_comes(things: list[Thing], query: dict[str, Any], late: list[Thing], ordering: str, limit: int) -> None:
    expected = ordered([thing for thing in things if matches(thing, query)], ordering, query)
    waiting = list(late)

    page = ask(query, ordering=ordering, limit=limit)
    seen = ids(page)
    while page["next"]:
        if waiting:
            put(waiting.pop())
        page = body(client_as().get(page["next"]))
        seen += ids(page)

    assert len(set(seen)) == len(seen)
    assert [id_ for id_ in seen if id_ in expected] == expected
    added = [thing for thing in late if thing not in waiting]
    everything = [thing for thing in [*things, *added] if matches(thing, query)]
    assert seen == [id_ for id_ in ordered(everything, ordering, query) if id_ in seen]


def test_of_many_cards_facets_are_estimates_of_a_fair_sample(settings: Any) -> None:
    settings.FACETS_EXACT_UP_TO = 400
    make_product("Seed", brand="acme")
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.5)")
        cursor.execute(_THOUSANDS, [4_000])

    facets = ask({}, facets="all")["facets"]
    narrow = ask({"tags": "rare"}, facets="all")["facets"]

    assert facets["exact"] is False
    assert 0.85 < facets["total"] / 4_001 < 1.15
    assert 0.8 < numbers(facets["tags"])["half"] / 2_000 < 1.2
    assert 0.8 < numbers(facets["in_stock"])["true"] / 4_001 < 1.2
    assert (narrow["exact"], narrow["total"], numbers(narrow["tags"])["rare"]) == (True, 40, 40)


_THOUSANDS = """
    WITH made AS (
        INSERT INTO product
        SELECT (jsonb_populate_record(product, jsonb_build_object('id', gen_random_uuid(), 'slug', 'seed-' || i))).*
        FROM product, generate_series(1, %s) AS i RETURNING id, slug)
    INSERT INTO card
    SELECT (jsonb_populate_record(card, jsonb_build_object(
        'product_id', made.id, 'shuffle', hashtext(made.id::text),
        'tokens', CASE WHEN split_part(slug, '-', 2)::int %% 100 = 0 THEN '["tag:half", "tag:rare"]'::jsonb
            WHEN split_part(slug, '-', 2)::int %% 2 = 0 THEN '["tag:half"]' ELSE '[]' END))).*
    FROM made, card
"""
