"""The operators' pages: applications are decided and vendors ruled by the same actions as over the API."""

import pytest
from factories import (
    earn,
    make_application,
    make_document,
    make_figures,
    make_item,
    make_member,
    make_payout,
    make_vendor,
)

from shared.context import new_id
from shared.contracts.user import GrantRole, RecordAudit
from shared.contracts.vendor import VendorApplicationDecided, VendorChanged, VendorStatusChanged
from shared.testing import FOR_OPERATORS, answers_by_role, lists_of_records, operator_as, published
from vendor_service.actions import checklists, commissions, members
from vendor_service.actions.payout_accounts import Destination, set_account
from vendor_service.models import Application, Balance, Vendor

pytestmark = pytest.mark.django_db

ROOT = "/admin/vendor/vendor_service"
APPLICATIONS, VENDORS = f"{ROOT}/application/", f"{ROOT}/vendor/"
PAGES = lists_of_records()


def make_everything() -> Vendor:
    """A row of each model at least."""
    application = make_application()
    make_document(application)
    item = make_item()
    checklists.confirm(application_id=application.id, item_id=item.id, user_id=application.user_id)
    vendor = make_vendor()
    earn(vendor, 5_000, pending=250)
    make_payout(vendor)
    make_figures(vendor)
    make_member(vendor)
    members.invite(vendor_id=vendor.id, by=vendor.owner_id, email="ivy@example.com", role="staff")
    destination = Destination("iban", "Nora", iban="NO9386011117947")
    set_account(vendor_id=vendor.id, destination=destination)
    commissions.add_rule(given={"basis_points": 500, "vendor_id": vendor.id})
    return vendor


# ── Looking ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", PAGES)
def test_every_list_opens_with_each_filter_and_any_search(path: str) -> None:
    make_everything()
    client = operator_as("admin")

    assert client.opened(path) == {200}
    assert client.found_by_odd_terms(path) == 0


@pytest.mark.parametrize("path", PAGES)
def test_no_nonsense_upsets_a_list(path: str) -> None:
    make_everything()

    assert operator_as("admin").upset_by(path) == []


@pytest.mark.parametrize("path", PAGES)
def test_a_list_asks_the_database_no_more_for_more_rows(path: str) -> None:
    client = operator_as("admin")

    def asked_with_one_more() -> int:
        make_everything()
        return client.asked(path)

    assert asked_with_one_more() == asked_with_one_more()


@pytest.mark.parametrize("path", PAGES)
def test_every_record_has_a_page_for_operators_and_for_nobody_else(path: str) -> None:
    make_everything()
    page = f"{path}{PAGES[path]._default_manager.latest('pk').pk}/change/"

    assert answers_by_role(page) == FOR_OPERATORS


def test_what_belongs_to_a_vendor_is_found_by_ids_and_names() -> None:
    _other, vendor = make_everything(), make_everything()
    Vendor.objects.filter(id=vendor.id).update(name="Lumen", contact_email="lu@lumen.example")
    client = operator_as("support")

    for term in (vendor.id, vendor.owner_id, vendor.application_id, vendor.slug, "UME", "LU@lumen.example"):
        assert client.found(VENDORS, term) == 1
    assert client.found(APPLICATIONS, vendor.owner_id) == 1
    assert client.found(f"{ROOT}/payout/", vendor.id) == client.found(f"{ROOT}/payout/", vendor.slug) == 1
    assert client.found(f"{ROOT}/balance/", vendor.id) == 1


def test_money_and_commission_are_shown_as_people_write_them() -> None:
    make_everything()
    client = operator_as("support")

    assert "10.00 %" in client.get(VENDORS).content.decode()
    page = client.get(f"{ROOT}/balance/{Balance.objects.get().pk}/change/").content.decode()
    assert "50.00 USD" in page
    assert "2.50 USD" in page


# ── Acting ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_application_is_approved_and_a_second_decision_refused() -> None:
    application, me = make_application(), new_id()
    client = operator_as("admin", user_id=me)

    told = client.press(APPLICATIONS, "approve", application)
    again = client.press(APPLICATIONS, "reject", application, reason="Too late.")

    (entry,) = published(RecordAudit)
    assert (told, again) == (["Approve: 1"], ["Northwind Lamps: The application is approved."])
    assert Vendor.objects.get().owner_id == published(GrantRole)[0].user_id == application.user_id
    assert Application.objects.get().decided_by == entry.actor_id == me
    assert (entry.action, entry.subject_id) == ("vendor.application.approve", str(application.id))


def test_an_application_is_rejected_for_a_reason_that_its_applicant_is_told() -> None:
    application, client = make_application(), operator_as("admin")

    without = client.press(APPLICATIONS, "reject", application)
    told = client.press(APPLICATIONS, "reject", application, reason="No shop.")

    (decided,) = published(VendorApplicationDecided)
    assert (without, told) == (["Give a reason."], ["Reject: 1"])
    assert (decided.approved, decided.reason) == (False, "No shop.")


@pytest.mark.parametrize(
    ("before", "action", "after", "told"),
    [
        ("active", "suspend", "suspended", "Suspend: 1"),
        ("suspended", "reactivate", "active", "Reactivate: 1"),
        ("active", "close", "closed", "Close: 1"),
        ("closed", "reactivate", "active", "Reactivate: 1"),
        ("closed", "suspend", "closed", "northwind-lamps: A closed vendor cannot be suspended."),
    ],
)
def test_a_vendor_is_moved_as_far_as_its_status_allows(before: str, action: str, after: str, told: str) -> None:
    vendor, me = make_vendor(), new_id()
    Vendor.objects.filter(id=vendor.id).update(status=before)

    answer = operator_as("admin", user_id=me).press(VENDORS, action, vendor, reason="We wait for papers.")

    vendor.refresh_from_db()
    assert (answer, vendor.status) == ([told], after)
    if before != after:
        assert published(VendorChanged)[-1].status == after
        assert published(VendorStatusChanged)[-1].reason == "We wait for papers."
        assert published(RecordAudit)[-1].actor_id == me


@pytest.mark.parametrize(
    ("path", "action"),
    [(APPLICATIONS, "approve"), (APPLICATIONS, "reject"), (VENDORS, "suspend"), (VENDORS, "close")],
)
def test_support_changes_nothing(path: str, action: str) -> None:
    make_everything()
    before = [*Application.objects.values_list("status"), *Vendor.objects.values_list("status")]

    told = operator_as("support").press(path, action, *PAGES[path]._default_manager.all(), reason="Because.")

    assert told == []
    assert [*Application.objects.values_list("status"), *Vendor.objects.values_list("status")] == before
