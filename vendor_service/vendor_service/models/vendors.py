from django.db import models
from django.db.models import Q

from shared.context import new_id
from vendor_service.errors import IllegalMove
from vendor_service.models.applications import Application


class Vendor(models.Model):
    """Who sells here. Born of an approved application, one to an account; the slug never changes.

    active ←→ suspended     active | suspended ─→ closed ─→ active
    """

    class Status(models.TextChoices):
        ACTIVE = "active"
        SUSPENDED = "suspended"
        CLOSED = "closed"

    id = models.UUIDField(primary_key=True, default=new_id)
    owner_id = models.UUIDField(unique=True)
    application = models.OneToOneField(Application, on_delete=models.PROTECT, related_name="vendor")
    name = models.CharField(max_length=100)
    slug = models.CharField(max_length=100, unique=True)
    description = models.TextField(blank=True)
    logo = models.CharField(max_length=200, null=True)
    banner = models.CharField(max_length=200, null=True)
    shipping_policy = models.TextField(blank=True, default="", db_default="")
    returns_policy = models.TextField(blank=True, default="", db_default="")
    privacy_policy = models.TextField(blank=True, default="", db_default="")
    contact_email = models.EmailField(max_length=254)
    country = models.CharField(max_length=2)
    payout_currency = models.CharField(max_length=3)
    commission_basis_points = models.PositiveIntegerField()
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.ACTIVE)
    status_reason = models.TextField(blank=True, default="", db_default="")
    version = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "vendor"
        constraints = (
            models.CheckConstraint(condition=Q(commission_basis_points__lte=10_000), name="vendor_commission_in_100"),
            models.CheckConstraint(
                condition=Q(status__in=["active", "suspended", "closed"]), name="vendor_status_is_known"
            ),
        )
        indexes = (models.Index(fields=["status", "slug"], name="vendor_by_status"),)

    def __str__(self) -> str:
        return self.slug

    @property
    def policies(self) -> dict[str, str]:
        return {"shipping": self.shipping_policy, "returns": self.returns_policy, "privacy": self.privacy_policy}

    def move_to(self, status: str, reason: str = "") -> None:
        """Suspend, close or reactivate; staying as it is is no move. Raises IllegalMove."""
        if self.status == self.Status.CLOSED and status == self.Status.SUSPENDED:
            raise IllegalMove("A closed vendor cannot be suspended.")
        self.status, self.status_reason = self.Status(status), reason
