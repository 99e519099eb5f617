"""The audit log: what is recorded, how it is kept, who may read it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from conftest import PASSWORD, Register, as_user, in_parallel, make_admin_client
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from rest_framework.test import APIClient

from shared.audit import record
from shared.context import Context, acting, new_id
from shared.contracts.user import EmailCodeIssued, GrantRole, RecordAudit
from shared.outbox import OutsideTransaction
from shared.testing import audited, body, client_as, deliver, published
from user_service.models import AuditEntry, User
from user_service.queries import audit
from user_service.subscriptions import SUBSCRIPTIONS

pytestmark = pytest.mark.django_db

LOG = "/api/v1/admin/audit-log"
USERS = "/api/v1/admin/users"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def make_told(**fields: Any) -> RecordAudit:
    plain = {
        "entry_id": new_id(),
        "at": NOON,
        "actor_id": new_id(),
        "actor_roles": ("admin",),
        "action": "vendor.application.approve",
        "subject_kind": "application",
        "subject_id": "a-1",
        "address": "192.0.2.7",
        "request_id": "request-1",
        "detail": {"vendor": "v-1", "märz": "ß"},
    }
    return RecordAudit(**{**plain, **fields})


def keep(*told: RecordAudit) -> None:
    for one in told:
        deliver(one, SUBSCRIPTIONS)


def tamper(statement: str, *values: object) -> None:
    """As somebody who may switch the triggers off."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
        cursor.execute(statement, values)
        cursor.execute("ALTER TABLE audit_entry ENABLE TRIGGER USER")


# ── What is recorded ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_entry_says_who_did_what_to_whom_from_where(make_account: Register) -> None:
    ada = make_account()["user"]
    admin = make_admin_client(make_account)

    headers = {"X-Real-IP": "192.0.2.7", "X-Request-Id": "request-0001"}
    admin.patch(f"{USERS}/{ada['id']}", {"roles": ["customer", "support"]}, headers=headers)

    entry = next(one for one in published(RecordAudit) if one.action == "user.roles.change")
    assert (entry.actor_id, entry.actor_roles) == (User.objects.get(email="root@example.com").id, ("admin", "customer"))
    assert (entry.subject_kind, entry.subject_id) == ("user", ada["id"])
    assert (entry.address, entry.request_id) == ("192.0.2.7", "request-0001")
    assert entry.detail == {"before": "customer", "after": "customer support"}


def test_what_admins_do_to_accounts_is_recorded(make_account: Register) -> None:
    ada = make_account()["user"]
    admin, path = make_admin_client(make_account), f"{USERS}/{ada['id']}"
    before = len(audited())

    admin.patch(path, {"roles": ["support"]})
    admin.patch(path, {"active": False})
    admin.patch(path, {"active": True})
    admin.patch(path, {"first_name": "Adele"})
    admin.patch(path, {"first_name": "Adele"})
    admin.delete(path)

    assert [action for action, _kind in audited()[before:]] == [
        "user.roles.change",
        "user.sessions.end",
        "user.account.disable",
        "user.account.enable",
        "user.account.change",
        "user.account.delete",
    ]


def test_what_people_do_to_their_own_safety_is_recorded(make_account: Register, client: APIClient) -> None:
    ada = make_account()
    me, fresh = as_user(ada["access"]), "a quite different 77 sentence"
    forms = {"password": fresh, "password_confirm": fresh}

    assert me.post("/api/v1/auth/password-change", {"current_password": PASSWORD, **forms}).status_code < 300
    client.post("/api/v1/auth/password-reset", {"email": "ada@example.com"})
    code = {"email": "ada@example.com", "code": published(EmailCodeIssued)[-1].code}
    again = {"password": PASSWORD, "password_confirm": PASSWORD}
    assert client.post("/api/v1/auth/password-reset/confirm", {**code, **again}).status_code < 300

    assert [action for action, _kind in audited()] == [
        "user.password.change",
        "user.password.reset",
        "user.sessions.end",
    ]


def test_no_secret_and_no_person_stands_in_an_entry(make_account: Register) -> None:
    ada = make_account()
    fresh = "a quite different 77 sentence"
    forms = {"current_password": PASSWORD, "password": fresh, "password_confirm": fresh}

    as_user(ada["access"]).post("/api/v1/auth/password-change", forms)
    admin = make_admin_client(make_account)
    admin.patch(f"{USERS}/{ada['user']['id']}", {"first_name": "Adele", "active": False})

    written = " ".join(entry.model_dump_json() for entry in published(RecordAudit))
    assert [secret for secret in (PASSWORD, fresh, "ada@example.com", "Ada", "Adele") if secret in written] == []


