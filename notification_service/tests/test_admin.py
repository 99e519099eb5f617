"""The operators' pages: what was sent and what became of it, without secrets, and sending it again."""

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from factories import ADA, NORTHWIND, OWNER, code, hear, make_people, order_confirmed, phone_code

from notification_service.actions import inbox
from notification_service.models import Delivery
from shared.context import new_id
from shared.contracts.user import RecordAudit
from shared.testing import operator_as, published

pytestmark = pytest.mark.django_db

ROOT = "/admin/notification/notification_service"
DELIVERIES = f"{ROOT}/delivery/"
PAGES = {
    f"{ROOT}/{model._meta.model_name}/": model
    for model in admin.site._registry
    if model._meta.app_label == "notification_service"
}


def make_everything() -> None:
    """A row of each model at least."""
    make_people()
    hear(order_confirmed())
    hear(code())
    inbox.set_preferences(user_id=new_id(), email={"orders": False})


def found(client: Client, path: str, term: object) -> int:
    return int(client.get(path, {"q": str(term)}).context["cl"].result_count)


def send_again(client: Client, delivery: Delivery) -> list[str]:
    """What is told."""
    form = {"action": "resend", "_selected_action": [delivery.id], "index": "0"}
    return [str(told) for told in client.post(DELIVERIES, form, follow=True).context["messages"]]


# ── Looking ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", PAGES)
def test_every_list_opens_with_each_filter_and_any_search(path: str) -> None:
    make_everything()
    client = operator_as("admin")

    filters = client.get(path).context["cl"]
    queries = [choice["query_string"] for one in filters.filter_specs for choice in one.choices(filters)]
    answers = [client.get(f"{path}{query}").status_code for query in queries]

    assert set(answers) <= {200}
    assert client.get(path, {"q": '"'}).status_code == 200
    for term in ("nobody", "100%", "ü\\'", "x" * 5_000, new_id()):
        assert found(client, path, term) == 0


@pytest.mark.parametrize("path", PAGES)
def test_every_record_has_a_page_for_operators_and_for_nobody_else(path: str) -> None:
    make_everything()
    page = f"{path}{PAGES[path].objects.latest('pk').pk}/change/"

    answers = {role: operator_as(role).get(page, follow=True).status_code for role in ("admin", "support", "customer")}

    assert answers == {"admin": 200, "support": 200, "customer": 403}
    assert Client().get(page, follow=True).redirect_chain[-1][0].startswith("/admin/login")


@pytest.mark.parametrize("path", PAGES)
def test_a_list_asks_the_database_no_more_for_more_rows(path: str) -> None:
    client = operator_as("admin")

    def asked() -> int:
        make_everything()
        with CaptureQueriesContext(connection) as queries:
            client.get(path)
        return len(queries)

    assert asked() == asked()


def test_what_somebody_was_told_is_found_by_person_address_and_kind() -> None:
    make_everything()
    hear(phone_code())
    client = operator_as("support")

    assert found(client, DELIVERIES, "ada@example.com") == 2
    assert found(client, DELIVERIES, "+447400123456") == found(client, DELIVERIES, "code_verify_phone") == 1
    assert found(client, DELIVERIES, ADA) == 3
    assert found(client, f"{ROOT}/notification/", OWNER) == 1
    assert found(client, f"{ROOT}/recipient/", "ADA@example.com") == 1
    assert found(client, f"{ROOT}/vendorcontact/", NORTHWIND) == found(client, f"{ROOT}/vendorcontact/", "north") == 1


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
        assert found(client, DELIVERIES, secret) == 0


# ── Acting ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def failed() -> Delivery:
    make_people()
    hear(order_confirmed(vendor_orders=()))
    Delivery.objects.update(status="failed", due_at=None, error="away")
    return Delivery.objects.get()


def test_what_failed_is_sent_again_and_the_audit_log_hears_of_it(failed: Delivery) -> None:
    me = new_id()

    told = send_again(operator_as("admin", user_id=me), failed)

    failed.refresh_from_db()
    (entry,) = published(RecordAudit)
    assert (told, failed.status, failed.due_at is not None) == (["Send again: 1"], "queued", True)
    assert (entry.action, entry.subject_id, entry.actor_id) == ("notification.delivery.resend", str(failed.id), me)


def test_what_has_not_failed_or_is_a_secret_is_not_sent_again(failed: Delivery) -> None:
    client = operator_as("admin")
    hear(code())
    Delivery.objects.filter(sensitive=True).update(status="failed", due_at=None)

    send_again(client, failed)
    answers = [send_again(client, failed), send_again(client, Delivery.objects.get(sensitive=True))]

    assert [told[0].partition(": ")[2] for told in answers] == ["Only a delivery that failed can be sent again"] * 2
    assert len(published(RecordAudit)) == 1


def test_support_sends_nothing_again(failed: Delivery) -> None:
    client = operator_as("support")

    send_again(client, failed)

    failed.refresh_from_db()
    assert failed.status == "failed"
    assert "Send again" not in client.get(f"{DELIVERIES}{failed.id}/change/").content.decode()
