from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from factories import ADMIN, APPLICATION, default_commission, make_application, make_vendor

from shared.contracts.user import GrantRole
from shared.contracts.vendor import VendorApplicationDecided, VendorApplicationSubmitted, VendorChanged
from shared.errors import Refused
from shared.testing import body, client_as, published
from vendor_service.actions import applications
from vendor_service.errors import AlreadyVendor
from vendor_service.models import Application, Vendor

pytestmark = pytest.mark.django_db
PATH = "/api/v1/vendor-applications"
ADMIN_PATH = "/api/v1/admin/vendor-applications"


def submit(user_id: UUID | None = None, **changes: Any) -> Any:
    return client_as("customer", user_id=user_id).post(PATH, {**APPLICATION, **changes})


def decide(application_id: Any, decision: str = "approve", given: Any = None) -> Any:
    return client_as("admin", user_id=ADMIN).post(f"{ADMIN_PATH}/{application_id}/{decision}", given or {})


# ── Submitting ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_application_is_submitted_and_told() -> None:
    user_id = uuid4()

    answer = submit(user_id, phone="+44 20 7946 0000", website="https://northwind.example")

    given = body(answer)
    assert (answer.status_code, given["status"], given["vendor_id"]) == (201, "submitted", None)
    assert answer["Location"] == f"{PATH}/{given['id']}"
    assert [told.user_id for told in published(VendorApplicationSubmitted)] == [user_id]


def test_an_account_has_one_open_application() -> None:
    user_id = uuid4()
    submit(user_id)

    again = submit(user_id)

    assert (again.status_code, body(again)["code"]) == (409, "application_open")
    assert len(published(VendorApplicationSubmitted)) == 1


def test_a_vendor_does_not_apply_again() -> None:
    vendor = make_vendor()

    again = submit(vendor.owner_id)

    assert (again.status_code, body(again)["code"]) == (409, "already_vendor")
    assert Application.objects.filter(user_id=vendor.owner_id).count() == 1


def test_after_a_rejection_one_may_apply_again() -> None:
    application = make_application()
    decide(application.id, "reject", {"reason": "No imprint."})

    again = submit(application.user_id)

    assert again.status_code == 201
    assert decide(body(again)["id"]).status_code == 200


def test_the_name_of_a_business_is_one_line() -> None:
    answer = submit(business_name="North\nwind")

    assert (answer.status_code, list(body(answer)["errors"])) == (400, ["business_name"])


def test_every_wrong_field_is_named() -> None:
    wrong = {
        "business_name": "x" * 101,
        "contact_email": "nora",
        "country": "gb",
        "payout_currency": "XXX",
        "description": "a\0b",
        "phone": "call me",
        "website": "northwind",
        "owner": "me",
    }

    answer = client_as("customer").post(PATH, wrong)

    assert answer.status_code == 400
    assert set(body(answer)["errors"]) == set(wrong)


ODD_BODIES = ["[]", '"text"', "7", "{", "", "null", '{"business_name": {"a": []}}', '{"country": "\\ud800"}']


@pytest.mark.parametrize("given", ODD_BODIES)
def test_odd_bodies_are_bad_input(given: str) -> None:
    assert client_as("customer").post(PATH, data=given, content_type="application/json").status_code == 400


def test_the_same_key_submits_once() -> None:
    client = client_as("customer")

    first, second = (client.post(PATH, APPLICATION, headers={"Idempotency-Key": "one-key"}) for _ in range(2))

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert Application.objects.count() == 1


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_one_sees_ones_own_applications_only() -> None:
    mine, _theirs = make_application(), make_application()
    client = client_as("customer", user_id=mine.user_id)

    assert [row["id"] for row in body(client.get(PATH))["results"]] == [str(mine.id)]
    assert body(client.get(f"{PATH}/{mine.id}/"))["business_name"] == "Northwind Lamps"


def test_somebody_elses_application_is_as_if_it_were_absent() -> None:
    theirs, client = make_application(), client_as("customer")

    found, absent = client.get(f"{PATH}/{theirs.id}"), client.get(f"{PATH}/{uuid4()}")

    assert (found.status_code, absent.status_code) == (404, 404)
    assert {**body(found), "request_id": ""} == {**body(absent), "request_id": ""}


def test_admins_list_by_status() -> None:
    submitted, rejected = make_application(), make_application()
    decide(rejected.id, "reject", {"reason": "No imprint."})
    client = client_as("admin")

    def listed(query: str) -> list[str]:
        return [row["id"] for row in body(client.get(f"{ADMIN_PATH}{query}"))["results"]]

    assert listed("?status=submitted") == [str(submitted.id)]
    assert listed("?status=rejected&limit=5") == [str(rejected.id)]
    assert set(listed("")) == {str(submitted.id), str(rejected.id)}
    assert client.get(f"{ADMIN_PATH}?status=odd").status_code == 400


@pytest.mark.parametrize("cursor", ["x", "%00", "cD1hYmM=", "cD0lMDA=", "bz0tMQ==", "cj0xJnA9MQ=="])
def test_a_bad_cursor_breaks_nothing(cursor: str) -> None:
    make_application()

    for path in (ADMIN_PATH, "/api/v1/vendors"):
        assert client_as("admin").get(f"{path}?cursor={cursor}").status_code < 500


