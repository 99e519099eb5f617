"""Reading what a provider has signed: JSON that can be kept. Its mistakes are not ours to fall over."""

import json
from typing import Any

from payment_service.errors import BadSignature

MAX_DEPTH = 60
"""Lists and objects within one another. Providers' need a dozen; what removes private fields goes down into all."""


def read_event(body: bytes) -> dict[str, Any]:
    """An object without what PostgreSQL cannot hold: zero characters, halves of surrogate pairs, numbers that are none.
    Raises BadSignature.
    """
    try:
        event = json.loads(body)
        written = json.dumps(event, ensure_ascii=False, allow_nan=False)
        written.encode()
    except (ValueError, RecursionError):  # also for what is no UTF-8, and for an integer of thousands of digits
        raise BadSignature("The event cannot be read.") from None
    if not isinstance(event, dict) or "\\u0000" in written or _is_too_deep(event):
        raise BadSignature("The event cannot be read.")
    return event


def _is_too_deep(event: Any) -> bool:
    level = [event]
    for _ in range(MAX_DEPTH):
        parts = (one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list))
        level = [part for inner in parts for part in inner]
    return bool(level)