def test_what_operators_and_messages_do_is_recorded_without_an_actor(
    make_account: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = make_account()["user"]
    monkeypatch.setenv("ADMIN_PASSWORD", PASSWORD)

    call_command("create_admin", "root@example.com", verbosity=0)
    call_command("rotate_keys", "--prepare")
    call_command("rotate_keys", "--prepare")
    call_command("rotate_keys", "--activate")
    deliver(GrantRole(user_id=UUID(ada["id"]), role="vendor", vendor_id=new_id()), SUBSCRIPTIONS)

    assert audited() == [
        ("user.admin.create", "user"),
        ("user.key.prepare", "key"),
        ("user.key.activate", "key"),
        ("user.role.grant", "user"),
    ]
    assert {(entry.actor_id, entry.address) for entry in published(RecordAudit)} == {(None, None)}


def test_what_is_rolled_back_or_refused_was_never_recorded(make_account: Register) -> None:
    ada = make_account()["user"]
    admin = make_admin_client(make_account)
    before = audited()

    refused = admin.patch(f"{USERS}/{ada['id']}", {"active": False, "roles": ["vendor"]})
    with pytest.raises(RuntimeError), transaction.atomic():
        record(action="user.account.change", subject_kind="user", subject_id=ada["id"])
        raise RuntimeError

    assert (refused.status_code, audited()) == (400, before)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_recorded_outside_a_transaction() -> None:
    with pytest.raises(OutsideTransaction):
        record(action="user.account.change", subject_kind="user", subject_id="1")


# ── How it is kept ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_entries_stand_in_a_chain() -> None:
    keep(first := make_told(), second := make_told(actor_id=None, address=None, detail={}))

    one, two = AuditEntry.objects.order_by("position")
    assert [(one.position, one.entry_id), (two.position, two.entry_id)] == [(1, first.entry_id), (2, second.entry_id)]
    assert (two.previous_hash, one.previous_hash) == (one.hash, "0" * 64)
    assert audit.verify() == audit.Verification(2, None, two.hash)


def test_the_same_entry_twice_is_one() -> None:
    told = make_told()

    keep(told, told, make_told(), told)

    assert list(AuditEntry.objects.order_by("position").values_list("position", flat=True)) == [1, 2]


@pytest.mark.django_db(transaction=True)
def test_entries_at_the_same_moment_leave_no_gap_and_no_fork() -> None:
    shared = make_told()

    in_parallel(8, lambda _number: [keep(make_told()), keep(shared), keep(make_told())])

    positions = AuditEntry.objects.order_by("position").values_list("position", flat=True)
    assert (list(positions), audit.verify().intact) == (list(range(1, 18)), True)


@pytest.mark.parametrize("statement", ["UPDATE audit_entry SET action = 'x'", "DELETE FROM audit_entry"])
def test_the_database_refuses_to_change_entries(statement: str) -> None:
    keep(make_told())

    with pytest.raises(IntegrityError, match="immutable"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_it_cannot_be_emptied_but_by_a_test_runner() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgenabled FROM pg_trigger WHERE tgname = 'audit_entry_kept'")
        assert cursor.fetchone() == ("O",)
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'audit_entry_refuse_change'")
        assert "current_database() LIKE 'test" in cursor.fetchone()[0]


FIELDS = [
    "entry_id = gen_random_uuid()",
    "at = at + interval '1 microsecond'",
    "actor_id = NULL",
    """actor_roles = '["support"]'""",
    "action = 'vendor.application.reject'",
    "subject_kind = 'vendor'",
    "subject_id = 'a-2'",
    "address = '192.0.2.8'",
    "request_id = 'request-2'",
    """detail = '{"vendor": "v-2"}'""",
    "previous_hash = hash",
    "hash = reverse(hash)",
    "position = 9",
]


@pytest.mark.parametrize("change", FIELDS)
def test_a_changed_row_breaks_the_chain_where_it_stands(change: str) -> None:
    keep(*(make_told() for _ in range(4)))

    tamper(f"UPDATE audit_entry SET {change} WHERE position = 2")

    assert (audit.verify().broken_at, audit.verify().entries) == (2, 4)
    with pytest.raises(CommandError, match="broken at position 2 of 4 entries"):
        call_command("verify_audit")


def test_a_missing_row_breaks_the_chain() -> None:
    keep(*(make_told() for _ in range(3)))

    tamper("DELETE FROM audit_entry WHERE position = %s", 1)

    assert (audit.verify().broken_at, audit.verify().intact) == (1, False)


def test_a_row_changed_with_its_hash_breaks_the_chain_at_the_next() -> None:
    keep(*(make_told() for _ in range(3)))
    forged = AuditEntry.objects.get(position=2)
    forged.action = "vendor.application.reject"

    tamper("UPDATE audit_entry SET action = %s, hash = %s WHERE position = 2", forged.action, forged.seal())

    assert audit.verify().broken_at == 3


def test_the_command_tells_of_an_intact_chain(capsys: pytest.CaptureFixture[str]) -> None:
    keep(make_told())

    call_command("verify_audit")

    last = AuditEntry.objects.get().hash
    assert capsys.readouterr().out == f"the audit log is intact: 1 entries, last hash {last}\n"


# ── Who may read it ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", [LOG, f"{LOG}/verification"])
def test_only_admins_read_it(path: str) -> None:
    others = [client_as(role, vendor_id=new_id()).get(path).status_code for role in ("customer", "vendor", "support")]

    assert (others, APIClient().get(path).status_code) == ([403] * 3, 401)


def test_it_is_read_latest_first_by_cursor() -> None:
    told = [make_told(subject_id=str(number)) for number in range(3)]
    keep(*told)
    admin = client_as("admin")

    page = body(admin.get(f"{LOG}?limit=2"))
    rest = body(admin.get(page["next"]))

    assert [row["subject_id"] for row in page["results"] + rest["results"]] == ["2", "1", "0"]
    row = page["results"][0]
    assert (row["entry_id"], row["position"], row["address"]) == (str(told[2].entry_id), 3, "192.0.2.7")
    assert (row["detail"], row["actor_roles"]) == ({"vendor": "v-1", "märz": "ß"}, ["admin"])


def test_it_is_narrowed() -> None:
    root = new_id()
    keep(
        make_told(subject_id="1", actor_id=root),
        make_told(subject_id="2", action="vendor.vendor.change", at=NOON + timedelta(hours=1)),
        make_told(subject_id="3", action="order.order.cancel", subject_kind="order", at=NOON + timedelta(hours=2)),
    )

    def found(query: str) -> str:
        return "".join(row["subject_id"] for row in body(client_as("admin").get(f"{LOG}?{query}"))["results"])

    assert found(f"actor={root}") == "1"
    assert (found("action=vendor."), found("action=vendor.app"), found("action=ven_or.")) == ("21", "1", "")
    assert (found("subject_kind=order"), found("subject_id=2"), found("subject_id=2&action=order")) == ("3", "2", "")
    assert (found("from=2026-03-01T13:00:00Z"), found("until=2026-03-01T13:00:00Z")) == ("32", "1")
    assert found("from=2026-03-01T13:00:00Z&until=2026-03-01T14:00:00%2B00:00") == "2"


@pytest.mark.parametrize(
    "query",
    [
        "actor=root",
        "action=%25",
        "action=" + "a" * 101,
        "subject_kind=%00",
        "subject_id=" + "x" * 101,
        "from=yesterday",
        "until=9999-12-31T23:59:59-23:59",
        "colour=red",
        "limit=0",
        "cursor=bm9uc2Vuc2U9MQ",
        "cursor=cD1ub3doZXJl",
    ],
)
def test_an_odd_query_is_refused(query: str) -> None:
    keep(make_told())

    response = client_as("admin").get(f"{LOG}?{query}")

    assert response.status_code in ({400, 404} if query.startswith("cursor") else {400})


def test_the_chain_is_verified_for_admins() -> None:
    keep(make_told(), make_told())
    head = AuditEntry.objects.get(position=2).hash
    admin = client_as("admin")

    intact = body(admin.get(f"{LOG}/verification"))
    tamper("UPDATE audit_entry SET action = 'x' WHERE position = 2")
    broken = body(admin.get(f"{LOG}/verification"))

    assert intact == {"entries": 2, "intact": True, "broken_at": None, "head": head}
    assert broken == {"entries": 2, "intact": False, "broken_at": 2, "head": ""}


def test_who_acts_is_forgotten_with_the_request() -> None:
    with acting(Context("test-0001", user_id=str(new_id()), roles=("admin",), address="192.0.2.7")):
        record(action="user.account.change", subject_kind="user", subject_id="1")
    record(action="user.account.change", subject_kind="user", subject_id="1")

    first, second = published(RecordAudit)
    assert (first.address, first.actor_roles, second.address, second.actor_id) == ("192.0.2.7", ("admin",), None, None)
