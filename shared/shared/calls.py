"""HTTP out, to another service of the fleet: a service token, the correlation id, a deadline, one error to catch."""

import logging
from typing import Any

import httpx

from shared import context
from shared.auth import service_token
from shared.errors import Unavailable

log = logging.getLogger("nexus.calls")
TIMEOUT = httpx.Timeout(3.0, connect=1.0)
_clients: dict[str, httpx.Client] = {}


def call(service: str, base_url: str, method: str, path: str, **kwargs: Any) -> httpx.Response:
    """Ask another service. Raises Unavailable when it does not answer in time or answers with a 5xx."""
    client = _clients.setdefault(base_url, httpx.Client(base_url=base_url, timeout=TIMEOUT))
    headers = {"Authorization": f"Bearer {service_token(service)}", "X-Request-Id": context.current().correlation_id}
    try:
        response = client.request(method, path, headers={**headers, **kwargs.pop("headers", {})}, **kwargs)
    except httpx.TransportError as error:
        log.warning("%s did not answer: %s: %s", service, type(error).__name__, error)
        raise Unavailable(f"The {service} service does not answer.", retry_after=2) from None
    if response.status_code >= 500:
        raise Unavailable(f"The {service} service is not well.", retry_after=2)
    return response
