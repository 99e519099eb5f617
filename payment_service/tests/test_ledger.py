"""The database itself keeps the books: balanced, immutable, balances that are sums."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Sum
from factories import NORTHWIND

from payment_service.actions.ledger import Kind, Line, record
from payment_service.models import Account, Entry, Posting
from shared.context import new_id

pytestmark = pytest.mark.django_db(transaction=True)


@transaction.atomic
def book(minor: int = 500, **changes: Any) -> Entry:
    lines = [Line(Kind.PROVIDER, minor), Line(Kind.VENDOR_PENDING, -minor, NORTHWIND)]
    plain: dict[str, Any] = {"kind": Entry.Kind.PAYMENT, "reference": new_id(), "currency": "USD", "lines": lines}
    return record(**{**plain, **changes})


def test_an_entry_that_does_not_sum_to_zero_is_refused() -> None:
    with pytest.raises(DatabaseError, match="does not balance"):
        book(lines=[Line(Kind.PROVIDER, 500), Line(Kind.VENDOR_PENDING, -499, NORTHWIND)])

    assert Posting.objects.count() == 0


def test_an_entry_without_postings_is_refused() -> None:
    with pytest.raises(DatabaseError, match="does not balance"):
        Entry.objects.create(kind=Entry.Kind.PAYMENT, reference=new_id())


def test_two_currencies_do_not_balance_each_other() -> None:
    with pytest.raises(DatabaseError, match="balance"), transaction.atomic():
        entry = book()
        euro = Account.objects.create(kind=Kind.PROVIDER, currency="EUR")
        dollar = Account.objects.get(kind=Kind.PROVIDER, currency="USD")
        Posting.objects.create(entry=entry, account=euro, minor=5, currency="EUR")
        Posting.objects.create(entry=entry, account=dollar, minor=-5, currency="USD")


def test_a_posting_has_the_currency_of_its_account() -> None:
    entry = book()

    with pytest.raises(DatabaseError, match="currency of its account"):
        Posting.objects.create(entry=entry, account=Account.objects.all()[0], minor=1, currency="EUR")


def test_a_posting_alone_cannot_be_added_to_an_entry_of_before() -> None:
    entry = book()
    dollars = Account.objects.get(kind=Kind.PROVIDER, currency="USD")

    with pytest.raises(DatabaseError, match="does not balance"):
        Posting.objects.create(entry=entry, account=dollars, minor=5, currency="USD")

    dollars.refresh_from_db()
    assert dollars.balance == 500


FORGERIES: dict[str, Callable[[], object]] = {
    "another amount": lambda: Posting.objects.update(minor=1),
    "a posting gone": lambda: Posting.objects.all()._raw_delete("default"),
    "another memo": lambda: Entry.objects.update(memo="better"),
    "an entry gone": lambda: Entry.objects.all()._raw_delete("default"),
    "another balance": lambda: Account.objects.update(balance=0),
    "another version": lambda: Account.objects.update(version=0),
    "another owner": lambda: Account.objects.filter(owner_id=NORTHWIND).update(owner_id=new_id()),
    "an account gone": lambda: Account.objects.all()._raw_delete("default"),
    "an account that starts rich": lambda: Account.objects.create(kind=Kind.TAX, currency="EUR", balance=5),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_the_database_refuses_to_change_the_books(forgery: str) -> None:
    book()

    with pytest.raises(DatabaseError, match=r"immutable|only by its postings|starts empty"):
        FORGERIES[forgery]()


def test_the_same_happening_is_booked_once() -> None:
    reference = new_id()
    book(reference=reference)

    with pytest.raises(IntegrityError):
        book(reference=reference)

    assert Account.objects.get(kind=Kind.PROVIDER).balance == 500


def test_balances_are_the_sums_of_their_postings() -> None:
    for minor in (500, 700, 1):
        book(minor)

    for account in Account.objects.all():
        summed = Posting.objects.filter(account=account).aggregate(sum=Sum("minor", default=0))["sum"]
        assert account.balance == summed


def test_accounts_in_any_order_do_not_deadlock() -> None:
    vendors = [UUID(int=number) for number in range(1, 5)]

    def many(number: int) -> None:
        order = vendors if number % 2 else list(reversed(vendors))
        for _round in range(10):
            book(lines=[Line(Kind.PROVIDER, 4), *(Line(Kind.VENDOR_PENDING, -1, vendor) for vendor in order)])
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(many, range(4)))

    assert Account.objects.get(kind=Kind.PROVIDER).balance == 160
