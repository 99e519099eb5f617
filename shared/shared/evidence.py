"""What a service says of its own rows to the auditor, which compares services (`auditor/`). NGINX does not route it.

    GET  internal/audit/rows/<topic>    its rows by id, `limit` of them after `after`
    POST internal/audit/rows/<topic>    the rows of these, as they are now: {"ids": […]}
    GET  internal/audit/checks/<name>    a line for each rule that its rows break among themselves
    POST internal/audit/repairs/<name>   mends what of {"ids": […]} can be, and may be asked twice; answers how many

A row has an `id`, a `changed_at` (told as `age`, in seconds: what was just touched may still be on its way) and
figures: ids, amounts in minor units, states. Nothing in it is a secret, and nobody's name or address.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Count, Model, QuerySet
from django.urls import URLPattern
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shared import outbox
from shared.auth import ServiceAuthentication, only
from shared.errors import NotFound
from shared.http import Shape, path, read
from shared.models import OutboxMessage, WorkerReport

MOST = 1_000
STUCK = timedelta(seconds=60)
"""A message leaves within a second; one that waits for longer than this does not leave by itself."""
_SEEN_LATELY = timedelta(seconds=30)
_BEGUN = time.monotonic()
M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows are asked for: these, or the next `limit` by id."""

    limit: int = MOST
    after: UUID | None = None
    ids: tuple[UUID, ...] | None = None

    def of(self, rows: QuerySet[M], key: str = "id") -> QuerySet[M]:
        """Those of the rows, by the column that is their id."""
        if self.ids is not None:
            return rows.filter(**{f"{key}__in": self.ids}).order_by(key)
        return (rows if self.after is None else rows.filter(**{f"{key}__gt": self.after})).order_by(key)[: self.limit]

    def keys(self, rows: QuerySet[Any], key: str) -> list[UUID]:
        """The ids alone, as `of`, where several rows have one: each of them once."""
        return list(self.of(rows.values_list(key, flat=True).distinct(), key))


Row = dict[str, Any]
Topics = Mapping[str, Callable[[Page], Sequence[Row]]]
Checks = Mapping[str, Callable[[], Iterable[str]]]
Repairs = Mapping[str, Callable[[Sequence[UUID]], int]]


def digest(*parts: object) -> str:
    """To compare what is nobody else's business."""
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:16]


def kept_of(page: Page, kinds: Mapping[str, QuerySet[Any]]) -> list[Row]:
    """Of which of these people something is kept, and how many rows of what; each kind has a `user_id`."""
    found: dict[UUID, dict[str, int]] = {}
    for kind, rows in kinds.items():
        mine = rows.filter(user_id__in=page.ids or ()).order_by().values_list("user_id")
        for user_id, count in mine.annotate(count=Count("*")):
            found.setdefault(user_id, {})[kind] = count
    return [{"id": user_id, "kept": kept} for user_id, kept in sorted(found.items())]


# ── What every service can say ───────────────────────────────────────────────────────────────────────────────────────


def messages_stuck() -> list[str]:
    """What has not left the outbox, by type."""
    old = OutboxMessage.objects.filter(published_at__isnull=True, recorded_at__lt=timezone.now() - STUCK)
    counts: dict[str, int] = {}
    for type_ in old.order_by("position").values_list("type", flat=True)[:MOST]:
        counts[type_] = counts.get(type_, 0) + 1
    oldest = outbox.oldest_pending()
    since = f"{(timezone.now() - oldest).total_seconds():.0f} s" if oldest else ""
    return [f"{count} x {type_}, the oldest message waits for {since}" for type_, count in sorted(counts.items())]


def dead_messages() -> list[str]:
    """What was given up on, as a worker counted it a moment ago; nobody who counts is no proof that there is none."""
    lately = WorkerReport.objects.filter(seen_at__gt=timezone.now() - _SEEN_LATELY)
    depths = list(lately.values_list("dead_depth", flat=True))
    if not depths:
        return [f"no worker has counted for {_SEEN_LATELY.seconds} s"] if _has_run_for(_SEEN_LATELY) else []
    return [f"{max(depths)} in the dead queue"] if max(depths) else []


def _has_run_for(time_: timedelta) -> bool:
    """Whoever has just begun gives its worker time to begin, too."""
    return time.monotonic() - _BEGUN > time_.total_seconds()


OF_ALL: Checks = {"outbox": messages_stuck, "dead_messages": dead_messages}


# ── Over HTTP ────────────────────────────────────────────────────────────────────────────────────────────────────────


class PageShape(Shape):
    after = serializers.UUIDField(required=False, default=None)
    limit = serializers.IntegerField(min_value=1, max_value=MOST, default=MOST)


class IdsShape(Shape):
    ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MOST)


class _InternalView(APIView):
    authentication_classes = (ServiceAuthentication,)
    permission_classes = (only("auditor"),)
    offered: Mapping[str, Any] = {}

    def called(self, name: str) -> Any:
        """Raises NotFound, also where this release does not know it yet."""
        if name not in self.offered:
            raise NotFound()
        return self.offered[name]


class RowsView(_InternalView):
    def get(self, request: Request, name: str) -> Response:
        page = Page(**read(PageShape, request.query_params.dict()))
        rows = self.called(name)(page)
        upto = rows[-1]["id"] if len(rows) == page.limit else None
        return Response({"rows": [as_told(row) for row in rows], "upto": upto})

    def post(self, request: Request, name: str) -> Response:
        page = Page(ids=tuple(read(IdsShape, request.data)["ids"]))
        return Response({"rows": [as_told(row) for row in self.called(name)(page)]})


def as_told(row: Row) -> Row:
    """A row that names no time is never on its way."""
    changed_at = row.get("changed_at")
    told = {name: value for name, value in row.items() if name != "changed_at"}
    return told | {"age": None if changed_at is None else (timezone.now() - changed_at).total_seconds()}


class ChecksView(_InternalView):
    def get(self, request: Request, name: str) -> Response:
        return Response({"broken": list(self.called(name)())})


class RepairsView(_InternalView):
    def post(self, request: Request, name: str) -> Response:
        return Response({"mended": self.called(name)(read(IdsShape, request.data)["ids"])})


def paths(*, topics: Topics, checks: Checks, repairs: Repairs) -> list[URLPattern]:
    """For `urlpatterns`; what every service can say is among them."""
    return [
        path("internal/audit/rows/<slug:name>", RowsView.as_view(offered=topics)),
        path("internal/audit/checks/<slug:name>", ChecksView.as_view(offered={**OF_ALL, **checks})),
        path("internal/audit/repairs/<slug:name>", RepairsView.as_view(offered=repairs)),
    ]
