"""HTTP out, to another service of the fleet: a service token, the correlation id, a deadline, one error to catch."""

import logging
from functools import cache
from typing import Any

import httpx

from shared import context
from shared.auth import service_token
from shared.errors import Unavailable

log = logging.getLogger("nexus.calls")
TIMEOUT = httpx.Timeout(3.0, connect=1.0)


def call(service: str, base_url: str, method: str, path: str, **kwargs: Any) -> httpx.Response:
    """Ask another service. Raises Unavailable when it does not answer in time or answers with a 5xx."""
    headers = {"Authorization": f"Bearer {service_token(service)}", "X-Request-Id": context.current().correlation_id}
    try:
        response = _client(base_url).request(method, path, headers={**headers, **kwargs.pop("headers", {})}, **kwargs)
    except httpx.TransportError as error:
        log.warning("%s did not answer: %s: %s", service, type(error).__name__, error)
        raise Unavailable(f"The {service} service does not answer.", retry_after=2) from None
    if response.status_code >= 500:
        raise Unavailable(f"The {service} service is not well.", retry_after=2)
    return response


@cache
def _client(base_url: str) -> httpx.Client:
    """Made once: reading the certificates of the world takes 20 ms."""
    return httpx.Client(base_url=base_url, timeout=TIMEOUT)
