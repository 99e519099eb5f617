"""Double entry. A posting's `minor` is positive for a debit and negative for a credit; an entry sums to zero.

The database itself refuses entries that do not, refuses every UPDATE and DELETE, and keeps `Account.balance` as the sum
of its postings (migration 0002).
"""

from django.db import models
from django.db.models import Q

from shared.context import new_id
from shared.money import Money

_OWNED = ("vendor_pending", "vendor_available", "store_credit", "store_credit_held")
_NEVER_OVERDRAWN = ("gift_cards", "store_credit", "store_credit_held")


class Account(models.Model):
    """Whose money it is. `owner_id` names the vendor of a vendor's account, the buyer of one of store credit, and
    is absent for the others.
    """

    class Kind(models.TextChoices):
        PROVIDER = "provider"
        """What payment providers hold for us (asset)."""
        VENDOR_PENDING = "vendor_pending"
        """Owed to a vendor, not yet delivered and past its time to return (liability)."""
        VENDOR_AVAILABLE = "vendor_available"
        """Owed to a vendor and free to be paid out (liability); below zero after a late refund."""
        COMMISSION = "commission"
        """Ours (income)."""
        TAX = "tax"
        """Owed to the state, of what buyers paid (liability)."""
        COMMISSION_TAX = "commission_tax"
        """Owed to the state, of what vendors pay for our service (liability)."""
        IN_TRANSIT = "in_transit"
        """Payouts that the provider has not carried out yet (liability)."""
        GIFT_CARDS = "gift_cards"
        """Owed to whoever redeems the cards that are out (liability)."""
        STORE_CREDIT = "store_credit"
        """Owed to a buyer, in goods (liability)."""
        STORE_CREDIT_HELD = "store_credit_held"
        """Set aside of a buyer's for payments that are not decided (liability)."""
        GIVEN_AWAY = "given_away"
        """What we gave as gift cards and store credit (expense)."""
        UNCLAIMED = "unclaimed"
        """Came instead of what was asked for, and goes back (liability)."""

    id = models.UUIDField(primary_key=True, default=new_id)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    owner_id = models.UUIDField(null=True)
    currency = models.CharField(max_length=3)
    balance = models.BigIntegerField(default=0)
    version = models.BigIntegerField(default=0)

    class Meta:
        db_table = "ledger_account"
        constraints = (
            models.UniqueConstraint(
                fields=["kind", "owner_id", "currency"], name="one_account_of_a_kind", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(kind__in=_OWNED, owner_id__isnull=False) | (~Q(kind__in=_OWNED) & Q(owner_id__isnull=True)),
                name="account_of_somebody_names_them",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=_NEVER_OVERDRAWN) | Q(balance__lte=0), name="nobody_spends_what_is_not_there"
            ),
        )

    def __str__(self) -> str:
        return " ".join(str(part) for part in (self.kind, self.owner_id, self.currency) if part)


class Entry(models.Model):
    """One happening in the books. `reference` is the payment, refund, vendor order, payout, gift card or batch of cards
    that caused it; of a grant, the grant itself; of money that is
    not what was asked for, the misfit.
    """

    class Kind(models.TextChoices):
        PAYMENT = "payment"
        REFUND = "refund"
        RELEASE = "release"
        PAYOUT = "payout"
        PAYOUT_PAID = "payout_paid"
        PAYOUT_RETURNED = "payout_returned"
        GIFT_CARDS_ISSUED = "gift_cards_issued"
        GIFT_CARD_REDEEMED = "gift_card_redeemed"
        GIFT_CARD_CLOSED = "gift_card_closed"
        CREDIT_GRANTED = "credit_granted"
        CREDIT_HELD = "credit_held"
        CREDIT_RETURNED = "credit_returned"
        MISFIT = "misfit"
        MISFIT_RETURNED = "misfit_returned"

    id = models.UUIDField(primary_key=True, default=new_id)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    reference = models.UUIDField()
    memo = models.CharField(max_length=200, blank=True)
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "ledger_entry"
        verbose_name_plural = "entries"
        constraints = (models.UniqueConstraint(fields=["kind", "reference"], name="each_happening_is_booked_once"),)
        indexes = (models.Index(fields=["reference"], name="ledger_entry_reference"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.reference}"


class Posting(models.Model):
    """A line of an entry."""

    id = models.UUIDField(primary_key=True, default=new_id)
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="postings")
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="postings")
    minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    vendor_order_id = models.UUIDField(null=True)

    class Meta:
        db_table = "ledger_posting"
        ordering = ("id",)
        constraints = (models.CheckConstraint(condition=~Q(minor=0), name="posting_is_not_nothing"),)
        indexes = (
            models.Index(
                fields=["vendor_order_id"], name="posting_vendor_order", condition=Q(vendor_order_id__isnull=False)
            ),
        )

    def __str__(self) -> str:
        return str(Money(self.minor, self.currency))
