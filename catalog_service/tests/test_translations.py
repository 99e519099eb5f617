"""Texts in the language of whoever reads."""

from collections.abc import Callable
from typing import Any

import pytest
from factories import make_category, make_product, make_vendor

from catalog_service.models import Product, Translation
from shared.context import new_id
from shared.testing import audited, body, client_as

pytestmark = pytest.mark.django_db
URL = "/api/v1/products"
ADMIN = "/api/v1/admin"


def translate(product: Product, language: str, **texts: str) -> None:
    response = client_as("admin").put(f"{URL}/{product.id}/translations/{language}", texts)
    assert response.status_code == 200, response.content


def name_place(path: str, language: str, name: str) -> None:
    response = client_as("admin").put(f"{ADMIN}/{path}/translations/{language}", {"name": name})
    assert response.status_code == 200, response.content


def get(path: str, languages: str = "") -> Any:
    response = client_as().get(path, headers={"Accept-Language": languages} if languages else {})
    assert response.status_code == 200, response.content
    assert response["Vary"] == "Accept-Language"
    return {**body(response), "spoken": response["Content-Language"]}


def a_pot() -> Product:
    """Known in German wholly, in French by its name only; its category and brand in German."""
    product = make_product("Clay pot", category=make_category("Pots"), brand="Kiln", description="Fired twice.")
    translate(product, "de", name="Tontopf", description="Zweimal gebrannt.", seo_title="Töpfe")
    translate(product, "fr", name="Pot en argile")
    name_place("categories/pots", "de", "Töpfe")
    name_place("brands/kiln", "de", "Ofen")
    return product


def test_lists_details_and_the_tree_are_read_in_the_readers_language() -> None:
    product = a_pot()

    detail = get(f"{URL}/{product.id}", "de")
    (card,) = get(URL, "de")["results"]
    tree = get("/api/v1/categories", "de")["results"]

    assert (detail["name"], detail["description"], detail["seo_title"]) == ("Tontopf", "Zweimal gebrannt.", "Töpfe")
    assert (detail["category"]["name"], detail["category"]["breadcrumbs"][0]["name"]) == ("Töpfe", "Töpfe")
    assert (card["name"], card["category"]["name"], card["brand"]["name"]) == ("Tontopf", "Töpfe", "Ofen")
    assert (card["slug"], card["vendor"]["name"], tree[0]["name"]) == ("clay-pot", "Blue Kiln", "Töpfe")
    assert get("/api/v1/categories/pots", "de")["breadcrumbs"][0]["name"] == "Töpfe"
    assert get("/api/v1/brands", "de")["results"][0]["name"] == "Ofen"
    assert get("/api/v1/brands/kiln", "de")["name"] == "Ofen"
    assert detail["spoken"] == "de"


@pytest.mark.parametrize(
    ("accepted", "name", "description"),
    [
        ("", "Clay pot", "Fired twice."),
        ("*", "Clay pot", "Fired twice."),
        ("en", "Clay pot", "Fired twice."),
        ("en, de", "Clay pot", "Fired twice."),
        ("de-AT", "Tontopf", "Zweimal gebrannt."),
        ("fr", "Pot en argile", "Fired twice."),
        ("fr, de;q=0.5", "Pot en argile", "Zweimal gebrannt."),
        ("de;q=0.1, fr;q=0.9", "Pot en argile", "Zweimal gebrannt."),
        ("am, de", "Tontopf", "Zweimal gebrannt."),
        ("de;q=0, fr", "Pot en argile", "Fired twice."),
        ("de;q=nan, ;;;, xx-\x7f, fr;q=1;q=2", "Clay pot", "Fired twice."),
        (",".join(["aa", "bb", "cc", "dd", "ee", "de"]), "Clay pot", "Fired twice."),
    ],
)
def test_each_text_falls_back_along_what_the_reader_understands(accepted: str, name: str, description: str) -> None:
    product = a_pot()

    detail = get(f"{URL}/{product.id}", accepted)

    assert (detail["name"], detail["description"]) == (name, description)


def test_a_list_in_another_language_is_one_statement_more(django_assert_num_queries: Callable[[int], Any]) -> None:
    a_pot()
    make_product("Lid")

    with django_assert_num_queries(2):
        get(URL, "en")
    with django_assert_num_queries(3):
        get(URL, "de")


def test_what_is_written_in_another_language_is_found_in_it() -> None:
    product = a_pot()

    found = get(f"{URL}?search=tontopf", "de")["results"]

    assert [card["id"] for card in found] == [str(product.id)]
    client_as("admin").delete(f"{URL}/{product.id}/translations/de")
    assert get(f"{URL}?search=zweimal", "de")["results"] == []


