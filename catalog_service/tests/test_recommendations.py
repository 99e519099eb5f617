"""What belongs together by orders, what is like it, and what somebody may like."""

from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from catalog_service.actions.recommendations import (
    compute_pairs,
    compute_picks,
    recommend_to_some,
    refresh_recommendations,
    touch,
)
from catalog_service.models import BoughtTogether, CategoryPick, Product, Recommendation, Sale, Shopper, UserView
from shared.context import new_id
from shared.contracts.order import Buyer, OrderConfirmed, OrderLine, VendorOrderPart
from shared.contracts.user import UserErased
from shared.messages import MoneyData
from shared.testing import body, client_as
from tests.factories import ask, cancelled, hear, make_category, make_product, release

pytestmark = pytest.mark.django_db
USD = MoneyData(minor=1, currency="USD")


def order_of(*products: Product, user_id: UUID | None = None, order_id: UUID | None = None) -> OrderConfirmed:
    """A confirmed order of one piece of each."""
    lines = tuple(
        OrderLine(
            line_id=new_id(), variant_id=new_id(), product_id=product.id, sku="x", name="x", quantity=1,
            unit_price=USD, line_total=USD,
        )
        for product in products
    )  # fmt: skip
    part = VendorOrderPart(
        vendor_order_id=new_id(), vendor_id=new_id(), vendor_name="x", lines=lines, items_total=USD,
        shipping_total=USD, tax_total=USD, discount_total=USD, total=USD, commission=USD,
    )  # fmt: skip
    return OrderConfirmed(
        order_id=order_id or new_id(), number="N-1", buyer=Buyer(user_id=user_id, email="ada@example.org", name="Ada"),
        total=USD, vendor_orders=(part,), confirmed_at=timezone.now(),
    )  # fmt: skip


def buy(*products: Product, user_id: UUID | None = None) -> UUID:
    """Held, then confirmed, as order tells it."""
    order_id = new_id()
    hear(ask(*((product.variants.get(), 1) for product in products), order_id=order_id))
    hear(order_of(*products, user_id=user_id, order_id=order_id))
    return order_id


def related(product: Product, query: str = "", client: Any = None) -> list[tuple[str, str]]:
    response = (client or client_as()).get(f"/api/v1/products/{product.slug}/related{query}")
    assert response.status_code == 200, response.content
    return [(row["name"], row["reason"]) for row in body(response)["results"]]


def for_me(user_id: UUID, query: str = "") -> list[tuple[str, str]]:
    response = client_as("customer", user_id=user_id).get(f"/api/v1/recommendations{query}")
    assert response["Cache-Control"] == "private, no-store"
    return [(row["name"], row["reason"]) for row in body(response)["results"]]


# ── Bought together ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_lift_says_how_much_oftener_than_by_chance_two_are_bought_together() -> None:
    pot, lid, soap = make_product("Pot"), make_product("Lid"), make_product("Soap")
    for _ in range(3):
        buy(pot, lid)
    buy(pot, soap)
    for _ in range(4):
        buy(soap)

    compute_pairs()

    row = BoughtTogether.objects.get(product=pot)
    assert (row.other_id, row.orders) == (lid.id, 3)
    assert row.lift == pytest.approx(3 * 8 / (4 * 3))
    (shown,) = body(client_as().get(f"/api/v1/products/{pot.id}/related?kind=bought_together"))["results"]
    assert (shown["name"], shown["reason"], shown["lift"]) == ("Lid", "bought_together", 2.0)


def test_what_everybody_buys_belongs_to_nothing() -> None:
    pot, lid, bag = make_product("Pot"), make_product("Lid"), make_product("Bag")
    for _ in range(3):
        buy(pot, lid)
        buy(bag)
    for _ in range(2):
        buy(pot, bag)
        buy(bag)

    compute_pairs()

    assert {row.other_id for row in BoughtTogether.objects.filter(product=pot)} == {lid.id}


def test_cancelled_orders_bought_nothing_whichever_message_comes_first() -> None:
    pot, lid = make_product("Pot"), make_product("Lid")
    first, second = buy(pot, lid), buy(pot, lid)
    compute_pairs()
    assert BoughtTogether.objects.count() == 2

    hear(cancelled(second))
    late = new_id()
    hear(release(late))
    hear(order_of(pot, lid, order_id=late))
    compute_pairs()

    assert set(Sale.objects.values_list("order_id", flat=True)) == {first}
    assert not BoughtTogether.objects.exists()


def test_the_same_order_told_twice_is_one_sale() -> None:
    pot, ada = make_product(stock=10), new_id()
    order_id = buy(pot, user_id=ada)

    hear(order_of(pot, user_id=ada, order_id=order_id))

    assert Sale.objects.get().user_id == ada


def test_the_same_order_told_again_is_nothing_new_to_learn_of_its_buyer() -> None:
    pot, ada = make_product(stock=10), new_id()
    order_id = buy(pot, user_id=ada)
    hear(UserErased(user_id=ada))

    hear(order_of(pot, user_id=ada, order_id=order_id))

    assert Sale.objects.get().user_id is None
    assert not Shopper.objects.exists()


