"""What was refunded, received, sent and delivered before these were counted."""

from django.db import migrations

FILL = """
    UPDATE return_item SET received_quantity = return_item.quantity
      FROM order_return WHERE order_return.id = return_item.return_request_id
       AND order_return.status IN ('received', 'refunded');
    UPDATE order_line SET refunded_quantity = back.quantity
      FROM (SELECT line_id, sum(received_quantity) AS quantity FROM return_item GROUP BY line_id) AS back
     WHERE back.line_id = order_line.id AND back.quantity > 0;
    UPDATE shipment SET shipped_at = created_at WHERE shipped_at IS NULL AND status IN ('shipped', 'delivered');
    UPDATE order_group SET delivered_at = part.delivered_at
      FROM (SELECT order_id, max(delivered_at) AS delivered_at FROM vendor_order GROUP BY order_id) AS part
     WHERE part.order_id = order_group.id AND order_group.status = 'delivered';
    UPDATE order_group SET attention_since = updated_at, attention_cause = 'refund_failed' WHERE needs_attention <> '';
"""


class Migration(migrations.Migration):
    dependencies = [("order_service", "0006_after_the_order")]

    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
