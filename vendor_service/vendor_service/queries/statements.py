from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from vendor_service.clients.statements import Statement, statements_of


def statements(*, vendor_id: UUID, month: date, currency: str = "") -> list[Statement]:
    """Of the month, in UTC, that begins with this day. Raises Unavailable."""
    since = datetime(month.year, month.month, 1, tzinfo=UTC)
    until = since + timedelta(days=monthrange(month.year, month.month)[1])
    rows = statements_of(vendor_id=vendor_id, since=since, until=until)
    return [row for row in rows if currency in ("", row.currency)]
