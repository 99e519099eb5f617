"""Prices in several currencies: set for a variant, or converted by the newest rates."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from factories import ask, hear, make_product, make_variant, usd

from catalog_service.actions.variants import PriceInput, VariantInput
from catalog_service.models import ExchangeRate, Product
from shared.contracts.catalog import StockRejected, StockReserved
from shared.contracts.payment import ExchangeRate as Rate
from shared.contracts.payment import ExchangeRatesPublished
from shared.money import Money
from shared.testing import body, client_as, published

pytestmark = pytest.mark.django_db
URL = "/api/v1/products"


def publish_rates(version: int = 1, **rates: str) -> None:
    """What one dollar is worth."""
    given = tuple(Rate(currency=currency, rate=Decimal(rate)) for currency, rate in rates.items())
    hear(ExchangeRatesPublished(base="USD", day=date(2026, 1, version), rates=given, version=version))


def listed(query: str) -> list[Any]:
    response = client_as().get(f"{URL}?{query}")
    assert response.status_code == 200, response.content
    results: list[Any] = body(response)["results"]
    return results


def prices(query: str) -> list[str]:
    return [f"{card['price']['amount']} {card['price']['currency']}" for card in listed(query)]


def euros(amount: str) -> PriceInput:
    return PriceInput(Money.parse(amount, "EUR"))


def test_a_price_that_is_not_set_in_a_currency_is_converted_everywhere_and_says_from_what() -> None:
    product = make_product(price="12.35")
    publish_rates(EUR="0.90", JPY="151.5", KWD="0.307")

    whole = body(client_as().get(f"{URL}/{product.slug}?currency=EUR"))
    related = body(client_as().get("/api/v1/recommendations?kind=trending&currency=EUR"))["results"]

    for told in (whole, whole["variants"][0], *listed("currency=EUR"), *related):
        assert told["price"] == {"amount": "11.12", "currency": "EUR"}  # 11.115, half up
        assert told["converted_from"] == {"amount": "12.35", "currency": "USD"}
    assert whole["variants"][0]["prices"] == [{"amount": "12.35", "currency": "USD", "compare_at_price": None}]
    assert prices("currency=JPY") == ["1871 JPY"]  # 1871.025
    assert prices("currency=KWD") == ["3.791 KWD"]  # 3.79145
    assert listed("")[0]["converted_from"] is None


def test_a_price_that_is_set_counts_and_no_rate() -> None:
    make_product(variants=[VariantInput(sku="A", prices=[usd("10.00"), euros("20.00")])])
    publish_rates(EUR="0.90")

    (card,) = listed("currency=EUR")

    assert (card["price"], card["converted_from"]) == ({"amount": "20.00", "currency": "EUR"}, None)


def test_a_vendor_sets_a_price_in_another_currency_and_takes_it_back(settings: Any) -> None:
    settings.EDITS_NEED_APPROVAL = False
    variant = make_variant(price="10.00")
    publish_rates(EUR="0.90")
    seller = client_as("vendor", vendor_id=variant.vendor_id)
    url = f"{URL}/{variant.product_id}/variants/{variant.id}"

    seller.patch(url, {"price": {"amount": "9.50", "currency": "EUR"}})
    own = prices("currency=EUR")
    seller.patch(url, {"prices": [{"amount": "10.00", "currency": "USD"}]})

    assert (own, prices("currency=EUR")) == (["9.50 EUR"], ["9.00 EUR"])


def test_the_newest_rates_count_whatever_comes_late() -> None:
    make_product(price="10.00")
    publish_rates(2, EUR="0.80", GBP="0.70")
    publish_rates(1, EUR="0.90", JPY="150")
    late = prices("currency=EUR"), prices("currency=JPY")

    publish_rates(3, EUR="0.85")

    assert late == (["8.00 EUR"], ["10.00 USD"])
    assert prices("currency=EUR") == ["8.50 EUR"]
    assert prices("currency=GBP") == ["10.00 USD"]
    assert {(one.currency, one.day.day) for one in ExchangeRate.objects.all()} == {("USD", 3), ("EUR", 3)}


def test_without_a_rate_a_price_stays_in_its_own_currency_and_stands_in_no_order_by_price() -> None:
    make_product(price="10.00")

    assert prices("currency=EUR") == ["10.00 USD"]
    assert listed("currency=EUR&ordering=price") == listed("currency=EUR&max_price=1000") == []


@pytest.mark.parametrize("currency", ["XXX", "eur", "\x00", "EURO", "\ud800"])
def test_a_currency_that_is_not_traded_is_named_as_the_wrong_field(currency: str) -> None:
    product = make_product()

    for url in (URL, f"{URL}/{product.id}", "/api/v1/recommendations", f"{URL}/{product.id}/related"):
        answer = client_as().get(url, {"currency": currency.encode("utf-8", "surrogatepass")})
        assert (answer.status_code, set(body(answer)["errors"])) == (400, {"currency"}), url


def test_what_is_converted_is_ordered_filtered_and_counted_among_what_is_not() -> None:
    for name, new in {
        "A": [usd("10.00")],  # 9.00 EUR
        "B": [euros("8.00")],
        "C": [usd("1.00"), euros("12.00")],
        "D": [PriceInput(Money(1_250, "JPY"))],  # 10.00 USD, 9.00 EUR
        "E": [PriceInput(Money(1_000, "USD"), Money(2_000, "USD"))],
    }.items():
        make_product(name, variants=[VariantInput(sku=name, prices=new)])
    publish_rates(EUR="0.90", JPY="125")

    assert [card["name"] for card in listed("currency=EUR&ordering=price")] == ["B", "A", "D", "E", "C"]
    assert [card["name"] for card in listed("currency=EUR&ordering=-price")] == ["C", "E", "D", "A", "B"]
    assert [card["name"] for card in listed("currency=USD&ordering=price&min_price=8")] == ["B", "A", "D", "E"]
    assert {card["name"] for card in listed("currency=EUR&min_price=9&max_price=9")} == {"A", "D", "E"}
    for ordering in ("newest", "price", "-price"):
        reduced, others = (listed(f"currency=EUR&ordering={ordering}&on_sale={on_sale}") for on_sale in (True, False))
        assert [card["name"] for card in reduced] == ["E"]
        assert {card["name"] for card in others} == {"A", "B", "C", "D"}
    facets = body(client_as().get(f"{URL}?currency=EUR&facets=price,on_sale"))["facets"]
    assert [(one["min_price"]["amount"], one["count"]) for one in facets["price"]] == [
        ("8.00", 1), ("9.00", 3), ("12.00", 1),
    ]  # fmt: skip
    assert {one["value"]: one["count"] for one in facets["on_sale"]} == {"true": 1, "false": 4}


def test_of_variants_with_different_currencies_the_cheapest_stands_on_the_card() -> None:
    make_product(
        variants=[
            VariantInput(sku="A", prices=[usd("30.00"), euros("20.00")]),
            VariantInput(sku="B", prices=[usd("10.00")]),
        ]
    )
    publish_rates(EUR="0.90", GBP="0.80")

    assert prices("currency=EUR") == prices("currency=EUR&ordering=price&max_price=9") == ["9.00 EUR"]
    assert prices("currency=GBP&ordering=price") == ["8.00 GBP"]
    assert listed("currency=EUR&min_price=10") == []


def test_a_converted_price_is_never_nothing_and_one_beyond_reason_is_not_converted() -> None:
    make_product("Bead", price="0.01")
    make_product("Star", price="9999999999999.00")
    publish_rates(KWD="0.3", VND="25000", UGX="0.0001")

    assert prices("currency=UGX&ordering=price")[0] == "1 UGX"
    assert prices("currency=UGX&max_price=0") == []
    assert prices("currency=VND&ordering=-price")[0] == "9999999999999.00 USD"


def test_an_order_in_another_currency_is_asked_the_converted_price() -> None:
    variant = make_variant(price="12.35")
    hear(ask((variant, 1), currency="EUR"))
    publish_rates(EUR="0.90")
    hear(ask((variant, 1), currency="EUR"))

    assert [told.reason for told in published(StockRejected)] == ["unavailable"]
    (told,) = published(StockReserved)
    assert (told.lines[0].unit_price.minor, told.lines[0].unit_price.currency) == (1_112, "EUR")


def test_a_list_in_another_currency_takes_one_statement_more_however_many_it_shows(
    django_assert_num_queries: Any,
) -> None:
    for _product in range(5):
        make_product()
    publish_rates(EUR="0.90")

    for query, statements in (("", 2), ("currency=EUR", 3), ("currency=EUR&ordering=price&min_price=1", 3)):
        with django_assert_num_queries(statements):
            listed(query)


def test_pages_by_a_converted_price_make_up_the_list() -> None:
    for cents in range(11):
        make_product(price=f"10.{cents:02}")
    publish_rates(JPY="150", KWD="0.3071")

    for ordering in ("price", "-price"):
        page = body(client_as().get(f"{URL}?currency=JPY&ordering={ordering}&limit=3"))
        seen = [card["id"] for card in page["results"]]
        while page["next"]:
            page = body(client_as().get(page["next"]))
            seen += [card["id"] for card in page["results"]]
        assert len(seen) == len(set(seen)) == Product.objects.count()
