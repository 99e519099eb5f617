from datetime import datetime

from django.db import models
from django.db.models import Q

from order_service.errors import IllegalMove
from order_service.models.orders import OrderLine, VendorOrder
from shared.context import new_id


class Shipment(models.Model):
    """A parcel of a vendor order."""

    class Status(models.TextChoices):
        SHIPPED = "shipped"
        DELIVERED = "delivered"

    id = models.UUIDField(primary_key=True, default=new_id)
    vendor_order = models.ForeignKey(VendorOrder, on_delete=models.CASCADE, related_name="shipments")
    carrier = models.CharField(max_length=100)
    tracking_number = models.CharField(max_length=100)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.SHIPPED)
    delivered_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "shipment"

    def __str__(self) -> str:
        return self.tracking_number

    def deliver(self, *, at: datetime) -> None:
        if self.status != self.Status.SHIPPED:
            raise IllegalMove("This shipment has been delivered.")
        self.status, self.delivered_at = self.Status.DELIVERED, at


class ShipmentItem(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id)
    shipment = models.ForeignKey(Shipment, on_delete=models.CASCADE, related_name="items")
    line = models.ForeignKey(OrderLine, on_delete=models.CASCADE, related_name="+")
    quantity = models.PositiveIntegerField()

    class Meta:
        db_table = "shipment_item"
        constraints = (models.CheckConstraint(condition=Q(quantity__gte=1), name="shipped_at_least_one"),)

    def __str__(self) -> str:
        return f"{self.quantity} sent"
