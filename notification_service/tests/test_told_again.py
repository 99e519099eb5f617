"""What the auditor has others tell again, under another message id, is told to nobody a second time."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from factories import ADA, FIVE, about_order, hear, make_people, order_confirmed, vendor_changed

from shared.context import new_id
from shared.contracts import order, user
from shared.messages import Message
from shared.testing import kept

pytestmark = pytest.mark.django_db


def delivered() -> order.VendorOrderDelivered:
    arrived = {"product_ids": (), "delivered_at": timezone.now()}
    return order.VendorOrderDelivered(**about_order(), vendor_order_id=new_id(), vendor_id=new_id(), **arrived)


def refunded() -> order.OrderRefunded:
    return order.OrderRefunded(**about_order(), refund_id=new_id(), amount=FIVE)


def renamed() -> user.UserChanged:
    return user.UserChanged(user_id=ADA, email="ada@example.com", first_name="Eve", last_name="B", version=2)


def erased() -> user.UserErased:
    return user.UserErased(user_id=ADA)


@pytest.mark.parametrize("told", [order_confirmed, delivered, refunded, renamed, vendor_changed, erased])
def test_what_is_told_again_changes_nothing(told: Callable[[], Message]) -> None:
    make_people()
    hear(order_confirmed())
    message = told()
    hear(message)
    before = kept()

    hear(message)

    assert kept() == before


@pytest.mark.parametrize("told", [delivered, refunded])
def test_what_is_told_of_a_forgotten_buyers_order_is_told_to_nobody(told: Callable[[], Message]) -> None:
    nobody = order.Buyer(email="", name="erased")
    before = kept()

    hear(told().model_copy(update={"buyer": nobody}))

    assert kept() == before
