"""A projection of user_service: where the mails of a signed-in buyer's order go."""

from django.db import models
from django.db.models import Q


class Customer(models.Model):
    user_id = models.UUIDField(primary_key=True)
    email = models.EmailField()
    locale = models.CharField(max_length=10, default="en")
    version = models.BigIntegerField()
    erased_at = models.DateTimeField(null=True)
    """Since when nothing may be kept of the person that the books do not need."""

    class Meta:
        db_table = "customer"
        indexes = (models.Index(fields=["erased_at"], name="customer_erased", condition=Q(erased_at__isnull=False)),)

    def __str__(self) -> str:
        return str(self.user_id)
