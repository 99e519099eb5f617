from typing import Any
from uuid import uuid4

import pytest
from factories import ADMIN, make_application, make_document, make_item, make_member, make_vendor

from shared.context import new_id
from shared.contracts.user import RecordAudit
from shared.errors import Invalid
from shared.testing import audited, body, client_as, operator_as, published
from vendor_service.actions import checklists, documents
from vendor_service.models import Application, ChecklistItem, Member, Vendor

pytestmark = pytest.mark.django_db
PATH = "/api/v1/vendor-applications"
ADMIN_PATH = f"/api/v1/admin{PATH.removeprefix('/api/v1')}"
ITEMS = "/api/v1/admin/vendor-checklist-items"


def applicant(application: Application) -> Any:
    return client_as("customer", user_id=application.user_id)


def admin() -> Any:
    return client_as("admin", user_id=ADMIN)


def shown(application: Application) -> Any:
    return body(applicant(application).get(f"{PATH}/{application.id}/checklist"))


def states(application: Application) -> list[str]:
    return [entry["status"] for entry in shown(application)["results"]]


def say(application: Application, item: ChecklistItem, verb: str, **given: str) -> Any:
    return admin().post(f"{ADMIN_PATH}/{application.id}/checklist/{item.id}/{verb}", given)


def confirm(application: Application, item: ChecklistItem) -> Any:
    return applicant(application).post(f"{PATH}/{application.id}/checklist/{item.id}/confirm")


def approve(application: Application, **given: str) -> Any:
    return admin().post(f"{ADMIN_PATH}/{application.id}/approve", given)


# ── Approval ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_nothing_is_asked_unless_the_operator_asks_it() -> None:
    application = make_application()

    assert shown(application) == {"complete": True, "results": []}
    assert approve(application).status_code == 200


def test_an_application_waits_for_what_is_required_and_only_for_that() -> None:
    application = make_application()
    wanted = make_item("verified", title="Tax number", required=True)
    make_item("attested", title="Newsletter")
    make_item("attested", title="No longer asked", required=True, active=False)

    refused = approve(application)

    assert (refused.status_code, body(refused)["code"]) == (409, "checklist_incomplete")
    assert "Tax number" in body(refused)["detail"]
    assert "Newsletter" not in body(refused)["detail"]
    assert not Vendor.objects.exists()
    say(application, wanted, "approve")
    assert approve(application).status_code == 200


def test_an_admin_approves_all_the_same_with_a_reason_that_is_kept_and_on_record() -> None:
    application, item = make_application(), make_item("verified", required=True)

    answer = approve(application, override="Known for years.")

    assert (body(answer)["status"], body(answer)["override"]) == ("approved", "Known for years.")
    entry = next(one for one in published(RecordAudit) if one.action == "vendor.application.approve")
    assert entry.detail["overridden"] == str(item.id)
    assert "override" not in body(applicant(application).get(f"{PATH}/{application.id}"))


def test_a_reason_is_not_kept_where_none_was_needed() -> None:
    assert body(approve(make_application(), override="Just so."))["override"] == ""


def test_operators_approve_on_their_pages_by_the_same_rules() -> None:
    application, path = make_application(), "/admin/vendor/vendor_service/application/"
    make_item("attested", title="Terms", required=True)

    (told,) = operator_as("admin", user_id=ADMIN).press(path, "approve", application)
    assert "Terms" in told
    assert not Vendor.objects.exists()

    operator_as("admin", user_id=ADMIN).press(path, "approve", application, reason="By phone.")
    assert Vendor.objects.exists()


# ── The three kinds ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_attested_the_applicant_confirms_and_nobody_else() -> None:
    application, item = make_application(), make_item("attested", required=True)

    assert client_as("customer").post(f"{PATH}/{application.id}/checklist/{item.id}/confirm").status_code == 404
    assert say(application, item, "approve").status_code == 409
    assert states(application) == ["open"]
    answer = body(confirm(application, item))

    assert (answer["complete"], [entry["status"] for entry in answer["results"]]) == (True, ["done"])
    assert ("vendor.checklist.answer", "application") in audited()


def test_what_is_verified_is_refused_with_a_reason_and_may_be_approved_later() -> None:
    application, item = make_application(), make_item("verified", required=True)

    assert confirm(application, item).status_code == 409
    assert list(body(say(application, item, "refuse"))["errors"]) == ["reason"]
    say(application, item, "refuse", reason="It has expired.")
    (entry,) = shown(application)["results"]
    assert (entry["status"], entry["reason"], shown(application)["complete"]) == ("refused", "It has expired.", False)

    say(application, item, "approve")
    (entry,) = shown(application)["results"]
    assert (entry["status"], entry["reason"]) == ("done", "")


