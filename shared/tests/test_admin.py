import re
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client, override_settings
from django.utils import timezone

from shared.context import new_id
from shared.models import InboxMessage, WorkerReport
from shared.testing import access_token, make_key_files, operator_as

REPORTS = "/admin/order/shared/workerreport/"
INBOX = "/admin/order/shared/inboxmessage/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def idle() -> WorkerReport:
    return WorkerReport.objects.create(instance="idle", seen_at=timezone.now())


@pytest.fixture
def busy() -> WorkerReport:
    return WorkerReport.objects.create(instance="busy", seen_at=timezone.now(), queue_depth=3)


def forget(client: Client, *reports: WorkerReport, reason: str = "gone", **more: str) -> Any:
    chosen = {"action": "forget", "_selected_action": [report.pk for report in reports], "index": "0", **more}
    return client.post(REPORTS, {**chosen, "reason": reason}, follow=True)


def told(response: Any) -> list[str]:
    return [str(message) for message in response.context["messages"]]


# ── Who comes in ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_guest_is_sent_to_sign_in_and_from_there_back() -> None:
    response = Client().get(f"{REPORTS}?q=1", follow=True)

    assert response.redirect_chain[-1] == ("/admin/login?next=%2Fadmin%2Forder%2Fshared%2Fworkerreport%2F%3Fq%3D1", 302)


@pytest.mark.parametrize("role", ["customer", "vendor"])
def test_who_is_no_operator_is_told_so(role: str) -> None:
    response = operator_as(role).get(REPORTS, follow=True)

    assert response.status_code == 403
    assert "Not for your role" in response.content.decode()


@pytest.mark.parametrize("role", ["admin", "support"])
def test_operators_look_at_records(role: str, idle: WorkerReport) -> None:
    client = operator_as(role)

    assert "idle" in client.get(REPORTS).content.decode()
    assert client.get(f"{REPORTS}{idle.pk}/change/").status_code == 200
    assert client.get("/admin/order/").status_code == 200


def test_the_token_is_checked_here_too(tmp_path: Path) -> None:
    private = make_key_files(tmp_path / "ours", "k1")
    foreign = make_key_files(tmp_path / "foreign", "k1")
    with override_settings(JWT_PUBLIC_KEYS_DIR=tmp_path / "ours"):
        statuses = [
            Client().get(REPORTS, headers={"Authorization": f"Bearer {token}"}).status_code
            for token in (access_token(private, "k1", roles=("admin",)), access_token(foreign, "k1", roles=("admin",)))
        ]

    assert statuses == [200, 302]


def test_there_are_no_tables_of_users_nor_of_django_s_own_log() -> None:
    tables = connection.introspection.table_names()

    assert not [table for table in tables if table.startswith(("auth_", "django_admin"))]


def test_signing_out_and_the_history_are_the_gateway_s(idle: WorkerReport) -> None:
    client = operator_as("admin")

    signed_out = client.post("/admin/order/logout/")
    history = client.get(f"{REPORTS}{idle.pk}/history/")

    assert (signed_out.status_code, signed_out["Location"]) == (307, "/admin/session/end")
    assert history["Location"] == "/admin/history?subject=idle"


def test_passwords_are_not_changed_here() -> None:
    assert operator_as("admin").get("/admin/order/password_change/").status_code == 404


def test_pages_run_nothing_but_their_own_scripts() -> None:
    response = operator_as("admin").get(REPORTS)

    assert "default-src 'self'" in response["Content-Security-Policy"]
    assert "no-store" in response["Cache-Control"]


def test_pages_show_pictures_of_the_bucket_they_are_in(settings: Any) -> None:
    settings.MEDIA_URL = "https://cdn.example/pictures/"

    response = operator_as("admin").get(REPORTS)

    assert "img-src 'self' data: https://cdn.example;" in response["Content-Security-Policy"]


def test_a_form_of_another_page_is_refused(idle: WorkerReport) -> None:
    client = operator_as("admin")
    client.handler.enforce_csrf_checks = True

    response = forget(client, idle)

    assert response.status_code == 403
    assert WorkerReport.objects.count() == 1


# ── What they may do ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["add/", "idle/delete/"])
def test_records_are_neither_added_nor_deleted_by_hand(path: str, idle: WorkerReport) -> None:
    assert operator_as("admin").post(f"{REPORTS}{path}", {"post": "yes"}).status_code == 403
    assert WorkerReport.objects.count() == 1


