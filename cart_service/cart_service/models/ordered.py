"""Orders whose lines have left the cart they were bought from, in PostgreSQL: an emptied Redis does not forget them."""

from datetime import timedelta

from django.db import models
from django.utils import timezone

from cart_service.models.carts import DONE_SECONDS

REMEMBERED = timedelta(seconds=DONE_SECONDS)


class OrderedCart(models.Model):
    """An order that was taken out of its cart."""

    order_id = models.UUIDField(primary_key=True)
    taken_out_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "ordered_cart"
        indexes = (models.Index(fields=["taken_out_at"], name="ordered_cart_by_time"),)

    def __str__(self) -> str:
        return str(self.order_id)
