"""What the auditor has others tell again, under another message id, changes nothing where it had been heard."""

from collections.abc import Callable

import pytest
from factories import earn, hear, make_application, make_member, make_vendor

from shared.contracts.payment import VendorBalanceChanged
from shared.contracts.user import UserErased
from shared.messages import Message
from shared.testing import kept, published

pytestmark = pytest.mark.django_db


def balanced() -> VendorBalanceChanged:
    vendor = make_vendor()
    earn(vendor, 5_000, version=1)
    return VendorBalanceChanged(vendor_id=vendor.id, currency="USD", pending=0, available=7_000, version=2)


def outdated() -> VendorBalanceChanged:
    told = balanced()
    hear(told.model_copy(update={"available": 9_000, "version": 3}))
    return told


def seller_erased() -> UserErased:
    return UserErased(user_id=make_member(make_vendor()).user_id)


def applicant_erased() -> UserErased:
    return UserErased(user_id=make_application().user_id)


def owner_erased() -> UserErased:
    return UserErased(user_id=make_vendor().owner_id)


@pytest.mark.parametrize("heard", [balanced, outdated, seller_erased, applicant_erased, owner_erased])
def test_what_is_told_again_changes_nothing(heard: Callable[[], Message]) -> None:
    told = heard()
    hear(told)
    before, said = kept(), published()

    hear(told)

    assert (kept(), published()) == (before, said)


def test_a_balance_that_is_told_late_is_not_taken() -> None:
    told = outdated()
    before = kept()

    hear(told)

    assert kept() == before
