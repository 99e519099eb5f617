"""What a vendor's balance was, what moved it and what it became, from the ledger alone. As the ledger never changes,
nor does the statement of a month that is over.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection


@dataclass(frozen=True)
class Statement:
    """In minor units of one currency, signed as they move the balance (pending and available together): opening +
    sales + refunds + commissions + commission_tax + tax + payouts + other = closing.
    """

    currency: str
    opening: int
    sales: int
    """What buyers paid, or were given by the platform."""
    refunds: int
    commissions: int
    """Of the sales, less what refunds gave back of it; so are the taxes."""
    commission_tax: int
    tax: int
    payouts: int
    """Also those that are on their way; what was refused or returned is given back."""
    other: int
    closing: int


_QUESTION = """
    WITH mine AS (
        SELECT posting.vendor_order_id, account.id FROM ledger_account account
        LEFT JOIN ledger_posting posting ON posting.account_id = account.id
        WHERE account.owner_id = %(vendor)s AND account.kind IN ('vendor_pending', 'vendor_available')
    ), moved AS (
        SELECT posting.currency, posting.minor, entry.kind, account.kind AS account,
            entry.recorded_at >= %(since)s AS now
        FROM ledger_posting posting
        JOIN ledger_entry entry ON entry.id = posting.entry_id
        JOIN ledger_account account ON account.id = posting.account_id
        WHERE entry.recorded_at < %(until)s AND (
            account.id IN (SELECT id FROM mine)
            OR account.kind IN ('tax', 'commission', 'commission_tax')
                AND vendor_order_id IN (SELECT vendor_order_id FROM mine)
        )
    )
    SELECT currency,
        coalesce(-sum(minor) FILTER (WHERE NOT now AND account LIKE 'vendor%%'), 0),
        coalesce(-sum(minor) FILTER (WHERE now AND kind = 'payment'), 0),
        coalesce(-sum(minor) FILTER (WHERE now AND kind = 'refund'), 0),
        coalesce(sum(minor) FILTER (WHERE now AND account = 'commission'), 0),
        coalesce(sum(minor) FILTER (WHERE now AND account = 'commission_tax'), 0),
        coalesce(sum(minor) FILTER (WHERE now AND account = 'tax'), 0),
        coalesce(-sum(minor) FILTER (WHERE now AND kind LIKE 'payout%%'), 0),
        coalesce(-sum(minor) FILTER (WHERE now AND kind NOT IN ('payment', 'refund') AND kind NOT LIKE 'payout%%'), 0),
        coalesce(-sum(minor) FILTER (WHERE account LIKE 'vendor%%'), 0)
    FROM moved GROUP BY currency ORDER BY currency
"""


def statements(*, vendor_id: UUID, since: datetime, until: datetime) -> list[Statement]:
    """From `since` to before `until`, one for each currency in which there was anything by then."""
    with connection.cursor() as cursor:
        cursor.execute(_QUESTION, {"vendor": vendor_id, "since": since, "until": until})
        return [Statement(currency, *map(int, figures)) for currency, *figures in cursor]
