from datetime import datetime

from django.db import models
from django.db.models import Q

from vendor_service.models.vendors import Vendor


class PayoutAccount(models.Model):
    """Where a vendor wants its money. Shown by its `ending` alone; a changed one is paid from `usable_from` on."""

    class Kind(models.TextChoices):
        IBAN = "iban"
        LOCAL = "local"
        EVM = "evm"

    vendor = models.OneToOneField(Vendor, on_delete=models.PROTECT, primary_key=True, related_name="payout_account")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    holder_name = models.CharField(max_length=70, blank=True)
    iban = models.CharField(max_length=34, blank=True)
    bic = models.CharField(max_length=11, blank=True)
    account_number = models.CharField(max_length=34, blank=True)
    bank_code = models.CharField(max_length=35, blank=True)
    address = models.CharField(max_length=42, blank=True)
    usable_from = models.DateTimeField()
    version = models.BigIntegerField(default=1)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "payout_account"
        constraints = (
            models.CheckConstraint(
                condition=(Q(kind="iban") & ~Q(iban=""))
                | (Q(kind="local") & ~Q(account_number="") & ~Q(bank_code=""))
                | (Q(kind="evm") & ~Q(address="")),
                name="payout_account_is_somewhere",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} …{self.ending}"

    @property
    def ending(self) -> str:
        """The last four of whatever it is; of a number too short to hide the rest, fewer."""
        number = self.iban or self.account_number or self.address
        return number[-min(4, len(number) // 2) :] if len(number) > 1 else ""

    def is_usable(self, *, at: datetime) -> bool:
        return self.usable_from <= at
