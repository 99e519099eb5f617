"""What travels with the work in hand: the correlation id, the message that caused it, the trace, and who asks.

Set by the HTTP middleware and by the inbox; read by the outbox, the audit, the HTTP clients and the log formatter.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7

__all__ = ["Context", "acting", "current", "new_id"]


@dataclass(frozen=True, slots=True)
class Context:
    """`correlation_id` is the request id of the request that started it all; `causation_id` the message handled now."""

    correlation_id: str
    causation_id: str | None = None
    traceparent: str | None = None
    user_id: str | None = None
    roles: tuple[str, ...] = ()
    address: str | None = None
    """Of the client, as the edge saw it; None where no request came from one."""
    told: list[tuple[str, UUID]] = field(default_factory=list, compare=False)
    """Type and id of each message that this work has sent, once that is committed."""


_LATEST_MS = 253_402_300_799_000
"""The last moment that `datetime` knows."""
_current: ContextVar[Context | None] = ContextVar("nexus_context", default=None)


def new_id() -> UUID:
    """A UUIDv7: unique, and its order is roughly the order of making (RFC 9562)."""
    return uuid7()


def made_at(made: UUID) -> datetime:
    """When a UUIDv7 was made, to the millisecond; some other UUID tells an odd time, but always the same."""
    return datetime.fromtimestamp(min(made.int >> 80, _LATEST_MS) / 1000, UTC)


def current() -> Context:
    """The context of the work in hand; a fresh correlation id where nothing set one (commands, the clock)."""
    return _current.get() or Context(correlation_id=str(new_id()))


@contextmanager
def acting(context: Context) -> Iterator[None]:
    token = _current.set(context)
    try:
        yield
    finally:
        _current.reset(token)


def remember_user(user_id: str, roles: Iterable[str] = ()) -> None:
    """Let log lines and audit entries of this request say who it was, once the token has been checked."""
    context = _current.get()
    if context:
        _current.set(replace(context, user_id=user_id, roles=tuple(sorted(roles))))
