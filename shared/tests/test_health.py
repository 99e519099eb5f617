from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from shared.models import OutboxMessage, WorkerReport


def test_liveness_asks_nobody() -> None:
    assert Client().get("/health/live").status_code == 200


@pytest.mark.django_db
def test_status_tells_what_the_worker_saw_and_how_old_the_outbox_is() -> None:
    WorkerReport.objects.create(instance="w", seen_at=timezone.now(), queue_depth=7, dead_depth=1)
    OutboxMessage.objects.create(type="t", subject="s", correlation_id="c", envelope={})

    status = Client().get("/health/status").json()

    assert (status["name"], status["status"], status["queue_depth"], status["dead_messages"]) == ("order", "ok", 7, 1)
    assert status["outbox_age_seconds"] >= 0


@pytest.mark.django_db
def test_without_a_worker_the_service_is_degraded() -> None:
    assert Client().get("/health/status").json()["status"] == "degraded"


@pytest.mark.django_db
def test_a_service_whose_messages_do_not_leave_is_degraded() -> None:
    WorkerReport.objects.create(instance="w", seen_at=timezone.now())
    message = OutboxMessage.objects.create(type="t", subject="s", correlation_id="c", envelope={})
    assert Client().get("/health/status").json()["status"] == "ok"

    OutboxMessage.objects.update(recorded_at=message.recorded_at - timedelta(seconds=6))

    assert Client().get("/health/status").json()["status"] == "degraded"
