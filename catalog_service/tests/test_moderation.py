"""Reviews under judgement: flagged, hidden, rejected with a reason; the rating is that of the approved ones."""

from functools import partial

import pytest

from catalog_service.actions.moderation import approve_review, reject_review
from catalog_service.models import Review
from shared.context import new_id
from shared.contracts.catalog import ReviewPublished
from shared.contracts.user import UserErased
from shared.testing import audited, body, client_as, published
from tests.factories import hear, make_product
from tests.reviewing import author_of, ids, make_review, rating_of, url_of
from tests.together import run_together

pytestmark = pytest.mark.django_db
ADMIN = "/api/v1/admin/reviews"


# ── Flags ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_flagged_review_comes_back_to_the_queue_with_its_reasons_until_it_is_decided() -> None:
    review, admin = make_review(), client_as("admin")
    reader = client_as("customer")

    flagged = reader.post(url_of(review, "/flag"), {"reason": "spam", "detail": "A copy."})
    reader.post(url_of(review, "/flag"), {"reason": "offensive"})

    assert flagged.status_code == 201
    for status in ("flagged", "waiting"):
        (queued,) = body(admin.get(f"{ADMIN}?status={status}"))["results"]
        assert (queued["id"], queued["open_flags"], queued["flags"]) == (str(review.id), 1, {"offensive": 1})
    assert ids(client_as().get("/api/v1/reviews")) == [str(review.id)]

    decided = admin.post(f"{ADMIN}/{review.id}/approve")

    assert (body(decided)["status"], body(decided)["open_flags"]) == ("approved", 0)
    assert ids(admin.get(f"{ADMIN}?status=waiting")) == []
    again = reader.post(url_of(review, "/flag"), {"reason": "spam"})
    assert (again.status_code, body(again)["code"]) == (409, "already_decided")
    assert len(published(ReviewPublished)) == 1
    assert audited() == [("catalog.review.approve", "review")] * 2


def test_a_review_that_many_flag_is_hidden_until_it_is_decided() -> None:
    review = make_review()

    for expected in ((4.0, 1), (4.0, 1), (0.0, 0)):
        client_as("customer").post(url_of(review, "/flag"), {"reason": "false"})
        assert rating_of(review) == expected

    assert client_as().get(url_of(review)).status_code == 404
    assert client_as("customer").post(url_of(review, "/flag"), {"reason": "false"}).status_code == 404
    client_as("admin").post(f"{ADMIN}/{review.id}/approve")
    assert rating_of(review) == (4.0, 1)


def test_who_flags_is_signed_in_and_not_the_author_and_says_why() -> None:
    review = make_review()
    url = url_of(review, "/flag")

    assert client_as().post(url, {"reason": "spam"}).status_code == 401
    own = author_of(review).post(url, {"reason": "spam"})
    assert (own.status_code, body(own)["code"]) == (409, "own_review")
    for wrong in ({}, {"reason": "ugly"}, {"reason": "spam", "detail": "a\nb"}, {"reason": "spam", "status": "x"}):
        assert client_as("customer").post(url, wrong).status_code == 400
    assert client_as("customer").post(f"/api/v1/reviews/{new_id()}/flag", {"reason": "spam"}).status_code == 404


def test_a_rejection_needs_a_reason() -> None:
    review = make_review(approved=False)

    assert client_as("admin").post(f"{ADMIN}/{review.id}/reject").status_code == 400
    assert client_as("admin").post(f"{ADMIN}/{review.id}/reject", {"reason": ""}).status_code == 400


def test_what_somebody_who_is_erased_complained_of_stays_without_words() -> None:
    review, eve = make_review(), new_id()
    client_as("customer", user_id=eve).post(url_of(review, "/flag"), {"reason": "other", "detail": "I know him."})

    hear(UserErased(user_id=eve))

    assert review.flags.get().detail == ""


# ── At once ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db(transaction=True)
def test_the_rating_is_exact_whatever_happens_at_once() -> None:
    product = make_product()
    reviews = [make_review(product, rating=1 + i % 5, approved=i % 2 == 0) for i in range(10)]

    rejections = [partial(reject_review, review_id=reviews[i].id, reason="x") for i in range(0, 10, 2)]
    approvals = [partial(approve_review, review_id=reviews[i].id) for i in range(1, 10, 2)]
    errors = run_together([*rejections, *approvals])

    assert errors == []
    approved = sorted(Review.objects.public().values_list("rating", flat=True))
    product.refresh_from_db()
    assert approved == [1, 2, 3, 4, 5]
    assert product.rating_histogram == [1, 1, 1, 1, 1]
    assert (float(product.rating_average), product.rating_count) == (3.0, 5)
