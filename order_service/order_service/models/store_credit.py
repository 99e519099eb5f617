"""A projection of payment_service: what a buyer can spend of store credit, to be shown before an order is placed.

Only payment decides how much an order gets of it.
"""

from django.db import models

from shared.context import new_id
from shared.money import Money


class StoreCredit(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id)
    user_id = models.UUIDField()
    currency = models.CharField(max_length=3)
    available = models.BigIntegerField()
    version = models.BigIntegerField()

    class Meta:
        db_table = "store_credit"
        verbose_name_plural = "store credit"
        constraints = (models.UniqueConstraint(fields=["user_id", "currency"], name="one_store_credit_a_currency"),)

    def __str__(self) -> str:
        return str(Money(self.available, self.currency))
