"""What goes to the audit log: refunds that an admin makes."""

from typing import Any

import pytest
from factories import asked, hear, refund_of, take

from shared.context import new_id
from shared.contracts.user import RecordAudit
from shared.testing import body, client_as, published

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_admins_refund_is_recorded_and_an_orders_or_a_refused_one_is_not(provider: Any) -> None:
    message, admin = take(), new_id()
    asked(message)
    path = f"/api/v1/payments/{message.payment_id}/refunds"

    def refund(amount: str) -> Any:
        form = {"amount": {"amount": amount, "currency": "USD"}, "reason": "Ada was sad."}
        return client_as("admin", user_id=admin).post(path, form, headers={"Idempotency-Key": str(new_id())})

    made, too_much = refund("10.00"), refund("999.00")
    hear(refund_of(message, *message.splits))

    (entry,) = published(RecordAudit)
    assert (made.status_code, too_much.status_code) == (201, 409)
    assert (entry.action, entry.subject_kind, entry.subject_id) == (
        "payment.payment.refund",
        "payment",
        str(message.payment_id),
    )
    assert (entry.actor_id, entry.actor_roles) == (admin, ("admin",))
    assert entry.detail == {
        "refund": body(made)["id"],
        "order": str(message.order_id),
        "minor": "1000",
        "currency": "USD",
    }
