"""A projection of user_service: where the mails of a signed-in buyer's order go."""

from django.db import models


class Customer(models.Model):
    user_id = models.UUIDField(primary_key=True)
    email = models.EmailField()
    locale = models.CharField(max_length=10, default="en")
    version = models.BigIntegerField()

    class Meta:
        db_table = "customer"

    def __str__(self) -> str:
        return str(self.user_id)
