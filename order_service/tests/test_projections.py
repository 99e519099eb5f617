"""What this service keeps of others': the newest word stays, whoever writes it down first."""

from threading import Thread
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from factories import hear

from order_service.models import Customer, StoreCredit, VendorTerms
from shared.contracts.payment import StoreCreditChanged
from shared.contracts.user import UserChanged, UserErased
from shared.contracts.vendor import VendorChanged
from shared.testing import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

ADA = UUID(int=0xADA)


def vendor(version: int) -> VendorChanged:
    return VendorChanged(
        vendor_id=ADA, owner_id=ADA, name="Ada's", slug="adas", status="active", contact_email="ada@example.com",
        country="GB", payout_currency="USD", commission_basis_points=1, version=version,
    )  # fmt: skip


def user(version: int) -> UserChanged:
    return UserChanged(user_id=ADA, email="ada@example.com", first_name="Ada", last_name="Buyer", version=version)


def credit(version: int) -> StoreCreditChanged:
    return StoreCreditChanged(user_id=ADA, currency="USD", available=version, version=version)


def hear_as_well(message: Any) -> None:
    hear(message)
    connection.close()


def hear_both(first: Any, second: Any) -> None:
    """The second is heard before the first is committed: neither sees the other's new row."""
    with transaction.atomic():
        hear(first)
        other = Thread(target=hear_as_well, args=(second,))
        other.start()
        wait_until(somebody_waits)
    other.join()


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])


@pytest.mark.parametrize(
    ("message", "kept"),
    [(vendor, VendorTerms), (user, Customer), (credit, StoreCredit)],
    ids=["vendor", "user", "store credit"],
)
@pytest.mark.parametrize("versions", [(2, 1), (1, 2)], ids=["newer first", "older first"])
def test_of_two_words_at_one_moment_the_newer_stays(message: Any, kept: Any, versions: tuple[int, int]) -> None:
    hear_both(*map(message, versions))

    assert kept.objects.get().version == 2


def test_what_is_told_of_a_user_who_is_forgotten_at_that_moment_is_not_kept() -> None:
    hear_both(UserErased(user_id=ADA), user(1))

    assert Customer.objects.get().email == "erased@erased.invalid"
