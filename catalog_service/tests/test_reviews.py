"""Reviews: one each, judged, counted."""

from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from catalog_service.models import Product, Review
from shared.context import new_id
from shared.contracts.catalog import ReviewPublished
from shared.contracts.order import Buyer, VendorOrderDelivered
from shared.testing import body, client_as, published
from tests.factories import hear, make_product

pytestmark = pytest.mark.django_db


def write(product: Product, *, user_id: UUID | None = None, rating: int = 5, **fields: Any) -> Any:
    client = client_as("customer", user_id=user_id or new_id())
    return client.post(f"/api/v1/products/{product.slug}/reviews", {"rating": rating, **fields})


def delivered(product: Product, user_id: UUID | None) -> VendorOrderDelivered:
    return VendorOrderDelivered(
        order_id=new_id(),
        number="N-1",
        buyer=Buyer(user_id=user_id, email="ada@example.org", name="Ada"),
        vendor_order_id=new_id(),
        vendor_id=product.vendor_id,
        product_ids=(product.id, product.id),
        delivered_at=timezone.now(),
    )


def rating_of(product: Product) -> tuple[Any, ...]:
    seen = body(client_as().get(f"/api/v1/products/{product.id}"))
    return seen["rating"], seen["rating_count"], list(seen["rating_histogram"].values())


def test_a_review_shows_and_counts_once_it_is_approved() -> None:
    product, admin = make_product(), client_as("admin")
    user_id = new_id()
    hear(delivered(product, user_id))

    made = write(product, user_id=user_id, rating=4, title="Sturdy", comment="Holds soup.")
    review = body(made)

    assert made.status_code == 201, made.content
    assert (review["verified_purchase"], review["status"]) == (True, "pending")
    assert body(client_as().get(f"/api/v1/products/{product.id}/reviews"))["results"] == []
    assert rating_of(product) == (0, 0, [0, 0, 0, 0, 0])
    assert [row["id"] for row in body(admin.get("/api/v1/admin/reviews?status=pending"))["results"]] == [review["id"]]

    admin.post(f"/api/v1/admin/reviews/{review['id']}/approve")

    (shown,) = body(client_as().get(f"/api/v1/products/{product.slug}/reviews"))["results"]
    assert (shown["title"], shown["author"]) == ("Sturdy", "Verified buyer")
    assert "user_id" not in shown
    assert rating_of(product) == (4.0, 1, [0, 0, 0, 1, 0])
    assert [(told.review_id, told.rating) for told in published(ReviewPublished)] == [(UUID(review["id"]), 4)]


def test_the_average_is_rounded_and_follows_a_withdrawn_approval() -> None:
    product, admin = make_product(), client_as("admin")
    reviews = [body(write(product, rating=rating)) for rating in (5, 4, 4)]
    for review in reviews:
        admin.post(f"/api/v1/admin/reviews/{review['id']}/approve")
    assert rating_of(product)[:2] == (4.33, 3)

    admin.post(f"/api/v1/admin/reviews/{reviews[0]['id']}/reject", {"reason": "An advertisement."})

    assert rating_of(product) == (4.0, 2, [0, 0, 0, 2, 0])
    again = admin.post(f"/api/v1/admin/reviews/{reviews[0]['id']}/reject", {"reason": "Twice."})
    assert (again.status_code, body(again)["code"]) == (409, "already_decided")


def test_one_review_per_user_and_product() -> None:
    product, user_id = make_product(), new_id()
    write(product, user_id=user_id)

    again = write(product, user_id=user_id)

    assert (again.status_code, body(again)["code"]) == (409, "already_reviewed")


def test_a_delivery_verifies_what_was_written_before_it_and_guests_are_no_users() -> None:
    product, user_id = make_product(), new_id()
    review = body(write(product, user_id=user_id))
    assert review["verified_purchase"] is False

    hear(delivered(product, None))
    hear(delivered(product, user_id))
    hear(delivered(product, user_id))

    assert Review.objects.get(id=review["id"]).verified_purchase is True


def test_vendors_do_not_review_their_own() -> None:
    product = make_product()
    client = client_as("vendor", vendor_id=product.vendor_id)

    response = client.post(f"/api/v1/products/{product.id}/reviews", {"rating": 5})

    assert (response.status_code, body(response)["code"]) == (409, "own_product")


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"rating": 0},
        {"rating": 6},
        {"rating": 10**30},
        {"rating": 5, "title": "x" * 151},
        {"rating": 5, "comment": "\x00"},
        {"rating": 5, "title": "Two\nlines"},
        {"rating": 5, "title": "Turned \u202e round"},
        {"rating": 5, "comment": "Turned \u202e round"},
        {"rating": 5, "comment": "Rings \x07"},
        {"rating": 5, "status": "approved"},
        {"rating": 5, "verified_purchase": True},
    ],
)
def test_strange_reviews_are_refused(wrong: dict[str, Any]) -> None:
    product = make_product()

    response = client_as("customer").post(f"/api/v1/products/{product.id}/reviews", wrong)

    assert response.status_code == 400


def test_guests_write_none_and_only_admins_judge() -> None:
    product = make_product()
    review = body(write(product))
    url = f"/api/v1/admin/reviews/{review['id']}/approve"

    assert client_as().post(f"/api/v1/products/{product.id}/reviews", {"rating": 5}).status_code == 401
    assert client_as("vendor", vendor_id=product.vendor_id).post(url).status_code == 403
    assert client_as("admin").post(f"/api/v1/admin/reviews/{new_id()}/approve").status_code == 404
    assert write(make_product(status="draft")).status_code == 404


def test_votes_are_one_each_and_may_change() -> None:
    product, admin = make_product(), client_as("admin")
    author = new_id()
    review = body(write(product, user_id=author))
    url = f"/api/v1/reviews/{review['id']}/votes"
    reader = client_as("customer", user_id=new_id())
    assert reader.post(url, {"helpful": True}).status_code == 404
    admin.post(f"/api/v1/admin/reviews/{review['id']}/approve")

    reader.post(url, {"helpful": True})
    client_as("customer").post(url, {"helpful": True})
    counted = body(reader.post(url, {"helpful": False}))

    assert (counted["helpful"], counted["unhelpful"]) == (1, 1)
    assert client_as("customer", user_id=author).post(url, {"helpful": True}).status_code == 409
    assert reader.post(url, {"helpful": "much"}).status_code == 400


def test_reviews_are_read_page_by_page_newest_first() -> None:
    product, admin = make_product(), client_as("admin")
    made = [body(write(product))["id"] for _ in range(5)]
    for review in made:
        admin.post(f"/api/v1/admin/reviews/{review}/approve")

    url, seen = f"/api/v1/products/{product.id}/reviews?limit=2", []
    while url:
        page = body(client_as().get(url))
        seen += [row["id"] for row in page["results"]]
        url = page["next"]

    assert seen == made[::-1]
