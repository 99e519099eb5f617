"""What shipping costs: by zone, method and weight, everybody's or one vendor's own."""

from django.db import models
from django.db.models import Q

from shared.context import new_id
from shared.money import Money


class ShippingZone(models.Model):
    """Countries that cost the same. One zone at most is for all countries that no zone names."""

    id = models.UUIDField(primary_key=True, default=new_id)
    name = models.CharField(max_length=100, unique=True)
    is_fallback = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "shipping_zone"
        constraints = (
            models.UniqueConstraint(fields=["is_fallback"], name="one_fallback_zone", condition=Q(is_fallback=True)),
        )

    def __str__(self) -> str:
        return self.name


class ZoneCountry(models.Model):
    """A country is in one zone: its code is the key."""

    country = models.CharField(max_length=2, primary_key=True)
    zone = models.ForeignKey(ShippingZone, on_delete=models.CASCADE, related_name="countries")

    class Meta:
        db_table = "shipping_zone_country"
        verbose_name_plural = "zone countries"

    def __str__(self) -> str:
        return self.country


class ShippingMethod(models.Model):
    """How parcels go. The first active one by `position` is taken when the buyer names none."""

    id = models.UUIDField(primary_key=True, default=new_id)
    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=100)
    position = models.PositiveSmallIntegerField(default=0)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "shipping_method"

    def __str__(self) -> str:
        return self.code


class ShippingRate(models.Model):
    """The price of a vendor order's parcel up to a weight, in minor units; free when its goods are worth `free_over`.

    A vendor that has rates of its own for a zone, method and currency has only these there.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    zone = models.ForeignKey(ShippingZone, on_delete=models.CASCADE, related_name="rates")
    method = models.ForeignKey(ShippingMethod, on_delete=models.CASCADE, related_name="rates")
    vendor_id = models.UUIDField(null=True)
    currency = models.CharField(max_length=3)
    up_to_grams = models.PositiveIntegerField(null=True)
    """The heaviest parcel; null for any weight."""
    price = models.BigIntegerField()
    free_over = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "shipping_rate"
        constraints = (
            models.UniqueConstraint(
                fields=["zone", "method", "vendor_id", "currency", "up_to_grams"],
                name="one_shipping_rate_a_band",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(price__gte=0) & (Q(free_over__isnull=True) | Q(free_over__gte=0)),
                name="shipping_rate_not_negative",
            ),
        )

    def __str__(self) -> str:
        return str(Money(self.price, self.currency))

    def carries(self, grams: int) -> bool:
        return self.up_to_grams is None or grams <= self.up_to_grams

    def charge(self, goods: int) -> int:
        """Minor units, for goods worth so much after their discount."""
        return 0 if self.free_over is not None and goods >= self.free_over else self.price
