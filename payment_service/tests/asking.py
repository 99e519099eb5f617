"""Providers that are asked for their records, as admins and the clock do it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.utils import timezone

from payment_service.actions import reconciliations
from payment_service.actions.providers import PROVIDERS
from payment_service.clients.port import RecordPage
from payment_service.models import Reconciliation
from shared.testing import body, client_as

PATH = "/api/v1/admin/reconciliations"
ADMIN = client_as("admin", user_id=UUID(int=0xADA))


def ask(provider: str = "simulator", **changes: Any) -> Any:
    today = str(timezone.now().date())
    return ADMIN.post(f"{PATH}/from-provider", {"provider": provider, "since": today, "until": today, **changes})


def asked_and_read(provider: str = "simulator", **changes: Any) -> Any:
    """What a reconciliation says when the clock has run."""
    answer = ask(provider, **changes)
    assert answer.status_code == 202, answer.content
    reconciliations.run_reconciliations()
    return body(ADMIN.get(answer["Location"]))


def found(told: Any) -> list[tuple[str, str, str]]:
    """Each difference: its kind, what it is about, and the beginning of its cause."""
    rows = body(ADMIN.get(f"{PATH}/{told['id']}/differences?limit=100"))["results"]
    return sorted((row["kind"], row["what"], row["cause"].split(":")[0]) for row in rows)


def time_passes() -> None:
    Reconciliation.objects.filter(status="running").update(due_at=timezone.now())


@contextmanager
def in_pages_of(size: int, monkeypatch: Any) -> Iterator[None]:
    """A provider that tells but so many at once, each of them in order."""
    for provider in ("simulator", "stripe", "chapa"):
        monkeypatch.setattr(type(PROVIDERS[provider]), "records", _paged(type(PROVIDERS[provider]).records, size))
    yield


def _paged(records: Any, size: int) -> Any:
    def paged(self: Any, *, since: Any, until: Any, after: str) -> RecordPage:
        whole, place = [], ""
        while place or not whole:
            page = records(self, since=since, until=until, after=place)
            whole += page.records
            place = page.next
        start = int(after or "0")
        following = str(start + size) if start + size < len(whole) else ""
        return RecordPage(whole[start : start + size], following)

    return paged
