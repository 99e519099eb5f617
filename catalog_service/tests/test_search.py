"""Search forgives, ranks, learns what admins teach it, and follows changes."""

from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings
from django.test import override_settings

from catalog_service.actions import searches
from catalog_service.models import Brand, Card, SearchCount
from catalog_service.queries.spelling import distance
from shared.testing import audited, body, client_as
from tests.factories import make_category, make_product

pytestmark = pytest.mark.django_db
URL = "/api/v1/products"


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    searches._redis().delete("searches:new", "searches:taken")


def answer(text: str, **query: Any) -> Any:
    return body(client_as().get(URL, {"search": text, **query}))


def names(text: str, **query: Any) -> list[str]:
    return [row["name"] for row in answer(text, **query)["results"]]


def suggested(text: str) -> list[tuple[str, str]]:
    found = body(client_as().get("/api/v1/search/suggestions", {"q": text}))["results"]
    return [(row["kind"], row["text"]) for row in found]


def make_synonym(*terms: str) -> Any:
    made = client_as("admin").post("/api/v1/admin/synonyms", {"terms": terms})
    assert made.status_code == 201, made.content
    return body(made)


# ── Finding ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_search_finds_by_name_brand_category_tag_attribute_text_and_sku() -> None:
    make_product(
        "Wireless headphones",
        brand="Sonora",
        category=make_category("Over-ear", make_category("Audio")),
        description="Soft cushions.",
        tags=["party"],
        specifications={"colour": "crimson"},
    )
    make_product("Tall vase", sku="POT-77")

    for text in (
        "wireless", "headphone", "head", "sonora", "audio", "over ear", "cushion", "party", "crimson",
        "wireless sonora", "Headphones, WIRELESS!", "the headphones",
    ):  # fmt: skip
        assert names(text) == ["Wireless headphones"], text
    assert names("pot-77") == ["Tall vase"]


@pytest.mark.parametrize(
    "text",
    [
        "bicycle", "!!!", "'); DROP TABLE product; --", "q:* & !x | (y <-> z)", "' \\ :*", "%_", "😀", "\u202e",
        "a" * 200,
        " ".join("abcdefghijklmnop"), "''", "\\'", "👩‍👩‍👧",
    ],
)  # fmt: skip
def test_search_finds_nothing_where_there_is_nothing(text: str) -> None:
    make_product("Wireless headphones")

    assert names(text) == []
    assert suggested(text[:100]) == []


def test_accents_and_case_do_not_matter() -> None:
    make_product("Café crème")

    assert names("cafe CREME") == names("café") == ["Café crème"]


def test_words_of_any_script_are_found() -> None:
    make_product("የሸክላ ድስት")

    assert names("ሸክላ") == []
    assert names("የሸክላ") == names("ድስት") == ["የሸክላ ድስት"]


@override_settings(SEARCH_LANGUAGES=["en", "de"])
def test_a_search_is_read_in_every_language_of_the_shop() -> None:
    product = make_product("Lamp")
    Card.objects.filter(product=product).update(words=_german("Häuser am See"))

    assert names("Haus") == ["Lamp"]


def _german(text: str) -> Any:
    from django.db.models import Func, Value

    plain = Func(Value(text), function="search_plain")
    return Func(Func(Value("de"), function="search_configuration"), plain, function="to_tsvector")


def test_a_search_is_narrowed_ordered_and_paged_as_any_list() -> None:
    for i in range(7):
        make_product(f"Lamp {i}", price=f"{10 - i}.00", tags=["big"] if i % 2 else [])

    assert names("lamp", tags="big", ordering="price") == ["Lamp 5", "Lamp 3", "Lamp 1"]
    seen, url = [], f"{URL}?search=lamp&limit=2"
    while url:
        page = body(client_as().get(url))
        seen, url = [*seen, *(row["name"] for row in page["results"])], page["next"]
    assert seen == [f"Lamp {i}" for i in range(6, -1, -1)]


# ── Ranking ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_name_counts_more_than_the_brand_the_category_and_the_text() -> None:
    make_product("Stool", description="Goes with our lamp.")
    make_product("Table", category=make_category("Lamps"))
    make_product("Chair", brand="Lamp")
    make_product("Lampshade")
    make_product("Lamp")

    assert names("lamp") == ["Lamp", "Lampshade", "Chair", "Table", "Stool"]
    assert names("lamp", limit=100, ordering="name") == ["Chair", "Lamp", "Lampshade", "Stool", "Table"]


