"""What buyers pay on an EVM chain, and what is to be sent there. Amounts are whole numbers of the smallest units of a
coin or token (wei), in columns of 78 digits: a chain counts to 2^256.
"""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import F, Q

from payment_service.errors import IllegalMove
from payment_service.models.addresses import SMALL, checksummed
from payment_service.models.misfits import Misfit
from payment_service.models.payments import Payment
from shared.money import EXPONENTS, Money


def units_field(**options: Any) -> Any:
    return models.DecimalField(max_digits=78, decimal_places=0, **options)


def address_field(**options: Any) -> Any:
    """In small letters; empty: none."""
    return models.CharField(max_length=42, blank=True, **options)


def written(value: int, decimals: int) -> str:
    """1500000 of 6 decimals → `1.5`."""
    whole, rest = divmod(value, 10**decimals)
    return f"{whole}.{rest:0{decimals}}".rstrip("0").rstrip(".") if decimals else str(whole)


class CryptoCharge(models.Model):
    """What a payment is to bring, and where: an address that nobody else is given. The key is the place of the address
    below the extended public key. `token` is its contract; empty for the coin.
    """

    index = models.BigAutoField(primary_key=True)
    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, related_name="crypto")
    address = address_field(null=True, unique=True)
    token = address_field()
    symbol = models.CharField(max_length=12)
    decimals = models.PositiveSmallIntegerField()
    expected = units_field()
    refund_to = address_field()
    """Where the buyer wants to have back what goes back; empty: from where it came."""
    closed_at = models.DateTimeField(null=True)
    """Nobody is to pay here any more; what comes all the same is seen."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "crypto_charge"
        constraints = (
            models.CheckConstraint(condition=Q(expected__gt=0), name="crypto_charge_of_something"),
            models.CheckConstraint(condition=Q(address__regex=SMALL), name="crypto_charge_address"),
        )

    def __str__(self) -> str:
        return f"{written(int(self.expected), self.decimals)} {self.symbol} to {checksummed(self.address)}"

    def minor_of(self, value: int) -> int:
        """What an amount is worth in the payment's currency, at the rate that was fixed for it, rounded down."""
        return value * self.payment.to_charge.minor // int(self.expected)


class CryptoReceipt(models.Model):
    """An amount that came to a charge's address: seen, and confirmed once enough blocks are upon it. What is seen only
    may be gone again. Of what is confirmed, `returned` goes back.
    """

    class Use(models.TextChoices):
        NONE = "none"
        """Nobody has decided yet."""
        PAYMENT = "payment"
        MISFIT = "misfit"

    charge = models.ForeignKey(CryptoCharge, on_delete=models.PROTECT, related_name="receipts")
    hash = models.CharField(max_length=66)
    log = models.IntegerField()
    block = models.BigIntegerField()
    token = address_field()
    sender = address_field()
    value = units_field()
    confirmed = models.BooleanField(default=False)
    use = models.CharField(max_length=10, choices=Use.choices, default=Use.NONE)
    returned = units_field(default=0)
    misfit = models.OneToOneField(Misfit, null=True, on_delete=models.PROTECT, related_name="receipt")
    seen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "crypto_receipt"
        constraints = (
            models.UniqueConstraint(fields=["hash", "log"], name="crypto_receipt_once"),
            models.CheckConstraint(condition=Q(value__gt=0), name="crypto_receipt_of_something"),
            models.CheckConstraint(
                condition=Q(returned__gte=0, returned__lte=F("value")), name="crypto_returned_within_receipt"
            ),
            models.CheckConstraint(condition=Q(confirmed=True) | Q(use="none"), name="crypto_used_once_confirmed"),
        )
        indexes = (
            models.Index(fields=["charge"], name="crypto_receipt_undecided", condition=Q(confirmed=True, use="none")),
        )

    def __str__(self) -> str:
        return f"{self.hash} {self.log}"


class ChainCursor(models.Model):
    """How far the chain has been read: all blocks up to `number` for good, those above up to the block `head_hash` for
    now. One row a chain.
    """

    chain_id = models.BigIntegerField(primary_key=True)
    number = models.BigIntegerField()
    head_hash = models.CharField(max_length=66, blank=True)
    read_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "chain_cursor"

    def __str__(self) -> str:
        return f"chain {self.chain_id}: {self.number}"


