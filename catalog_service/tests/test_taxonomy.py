"""The tree of categories, and brands."""

import random
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from factories import make_category, make_product
from together import run_together

from catalog_service.actions import taxonomy
from catalog_service.actions.products import edit_product
from catalog_service.errors import CategoryInUse
from catalog_service.models import Brand, Category, Product
from shared.context import new_id
from shared.contracts.catalog import CategoryChanged
from shared.errors import Invalid, Refused
from shared.testing import body, client_as, published

pytestmark = pytest.mark.django_db
URL = "/api/v1/admin/categories"


def test_the_whole_tree_is_one_statement_and_whether_it_has_changed(
    django_assert_num_queries: Callable[[int], Any],
) -> None:
    root = make_category("Home")
    kitchen = make_category("Kitchen", root)
    make_category("Pots", kitchen)
    make_category("Garden")

    with django_assert_num_queries(2):
        tree = body(client_as().get("/api/v1/categories"))["results"]

    assert [node["slug"] for node in tree] == ["garden", "home"]
    assert tree[1]["children"][0]["children"][0]["slug"] == "pots"


def test_a_category_knows_the_way_to_it() -> None:
    kitchen = make_category("Kitchen", make_category("Home"))
    make_category("Pots", kitchen)

    found = body(client_as().get("/api/v1/categories/kitchen"))

    assert [step["slug"] for step in found["breadcrumbs"]] == ["home", "kitchen"]
    assert [child["slug"] for child in found["children"]] == ["pots"]
    assert body(client_as().get(f"/api/v1/categories/{kitchen.id}"))["slug"] == "kitchen"
    assert client_as().get("/api/v1/categories/%00").status_code == 404


def test_admins_plant_move_and_prune() -> None:
    admin = client_as("admin")

    home = admin.post(URL, {"name": "Home"})
    pots = body(admin.post(URL, {"name": "Pots & Pans", "parent": "home", "position": 3}))
    deep = body(admin.post(URL, {"name": "Lids", "parent": pots["id"]}))
    admin.post(URL, {"name": "Garden"})
    moved = admin.patch(f"{URL}/pots-pans", {"parent": "garden"})

    assert home.status_code == 201
    assert moved.status_code == 200
    way = body(client_as().get(f"/api/v1/categories/{deep['id']}"))["breadcrumbs"]
    assert [step["slug"] for step in way] == ["garden", "pots-pans", "lids"]
    assert body(admin.delete(f"{URL}/garden"))["code"] == "category_in_use"
    assert admin.delete(f"{URL}/lids").status_code == 204


def test_a_category_never_stands_below_itself() -> None:
    home = make_category("Home")
    make_category("Pots", make_category("Kitchen", home))
    admin = client_as("admin")

    for parent in ("pots", "home", "nothing"):
        assert set(body(admin.patch(f"{URL}/home", {"parent": parent}))["errors"]) == {"parent"}
    assert Category.objects.get(slug="home").lineage == [home.id]


def test_a_slug_is_taken_once() -> None:
    admin = client_as("admin")
    make_category("Home")

    assert body(admin.post(URL, {"name": "Other", "slug": "home"}))["code"] == "name_taken"
    assert admin.post(URL, {"name": "Home"}).status_code == 201
    assert admin.post("/api/v1/admin/brands", {"name": "Acme"}).status_code == 201
    assert body(admin.post("/api/v1/admin/brands", {"name": "ACME"}))["code"] == "name_taken"


def test_brands_are_listed_by_name_and_kept_while_products_carry_them() -> None:
    make_product(brand="Zed")
    make_product(brand="zed")
    make_product(brand="Acme")
    admin = client_as("admin")

    assert [brand["name"] for brand in body(client_as().get("/api/v1/brands"))["results"]] == ["Acme", "Zed"]
    assert body(client_as().get("/api/v1/brands/zed"))["name"] == "Zed"
    assert body(admin.delete("/api/v1/admin/brands/zed"))["code"] == "brand_in_use"
    assert Brand.objects.count() == 2


@pytest.mark.parametrize("roles", [(), ("customer",), ("vendor",)])
def test_only_admins_write(roles: tuple[str, ...]) -> None:
    client = client_as(*roles, vendor_id=new_id())

    assert client.post(URL, {"name": "Home"}).status_code in (401, 403)
    assert client.post("/api/v1/admin/brands", {"name": "Acme"}).status_code in (401, 403)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"name": "x" * 201},
        {"name": "\x00"},
        {"name": "A", "slug": "Ä b"},
        {"name": "A", "position": 10**20},
        {"name": "A", "parent": "\x00"},
        {"name": "A", "colour": "red"},
    ],
)
def test_strange_categories_are_refused(wrong: dict[str, Any]) -> None:
    assert client_as("admin").post(URL, wrong).status_code == 400


def move(category: Category, parent: Category | None) -> Callable[[], object]:
    reference = str(parent.id) if parent else None
    return lambda: taxonomy.edit_category(reference=str(category.id), changes={"parent": reference})


def assert_a_tree() -> None:
    """Every lineage is the way over the parents, and every way ends at a root."""
    rows = {row.id: row for row in Category.objects.all()}
    for row in rows.values():
        way, step = [row.id], row
        while step.parent_id:
            assert step.parent_id not in way, "a cycle"
            step = rows[step.parent_id]
            way.insert(0, step.id)
        assert row.lineage == way


