"""How the fleet is doing: every service asked at once, within a second, at most once a second."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from django.conf import settings

from gateway import clients
from shared.errors import Unavailable

Report = dict[str, Any]
FIGURES = ("workers", "queue_depth", "dead_messages", "outbox_age_seconds", "answered_ms")
GOOD, LIMPING, DOWN = "ok", "degraded", "down"
_askers = ThreadPoolExecutor(max_workers=16, thread_name_prefix="ask")
_lock = threading.Lock()
_kept: tuple[float, Report] | None = None


def status() -> Report:
    """`{status, services: [{name, status, version, instances, queue_depth, outbox_age_seconds, …}]}`, a second old at
    most. The whole is ok when all are, down when none answers, degraded otherwise.
    """
    global _kept
    with _lock:
        if _kept is None or time.monotonic() - _kept[0] > settings.STATUS_KEPT.total_seconds():
            _kept = (time.monotonic(), _gather())
        return _kept[1]


def forget() -> None:
    """The next look asks again."""
    global _kept
    _kept = None


def everyone_answers(report: Report) -> bool:
    return all(service["status"] in {GOOD, LIMPING} for service in report["services"])


def _gather() -> Report:
    asked = {name: _askers.submit(_ask, name) for name in settings.FLEET}
    wait(asked.values(), timeout=settings.STATUS_DEADLINE.total_seconds())
    services = [_row(name, future) for name, future in asked.items()]
    return {"status": _whole([service["status"] for service in services]), "services": services}


def _ask(name: str) -> Report:
    started = time.perf_counter()
    said = clients.health_of(name)
    return {**said, "answered_ms": round((time.perf_counter() - started) * 1000, 1)}


def _row(name: str, future: "Future[Report]") -> Report:
    unknown: Report = {"status": DOWN, "version": None, "instances": 0, **dict.fromkeys(FIGURES)}
    try:
        said = future.result(timeout=0)
    except (Unavailable, TimeoutError):
        future.cancel()
        return {"name": name, **unknown}
    return {"name": name, **unknown, "instances": 1, **said, "status": _word(said.get("status"))}


def _word(said: object) -> str:
    return str(said) if said in {GOOD, LIMPING} else DOWN


def _whole(words: list[str]) -> str:
    if all(word == GOOD for word in words):
        return GOOD
    return DOWN if all(word == DOWN for word in words) else LIMPING