def test_a_record_is_not_edited_in_place(idle: WorkerReport) -> None:
    response = operator_as("admin").post(f"{REPORTS}idle/change/", {"instance": "idle", "queue_depth": "9"})

    idle.refresh_from_db()
    assert (response.status_code, idle.queue_depth) == (403, 0)


def test_an_operation_is_carried_out_for_each_chosen_record_and_refusals_are_told(
    idle: WorkerReport, busy: WorkerReport
) -> None:
    response = forget(operator_as("admin"), idle, busy)

    assert told(response) == ["busy: It still has work.", "Forget: 1"]
    assert list(WorkerReport.objects.all()) == [busy]


@pytest.mark.parametrize(
    ("reason", "answer"),
    [
        ("", "Give a reason."),
        ("two\nlines", "A reason is one line of at most 200 characters."),
        ("x" * 201, "A reason is one line of at most 200 characters."),
    ],
)
def test_an_operation_may_need_a_reason(idle: WorkerReport, reason: str, answer: str) -> None:
    response = forget(operator_as("admin"), idle, reason=reason)

    assert told(response) == [answer]
    assert WorkerReport.objects.count() == 1


def test_support_is_offered_no_operation_and_carries_none_out(idle: WorkerReport) -> None:
    client = operator_as("support")

    assert "Forget" not in client.get(f"{REPORTS}idle/change/").content.decode()
    forget(client, idle)
    assert WorkerReport.objects.count() == 1


def test_a_record_s_page_has_its_operations_as_buttons_and_comes_back(busy: WorkerReport) -> None:
    client = operator_as("admin")

    page = client.get(f"{REPORTS}busy/change/").content.decode()
    response = forget(client, busy, on_page="busy")

    assert '<button type="submit" class="button" name="action" value="forget">Forget</button>' in page
    assert response.redirect_chain[-1][0] == f"{REPORTS}busy/change/"


# ── What they find ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_search_finds_an_id_whole_and_takes_anything(client: Client) -> None:
    sought = InboxMessage.objects.create(
        consumer="order", message_id=new_id(), type="a.b.v1", subject=str(new_id()), source="a", correlation_id="c-1",
        sent_at=timezone.now(),
    )  # fmt: skip
    operator = operator_as("admin")

    for term in (str(sought.message_id), sought.subject, "c-1"):
        assert "1 inbox message" in operator.get(INBOX, {"q": term}).content.decode()
    for term in (str(new_id()), "nobody", "%", "x" * 5000):
        assert "0 inbox messages" in operator.get(INBOX, {"q": term}).content.decode()
    assert operator.get(REPORTS, {"q": str(new_id())}).status_code == 200


@pytest.mark.parametrize("query", ["subject__startswith=a", "type__regex=.", "attempts=1", "lastly=1"])
def test_lists_compare_nothing_but_what_their_filters_offer(query: str) -> None:
    assert operator_as("admin").get(f"{INBOX}?{query}").status_code == 400


@pytest.mark.parametrize(
    "query", ["handled_at__isempty=x", "type=%00", "nothing=1", "p=-1", "p=x", "o=99.-99.a", "e=1", "q=%00", "all="]
)
def test_odd_addresses_are_no_bugs(query: str) -> None:
    assert operator_as("admin").get(f"{INBOX}?{query}").status_code < 500
    assert operator_as("admin").get(f"{INBOX}not-a-number/change/", follow=True).status_code < 500


def test_what_cannot_be_taken_back_is_asked_about_once_more(idle: WorkerReport, busy: WorkerReport) -> None:
    client = operator_as("admin")

    page = forget(client, idle, action="destroy")

    assert WorkerReport.objects.count() == 2
    text = page.content.decode()
    assert "idle" in text
    assert "busy" not in text
    fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(.*?)">', text))
    assert fields.pop("csrfmiddlewaretoken")
    assert told(client.post(REPORTS, fields, follow=True)) == ["Destroy: 1"]
    assert list(WorkerReport.objects.all()) == [busy]


def test_no_nonsense_upsets_a_list_of_records_with_names(idle: WorkerReport) -> None:
    assert operator_as("admin").upset_by(REPORTS) == []