@pytest.mark.django_db(transaction=True)
def test_two_branches_moved_under_each_other_at_once_make_no_cycle() -> None:
    for round_ in range(5):
        left, right = make_category(f"Left {round_}"), make_category(f"Right {round_}")
        below = make_category(f"Below {round_}", left)

        raised = run_together([move(left, right), move(right, below)])

        assert [type(error) for error in raised] == [Invalid]
        assert_a_tree()


@pytest.mark.django_db(transaction=True)
def test_many_moves_at_once_leave_a_tree() -> None:
    chance = random.Random(4)
    every: list[Category] = []
    for i in range(12):
        every.append(make_category(f"C{i}", chance.choice([None, *every])))

    for _ in range(4):
        jobs = [move(chance.choice(every), chance.choice([None, *every])) for _ in range(6)]
        raised = run_together(jobs)
        assert all(isinstance(error, Invalid) for error in raised), raised
        assert_a_tree()


@pytest.mark.django_db(transaction=True)
def test_a_category_is_deleted_or_gets_a_product_never_both() -> None:
    product = make_product(category=make_category("Home"))
    for round_ in range(5):
        empty = make_category(f"Empty {round_}")

        delete = partial(taxonomy.delete_category, reference=empty.slug)
        edit = partial(edit_product, reference=str(product.id), vendor_id=None, changes={"category": empty.slug})
        raised = run_together([delete, edit])

        assert [isinstance(error, Refused) for error in raised] == [True], raised
        stays = Category.objects.filter(id=empty.id).exists()
        assert stays == (Product.objects.get(id=product.id).category_id == empty.id)


def test_a_category_with_products_stays() -> None:
    make_product(category=make_category("Pots"))

    with pytest.raises(CategoryInUse):
        taxonomy.delete_category(reference="pots")


def test_moving_a_branch_takes_the_same_few_statements_however_large_it_is(
    django_assert_max_num_queries: Callable[[int], Any],
) -> None:
    home, garden = make_category("Home"), make_category("Garden")
    for i in range(30):
        make_category(f"Shelf {i}", home)

    with django_assert_max_num_queries(22):
        move(home, garden)()

    assert Category.objects.filter(lineage__0=garden.id).count() == 32


def test_a_tree_of_a_hundred_levels_is_answered_and_the_next_level_refused() -> None:
    admin = client_as("admin")
    deepest = None
    for level in range(taxonomy.MAX_LEVELS):
        deepest = make_category(f"Level {level}", deepest)
    other = make_category("Other", make_category("Else"))

    node, levels = body(client_as().get("/api/v1/categories"))["results"][1], 1
    while node["children"]:
        node, levels = node["children"][0], levels + 1

    assert levels == taxonomy.MAX_LEVELS
    below = admin.post(URL, {"name": "Too deep", "parent": f"level-{taxonomy.MAX_LEVELS - 1}"})
    branch = admin.patch(f"{URL}/else", {"parent": f"level-{taxonomy.MAX_LEVELS - 2}"})
    assert (set(body(below)["errors"]), set(body(branch)["errors"])) == ({"parent"}, {"parent"})
    assert admin.patch(f"{URL}/{other.slug}", {"parent": f"level-{taxonomy.MAX_LEVELS - 2}"}).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_who_renames_a_brand_keeps_nobody_from_listing_things_of_it() -> None:
    """A product's foreign key is checked at its commit, when it holds the product that the renaming waits for."""
    brand = make_product(brand="Acme").brand
    assert brand

    def refer() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM brand WHERE id = %s FOR KEY SHARE NOWAIT", [brand.id])

    with transaction.atomic():
        brand.name = "Apex"
        brand.save()
        errors = run_together([refer])

    assert errors == []


# ── Told ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def told() -> list[tuple[Any, list[Any], int]]:
    return [(one.category_id, list(one.lineage), one.version) for one in published(CategoryChanged)]


def test_where_a_category_stands_is_told_once_and_again_when_it_moves_with_its_branch() -> None:
    home, garden = make_category("Home"), make_category("Garden")
    pots = make_category("Pots", home)
    lids = make_category("Lids", pots)

    assert (taxonomy.tell_places(), taxonomy.tell_places()) == (4, 0)
    assert sorted(told()) == sorted((one.id, one.lineage, 1) for one in (home, garden, pots, lids))

    taxonomy.edit_category(reference="pots", changes={"parent": "garden"})
    assert taxonomy.tell_places() == 2
    assert sorted(told()[4:]) == sorted([
        (pots.id, [garden.id, pots.id], 2), (lids.id, [garden.id, pots.id, lids.id], 2),
    ])  # fmt: skip


def test_a_new_name_is_no_new_place() -> None:
    make_category("Home")
    taxonomy.tell_places()

    taxonomy.edit_category(reference="home", changes={"name": "House", "position": 3})

    assert taxonomy.tell_places() == 0


def test_a_category_that_goes_is_told_as_nowhere() -> None:
    home = make_category("Home")
    taxonomy.tell_places()

    taxonomy.delete_category(reference="home")

    assert told()[-1] == (home.id, [], 2)


@pytest.mark.django_db(transaction=True)
def test_of_a_move_and_the_telling_at_once_the_last_word_is_where_it_stands() -> None:
    home, garden = make_category("Home"), make_category("Garden")
    pots = make_category("Pots", home)
    move = partial(taxonomy.edit_category, reference="pots", changes={"parent": "garden"})

    run_together([move, taxonomy.tell_places, taxonomy.tell_places])
    taxonomy.tell_places()

    versions = {version: lineage for category, lineage, version in told() if category == pots.id}
    assert versions[max(versions)] == [garden.id, pots.id]
    assert len(versions) == len([one for one in told() if one[0] == pots.id])