def test_of_equals_the_one_that_sells_comes_first() -> None:
    for name in ("Red lamp", "Blue lamp", "Green lamp"):
        make_product(name)
    Card.objects.filter(product__name="Blue lamp").update(sold=5)

    assert names("lamp") == ["Blue lamp", "Green lamp", "Red lamp"]


# ── Spelling ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("hedphones", "headphones"),
        ("headfones", "headphones"),
        ("wirelss hedphones", "wireless headphones"),
        ("lmap", "lamp"),
        ("snoora", "sonora"),
        ("crimsn", "crimson"),
    ],
)
def test_a_misspelt_search_is_answered_as_it_was_meant(typed: str, meant: str) -> None:
    make_product("Wireless headphones", brand="Sonora", description="In crimson.")
    make_product("Lamp")

    found = answer(typed)

    assert found["did_you_mean"] == meant
    assert found["results"] == answer(meant)["results"] != []
    assert answer(meant)["did_you_mean"] is None


def test_the_pages_of_a_corrected_search_are_those_of_what_was_meant() -> None:
    for i in range(3):
        make_product(f"Lamp {i}")

    first = answer("lmap", limit=2)
    second = body(client_as().get(first["next"]))

    assert [row["name"] for row in (*first["results"], *second["results"])] == ["Lamp 2", "Lamp 1", "Lamp 0"]


def test_what_cannot_be_meant_is_not_made_up() -> None:
    make_product("Wireless headphones")

    for text in ("car", "zebra", "x1000", "wirless banana"):
        assert (answer(text)["results"], answer(text)["did_you_mean"]) == ([], None), text


def test_words_of_what_has_gone_are_not_meant_any_more() -> None:
    product = make_product("Headphones")
    client_as("admin").delete(f"{URL}/{product.id}")

    assert answer("hedphones")["did_you_mean"] is None


@pytest.mark.parametrize(
    ("one", "other", "steps"),
    [("lamp", "lamp", 0), ("lmap", "lamp", 1), ("lam", "lamp", 1), ("lump", "lamp", 1), ("lampe", "lamp", 1),
     ("", "lamp", 4), ("hedfones", "headphones", 3), ("ca", "abc", 3)],
)  # fmt: skip
def test_distance_counts_steps(one: str, other: str, steps: int) -> None:
    assert distance(one, other) == distance(other, one) == steps


# ── Synonyms ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_admins_teach_the_search_which_words_mean_the_same() -> None:
    make_product("Velvet sofa")
    make_product("Leather loveseat")
    assert names("couch") == []

    made = make_synonym("Sofa", "couch", "love seat", "loveseat")

    assert made["terms"] == ["sofa", "couch", "love seat", "loveseat"]
    assert names("couch") == names("couches") == names("love seat") == ["Leather loveseat", "Velvet sofa"]
    assert names("velvet couch") == ["Velvet sofa"]
    client = client_as("admin")
    client.put(f"/api/v1/admin/synonyms/{made['id']}", {"terms": ["sofa", "settee"]})
    assert (names("couch"), names("settee")) == ([], ["Velvet sofa"])
    assert body(client.get("/api/v1/admin/synonyms"))["results"][0]["terms"] == ["sofa", "settee"]
    assert body(client.get(f"/api/v1/admin/synonyms/{made['id']}"))["terms"] == ["sofa", "settee"]
    assert client.delete(f"/api/v1/admin/synonyms/{made['id']}").status_code == 204
    assert names("settee") == []
    assert client.get(f"/api/v1/admin/synonyms/{made['id']}").status_code == 404
    assert audited() == [(f"catalog.synonym.{verb}", "synonym") for verb in ("create", "edit", "delete")]


def test_a_word_may_stand_in_several_groups() -> None:
    make_product("Tank top")
    make_product("Aquarium")
    make_synonym("tank", "aquarium")
    make_synonym("tank", "singlet")

    assert names("tank") == ["Aquarium", "Tank top"]
    assert names("singlet") == ["Tank top"]


@pytest.mark.parametrize(
    "terms",
    [[], ["sofa"], ["sofa", "SOFA!"], ["sofa", "one two three four"], ["sofa", "!!!"], ["sofa", "\x00"], ["sofa", ""],
     ["sofa", "x" * 61], "sofa", ["sofa", 7.5, None], [str(i) for i in range(31)]],
)  # fmt: skip
def test_strange_synonyms_are_refused(terms: Any) -> None:
    response = client_as("admin").post("/api/v1/admin/synonyms", {"terms": terms})

    assert response.status_code == 400
    assert all(field.startswith("terms") for field in body(response)["errors"])


