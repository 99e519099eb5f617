"""More is asked than can be answered soon: what has waited for too long is shed, before any work is done for it.

A burst may wait, a standing queue is cut. As long as the queue of this process was short within the last
BURST_WAIT_MS, requests may wait so long. When it has not been short since then, more comes than is done, waiting makes
nothing better, and everybody waits no longer than OVERLOAD_WAIT_MS. It is what CoDel does to packets (RFC 8289), by
the clock of the edge, which says when it passed a request on.
"""

import math
import random
import threading
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from shared.http import PROBLEM, problem

SENT_ON = "X-Request-Start"
"""Seconds since 1970, by the edge. It is missing where nobody shall be shed: what a crowd bounds, health checks."""
SHORT = 0.1
"""Seconds: who waited for less has met no queue worth the name."""
RETRY_AFTER = 1, 3
"""Seconds, from and to: those who were refused together shall not come again together."""


class Queue:
    """What is known of the requests that wait for a thread of this process."""

    def __init__(self, now: float) -> None:
        self.lock, self.inside, self.idle_since = threading.Lock(), 0, now
        self.seen_at = self.short_at = -math.inf
        self.skew = 0.0

    def enters(self, apart: float | None, now: float) -> bool:
        """Whether who comes in has waited too long. `apart`: seconds from the edge's clock to ours; `now`: monotonic.

        Who finds the process idle has not waited, and nobody comes before being sent: by so much the clocks differ.
        """
        with self.lock:
            is_idle = not self.inside and now - self.idle_since > SHORT
            self.inside += 1
            if apart is None:
                return False
            if is_idle or apart < self.skew:
                self.skew = apart
            return self._is_too_long(apart - self.skew, now)

    def _is_too_long(self, waited: float, now: float) -> bool:
        burst, standing = settings.BURST_WAIT_MS / 1_000, settings.OVERLOAD_WAIT_MS / 1_000
        if waited < SHORT or now - self.seen_at > burst:
            self.short_at = now
        self.seen_at = now
        return waited > (standing if now - self.short_at > burst else burst)

    def leaves(self, now: float) -> None:
        with self.lock:
            self.inside -= 1
            self.idle_since = now


class ShedMiddleware:
    """Answers 503 `overloaded` to whoever has waited too long."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.queue = Queue(time.monotonic())

    def __call__(self, request: HttpRequest) -> HttpResponse:
        too_long = self.queue.enters(since_sent_on(request), time.monotonic())
        try:
            return refusal() if too_long else self.get_response(request)
        finally:
            self.queue.leaves(time.monotonic())


def since_sent_on(request: HttpRequest) -> float | None:
    """Seconds since the edge passed it on, by two clocks; None where that is not told."""
    try:
        return time.time() - float(request.headers.get(SENT_ON, ""))
    except ValueError:
        return None


def refusal() -> HttpResponse:
    after = random.randint(*RETRY_AFTER)  # noqa: S311 -- no secret
    body = problem("overloaded", "More is asked than can be answered soon", 503)
    response = JsonResponse(body, status=503, content_type=PROBLEM, headers={"Retry-After": str(after)})
    response["Content-Length"] = str(len(response.content))  # the middleware that would say so comes later
    return response
