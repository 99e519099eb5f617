"""What goes to the audit log: mails that an admin sends again."""

import pytest
from factories import hear, make_people, order_confirmed

from notification_service.models import Delivery
from shared.context import new_id
from shared.contracts.user import RecordAudit
from shared.testing import client_as, published

pytestmark = pytest.mark.django_db


def test_a_mail_sent_again_is_recorded_without_its_address_and_a_refused_one_is_not() -> None:
    make_people()
    hear(order_confirmed(vendor_orders=()))
    Delivery.objects.update(status="failed", due_at=None, error="away")
    delivery, admin = Delivery.objects.get(), new_id()
    path = f"/api/v1/admin/notification-deliveries/{delivery.id}/resend"

    sent = client_as("admin", user_id=admin).post(path)
    again = client_as("admin", user_id=admin).post(path)

    (entry,) = published(RecordAudit)
    assert (sent.status_code, again.status_code) == (200, 409)
    assert (entry.action, entry.subject_id, entry.actor_id) == ("notification.delivery.resend", str(delivery.id), admin)
    assert delivery.address not in entry.model_dump_json()
