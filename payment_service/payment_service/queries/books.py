"""Do payments, refunds, gift cards and the ledger agree? All asked in one statement, so that the answer is of one
moment. A debit is positive: what somebody is owed is negative.
"""

from django.db import connection

_QUESTION = """
    WITH line AS (
        SELECT reference, entry.kind AS entry, account.kind AS account, account.owner_id AS owner, posting.minor
        FROM ledger_posting posting JOIN ledger_entry entry ON entry.id = entry_id
        JOIN ledger_account account ON account.id = account_id
    ), booked AS (
        SELECT reference, entry,
            coalesce(sum(minor) FILTER (WHERE account = 'provider'), 0) AS by_provider,
            coalesce(sum(minor) FILTER (WHERE account IN ('store_credit', 'store_credit_held')), 0) AS by_credit,
            coalesce(-sum(minor) FILTER (WHERE account LIKE 'vendor%%' OR account IN
                ('tax', 'commission', 'commission_tax')), 0) AS shares
        FROM line WHERE entry IN ('payment', 'refund') GROUP BY reference, entry
    ), paid AS (
        SELECT id, minor, (
            SELECT coalesce(sum((one->>'gross')::bigint), 0) FROM jsonb_array_elements(splits) one
        ) AS split FROM payment
    ), back AS (
        SELECT payment_id, sum(minor) AS minor, sum(credit) AS credit FROM refund WHERE status <> 'failed' GROUP BY 1
    ), answer AS (
        SELECT 'an account is the sum of its postings' AS rule, account.id, balance AS said,
            coalesce(sum(posting.minor), 0) AS counted
        FROM ledger_account account LEFT JOIN ledger_posting posting ON posting.account_id = account.id GROUP BY 2, 3
      UNION ALL
        SELECT 'an entry sums to zero', entry_id, 0, sum(minor) FROM ledger_posting GROUP BY entry_id, currency
      UNION ALL
        SELECT 'a payment is the sum of its splits', id, minor, split FROM paid
      UNION ALL
        SELECT 'what was taken is booked as the provider''s part', id, minor - credit, coalesce(by_provider, 0)
        FROM payment LEFT JOIN booked ON reference = id AND entry = 'payment' WHERE status = 'taken'
      UNION ALL
        SELECT 'what was taken is booked as the store credit''s part', id, credit, coalesce(by_credit, 0)
        FROM payment LEFT JOIN booked ON reference = id AND entry = 'payment' WHERE status = 'taken'
      UNION ALL
        SELECT 'what was taken is booked as whose it is', id, minor, coalesce(shares, 0)
        FROM payment LEFT JOIN booked ON reference = id AND entry = 'payment' WHERE status = 'taken'
      UNION ALL
        SELECT 'what was not taken is not booked', id, 0, by_provider + by_credit
        FROM payment JOIN booked ON reference = id AND entry = 'payment' WHERE status <> 'taken'
      UNION ALL
        SELECT 'a payment knows its refunds', id, refunded, coalesce(back.minor, 0)
        FROM payment LEFT JOIN back ON payment_id = id
      UNION ALL
        SELECT 'a payment knows what went back to store credit', id, credit_refunded, coalesce(back.credit, 0)
        FROM payment LEFT JOIN back ON payment_id = id
      UNION ALL
        SELECT 'a refund is booked as the provider''s part', id, minor - credit, -coalesce(by_provider, 0)
        FROM refund LEFT JOIN booked ON reference = id AND entry = 'refund' WHERE status = 'done'
      UNION ALL
        SELECT 'a refund is booked as the store credit''s part', id, credit, -coalesce(by_credit, 0)
        FROM refund LEFT JOIN booked ON reference = id AND entry = 'refund' WHERE status = 'done'
      UNION ALL
        SELECT 'a refund is booked from whose it was', id, minor, -coalesce(shares, 0)
        FROM refund LEFT JOIN booked ON reference = id AND entry = 'refund' WHERE status = 'done'
      UNION ALL
        SELECT 'what is held is held for open payments', account.id, -balance, coalesce(sum(payment.credit), 0)
        FROM ledger_account account LEFT JOIN payment ON user_id = owner_id AND payment.currency = account.currency
            AND status IN ('pending', 'action_required')
        WHERE kind = 'store_credit_held' GROUP BY account.id, balance
      UNION ALL
        SELECT 'what gift cards are owed is what is out', account.id, -balance, coalesce(sum(card.minor), 0)
        FROM ledger_account account LEFT JOIN gift_card card ON card.currency = account.currency
            AND card.status = 'active'
        WHERE kind = 'gift_cards' GROUP BY account.id, balance
      UNION ALL
        SELECT 'a redeemed gift card is its redeemer''s', id, -card.minor, coalesce(sum(line.minor), 0)
        FROM gift_card card LEFT JOIN line ON reference = id AND owner = redeemed_by AND account = 'store_credit'
        WHERE status = 'redeemed' GROUP BY id, card.minor
      UNION ALL
        SELECT 'what is in transit is payouts on their way', account.id, -balance, coalesce(sum(payout.minor), 0)
        FROM ledger_account account LEFT JOIN provider_payout payout ON payout.currency = account.currency
            AND payout.status IN ('awaiting_approval', 'pending', 'in_transit')
        WHERE kind = 'in_transit' GROUP BY account.id, balance
      UNION ALL
        SELECT 'what is unclaimed is what has not gone back', account.id, -balance, coalesce(sum(misfit.minor), 0)
        FROM ledger_account account LEFT JOIN misfit ON misfit.currency = account.currency
            AND misfit.status <> 'returned'
        WHERE kind = 'unclaimed' GROUP BY account.id, balance
      UNION ALL
        SELECT 'nobody spends what is not there', id, 0, balance FROM ledger_account
        WHERE kind IN ('gift_cards', 'store_credit', 'store_credit_held') AND balance > 0
    )
    SELECT rule, id, said, counted FROM answer WHERE said <> counted ORDER BY rule, id LIMIT %s
"""


def broken_rules(most: int = 100) -> list[str]:
    """A line for each rule that something breaks, at most `most`; none when all is well."""
    with connection.cursor() as cursor:
        cursor.execute(_QUESTION, [most])
        return [f"{rule}: {about}: {said}, not {counted}" for rule, about, said, counted in cursor]
