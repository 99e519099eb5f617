"""What orders say was sold and refunded: the one counting that projections are made with, and checked against.

A statement counts what was confirmed, or paid back, from `start` until before `end`. What a sale is stands in
`models/reports.py`.
"""

from dataclasses import dataclass

from django.db import models

from order_service.models import BuyerMonth, OrderDay, SalesDay

_SALES = """
    sale AS (
        SELECT id, currency, (confirmed_at AT TIME ZONE 'UTC')::date AS day,
            coalesce(user_id, md5(lower(email))::uuid) AS buyer
        FROM order_group
        WHERE confirmed_at >= %(start)s AND confirmed_at < %(end)s AND payment_method <> 'exchange'
    )
"""

_ORDER_DAY = f"""
    WITH {_SALES}, part AS (
        SELECT day, currency, part.*,
            (SELECT sum(quantity) FROM order_line WHERE vendor_order_id = part.id) AS units
        FROM sale JOIN vendor_order AS part ON part.order_id = sale.id
    ), sold AS (
        SELECT day, currency, vendor_id,
            CASE WHEN vendor_id IS NULL THEN '' ELSE (array_agg(vendor_name ORDER BY id DESC))[1] END AS vendor_name,
            count(DISTINCT order_id) AS orders, sum(units) AS units, sum(items_total) AS items,
            sum(discount_total) AS discount, sum(shipping_total) AS shipping, sum(tax_total) AS tax,
            sum(tax_included) AS tax_included, sum(total) AS total, sum(commission) AS commission
        FROM part GROUP BY GROUPING SETS ((day, currency), (day, currency, vendor_id))
    ), back AS (
        SELECT refund.*, currency, (done_at AT TIME ZONE 'UTC')::date AS day
        FROM order_refund AS refund JOIN order_group ON order_group.id = refund.order_id
        WHERE refund.status = 'done' AND done_at >= %(start)s AND done_at < %(end)s
    ), split AS (
        SELECT back.id, day, currency, return_request_id, given.*
        FROM back, jsonb_to_recordset(splits) AS given (vendor_id uuid, gross bigint, tax bigint, commission bigint)
    ), refunded AS (
        SELECT day, currency, NULL::uuid AS vendor_id, count(*) AS refunds, sum(amount) AS refunded,
            sum(amount) FILTER (WHERE return_request_id IS NOT NULL) AS for_returns
        FROM back GROUP BY day, currency
      UNION ALL
        SELECT day, currency, vendor_id, count(DISTINCT id), sum(gross),
            sum(gross) FILTER (WHERE return_request_id IS NOT NULL)
        FROM split GROUP BY day, currency, vendor_id
    ), taken AS (
        SELECT day, currency, vendor_id, sum(tax) AS tax, sum(commission) AS commission
        FROM split GROUP BY GROUPING SETS ((day, currency), (day, currency, vendor_id))
    ), told AS (
        SELECT day, currency, vendor_id, vendor_name, orders, units, items, discount, shipping, tax, tax_included,
            total, commission, 0 AS refunds, 0 AS refunded, 0 AS refunded_for_returns, 0 AS refunded_tax,
            0 AS refunded_commission
        FROM sold
      UNION ALL
        SELECT day, currency, vendor_id, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, refunds, refunded, coalesce(for_returns, 0),
            0, 0
        FROM refunded
      UNION ALL
        SELECT day, currency, vendor_id, '', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, tax, commission FROM taken
    )
    SELECT day, currency, vendor_id, max(vendor_name) AS vendor_name,
        {", ".join(f"sum({name})::bigint AS {name}" for name in OrderDay.FIGURES)}
    FROM told GROUP BY day, currency, vendor_id
"""  # noqa: S608 -- of this file alone

_SALES_DAY = f"""
    WITH {_SALES}
    SELECT day, currency, vendor_id, product_id, (array_agg(name ORDER BY line.id DESC))[1] AS product_name,
        category_id, count(DISTINCT sale.id) AS orders, sum(quantity)::bigint AS units,
        sum(line_total)::bigint AS items, sum(line.discount)::bigint AS discount, sum(line.tax)::bigint AS tax,
        sum(line.tax_included)::bigint AS tax_included,
        sum(line_total - line.discount + line.tax)::bigint AS total
    FROM sale JOIN vendor_order AS part ON part.order_id = sale.id JOIN order_line AS line ON vendor_order_id = part.id
    GROUP BY day, currency, vendor_id, product_id, category_id
"""  # noqa: S608 -- of this file alone

_BUYER_MONTH = f"""
    WITH {_SALES}
    SELECT date_trunc('month', day::timestamp)::date AS month, currency, vendor_id, buyer,
        count(DISTINCT sale.id) AS orders, sum(total)::bigint AS total
    FROM sale JOIN vendor_order AS part ON part.order_id = sale.id
    GROUP BY GROUPING SETS ((1, currency, buyer), (1, currency, buyer, vendor_id))
"""  # noqa: S608 -- of this file alone


@dataclass(frozen=True, slots=True)
class Counting:
    """How a projection is counted: `when` is its column of time, `counted` the statement."""

    model: type[models.Model]
    when: str
    counted: str

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    @property
    def columns(self) -> str:
        """In the statement's order: but for the row's own id, and what follows from other rows."""
        names = [field.attname for field in self.model._meta.concrete_fields]
        return ", ".join(name for name in names if name not in {"id", "first_month"})


ORDER_DAYS = Counting(OrderDay, "day", _ORDER_DAY)
SALES_DAYS = Counting(SalesDay, "day", _SALES_DAY)
BUYER_MONTHS = Counting(BuyerMonth, "month", _BUYER_MONTH)
COUNTINGS = (ORDER_DAYS, SALES_DAYS, BUYER_MONTHS)
