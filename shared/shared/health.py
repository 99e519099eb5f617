"""Is it alive, is it ready, how is it doing. Liveness asks nobody; readiness asks the service's own database only, so
that a shared outage does not take every replica out.
"""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.urls import URLPattern
from django.utils import timezone

import shared
from shared import outbox
from shared.http import path
from shared.models import WorkerReport

REPORT_IS_STALE = timedelta(seconds=20)
OUTBOX_IS_STUCK = timedelta(seconds=5)
"""A message that waits for so long is not on its way: the broker is away, or no queue takes it."""


def live(_request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


def ready(_request: HttpRequest) -> JsonResponse:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "unavailable"}, status=503)
    return JsonResponse({"status": "ok"})


def status(_request: HttpRequest) -> JsonResponse:
    """What the gateway's fleet page shows of this service."""
    try:
        return JsonResponse(_status())
    except DatabaseError:
        return JsonResponse({"name": settings.SERVICE, "status": "unavailable"}, status=503)


def _status() -> dict[str, Any]:
    now = timezone.now()
    workers = list(WorkerReport.objects.filter(seen_at__gt=now - REPORT_IS_STALE).order_by("-seen_at"))
    oldest = outbox.oldest_pending()
    is_stuck = oldest is not None and now - oldest > OUTBOX_IS_STUCK
    return {
        "name": settings.SERVICE,
        "status": "ok" if workers and not is_stuck else "degraded",
        "version": getattr(settings, "VERSION", shared.__version__),
        "workers": len(workers),
        "queue_depth": workers[0].queue_depth if workers else None,
        "dead_messages": workers[0].dead_depth if workers else None,
        "outbox_age_seconds": round((now - oldest).total_seconds(), 1) if oldest else 0,
    }


urlpatterns: list[URLPattern] = [
    path("health/live", live),
    path("health/ready", ready),
    path("health/status", status),
]
