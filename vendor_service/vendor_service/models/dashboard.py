"""What the dashboard counts, as other services told it. Nothing here names a buyer."""

from django.db import models


class Sale(models.Model):
    """A vendor's part of an order, from its confirmation on. Whichever event comes first makes the row: events of one
    order may overtake each other. `total` in minor units.
    """

    id = models.BigAutoField(primary_key=True)
    vendor_id = models.UUIDField()
    order_id = models.UUIDField()
    total = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True)
    confirmed_at = models.DateTimeField(null=True)
    shipped_at = models.DateTimeField(null=True)
    """When the last of it was."""
    cancelled_at = models.DateTimeField(null=True)
    heard_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "vendor_sale"
        constraints = (models.UniqueConstraint(fields=["vendor_id", "order_id"], name="vendor_sale_part_of_order"),)
        indexes = (models.Index(fields=["heard_at"], name="vendor_sale_by_age"),)

    def __str__(self) -> str:
        return f"{self.vendor_id} {self.order_id}"


class ReturnCase(models.Model):
    """A return that a vendor decides and receives; `refunded` in minor units, once it is: there may be a second refund,
    of what could not be exchanged. Each counts once (`refund_ids`), and on the day of the first.
    """

    return_id = models.UUIDField(primary_key=True)
    vendor_id = models.UUIDField(null=True)
    requested_at = models.DateTimeField(null=True)
    approved = models.BooleanField(null=True)
    received_at = models.DateTimeField(null=True)
    refunded = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True)
    refunded_at = models.DateTimeField(null=True)
    refund_ids = models.JSONField(default=list, db_default=[])
    heard_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "return_case"
        indexes = (
            models.Index(fields=["vendor_id"], name="return_case_of_vendor"),
            models.Index(fields=["heard_at"], name="return_case_by_age"),
        )

    def __str__(self) -> str:
        return str(self.return_id)


class ReviewNote(models.Model):
    """A review of something that a vendor sells."""

    review_id = models.UUIDField(primary_key=True)
    vendor_id = models.UUIDField()
    rating = models.PositiveSmallIntegerField()
    heard_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "review_note"
        indexes = (
            models.Index(fields=["vendor_id", "heard_at"], name="review_note_of_vendor"),
            models.Index(fields=["heard_at"], name="review_note_by_age"),
        )

    def __str__(self) -> str:
        return str(self.review_id)


class ScarceVariant(models.Model):
    """A variant of which there are few, or none."""

    class State(models.TextChoices):
        LOW = "low"
        OUT = "out"

    variant_id = models.UUIDField(primary_key=True)
    vendor_id = models.UUIDField()
    sku = models.CharField(max_length=200)
    state = models.CharField(max_length=3, choices=State.choices)
    heard_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "scarce_variant"
        indexes = (models.Index(fields=["vendor_id"], name="scarce_variant_of_vendor"),)

    def __str__(self) -> str:
        return f"{self.sku} {self.state}"
