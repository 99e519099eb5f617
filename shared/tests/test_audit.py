"""Entries of the audit log, as any service asks for them."""

import pytest
from django.db import transaction
from django.test import RequestFactory

from shared.audit import DETAIL_LENGTH, record
from shared.context import Context, acting, new_id, remember_user
from shared.contracts.user import RecordAudit
from shared.http import address_of
from shared.outbox import OutsideTransaction
from shared.testing import published

pytestmark = pytest.mark.django_db


def test_an_entry_takes_actor_roles_address_and_request_from_the_work_in_hand() -> None:
    user_id = new_id()

    with acting(Context("request-1", address="192.0.2.7")):
        remember_user(str(user_id), {"vendor", "customer"})
        record(action="order.order.cancel", subject_kind="order", subject_id=5, before="placed", lines=2)

    (entry,) = published(RecordAudit)
    assert (entry.actor_id, entry.actor_roles, entry.address) == (user_id, ("customer", "vendor"), "192.0.2.7")
    assert (entry.request_id, entry.action, entry.subject_id) == ("request-1", "order.order.cancel", "5")
    assert entry.detail == {"before": "placed", "lines": "2"}


def test_without_a_request_there_is_no_actor_and_no_address() -> None:
    record(action="order.order.cancel", subject_kind="order", subject_id=5, note="x" * 1_000)

    (entry,) = published(RecordAudit)
    assert (entry.actor_id, entry.actor_roles, entry.address) == (None, (), None)
    assert entry.detail == {"note": "x" * DETAIL_LENGTH}


@pytest.mark.django_db(transaction=True)
def test_an_entry_goes_with_its_transaction_or_not_at_all() -> None:
    with pytest.raises(OutsideTransaction):
        record(action="order.order.cancel", subject_kind="order", subject_id=5)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        record(action="order.order.cancel", subject_kind="order", subject_id=5)
        raise ZeroDivisionError

    assert published(RecordAudit) == []


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:DB8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("", "127.0.0.1"),
        ("192.0.2.7, 10.0.0.1", None),
        ("x" * 500, None),
    ],
)
def test_the_address_is_the_edges_word_or_none(told: str, address: str | None) -> None:
    assert address_of(RequestFactory().get("/", headers={"X-Real-IP": told})) == address
