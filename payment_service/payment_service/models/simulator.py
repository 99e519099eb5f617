"""The simulated provider's own books. Nothing else reads them: it is asked over HTTP, like a real one."""

from django.db import models
from django.db.models import Q

from shared.context import new_id


class SimulatedCharge(models.Model):
    """A charge as the provider sees it. `key` is the caller's idempotency key."""

    class Provider(models.TextChoices):
        SIMULATOR = "simulator"
        CHAPA = "chapa"

    class Status(models.TextChoices):
        PENDING = "pending"
        REQUIRES_ACTION = "requires_action"
        SUCCEEDED = "succeeded"
        DECLINED = "declined"
        CANCELLED = "cancelled"

    id = models.UUIDField(primary_key=True, default=new_id)
    provider = models.CharField(
        max_length=20, choices=Provider.choices, default=Provider.SIMULATOR, db_default=Provider.SIMULATOR
    )
    """Who is simulated."""
    key = models.CharField(max_length=200, unique=True)
    minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, default="USD")
    token = models.CharField(max_length=200, blank=True)
    description = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=20, choices=Status.choices)
    decline_code = models.CharField(max_length=40, blank=True)
    settles_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    refunded = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    answer_is_lost = False
    """Only of the object just made: its caller shall not hear of it the first time."""

    class Meta:
        db_table = "simulated_charge"
        indexes = (
            models.Index(fields=["settles_at"], name="simulated_settling", condition=Q(settles_at__isnull=False)),
        )

    def __str__(self) -> str:
        return f"{self.key} {self.status}"

    @property
    def is_open(self) -> bool:
        return self.status in {self.Status.PENDING, self.Status.REQUIRES_ACTION}


class SimulatedTransfer(models.Model):
    """A refund or a payout, done at once."""

    id = models.UUIDField(primary_key=True, default=new_id)
    provider = models.CharField(
        max_length=20,
        choices=SimulatedCharge.Provider.choices,
        default=SimulatedCharge.Provider.SIMULATOR,
        db_default=SimulatedCharge.Provider.SIMULATOR,
    )
    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=10)
    minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=20)
    reason = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "simulated_transfer"

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class SimulatedWebhook(models.Model):
    """Still to be told to the merchant, `times` times."""

    id = models.UUIDField(primary_key=True, default=new_id)
    charge = models.ForeignKey(SimulatedCharge, on_delete=models.CASCADE, related_name="webhooks")
    kind = models.CharField(max_length=40)
    times = models.PositiveIntegerField(default=1)
    attempts = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "simulated_webhook"
        indexes = (models.Index(fields=["due_at"], name="simulated_webhook_due", condition=Q(due_at__isnull=False)),)

    def __str__(self) -> str:
        return f"{self.kind} {self.charge_id}"
