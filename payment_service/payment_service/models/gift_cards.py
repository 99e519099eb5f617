"""Gift cards: whoever knows a card's code has its worth, once."""

import hashlib
from datetime import datetime
from uuid import UUID

from django.db import models
from django.db.models import Q

from payment_service.errors import IllegalMove
from shared.context import new_id
from shared.money import Money


class GiftCard(models.Model):
    """Only a digest is kept of the code, which has too many possibilities to be found by it. `ending` is shown."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        REDEEMED = "redeemed"
        DISABLED = "disabled"
        EXPIRED = "expired"

    id = models.UUIDField(primary_key=True, default=new_id)
    batch_id = models.UUIDField()
    digest = models.BinaryField(max_length=32, unique=True)
    ending = models.CharField(max_length=5)
    minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    note = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.ACTIVE)
    expires_at = models.DateTimeField(null=True)
    redeemed_by = models.UUIDField(null=True)
    closed_at = models.DateTimeField(null=True)
    """When it was redeemed or disabled, or found expired."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "gift_card"
        indexes = (
            models.Index(fields=["batch_id", "-id"], name="gift_card_batch"),
            models.Index(fields=["expires_at"], name="gift_card_expiry", condition=Q(status="active")),
        )
        constraints = (
            models.CheckConstraint(condition=Q(minor__gt=0), name="gift_card_is_not_nothing"),
            models.CheckConstraint(
                condition=Q(status="redeemed", redeemed_by__isnull=False)
                | (~Q(status="redeemed") & Q(redeemed_by__isnull=True)),
                name="who_redeemed_a_card_is_known",
            ),
            models.CheckConstraint(
                condition=Q(status="active", closed_at__isnull=True)
                | (~Q(status="active") & Q(closed_at__isnull=False)),
                name="when_a_card_was_closed_is_known",
            ),
        )

    def __str__(self) -> str:
        return f"…{self.ending} {self.amount}"

    @staticmethod
    def digest_of(code: str) -> bytes:
        """However it is spelled: capitals, hyphens and spaces don't matter."""
        return hashlib.sha256("".join(code.upper().replace("-", " ").split()).encode()).digest()

    @property
    def amount(self) -> Money:
        return Money(self.minor, self.currency)

    def is_valid(self, *, at: datetime) -> bool:
        return self.status == self.Status.ACTIVE and (self.expires_at is None or self.expires_at > at)

    def redeem(self, *, by: UUID, at: datetime) -> None:
        if not self.is_valid(at=at):
            raise IllegalMove("This card can't be redeemed any more.")
        self.status, self.redeemed_by, self.closed_at = self.Status.REDEEMED, by, at

    def disable(self, *, at: datetime) -> None:
        self._close(self.Status.DISABLED, at)

    def expire(self, *, at: datetime) -> None:
        self._close(self.Status.EXPIRED, at)

    def _close(self, to: str, at: datetime) -> None:
        if self.status != self.Status.ACTIVE:
            raise IllegalMove(f"A gift card that is {self.status} cannot become {to}.")
        self.status, self.closed_at = to, at
