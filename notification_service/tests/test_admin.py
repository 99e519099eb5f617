"""The operators' pages: what was sent and what became of it, without secrets, and sending it again."""

import pytest
from factories import ADA, NORTHWIND, OWNER, code, hear, make_people, order_confirmed, phone_code

from notification_service.actions import inbox
from notification_service.models import Delivery
from shared.context import new_id
from shared.contracts.user import RecordAudit
from shared.testing import FOR_OPERATORS, answers_by_role, lists_of_records, operator_as, published

pytestmark = pytest.mark.django_db

ROOT = "/admin/notification/notification_service"
DELIVERIES = f"{ROOT}/delivery/"
PAGES = lists_of_records()


def make_everything() -> None:
    """A row of each model at least."""
    make_people()
    hear(order_confirmed())
    hear(code())
    inbox.set_preferences(user_id=new_id(), email={"orders": False})


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
def test_every_record_has_a_page_for_operators_and_for_nobody_else(path: str) -> None:
    make_everything()
    page = f"{path}{PAGES[path]._default_manager.latest('pk').pk}/change/"

    assert answers_by_role(page) == FOR_OPERATORS


@pytest.mark.parametrize("path", PAGES)
def test_a_list_asks_the_database_no_more_for_more_rows(path: str) -> None:
    client = operator_as("admin")

    def asked_with_one_more() -> int:
        make_everything()
        return client.asked(path)

    assert asked_with_one_more() == asked_with_one_more()


def test_what_somebody_was_told_is_found_by_person_address_and_kind() -> None:
    make_everything()
    hear(phone_code())
    client = operator_as("support")

    assert client.found(DELIVERIES, "ada@example.com") == 2
    assert client.found(DELIVERIES, "+447400123456") == client.found(DELIVERIES, "code_verify_phone") == 1
    assert client.found(DELIVERIES, ADA) == 3
    assert client.found(f"{ROOT}/notification/", OWNER) == 1
    assert client.found(f"{ROOT}/recipient/", "ADA@example.com") == 1
    assert client.found(f"{ROOT}/vendorcontact/", NORTHWIND) == client.found(f"{ROOT}/vendorcontact/", "north") == 1


def test_a_delivery_s_page_shows_its_text_but_no_code() -> None:
    make_everything()
    hear(phone_code())
    client = operator_as("admin")

    pages = {row.kind: client.get(f"{DELIVERIES}{row.id}/change/").content.decode() for row in Delivery.objects.all()}

    assert "N-1001" in pages["order_confirmed"]
    for kind, secret in (("code_verify_email", "123456"), ("code_verify_phone", "918273")):
        assert secret in Delivery.objects.get(kind=kind).body
        assert secret not in pages[kind]
        assert "A secret." in pages[kind]
        assert client.found(DELIVERIES, secret) == 0


# ── Acting ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def failed() -> Delivery:
    make_people()
    hear(order_confirmed(vendor_orders=()))
    Delivery.objects.update(status="failed", due_at=None, error="away")
    return Delivery.objects.get()


def test_what_failed_is_sent_again_and_the_audit_log_hears_of_it(failed: Delivery) -> None:
    me = new_id()

    told = operator_as("admin", user_id=me).press(DELIVERIES, "resend", failed)

    failed.refresh_from_db()
    (entry,) = published(RecordAudit)
    assert (told, failed.status, failed.due_at is not None) == (["Send again: 1"], "queued", True)
    assert (entry.action, entry.subject_id, entry.actor_id) == ("notification.delivery.resend", str(failed.id), me)


def test_what_has_not_failed_or_is_a_secret_is_not_sent_again(failed: Delivery) -> None:
    client = operator_as("admin")
    hear(code())
    Delivery.objects.filter(sensitive=True).update(status="failed", due_at=None)

    client.press(DELIVERIES, "resend", failed)
    secret = Delivery.objects.get(sensitive=True)
    answers = [client.press(DELIVERIES, "resend", delivery) for delivery in (failed, secret)]

    assert [told[0].partition(": ")[2] for told in answers] == ["Only a delivery that failed can be sent again"] * 2
    assert len(published(RecordAudit)) == 1


def test_support_sends_nothing_again(failed: Delivery) -> None:
    client = operator_as("support")

    client.press(DELIVERIES, "resend", failed)

    failed.refresh_from_db()
    assert failed.status == "failed"
    assert "Send again" not in client.get(f"{DELIVERIES}{failed.id}/change/").content.decode()
