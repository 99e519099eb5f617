"""Reviews as their authors edit and delete them, and as buyers list them."""

from typing import Any

import pytest

from catalog_service.actions.moderation import reject_review
from catalog_service.models import Review
from shared.context import new_id
from shared.testing import body, client_as
from tests.factories import make_product
from tests.reviewing import add_image, author_of, ids, make_review, rating_of, url_of

pytestmark = pytest.mark.django_db
ADMIN = "/api/v1/admin/reviews"


def test_an_edited_review_waits_for_approval_and_does_not_count_meanwhile() -> None:
    review = make_review(rating=5)
    flagger = client_as("customer")
    flagger.post(url_of(review, "/flag"), {"reason": "other"})

    edited = author_of(review).patch(url_of(review), {"rating": 2, "comment": "The lid broke."})

    seen = body(edited)
    assert (seen["status"], seen["rating"], seen["title"], seen["comment"]) == (
        "pending", 2, "Sturdy", "The lid broke.",
    )  # fmt: skip
    assert seen["edited_at"]
    assert rating_of(review) == (0, 0)
    assert client_as().get(url_of(review)).status_code == 404
    assert ids(client_as("admin").get(f"{ADMIN}?status=pending")) == [str(review.id)]
    assert Review.objects.get().open_flags == 0

    client_as("admin").post(f"{ADMIN}/{review.id}/approve")

    assert rating_of(review) == (2, 1)
    assert body(client_as().get(url_of(review)))["comment"] == "The lid broke."


def test_the_same_text_again_is_no_edit() -> None:
    review = make_review()

    same = author_of(review).put(url_of(review), {"rating": 4, "title": review.title, "comment": review.comment})

    assert (body(same)["status"], body(same)["edited_at"]) == ("approved", None)


def test_a_deleted_review_counts_no_more_and_leaves_room_for_another() -> None:
    review = make_review()
    author = author_of(review)

    assert author.delete(url_of(review)).status_code == 204

    assert rating_of(review) == (0, 0)
    assert author.get(url_of(review)).status_code == 404
    assert author.post(f"/api/v1/products/{review.product_id}/reviews", {"rating": 1}).status_code == 201


@pytest.mark.parametrize("method", ["patch", "put", "delete"])
def test_reviews_of_others_are_as_good_as_absent_to_who_would_change_them(method: str) -> None:
    review = make_review()
    stranger = client_as("customer", "vendor", "admin", vendor_id=review.product.vendor_id)

    theirs = getattr(stranger, method)(url_of(review), {"rating": 1})
    nothing = getattr(stranger, method)(f"/api/v1/reviews/{new_id()}", {"rating": 1})

    assert theirs.status_code == nothing.status_code == 404
    assert body(theirs)["detail"] == body(nothing)["detail"]
    assert getattr(client_as(), method)(url_of(review), {"rating": 1}).status_code == 401


def test_authors_see_their_own_in_every_status_with_the_reason_and_others_only_what_is_approved() -> None:
    me, product = new_id(), make_product()
    waiting, refused = make_review(user_id=me, approved=False), make_review(product, user_id=me, approved=False)
    reject_review(review_id=refused.id, reason="An advertisement.")
    read = make_review(product)

    own = client_as("customer", user_id=me).get("/api/v1/reviews?mine=true")

    assert ids(own) == [str(refused.id), str(waiting.id)]
    assert [row["rejection_reason"] for row in body(own)["results"]] == ["An advertisement.", ""]
    assert own["Cache-Control"] == "private, no-store"
    assert ids(client_as().get("/api/v1/reviews")) == [str(read.id)]
    assert ids(client_as().get(f"/api/v1/reviews?product={product.slug}")) == [str(read.id)]
    assert "rejection_reason" not in body(client_as().get(url_of(read)))
    assert client_as().get("/api/v1/reviews?mine=true").status_code == 401
    assert client_as().get("/api/v1/reviews?product=nothing-like-it").status_code == 404
    assert client_as("customer").get("/api/v1/reviews?vendor=me").status_code == 400


def test_a_review_may_be_written_with_its_product_in_the_body() -> None:
    product = make_product()

    made = client_as("customer").post("/api/v1/reviews", {"product": str(product.id), "rating": 3})

    assert made.status_code == 201
    assert made["Location"] == f"/api/v1/reviews/{body(made)['id']}"
    assert client_as("customer").post("/api/v1/reviews", {"rating": 3}).status_code == 400


def test_reviews_are_narrowed_and_ordered() -> None:
    product = make_product()
    low, high = make_review(product, rating=1), make_review(product, rating=5)
    Review.objects.filter(id=low.id).update(helpful=7, verified_purchase=True)
    url = f"/api/v1/products/{product.id}/reviews"

    def listed(query: str) -> list[str]:
        return ids(client_as().get(f"{url}?{query}"))

    assert listed("ordering=highest") == [str(high.id), str(low.id)]
    assert listed("ordering=lowest") == listed("ordering=oldest") == listed("ordering=helpful")
    assert listed("verified=true") == [str(low.id)]
    assert listed("with_images=true") == listed("answered=true") == []
    assert listed("with_images=false&answered=false") == [str(high.id), str(low.id)]
    first = body(client_as().get(f"{url}?ordering=helpful&limit=1"))
    assert ids(client_as().get(first["next"])) == [str(high.id)]
    assert client_as().get(f"{url}?ordering=spam").status_code == 400


def test_a_page_of_reviews_takes_three_statements_however_many_there_are(
    django_assert_num_queries: Any,
) -> None:
    product = make_product()
    for _ in range(4):
        add_image(make_review(product))
    Review.objects.update(status="approved", answer="Thank you.", answered_at="2026-01-01T00:00:00Z")

    with django_assert_num_queries(3):
        page = body(client_as().get(f"/api/v1/products/{product.id}/reviews"))

    assert [len(row["images"]) for row in page["results"]] == [1] * 4
