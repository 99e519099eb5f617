"""Everything that happened to an order, from this service's own outbox and inbox: it asks and hears all of it."""

from dataclasses import dataclass
from datetime import datetime

from order_service.models import Order
from shared.contracts import all_messages
from shared.messages import Command
from shared.models import InboxMessage, OutboxMessage

COMPENSATIONS = {
    "catalog.release_stock.v1",
    "payment.cancel_payment.v1",
    "payment.refund_payment.v1",
}


@dataclass(frozen=True, slots=True)
class Happening:
    """`kind`: command, event, request, retry or compensation; `latency_ms`: from sending to handling."""

    at: datetime
    service: str
    kind: str
    name: str
    detail: str = ""
    latency_ms: float | None = None


def timeline(order: Order) -> list[Happening]:
    """Oldest first."""
    found = [Happening(order.placed_at, "order", "request", "POST /api/v1/orders", order.correlation_id)]
    about = {"correlation_id": order.correlation_id, "subject": str(order.id)}
    found += [_sent(row) for row in OutboxMessage.objects.filter(**about)]
    for row in InboxMessage.objects.filter(**about):
        found += _heard(row)
    return sorted(found, key=lambda happening: happening.at)


def _sent(row: OutboxMessage) -> Happening:
    contract = all_messages().get(row.type)
    kind = "command" if contract and issubclass(contract, Command) else "event"
    took = (row.published_at - row.recorded_at).total_seconds() * 1000 if row.published_at else None
    latency = None if took is None else round(took, 1)
    return Happening(
        row.recorded_at, "order", "compensation" if row.type in COMPENSATIONS else kind, row.type, latency_ms=latency
    )


def _heard(row: InboxMessage) -> list[Happening]:
    at = row.handled_at or row.received_at
    latency = round((at - row.sent_at).total_seconds() * 1000, 1)
    heard = [Happening(at, row.source, "event", row.type, row.last_error, latency)]
    if row.attempts > 1:
        heard.append(Happening(at, "order", "retry", row.type, f"{row.attempts} attempts"))
    return heard
