"""Reviews without their author's name."""

import pytest

from catalog_service.models import Review
from shared.context import new_id
from shared.contracts.user import UserErased
from tests.factories import hear, make_product

pytestmark = pytest.mark.django_db


def test_a_review_stays_and_its_author_has_no_name_any_more() -> None:
    ada, eve, product = new_id(), new_id(), make_product()
    for user_id, author in ((ada, "Ada"), (eve, "Eve")):
        Review.objects.create(product=product, user_id=user_id, author=author, rating=4, comment="Good.")

    hear(UserErased(user_id=ada))

    kept = Review.objects.order_by("created_at").values_list("user_id", "author", "comment")
    assert list(kept) == [(ada, "", "Good."), (eve, "Eve", "Good.")]
