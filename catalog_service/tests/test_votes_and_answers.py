"""Votes of readers and answers of vendors."""

from functools import partial

import pytest

from catalog_service.actions.reviews import vote
from catalog_service.models import Review
from shared.context import new_id
from shared.testing import audited, body, client_as
from tests.factories import make_vendor
from tests.reviewing import author_of, ids, make_review, url_of
from tests.together import run_together

pytestmark = pytest.mark.django_db


def test_a_vote_can_be_taken_back_and_nobody_votes_for_themselves() -> None:
    review = make_review()
    reader = client_as("customer")
    reader.post(url_of(review, "/votes"), {"helpful": True})

    assert body(reader.delete(url_of(review, "/votes")))["helpful"] == 0
    own = author_of(review).post(url_of(review, "/votes"), {"helpful": True})
    assert (own.status_code, body(own)["code"]) == (409, "own_review")
    seller = client_as("vendor", vendor_id=review.product.vendor_id)
    assert body(seller.post(url_of(review, "/votes"), {"helpful": True}))["code"] == "own_product"


def test_a_vendor_answers_reviews_of_its_own_products_for_all_to_read() -> None:
    review = make_review()
    vendor = client_as("vendor", vendor_id=review.product.vendor_id)

    vendor.post(url_of(review, "/answer"), {"text": "Sorry!"})
    answered = vendor.put(url_of(review, "/answer"), {"text": "Thank you.\nCome again."})

    assert answered.status_code == 200
    (read,) = body(client_as().get(f"/api/v1/products/{review.product_id}/reviews?answered=true"))["results"]
    assert read["answer"]["text"] == "Thank you.\nCome again."
    assert read["answer"]["vendor_name"] == "Blue Kiln"
    assert ids(vendor.get("/api/v1/reviews?vendor=me&answered=false")) == []
    assert ids(vendor.get("/api/v1/reviews?vendor=me")) == [str(review.id)]
    assert body(vendor.delete(url_of(review, "/answer")))["answer"] is None


def test_answers_of_others_are_refused_and_an_admin_takes_away_what_should_not_be_there() -> None:
    review = make_review()
    url = url_of(review, "/answer")
    stranger = client_as("vendor", vendor_id=make_vendor("Red Kiln").id)
    owner = client_as("vendor", vendor_id=review.product.vendor_id)

    assert stranger.post(url, {"text": "Ours is better."}).status_code == 404
    assert stranger.delete(url).status_code == 404
    assert client_as("customer").post(url, {"text": "x"}).status_code == 403
    assert client_as("admin").post(url, {"text": "x"}).status_code == 403
    for wrong in ({}, {"text": ""}, {"text": "\u202e"}, {"text": "x" * 2_001}):
        assert owner.post(url, wrong).status_code == 400
    waiting = make_review(review.product, approved=False)
    assert owner.post(url_of(waiting, "/answer"), {"text": "x"}).status_code == 404

    owner.post(url, {"text": "Insults."})
    client_as("admin").delete(url)

    assert Review.objects.get(id=review.id).answer == ""
    assert audited()[-1] == ("catalog.review.remove_answer", "review")


@pytest.mark.django_db(transaction=True)
def test_votes_at_once_are_all_counted() -> None:
    review = make_review()

    def vote_on_it(helpful: bool) -> None:
        vote(review_id=review.id, user_id=new_id(), vendor_id=None, helpful=helpful)

    assert run_together([partial(vote_on_it, i % 3 > 0) for i in range(12)]) == []

    review.refresh_from_db()
    assert (review.helpful, review.unhelpful) == (8, 4)