def test_suggestions_are_in_the_readers_language() -> None:
    a_pot()
    path = "/api/v1/search/suggestions?q="

    def suggested(typed: str, languages: str) -> list[str]:
        return [one["text"] for one in get(f"{path}{typed}", languages)["results"]]

    assert suggested("pot", "de") == ["Tontopf", "Töpfe"]
    assert suggested("top", "de") == ["Töpfe"]
    assert suggested("pot", "en") == ["Clay pot", "Pots"]
    assert "Pots" not in suggested("top", "fr")


def test_whoever_writes_a_product_reads_what_they_wrote() -> None:
    product = a_pot()
    seller = client_as("vendor", vendor_id=product.vendor_id)

    own = body(seller.get(f"{URL}/{product.id}", headers={"Accept-Language": "de"}))
    texts = body(seller.get(f"{URL}/{product.id}/translations"))["results"]

    assert own["name"] == "Clay pot"
    assert [(one["language"], one["name"], one["description"]) for one in texts] == [
        ("de", "Tontopf", "Zweimal gebrannt."),
        ("fr", "Pot en argile", ""),
    ]


def test_a_vendors_translation_of_what_is_approved_waits_for_an_admin() -> None:
    product, draft = make_product("Clay pot"), make_product("Draft", by_admin=False, status="draft")
    seller, admin = client_as("vendor", vendor_id=product.vendor_id), client_as("admin")

    assert seller.put(f"{URL}/{draft.id}/translations/de", {"name": "Entwurf"}).status_code == 200
    assert seller.put(f"{URL}/{product.id}/translations/de", {"name": "Goldtopf"}).status_code == 202

    assert get(f"{URL}/{product.id}", "de")["name"] == "Clay pot"
    (waiting,) = body(admin.get(f"{ADMIN}/revisions?status=pending"))["results"]
    assert [(one["field"], one["before"], one["after"]) for one in waiting["changes"]] == [
        ("translation:de", None, {"name": "Goldtopf"})
    ]
    admin.post(f"{ADMIN}/revisions/{waiting['id']}/approve")
    assert get(f"{URL}/{product.id}", "de")["name"] == "Goldtopf"
    assert seller.delete(f"{URL}/{product.id}/translations/de").status_code == 202
    assert get(f"{URL}/{product.id}", "de")["name"] == "Goldtopf"


def test_translations_come_and_go_and_places_are_audited() -> None:
    make_category("Pots")
    name_place("categories/pots", "de", "Töpfe")
    name_place("categories/pots", "de", "Schüsseln")
    admin, url = client_as("admin"), f"{ADMIN}/categories/pots/translations"

    assert [one["name"] for one in body(admin.get(url))["results"]] == ["Schüsseln"]
    assert admin.delete(f"{url}/de").status_code == 204
    assert admin.delete(f"{url}/de").status_code == 404
    assert audited() == [("catalog.category.translate", "category")] * 3
    assert Translation.objects.count() == 0


@pytest.mark.parametrize("language", ["en", "german", "d", "de_AT", "%00", "de-", "12"])
def test_strange_languages_are_absent(language: str) -> None:
    product = make_product()

    response = client_as("admin").put(f"{URL}/{product.id}/translations/{language}", {"name": "Topf"})

    assert response.status_code == 404


@pytest.mark.parametrize("wrong", [{}, {"name": ""}, {"name": "a\nb"}, {"name": "x" * 201}, {"name": "x", "tags": []}])
def test_strange_texts_are_refused(wrong: dict[str, Any]) -> None:
    product = make_product()

    assert client_as("admin").put(f"{URL}/{product.id}/translations/de", wrong).status_code == 400
    assert client_as("admin").put(f"{ADMIN}/brands/none/translations/de", {"name": "x"}).status_code == 404


def test_strangers_translate_nothing() -> None:
    product = make_product()
    url = f"{URL}/{product.id}/translations"
    stranger = client_as("vendor", vendor_id=make_vendor("Other").id)

    assert stranger.put(f"{url}/de", {"name": "Topf"}).status_code == 404
    assert stranger.get(url).status_code == 404
    assert client_as().put(f"{url}/de", {"name": "Topf"}).status_code == 401
    assert (
        client_as("vendor", vendor_id=new_id())
        .put(f"{ADMIN}/categories/pots/translations/de", {"name": "x"})
        .status_code
        == 403
    )