def test_a_profile_is_complete_with_a_description_and_a_phone() -> None:
    make_item("computed", rule="profile_complete")

    assert states(make_application()) == ["open"]
    assert states(make_application(description="Lamps.")) == ["open"]
    assert states(make_application(description="Lamps.", phone="+44 20 7946 0000")) == ["done"]


def test_documents_are_given_and_accepted_by_themselves() -> None:
    make_item("computed", rule="document_given", position=0)
    make_item("computed", rule="documents_accepted", position=1)
    application = make_application()
    assert states(application) == ["open", "open"]

    first = make_document(application)
    assert states(application) == ["done", "open"]
    documents.refuse(application_id=application.id, document_id=first.id, admin_id=ADMIN, reason="Not readable.")
    assert states(application) == ["open", "open"]
    second = make_document(application)
    documents.accept(application_id=application.id, document_id=second.id, admin_id=ADMIN)
    assert states(application) == ["done", "done"]
    make_document(application)
    assert states(application) == ["done", "open"]


def test_what_is_computed_nobody_says() -> None:
    application, item = make_application(), make_item("computed", rule="document_given")

    answers = [
        confirm(application, item),
        say(application, item, "approve"),
        say(application, item, "refuse", reason="x"),
    ]

    assert {(answer.status_code, body(answer)["code"]) for answer in answers} == {(409, "not_this_kind")}


# ── Whose it is ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_checklist_of_another_is_as_good_as_absent() -> None:
    application, stranger = make_application(), client_as("customer")

    for one in (application.id, uuid4()):
        assert stranger.get(f"{PATH}/{one}/checklist").status_code == 404


def test_once_approved_it_is_the_vendors() -> None:
    make_item("attested")
    vendor = make_vendor()
    manager, staff = make_member(vendor, "manager"), make_member(vendor, "staff")
    Member.objects.filter(vendor=vendor, role="owner").update(user_id=new_id())  # the shop was passed on

    def asked(user_id: Any) -> int:
        path = f"{PATH}/{vendor.application_id}/checklist"
        return int(client_as("customer", user_id=user_id).get(path).status_code)

    assert [asked(one) for one in (manager.user_id, staff.user_id, vendor.owner_id)] == [200, 404, 404]
    own = client_as("vendor", user_id=staff.user_id, vendor_id=vendor.id).get("/api/v1/vendors/me/checklist")
    assert [entry["status"] for entry in body(own)["results"]] == ["open"]


# ── What is asked ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_admins_say_what_is_asked_and_support_reads_it() -> None:
    given = {"title": "Tax number", "kind": "verified", "help": "As on your invoices.", "required": True, "position": 3}

    made = admin().post(ITEMS, given)

    assert made.status_code == 201
    assert body(admin().get(made["Location"])) == body(made)
    assert {name: body(made)[name] for name in given} == given
    changed = admin().patch(made["Location"], {"required": False, "active": False})
    assert (body(changed)["required"], body(changed)["active"]) == (False, False)
    assert len(body(client_as("support").get(ITEMS))["results"]) == 1
    assert client_as("support").post(ITEMS, given).status_code == 403
    assert client_as("vendor", vendor_id=uuid4()).get(ITEMS).status_code == 403
    assert {"vendor.checklist_item.create", "vendor.checklist_item.change"} <= {action for action, _kind in audited()}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"kind": "computed"}, "rule"),
        ({"rule": "document_given"}, "rule"),
        ({"kind": "guessed"}, "kind"),
        ({"title": "a\x00b"}, "title"),
        ({"position": -1}, "position"),
        ({"position": 10**400}, "position"),
        ({"title": "Terms"}, "title"),
    ],
)
def test_an_item_that_makes_no_sense_is_refused_by_name(wrong: dict[str, Any], field: str) -> None:
    make_item(title="Terms")

    answer = admin().post(ITEMS, {"title": "Tax number", "kind": "verified", **wrong})

    assert (answer.status_code, list(body(answer)["errors"])) == (400, [field])


def test_an_item_cannot_take_the_title_of_another() -> None:
    make_item(title="Terms")

    with pytest.raises(Invalid):
        checklists.change_item(item_id=make_item().id, changes={"title": "Terms"})


def test_operators_turn_items_on_and_off() -> None:
    item, path = make_item(), "/admin/vendor/vendor_service/checklistitem/"
    operator = operator_as("admin", user_id=ADMIN)

    for operation, expected in (("require", (True, True)), ("ask_no_more", (True, False)), ("ask", (True, True))):
        operator.press(path, operation, item)
        item.refresh_from_db()
        assert (item.required, item.active) == expected


def test_a_checklist_asks_the_database_no_more_for_more_items(django_assert_max_num_queries: Any) -> None:
    application = make_application()
    for _ in range(5):
        confirm(application, make_item())

    with django_assert_max_num_queries(4):
        shown(application)
