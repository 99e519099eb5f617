"""What can go wrong, in the words of RFC 9457. Services derive their own refusals from these.

Refused
├── Invalid          400  bad input, with every wrong field
├── Unauthenticated  401
├── Forbidden        403
├── NotFound         404  absent, or not yours
├── Conflict         409  state or stock
├── Unprocessable    422
├── TooMany          429  with the seconds to wait
└── Unavailable      503  with the seconds to wait
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar


class Refused(Exception):
    """A rule said no. Repeating the same thing changes nothing, so a message refused like this is not retried."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "refused"
    title: ClassVar[str] = "The request was refused"

    def __init__(self, detail: str = "", *, code: str | None = None) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.reason = code or self.code


class Invalid(Refused):
    """`errors` maps each wrong field to its messages: `{"quantity": ["Must be at least 1."]}`."""

    status = 400
    code = "invalid"
    title = "The input is not valid"

    def __init__(self, errors: Mapping[str, Sequence[str]], detail: str = "") -> None:
        super().__init__(detail)
        self.errors = {field: list(messages) for field, messages in errors.items()}


class Unauthenticated(Refused):
    status = 401
    code = "not_authenticated"
    title = "Authentication is needed"


class Forbidden(Refused):
    status = 403
    code = "permission_denied"
    title = "This is not allowed for your role"


class NotFound(Refused):
    status = 404
    code = "not_found"
    title = "Not found"


class Conflict(Refused):
    status = 409
    code = "conflict"
    title = "The present state does not allow this"


class Unprocessable(Refused):
    status = 422
    code = "unprocessable"
    title = "The request cannot be processed"


class Delayed(Refused):
    """A refusal that waiting cures; `retry_after` in seconds."""

    def __init__(self, detail: str = "", *, retry_after: int = 1, code: str | None = None) -> None:
        super().__init__(detail, code=code)
        self.retry_after = retry_after


class TooMany(Delayed):
    status = 429
    code = "too_many_requests"
    title = "Too many requests"


class Unavailable(Delayed):
    status = 503
    code = "unavailable"
    title = "Temporarily not available"


class Retry(Exception):
    """Raised by a message handler when something it needs is not there yet: try again after the next delay."""
