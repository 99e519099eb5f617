"""Pictures wait for approval with their review and go with it."""

from pathlib import Path

import pytest
from django.utils import timezone

from catalog_service.actions import files
from catalog_service.actions.moderation import approve_review
from catalog_service.models import DiscardedFile, Review, ReviewImage
from shared.testing import body, client_as
from tests.reviewing import add_image, author_of, make_review, url_of

pytestmark = pytest.mark.django_db


def test_pictures_wait_with_their_review_and_go_with_it(media: Path) -> None:
    review = make_review()

    made = add_image(review)

    assert made.status_code == 201, made.content
    seen = body(author_of(review).get(url_of(review)))
    assert (seen["status"], [image["id"] for image in seen["images"]]) == ("pending", [body(made)["id"]])
    stored = [path for path in media.rglob("*") if path.is_file()]
    assert len(stored) == 2

    author_of(review).delete(url_of(review))
    DiscardedFile.objects.update(due_at=timezone.now())

    assert files.delete_discarded() == 2
    assert not any(path.is_file() for path in media.rglob("*"))


def test_a_picture_is_taken_away_without_another_approval() -> None:
    review = make_review()
    image = body(add_image(review))["id"]
    approve_review(review_id=review.id)

    gone = author_of(review).delete(url_of(review, f"/images/{image}"))

    assert gone.status_code == 204
    assert not ReviewImage.objects.exists()
    assert Review.objects.get().status == "approved"
    assert author_of(review).delete(url_of(review, f"/images/{image}")).status_code == 404


def test_strange_pictures_too_many_and_those_of_others_are_refused() -> None:
    review = make_review()

    assert add_image(review, b"no picture").status_code == 400
    assert add_image(review, client=client_as("customer")).status_code == 404
    assert [add_image(review).status_code for _ in range(6)] == [201] * 5 + [400]
