"""The login history, written down and judged by the clock, after the answer."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from user_service.actions.claims import raise_claim
from user_service.models import Familiar, LoginAttempt, User, failures
from user_service.models.logins import Outcome
from user_service.models.places import place_of

_TRIMMED_BACK_TO = timedelta(hours=1)


def keep_failures(batch: int = 500) -> int:
    """Write failed logins into the history of the accounts there are; answers how many. Safe to run twice at once:
    each has its id from the moment it happened. Raises RedisError.
    """
    found = failures.waiting(batch)
    owners = _owners({str(row["whose"]) for row in found.values()})
    rows = [_failed(row, owners[row["whose"]]) for row in found.values() if row["whose"] in owners]
    LoginAttempt.objects.bulk_create(rows, ignore_conflicts=True)
    failures.forget(found.keys())
    return len(rows)


def _owners(names: set[str]) -> dict[str, UUID]:
    """By e-mail address and by id."""
    ids = {name for name in names if "@" not in name}
    rows = User.objects.present().filter(Q(email__in=names - ids) | Q(id__in=ids)).values_list("id", "email")
    return {name: user_id for user_id, email in rows for name in (str(user_id), email)}


def _failed(row: Mapping[str, Any], user_id: UUID) -> LoginAttempt:
    same = ("id", "outcome", "address", "user_agent", "at")
    return LoginAttempt(user_id=user_id, **{name: row[name] for name in same})


def judge_logins(batch: int = 100) -> int:
    """Find the places of new attempts, and raise a claim for each login that is unusual; answers how many attempts."""
    pending = LoginAttempt.objects.filter(judged_at__isnull=True).order_by("id")
    users = dict.fromkeys(pending.values_list("user_id", flat=True)[:batch])
    return sum(_judge_account(user_id) for user_id in users)


@transaction.atomic
def _judge_account(user_id: UUID) -> int:
    """One account's attempts, in their order, by one worker at a time."""
    if not User.objects.select_for_update(skip_locked=True).filter(id=user_id).exists():
        return 0
    pending = LoginAttempt.objects.filter(user_id=user_id, judged_at__isnull=True)
    attempts = list(pending.select_related("user", "session").order_by("id"))
    for attempt in attempts:
        _judge(attempt)
    return len(attempts)


def _judge(attempt: LoginAttempt) -> None:
    attempt.judge(place_of(attempt.address))
    attempt.save(update_fields=["judged_at", "place", "country"])
    if attempt.outcome != Outcome.SUCCEEDED:
        return
    if attempt.session and attempt.place:
        attempt.session.place = attempt.place
        attempt.session.save(update_fields=["place"])
    reasons = _unfamiliar(attempt)
    _get_familiar(attempt)
    if reasons:
        raise_claim(attempt, reasons)


def _unfamiliar(attempt: LoginAttempt) -> list[str]:
    """The kinds of which something is known, but not this: an account's first login is never unusual."""
    known = set(Familiar.objects.filter(user_id=attempt.user_id).values_list("kind", "value"))
    kinds = {kind for kind, _value in known}
    return [kind for kind, value in attempt.traits().items() if kind in kinds and (kind, value) not in known]


def _get_familiar(attempt: LoginAttempt) -> None:
    rows = [
        Familiar(user_id=attempt.user_id, kind=kind, value=value, last_seen_at=attempt.at)
        for kind, value in attempt.traits().items()
    ]
    Familiar.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["user", "kind", "value"], update_fields=["last_seen_at"]
    )


def trim_history(batch: int = 5_000) -> int:
    """Keep the newest of each account that was used lately; answers how many rows went."""
    since = timezone.now() - _TRIMMED_BACK_TO
    lately = LoginAttempt.objects.filter(at__gt=since).values("user_id").distinct()
    numbered = LoginAttempt.objects.filter(user_id__in=lately).annotate(
        number=Window(RowNumber(), partition_by=F("user_id"), order_by=F("id").desc())
    )
    old = numbered.filter(number__gt=settings.LOGIN_HISTORY).values_list("id", "judged_at")[:batch]
    return _delete(attempt_id for attempt_id, judged_at in old if judged_at)


def _delete(ids: Iterable[UUID]) -> int:
    return LoginAttempt.objects.filter(id__in=list(ids)).delete()[0]
