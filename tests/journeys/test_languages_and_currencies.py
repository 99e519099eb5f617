"""The catalogue through the edge, in the reader's language and currency: to guests, buyers, vendors and admins."""

import pytest

from fleet.client import Json, Market, Person
from tests.conftest import MakeProduct

NAME = "Kupferkessel"
GERMAN = {"Accept-Language": "de-AT, de;q=0.9, en;q=0.5"}


@pytest.fixture(scope="module")
def kettle(make_product: MakeProduct, admin: Person) -> Json:
    """A product with a German name, and a price of its own in euros, beside the one in dollars."""
    product = make_product(amount="20.00")
    place = f"products/{product['id']}"
    admin.ask("PUT", f"{place}/translations/de", json={"name": NAME}, expect=200)
    prices = [{"amount": "20.00", "currency": "USD"}, {"amount": "17.35", "currency": "EUR"}]
    variant = product["variants"][0]["id"]
    admin.ask("PATCH", f"{place}/variants/{variant}", json={"prices": prices}, expect=200)
    return admin.get(place)


def everybody(market: Market, vendor: Person, admin: Person) -> dict[str, Person]:
    stranger = market.account("customer")
    return {"guest": market.guest(), "customer": stranger, "vendor": vendor, "admin": admin}


def test_everybody_reads_lists_in_their_language_and_currency(
    market: Market, vendor: Person, admin: Person, kettle: Json
) -> None:
    asked = {"search": kettle["name"], "currency": "EUR", "limit": "1"}

    told = {}
    for who, person in everybody(market, vendor, admin).items():
        answer = person.ask("GET", "products", params=asked, headers=GERMAN, expect=200)
        card = answer.json()["results"][0]
        told[who] = (
            card["name"],
            card["price"]["amount"],
            card["price"]["currency"],
            answer.headers["Content-Language"],
        )

    assert set(told.values()) == {(NAME, "17.35", "EUR", "de")}, told


def test_a_products_own_people_read_what_they_wrote_and_all_others_what_they_understand(
    market: Market, vendor: Person, admin: Person, kettle: Json
) -> None:
    path = f"products/{kettle['slug']}"

    told = {
        who: person.get(path, params={"currency": "EUR"}, headers=GERMAN)
        for who, person in everybody(market, vendor, admin).items()
    }

    names = {who: product["name"] for who, product in told.items()}
    assert names == {"guest": NAME, "customer": NAME, "vendor": kettle["name"], "admin": kettle["name"]}
    assert {product["price"]["amount"] for product in told.values()} == {"17.35"}


def test_no_cache_on_the_way_mixes_languages_or_currencies(market: Market, kettle: Json) -> None:
    guest, path = market.guest(), f"products/{kettle['slug']}"
    readers = [(language, currency) for language in ("de", "en", "fr, de", "") for currency in ("EUR", "USD")] * 3

    told = {
        (language, currency, product["name"], product["price"]["currency"])
        for language, currency in readers
        for product in [guest.get(path, params={"currency": currency}, headers={"Accept-Language": language})]
    }

    assert told == {
        (language, currency, NAME if "de" in language else kettle["name"], currency) for language, currency in readers
    }
