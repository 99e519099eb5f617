"""All offers, for whoever keeps a copy: in runs, as they are told, and with the checksum of what was told."""

from typing import Any
from uuid import UUID

import pytest
from factories import make_product

from catalog_service.models import StockItem
from shared.context import new_id
from shared.contracts.catalog import OfferChanged, checksum_of_offers
from shared.testing import body, client_as, client_of, published

pytestmark = pytest.mark.django_db
URL = "/internal/offers"


def ask(**query: Any) -> Any:
    response = client_of("cart").get(URL, query)
    assert response.status_code == 200
    return body(response)


def last_told() -> list[OfferChanged]:
    latest = {offer.variant_id: offer for offer in published(OfferChanged)}
    return [latest[key] for key in sorted(latest)]


def test_offers_are_as_they_were_told() -> None:
    for number in range(3):
        make_product(f"Pot {number}")

    answer = ask(whole=True)

    assert [OfferChanged.model_validate(one) for one in answer["offers"]] == last_told()
    assert (answer["count"], answer["upto"]) == (len(last_told()), None)
    assert answer["checksum"] == checksum_of_offers(last_told())
    assert "offers" not in ask()


def test_runs_follow_one_another_without_gap() -> None:
    for number in range(5):
        make_product(f"Pot {number}")

    seen: list[str] = []
    run = ask(whole=True, limit=2)
    while run["upto"]:
        seen += [offer["variant_id"] for offer in run["offers"]]
        run = ask(whole=True, limit=2, after=run["upto"])
    seen += [offer["variant_id"] for offer in run["offers"]]

    assert [UUID(one) for one in seen] == sorted(StockItem.objects.values_list("variant_id", flat=True))


def test_a_run_asks_the_database_no_more_for_more_offers(django_assert_num_queries: Any) -> None:
    make_product("Pot 0")
    with django_assert_num_queries(3):
        ask(whole=True)
    for number in range(4):
        make_product(f"Bowl {number}")

    with django_assert_num_queries(3):
        ask(whole=True)


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 1001}, {"after": "x"}, {"other": 1}, {"whole": "perhaps"}])
def test_odd_questions_are_refused(query: dict[str, Any]) -> None:
    assert client_of("cart").get(URL, query).status_code == 400


def test_nobody_but_cart_asks() -> None:
    assert client_of("order").get(URL).status_code == 403
    assert client_as("admin").get(URL).status_code == 403
    assert client_as().get(URL).status_code == 401
    assert ask(after=new_id())["count"] == 0
