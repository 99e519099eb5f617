"""What goes to the audit log: decisions of admins, changes of vendors, payouts asked for."""

import pytest
from factories import ADMIN, earn, make_application, make_vendor

from shared.contracts.user import RecordAudit
from shared.testing import client_as, published
from vendor_service.models import Application, Vendor

pytestmark = pytest.mark.django_db
ADMIN_PATH = "/api/v1/admin"


def entries() -> list[RecordAudit]:
    return published(RecordAudit)


def test_every_decision_and_change_is_recorded_with_who_made_it() -> None:
    admin = client_as("admin", user_id=ADMIN)
    wanted, unwanted = make_application(), make_application()

    admin.post(f"{ADMIN_PATH}/vendor-applications/{wanted.id}/approve", {})
    admin.post(f"{ADMIN_PATH}/vendor-applications/{unwanted.id}/reject", {"reason": "Ada is too young."})
    vendor = Vendor.objects.get()
    admin.patch(f"{ADMIN_PATH}/vendors/{vendor.id}", {"commission_basis_points": 700})
    admin.patch(f"{ADMIN_PATH}/vendors/{vendor.id}", {"commission_basis_points": 700})
    admin.patch(f"{ADMIN_PATH}/vendors/{vendor.id}", {"status": "suspended"})

    assert [(entry.action, entry.subject_kind, entry.subject_id) for entry in entries()] == [
        ("vendor.application.approve", "application", str(wanted.id)),
        ("vendor.application.reject", "application", str(unwanted.id)),
        ("vendor.vendor.change", "vendor", str(vendor.id)),
        ("vendor.vendor.change", "vendor", str(vendor.id)),
    ]
    assert {(entry.actor_id, entry.actor_roles, entry.address) for entry in entries()} == {
        (ADMIN, ("admin",), "127.0.0.1")
    }
    assert entries()[2].detail["commission_basis_points"] == "700"
    assert (entries()[3].detail["status_before"], entries()[3].detail["status"]) == ("active", "suspended")


def test_a_vendors_own_hand_is_recorded_without_what_it_wrote() -> None:
    vendor = make_vendor()
    earn(vendor, 5_000)
    own = client_as("vendor", user_id=vendor.owner_id, vendor_id=vendor.id)
    before = len(entries())

    own.patch("/api/v1/vendors/me", {"contact_email": "new@northwind.example"})
    own.post("/api/v1/vendors/me/payouts", {})

    changed, asked = entries()[before:]
    assert (changed.action, changed.detail) == ("vendor.vendor.change", {"fields": "contact_email"})
    assert (asked.action, asked.detail) == (
        "vendor.payout.request",
        {"vendor": str(vendor.id), "minor": "5000", "currency": "USD"},
    )
    assert asked.actor_id == vendor.owner_id


def test_what_is_refused_is_not_recorded() -> None:
    admin = client_as("admin", user_id=ADMIN)
    vendor = make_vendor()
    before = entries()

    again = admin.post(f"{ADMIN_PATH}/vendor-applications/{Application.objects.get().id}/approve", {})
    nothing = client_as("vendor", user_id=vendor.owner_id, vendor_id=vendor.id).post("/api/v1/vendors/me/payouts", {})

    assert ([again.status_code, nothing.status_code], entries()) == ([409, 409], before)