def test_synonyms_and_the_report_are_for_admins() -> None:
    for path in ("synonyms", "search/report"):
        assert client_as().get(f"/api/v1/admin/{path}").status_code == 401
        assert client_as("customer", "vendor").get(f"/api/v1/admin/{path}").status_code == 403


# ── Following changes ────────────────────────────────────────────────────────────────────────────────────────────────


def test_search_follows_a_renamed_brand() -> None:
    make_product("Lamp", brand="Oldname")

    client_as("admin").patch(f"/api/v1/admin/brands/{Brand.objects.get().slug}", {"name": "Newname"})

    assert (names("newname"), names("oldname")) == (["Lamp"], [])


def test_search_follows_each_change_at_once() -> None:
    product = make_product("Lamp")
    client = client_as("admin")

    client.patch(f"{URL}/{product.id}", {"name": "Chandelier"})
    assert (names("chandelier"), names("lamp"), names("chandeleir")) == (["Chandelier"], [], ["Chandelier"])
    client.patch(f"{URL}/{product.id}", {"status": "inactive"})
    assert names("chandelier") == []


# ── Suggestions ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_suggestions_while_typing() -> None:
    make_product("Wireless headphones", brand="Wireworks")
    make_category("Wires")

    assert suggested("wire") == [("product", "Wireless headphones"), ("category", "Wires"), ("brand", "Wireworks")]
    assert suggested("wirel") == suggested("wirless") == [("product", "Wireless headphones")]
    assert suggested("") == []
    assert client_as().get("/api/v1/search/suggestions?q=%00").status_code == 400


@pytest.mark.parametrize(("text", "statements"), [("wire", 2), ("", 0), ("!!!", 1), ("wirless", 6), ("zzzz", 4)])
def test_how_many_statements_suggestions_take(text: str, statements: int, django_assert_num_queries: Any) -> None:
    make_product("Wireless headphones")

    with django_assert_num_queries(statements):
        suggested(text)


# ── What people look for ─────────────────────────────────────────────────────────────────────────────────────────────


def look_for(text: str, times: int) -> None:
    for _time in range(times):
        answer(text)


def test_popular_searches_and_those_in_vain_are_counted(django_assert_num_queries: Any) -> None:
    make_product("Lamp")
    look_for("Lamp ", 4)
    look_for("lmap", 3)
    look_for("unicorn", 5)
    look_for("chair", 1)
    client_as().get(f"{URL}?search=lamp&cursor=x")

    assert searches.keep_counts() == 4
    assert searches.keep_counts() == 0
    look_for("lamp", 1)
    searches.keep_counts()

    with django_assert_num_queries(1):
        popular = body(client_as().get("/api/v1/search/popular"))
    with django_assert_num_queries(3):
        report = body(client_as("admin").get("/api/v1/admin/search/report?days=1"))
    assert popular["results"] == [{"text": "lamp"}]
    assert (report["searches"], report["fruitless"]) == (14, 9)
    assert report["top"][:2] == [
        {"text": "lamp", "searches": 5, "fruitless": 0},
        {"text": "unicorn", "searches": 5, "fruitless": 5},
    ]
    assert [row["text"] for row in report["nothing_found"]] == ["unicorn", "lmap", "chair"]


@pytest.mark.parametrize("text", ["ada@example.org", "+251 911 23 45 67", "4242 4242 4242 4242"])
def test_what_may_be_somebodys_own_is_not_kept(text: str) -> None:
    answer(text)

    assert searches.keep_counts() == 0


def test_old_counts_are_forgotten() -> None:
    SearchCount.objects.create(day="2020-01-01", text="lamp", searches=1)

    assert searches.forget_old_counts() == 1


def test_search_works_without_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    make_product("Lamp")
    searches._redis.cache_clear()
    with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
        assert names("lamp") == ["Lamp"]
    searches._redis.cache_clear()
    searches._Away.until = 0.0
    assert settings.REDIS_URL


@pytest.mark.parametrize(
    "space", ["\x85", "\x1c", "\x1f", "\u00a0", "\u2028", "\u3000", "\u180e", "\u200b", "\ufeff", "\x0b"]
)
def test_a_search_is_understood_whatever_stands_between_its_words(space: str) -> None:
    make_product("Copper kettle")

    for text in (f"copper{space}kettle", f"{space}kettle{space}", f"ket{space}tle cop", space):
        for address in ("/api/v1/products?search=", "/api/v1/search/suggestions?q="):
            assert client_as().get(address + quote(text)).status_code == 200