def test_support_reads_and_does_not_decide() -> None:
    application, client = make_application(), client_as("support")

    assert client.get(f"{ADMIN_PATH}/{application.id}").status_code == 200
    assert client.post(f"{ADMIN_PATH}/{application.id}/approve").status_code == 403


# ── Deciding ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_approval_opens_the_vendor_and_asks_for_its_role() -> None:
    application = make_application(business_name="Café Lumière")

    answer = decide(application.id)

    vendor = Vendor.objects.get()
    assert (answer.status_code, body(answer)["status"], body(answer)["vendor_id"]) == (200, "approved", str(vendor.id))
    assert (vendor.slug, vendor.owner_id, vendor.status) == ("cafe-lumiere", application.user_id, "active")
    assert vendor.commission_basis_points == default_commission() == 1_000
    (asked,) = published(GrantRole)
    assert (asked.user_id, asked.role, asked.vendor_id) == (application.user_id, "vendor", vendor.id)
    assert [(told.slug, told.version) for told in published(VendorChanged)] == [("cafe-lumiere", 1)]
    assert [told.approved for told in published(VendorApplicationDecided)] == [True]


def test_approving_twice_is_a_conflict_and_makes_one_vendor() -> None:
    application = make_application()
    decide(application.id)

    again = decide(application.id)

    assert (again.status_code, body(again)["code"]) == (409, "already_decided")
    assert (Vendor.objects.count(), len(published(GrantRole))) == (1, 1)


def test_a_rejection_needs_a_reason_and_tells_it() -> None:
    application = make_application()

    assert set(body(decide(application.id, "reject"))["errors"]) == {"reason"}
    answer = decide(application.id, "reject", {"reason": "No imprint."})

    assert (answer.status_code, body(answer)["status"], body(answer)["reason"]) == (200, "rejected", "No imprint.")
    assert [(told.approved, told.reason) for told in published(VendorApplicationDecided)] == [(False, "No imprint.")]
    assert not Vendor.objects.exists()
    assert not published(GrantRole)


def test_an_approval_of_somebody_who_sells_already_changes_nothing() -> None:
    vendor = make_vendor()
    stray = Application.objects.create(user_id=vendor.owner_id, **APPLICATION)

    with pytest.raises(AlreadyVendor):
        applications.approve(application_id=stray.id, admin_id=ADMIN)

    stray.refresh_from_db()
    assert (stray.status, Vendor.objects.count()) == ("submitted", 1)


@pytest.mark.parametrize("name", ["me", "Me!", "店店", "12345678-1234-5678-1234-567812345678"])
def test_a_slug_is_never_a_path_or_an_id_and_never_empty(name: str) -> None:
    vendor = make_vendor(business_name=name)

    assert vendor.slug.rpartition("-")[0] in {"me", "vendor", "12345678-1234-5678-1234-567812345678"} | {""}
    assert vendor.slug not in {"me", "", name}


def test_two_of_one_name_have_two_slugs() -> None:
    first, second = make_vendor(), make_vendor()

    assert first.slug == "northwind-lamps"
    assert second.slug.startswith("northwind-lamps-")


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_only_admins_decide(decision: str) -> None:
    path = f"{ADMIN_PATH}/{make_application().id}/{decision}"

    assert client_as("customer").post(path, {"reason": "No."}).status_code == 403
    assert client_as().post(path, {"reason": "No."}).status_code == 401


def test_guests_have_no_applications() -> None:
    assert client_as().get(PATH).status_code == 401
    assert client_as().post(PATH, APPLICATION).status_code == 401
    assert client_as("vendor", vendor_id=uuid4()).get(ADMIN_PATH).status_code == 403


def test_an_absent_application_cannot_be_decided() -> None:
    assert decide(uuid4()).status_code == 404


# ── At the same moment ───────────────────────────────────────────────────────────────────────────────────────────────


def at_once(*tasks: Any) -> list[str]:
    """Each task's outcome: "done", or the code of its refusal."""
    start = Barrier(len(tasks))

    def run(task: Any) -> str:
        try:
            start.wait()
            task()
            return "done"
        except Refused as refusal:
            return refusal.reason
        finally:
            connection.close()

    with ThreadPoolExecutor(len(tasks)) as threads:
        return sorted(threads.map(run, tasks))


@pytest.mark.django_db(transaction=True)
def test_two_approvals_at_once_make_one_vendor() -> None:
    application = make_application()

    def approve() -> None:
        applications.approve(application_id=application.id, admin_id=ADMIN)

    assert at_once(approve, approve, approve) == ["already_decided", "already_decided", "done"]
    assert (Vendor.objects.count(), len(published(GrantRole)), len(published(VendorChanged))) == (1, 1, 1)


@pytest.mark.django_db(transaction=True)
def test_two_businesses_of_one_name_approved_at_once_are_two_vendors() -> None:
    ids = [make_application().id for _ in range(3)]

    outcome = at_once(*(lambda i=i: applications.approve(application_id=i, admin_id=ADMIN) for i in ids))

    assert outcome == ["done"] * 3
    assert Vendor.objects.values("slug").distinct().count() == 3


@pytest.mark.django_db(transaction=True)
def test_two_submissions_at_once_are_one_application() -> None:
    user_id = uuid4()

    outcome = at_once(*[lambda: make_application(user_id)] * 3)

    assert outcome == ["application_open", "application_open", "done"]
    assert Application.objects.count() == 1
