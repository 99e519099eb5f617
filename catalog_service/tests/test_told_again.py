"""What the auditor has others tell again, under another message id, changes nothing where it had been heard."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from shared.context import new_id
from shared.contracts.order import Buyer, OrderConfirmed, VendorOrderDelivered
from shared.contracts.user import UserErased
from shared.contracts.vendor import VendorChanged
from shared.messages import Message
from shared.testing import kept, published
from tests.factories import ask, confirmed, hear, make_product, make_variant, make_vendor, vendor_changed
from tests.reviewing import make_review

pytestmark = pytest.mark.django_db


def sold() -> OrderConfirmed:
    held = ask((make_variant(), 2))
    hear(held)
    return confirmed(held.order_id)


def delivered() -> VendorOrderDelivered:
    review = make_review()
    return VendorOrderDelivered(
        order_id=new_id(), number="N-1", buyer=Buyer(user_id=review.user_id, email="ada@example.com", name="Ada"),
        vendor_order_id=new_id(), vendor_id=new_id(), product_ids=(review.product_id,), delivered_at=timezone.now(),
    )  # fmt: skip


def renamed() -> VendorChanged:
    vendor = make_vendor()
    make_product(vendor=vendor)
    return vendor_changed(vendor.id, name="Red Kiln", version=2)


def erased() -> UserErased:
    return UserErased(user_id=make_review().user_id)


@pytest.mark.parametrize("heard", [sold, delivered, renamed, erased])
def test_what_is_told_again_changes_nothing(heard: Callable[[], Message]) -> None:
    told = heard()
    hear(told)
    before, said = kept(), published()

    hear(told)

    assert (kept(), published()) == (before, said)


def test_a_vendor_told_as_its_next_version_is_told_on_to_nobody() -> None:
    told = renamed()
    hear(told)
    said = published()

    hear(told.model_copy(update={"version": 3}))

    assert published() == said
