"""Search forgives, ranks, and follows changes."""

import pytest

from catalog_service.models import Brand
from shared.testing import body, client_as
from tests.factories import make_category, make_product

pytestmark = pytest.mark.django_db


def names(text: str) -> list[str]:
    return [row["name"] for row in body(client_as().get("/api/v1/products", {"search": text}))["results"]]


def test_search_finds_by_name_brand_category_text_and_sku() -> None:
    make_product("Wireless headphones", brand="Sonora", category=make_category("Audio"), description="Soft cushions.")
    make_product("Tall vase", sku="POT-77")

    for text in ("wireless", "headphone", "head", "sonora", "audio", "cushion", "wireless sonora", "hedphones"):
        assert names(text) == ["Wireless headphones"], text
    assert names("pot-77") == ["Tall vase"]


@pytest.mark.parametrize("text", ["bicycle", "!!!", "'); DROP TABLE product; --", "q:* & !x | (y <-> z)", "' \\ :*"])
def test_search_finds_nothing_where_there_is_nothing(text: str) -> None:
    make_product("Wireless headphones")

    assert names(text) == []


def test_the_name_counts_more_than_the_text() -> None:
    make_product("Lamp")
    make_product("Garden chair", description="Goes with our lamp.")

    assert names("lamp") == ["Lamp", "Garden chair"]


def test_search_follows_a_renamed_brand() -> None:
    make_product("Lamp", brand="Oldname")

    client_as("admin").patch(f"/api/v1/admin/brands/{Brand.objects.get().slug}", {"name": "Newname"})

    assert (names("newname"), names("oldname")) == (["Lamp"], [])


def test_suggestions_while_typing() -> None:
    make_product("Wireless headphones", brand="Wireworks")
    make_category("Wires")

    found = body(client_as().get("/api/v1/search/suggestions?q=wire"))["results"]

    assert {(row["kind"], row["text"]) for row in found} == {
        ("product", "Wireless headphones"),
        ("brand", "Wireworks"),
        ("category", "Wires"),
    }
    assert body(client_as().get("/api/v1/search/suggestions?q="))["results"] == []
    assert client_as().get("/api/v1/search/suggestions?q=%00").status_code == 400
