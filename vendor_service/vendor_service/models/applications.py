from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils import timezone

from shared.context import new_id
from vendor_service.errors import AlreadyDecided


class Application(models.Model):
    """A request to sell here. A user has one open at a time; after a rejection there may be another.

    submitted ─→ approved | rejected
    """

    class Status(models.TextChoices):
        SUBMITTED = "submitted"
        APPROVED = "approved"
        REJECTED = "rejected"

    id = models.UUIDField(primary_key=True, default=new_id)
    user_id = models.UUIDField()
    business_name = models.CharField(max_length=100)
    contact_email = models.EmailField(max_length=254)
    country = models.CharField(max_length=2)
    payout_currency = models.CharField(max_length=3)
    description = models.TextField(blank=True)
    phone = models.CharField(max_length=30, blank=True)
    website = models.URLField(max_length=300, blank=True)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.SUBMITTED)
    decided_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)
    override = models.TextField(blank=True, default="", db_default="")
    """Why it was approved although something required was not done."""
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "application"
        constraints = (
            models.UniqueConstraint(fields=["user_id"], condition=Q(status="submitted"), name="application_one_open"),
            models.CheckConstraint(
                condition=Q(status="submitted", decided_at__isnull=True)
                | Q(status__in=["approved", "rejected"], decided_at__isnull=False),
                name="application_decided_once",
            ),
        )
        indexes = (
            models.Index(fields=["user_id", "-id"], name="application_of_user"),
            models.Index(fields=["status", "-id"], name="application_by_status"),
        )

    def __str__(self) -> str:
        return self.business_name

    def approve(self, *, by: UUID | None) -> None:
        self._decide(self.Status.APPROVED, by)

    def reject(self, *, by: UUID, reason: str) -> None:
        self._decide(self.Status.REJECTED, by)
        self.reason = reason

    def _decide(self, status: "Application.Status", by: UUID | None) -> None:
        """Raises AlreadyDecided. The caller holds the row's lock."""
        if self.status != self.Status.SUBMITTED:
            raise AlreadyDecided(f"The application is {self.status}.")
        self.status, self.decided_by, self.decided_at = status, by, timezone.now()