# ── Related ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_bought_together_comes_first_then_what_is_most_like_it() -> None:
    kitchen = make_category("Kitchen")
    pots, pans = make_category("Pots", kitchen), make_category("Pans", kitchen)
    pot = make_product("Pot", category=pots, tags=["clay"], brand="Kiln")
    lid = make_product("Lid", category=make_category("Lids"))
    make_product("Pan", category=pans)
    make_product("Plain pot", category=pots)
    make_product("Clay pot", category=pots, tags=["clay"], brand="Kiln")
    make_product("Sold out", category=pots, stock=0)
    make_product("Draft", category=pots, status="draft")
    make_product("Chair", category=make_category("Chairs"))
    for _ in range(2):
        buy(pot, lid)

    refresh_recommendations()

    assert related(pot) == [
        ("Lid", "bought_together"), ("Clay pot", "similar"), ("Plain pot", "similar"), ("Pan", "similar"),
    ]  # fmt: skip
    assert related(pot, "?kind=similar&limit=1") == [("Clay pot", "similar")]


def test_a_new_product_has_its_category_before_the_clock_has_been_there() -> None:
    pot = make_product("Pot")
    make_product("Better pot")
    make_product("Chair", category=make_category("Chairs"))

    assert related(pot) == [("Better pot", "similar")]
    assert related(pot, "?kind=bought_together") == []


def test_what_went_off_sale_since_is_not_shown() -> None:
    pot, other = make_product("Pot"), make_product("Other pot")
    compute_picks()

    client_as("vendor", vendor_id=other.vendor_id).patch(f"/api/v1/products/{other.id}", {"status": "inactive"})

    assert related(pot) == []


def test_related_products_take_four_statements_at_most(django_assert_max_num_queries: Any) -> None:
    pot, *others = [make_product(f"Pot {i}") for i in range(20)]
    for other in others[:3]:
        buy(pot, other)
        buy(pot, other)
    refresh_recommendations()

    with django_assert_max_num_queries(4):
        assert len(related(pot)) == 12


def test_related_products_of_nothing_and_strange_questions_are_refused() -> None:
    product = make_product()

    assert client_as().get(f"/api/v1/products/{new_id()}/related").status_code == 404
    assert client_as().get(f"/api/v1/products/{make_product(status='draft').id}/related").status_code == 404
    for wrong in ("limit=0", "limit=51", "kind=ugly", "currency=XXX"):
        assert client_as().get(f"/api/v1/products/{product.id}/related?{wrong}").status_code == 400
    assert client_as().get("/api/v1/recommendations?kind=ugly").status_code == 400


# ── Picks ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_best_of_a_category_is_not_whom_one_enthusiast_liked() -> None:
    root = make_category("Kitchen")
    leaf = make_category("Pots", root)
    loved, liked, bad = (make_product(name, category=leaf) for name in ("Loved once", "Liked often", "Bad"))
    for product, average, count in ((loved, 5, 1), (liked, 4.6, 50), (bad, 1, 30)):
        Product.objects.filter(id=product.id).update(rating_average=average, rating_count=count)

    compute_picks()
    compute_picks()

    for category in (root, leaf):
        picks = CategoryPick.objects.filter(category=category).order_by("position")
        assert [pick.product.name for pick in picks] == ["Liked often", "Loved once", "Bad"]


# ── For me ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_recommendations_follow_from_what_i_bought_and_saw_and_leave_out_what_i_have() -> None:
    ada, pots, lamps = new_id(), make_category("Pots"), make_category("Lamps")
    pot, lid = make_product("Pot", category=pots), make_product("Lid", category=make_category("Lids"))
    lamp, torch = make_product("Lamp", category=lamps), make_product("Torch", category=lamps)
    make_product("Chair", category=make_category("Chairs"))
    for _ in range(2):
        buy(pot, lid)
    buy(pot, user_id=ada)
    UserView.objects.create(user_id=ada, product=lamp, viewed_at=timezone.now())

    refresh_recommendations()

    own = for_me(ada)
    assert own[0] == ("Lid", "bought_together")
    assert {name for name, reason in own if reason == "similar"} == {lamp.name, torch.name}
    assert ("Chair", "top_rated") in own
    assert "Pot" not in [name for name, _reason in own]


def test_guests_and_strangers_get_what_is_in_fashion_and_liked_best() -> None:
    product = make_product("Pot")
    Product.objects.filter(id=make_product("Loved").id).update(rating_average=5)

    guest = client_as().get("/api/v1/recommendations")

    assert guest["Cache-Control"].startswith("public, max-age=1")
    assert {row["name"] for row in body(guest)["results"]} == {product.name, "Loved"}
    assert {reason for _name, reason in for_me(new_id())} == {"top_rated"}


def test_only_those_of_whom_something_is_new_are_computed_again() -> None:
    ada = new_id()
    pot = make_product("Pot")
    make_product("Other pot")
    buy(pot, user_id=ada)
    refresh_recommendations()
    assert recommend_to_some() == 0

    touch([ada])

    assert recommend_to_some() == 1
    assert Recommendation.objects.filter(user_id=ada).count() == 1


def test_who_is_erased_is_nobody_s_customer_any_more() -> None:
    ada, pot = new_id(), make_product("Pot")
    make_product("Other pot")
    buy(pot, user_id=ada)
    UserView.objects.create(user_id=ada, product=pot, viewed_at=timezone.now())
    refresh_recommendations()

    hear(UserErased(user_id=ada))

    assert Sale.objects.get().user_id is None
    for model in (UserView, Recommendation, Shopper):
        assert not model._default_manager.exists()
