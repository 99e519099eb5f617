"""What a service says to the auditor, and to nobody else."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import override_settings
from django.utils import timezone
from rest_framework.test import APIClient

from shared import evidence
from shared.context import new_id
from shared.models import OutboxMessage, WorkerReport
from shared.testing import body, client_as, client_of

pytestmark = pytest.mark.django_db
asked: list[UUID] = []


def messages(page: evidence.Page) -> list[evidence.Row]:
    rows = page.of(OutboxMessage.objects.all(), "message_id")
    return [{"id": row.message_id, "changed_at": row.recorded_at, "type": row.type} for row in rows]


def mend(ids: Any) -> int:
    asked.extend(ids)
    return len(ids)


urlpatterns = [
    *evidence.paths(topics={"messages": messages}, checks={"always": lambda: ["a line"]}, repairs={"mend": mend}),
]


@pytest.fixture(autouse=True)
def _paths() -> Iterator[None]:
    with override_settings(ROOT_URLCONF=__name__):
        yield


def make_messages(count: int) -> list[str]:
    columns = {"type": "t", "subject": "s", "correlation_id": "c", "envelope": {}}
    made = [OutboxMessage.objects.create(message_id=new_id(), **columns) for _ in range(count)]
    return sorted(str(one.message_id) for one in made)


def ask(path: str, ids: list[str] | None = None, **query: Any) -> Any:
    url, auditor = f"/internal/audit/{path}", client_of("auditor")
    response = auditor.get(url, query) if ids is None else auditor.post(url, {"ids": ids}, format="json")
    assert response.status_code == 200, response.content
    return body(response)


def test_rows_follow_one_another_without_gap() -> None:
    made, seen = make_messages(5), list[str]()

    page = ask("rows/messages", limit=2)
    while page["upto"]:
        seen += [row["id"] for row in page["rows"]]
        page = ask("rows/messages", limit=2, after=page["upto"])

    assert seen + [row["id"] for row in page["rows"]] == made


def test_rows_are_asked_for_by_their_ids_and_absent_ones_are_left_out() -> None:
    made = make_messages(3)

    assert [row["id"] for row in ask("rows/messages", [made[2], made[0], str(new_id())])["rows"]] == [made[0], made[2]]


def test_a_row_tells_how_long_nobody_has_touched_it() -> None:
    [made] = make_messages(1)
    OutboxMessage.objects.update(recorded_at=timezone.now() - timedelta(seconds=90))

    [row] = ask("rows/messages", [made])["rows"]

    assert 90 <= row["age"] < 120
    assert "changed_at" not in row


def test_checks_and_repairs_are_called_by_name() -> None:
    ids = [str(new_id()), str(new_id())]

    assert ask("checks/always") == {"broken": ["a line"]}
    assert ask("repairs/mend", ids) == {"mended": 2}
    assert [str(one) for one in asked[-2:]] == ids


@pytest.mark.parametrize("path", ["rows/unknown", "checks/unknown"])
def test_what_this_release_does_not_know_is_not_there(path: str) -> None:
    assert client_of("auditor").get(f"/internal/audit/{path}").status_code == 404


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 1_001}, {"after": "x"}, {"sort": "id"}])
def test_a_page_is_bounded(query: dict[str, Any]) -> None:
    assert client_of("auditor").get("/internal/audit/rows/messages", query).status_code == 400


def test_nobody_but_the_auditor_is_answered() -> None:
    callers = {"order": client_of("order"), "an admin": client_as("admin"), "nobody": APIClient()}
    paths = ("rows/messages", "checks/always", "repairs/mend")

    for name, caller in callers.items():
        for path in paths:
            for send in (caller.get, caller.post):
                status = send(f"/internal/audit/{path}").status_code
                assert status in {401, 403}, (name, path, status)


# ── What every service can say ───────────────────────────────────────────────────────────────────────────────────────


def test_a_message_that_waits_for_a_minute_does_not_leave() -> None:
    make_messages(2)
    assert ask("checks/outbox") == {"broken": []}

    OutboxMessage.objects.update(recorded_at=timezone.now() - timedelta(seconds=61))

    [line] = ask("checks/outbox")["broken"]
    assert line.startswith("2 x t, the oldest message waits for 61 s")
    OutboxMessage.objects.update(published_at=timezone.now())
    assert ask("checks/outbox") == {"broken": []}


def test_dead_messages_are_those_a_worker_saw_lately() -> None:
    WorkerReport.objects.create(instance="gone", seen_at=timezone.now() - timedelta(minutes=5), dead_depth=9)
    here = WorkerReport.objects.create(instance="here", seen_at=timezone.now(), dead_depth=2)
    assert ask("checks/dead_messages") == {"broken": ["2 in the dead queue"]}

    WorkerReport.objects.filter(pk=here.pk).update(dead_depth=0)

    assert ask("checks/dead_messages") == {"broken": []}


@pytest.mark.parametrize(("ran", "said"), [(31, ["no worker has counted for 30 s"]), (1, [])])
def test_where_nobody_counts_nobody_says_that_there_are_none(
    ran: float, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    WorkerReport.objects.create(instance="gone", seen_at=timezone.now() - timedelta(minutes=5))
    monkeypatch.setattr(evidence, "_BEGUN", time.monotonic() - ran)

    assert ask("checks/dead_messages") == {"broken": said}
