"""Where vendors want their money: a projection of vendor's. Shown to nobody; written into bank files."""

from django.db import models


class PayoutAccount(models.Model):
    """`details` are those of shared.contracts.payment.PayoutAccountData; None once the vendor's owner is erased."""

    vendor_id = models.UUIDField(primary_key=True)
    details = models.JSONField(null=True)
    usable_from = models.DateTimeField()
    version = models.BigIntegerField()

    class Meta:
        db_table = "payee_account"

    def __str__(self) -> str:
        return f"of vendor {self.vendor_id}"
