"""The address book: shipping and billing addresses, at most one default of each kind."""

from django.db import models
from django.db.models import Q

from shared.context import new_id
from user_service.models.accounts import User


class AddressKind(models.TextChoices):
    SHIPPING = "shipping"
    BILLING = "billing"


class Address(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="addresses")
    kind = models.CharField(max_length=8, choices=AddressKind.choices, default=AddressKind.SHIPPING)
    default = models.BooleanField(default=False)
    name = models.CharField(max_length=120)
    line1 = models.CharField(max_length=200)
    line2 = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=120)
    region = models.CharField(max_length=120, blank=True)
    postal_code = models.CharField(max_length=20, blank=True)
    country = models.CharField(max_length=2)
    phone = models.CharField(max_length=32, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "address"
        verbose_name_plural = "addresses"
        constraints = (
            models.UniqueConstraint(fields=["user", "kind"], condition=Q(default=True), name="address_one_default"),
            models.CheckConstraint(condition=Q(kind__in=AddressKind.values), name="address_kind_known"),
            models.CheckConstraint(condition=Q(country__regex=r"^[A-Z]{2}$"), name="address_country_code"),
        )
        indexes = (models.Index(fields=["user", "-id"], name="address_of_user"),)

    def __str__(self) -> str:
        return str(self.id)