class CoinPrice(models.Model):
    """What one coin is worth, in minor units of a currency, as an admin said it. It holds for so long only."""

    currency = models.CharField(max_length=3, primary_key=True)
    minor = models.BigIntegerField()
    set_by = models.UUIDField()
    set_at = models.DateTimeField()

    class Meta:
        db_table = "coin_price"
        constraints = (
            models.CheckConstraint(condition=Q(minor__gt=0), name="coin_is_worth_something"),
            models.CheckConstraint(condition=Q(currency__in=sorted(EXPONENTS)), name="coin_price_currency_traded"),
        )

    def __str__(self) -> str:
        return f"{self.price}"

    @property
    def price(self) -> Money:
        return Money(self.minor, self.currency)


class CryptoTransfer(models.Model):
    """A refund, misfit or payout on its way to an address. This service cannot sign: an operator does, elsewhere, and
    hands in the transaction's hash. Its id is the key that the transfer was asked for with.

    `nonce` is the number that the chain lets the wallet use once: given out with the transfer, it keeps a transfer that
    is signed twice from being made twice.
    """

    class Kind(models.TextChoices):
        REFUND = "refund"
        MISFIT = "misfit"
        PAYOUT = "payout"

    class Status(models.TextChoices):
        PREPARED = "prepared"
        SENT = "sent"
        """Somebody handed in a hash; the chain has not confirmed it yet."""
        DONE = "done"
        WITHDRAWN = "withdrawn"

    id = models.UUIDField(primary_key=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    charge = models.ForeignKey(CryptoCharge, null=True, on_delete=models.PROTECT, related_name="transfers")
    token = address_field()
    symbol = models.CharField(max_length=12)
    decimals = models.PositiveSmallIntegerField()
    recipient = address_field()
    value = units_field()
    minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.PREPARED)
    nonce = models.BigIntegerField(null=True)
    hash = models.CharField(max_length=66, blank=True)
    problem = models.CharField(max_length=40, blank=True)
    """What was wrong with the last hash."""
    handed_in_by = models.UUIDField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "crypto_transfer"
        constraints = (
            models.UniqueConstraint(fields=["hash"], condition=~Q(hash=""), name="crypto_transfer_each_its_hash"),
            models.UniqueConstraint(
                fields=["nonce"], condition=Q(status__in=["prepared", "sent"]), name="crypto_transfer_each_its_nonce"
            ),
            models.CheckConstraint(condition=Q(value__gt=0, minor__gte=0), name="crypto_transfer_of_something"),
            models.CheckConstraint(condition=Q(recipient__regex=SMALL), name="crypto_transfer_to_somebody"),
            models.CheckConstraint(
                condition=~Q(status__in=["sent", "done"]) | ~Q(hash=""), name="crypto_transfer_sent_by_hash"
            ),
        )
        indexes = (models.Index(fields=["status", "-id"], name="crypto_transfer_list"),)

    def __str__(self) -> str:
        return f"{self.amount_text} to {checksummed(self.recipient)}"

    @property
    def amount(self) -> Money:
        return Money(self.minor, self.currency)

    @property
    def amount_text(self) -> str:
        return f"{written(int(self.value), self.decimals)} {self.symbol}"

    def send(self, *, hash: str, by: Any) -> None:
        """Another hash may follow as long as nothing is confirmed. Raises IllegalMove."""
        self._move(self.Status.SENT, self.Status.PREPARED, self.Status.SENT)
        self.hash, self.handed_in_by, self.problem = hash, by, ""

    def refuse(self, *, problem: str, used_up: bool) -> None:
        """The hash was wrong. If its transaction used the nonce up, another is given out."""
        self._move(self.Status.PREPARED, self.Status.SENT)
        self.hash, self.problem = "", problem
        if used_up:
            self.nonce = None

    def finish(self, *, at: datetime) -> None:
        self._move(self.Status.DONE, self.Status.SENT)
        self.done_at = at

    def withdraw(self) -> None:
        """Only before anybody could have signed it: what is signed may be sent at any time. Raises IllegalMove."""
        if self.nonce is not None:
            raise IllegalMove("Somebody may have signed this transfer already.")
        self._move(self.Status.WITHDRAWN, self.Status.PREPARED)

    def _move(self, to: str, *sources: str) -> None:
        if self.status not in sources:
            raise IllegalMove(f"A transfer that is {self.status} cannot become {to}.")
        self.status = to
