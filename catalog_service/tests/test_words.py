"""How a search is answered: what is rare is fetched and sorted, what is common comes along in the list's order."""

from typing import Any

import pytest

from catalog_service.models import CommonWord
from catalog_service.queries.words import Source, Wanted, Word
from shared.testing import body, client_as
from tests.factories import make_product

pytestmark = pytest.mark.django_db


def answer(text: str, **query: Any) -> Any:
    return body(client_as().get("/api/v1/products", {"search": text, **query}))


def names(page: Any) -> list[str]:
    return [row["name"] for row in page["results"]]


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_common_and_rare_words_take_different_ways_to_one_answer(share: float) -> None:
    CommonWord.objects.create(document="", lexeme="", share=1_000)
    for document in ("title", "labels", "words"):
        CommonWord.objects.create(document=document, lexeme="lamp", share=share)
    for i in range(9):
        make_product(f"Lamp {i}" if i % 2 else f"Chair {i}", description="" if i % 2 else "For lamps.")
    everything = names(answer("lamp"))

    page = answer("lamp", limit=2)
    seen = names(page)
    while page["next"]:
        page = body(client_as().get(page["next"]))
        seen += names(page)
    backwards = list[str]()
    while page["previous"]:
        page = body(client_as().get(page["previous"]))
        backwards = names(page) + backwards

    assert everything == seen == [f"Lamp {i}" for i in (7, 5, 3, 1)] + [f"Chair {i}" for i in (8, 6, 4, 2, 0)]
    assert backwards == seen[:8]


def test_a_rare_word_is_fetched_and_a_common_one_beside_it_has_to_be_there_too() -> None:
    CommonWord.objects.create(document="", lexeme="", share=1_000)
    for document in ("title", "labels", "words"):
        CommonWord.objects.create(document=document, lexeme="lamp", share=0.5)
        CommonWord.objects.create(document=document, lexeme="teal", share=0.001)
    for name in ("Teal lamp", "Teal chair", "Grey lamp", "Lamp for a teal room"):
        make_product(name)

    found = [names(answer(text)) for text in ("teal lamp", "lamp teal")]

    assert found == [["Lamp for a teal room", "Teal lamp"]] * 2


@pytest.mark.parametrize(("cards", "walked"), [(100_000, False), (1_000_000, True)])
def test_a_list_is_walked_where_the_telling_word_leaves_more_cards_than_that_passes(cards: int, walked: bool) -> None:
    telling, common = (Word([text], False, {"title": (share, share)}) for text, share in (("oak", 0.02), ("l", 0.15)))

    found = Wanted("oak l", (((telling,),), ((common,),)), cards).match("title", ":*")

    assert (found.source == Source()) is walked
    assert found.conditions == (found.test,)
