from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from order_service.errors import IllegalMove
from order_service.models.orders import OrderLine, VendorOrder
from shared.context import new_id


class Shipment(models.Model):
    """A parcel of a vendor order. What is packed is kept for it; what is lost may be sent again."""

    class Status(models.TextChoices):
        PACKED = "packed"
        SHIPPED = "shipped"
        DELIVERED = "delivered"
        LOST = "lost"

    MOVES: ClassVar[dict[str, frozenset[str]]] = {
        Status.PACKED: frozenset({Status.SHIPPED}),
        Status.SHIPPED: frozenset({Status.DELIVERED, Status.LOST}),
        Status.DELIVERED: frozenset(),
        Status.LOST: frozenset(),
    }

    id = models.UUIDField(primary_key=True, default=new_id)
    vendor_order = models.ForeignKey(VendorOrder, on_delete=models.CASCADE, related_name="shipments")
    carrier = models.CharField(max_length=100, blank=True)
    tracking_number = models.CharField(max_length=100, blank=True)
    tracking_url = models.CharField(max_length=500, blank=True, default="", db_default="")
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.SHIPPED)
    shipped_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "shipment"

    def __str__(self) -> str:
        return self.tracking_number or f"{self.status} parcel"

    def send(self, *, carrier: str, tracking_number: str, tracking_url: str, at: datetime) -> None:
        self._move(self.Status.SHIPPED)
        self.carrier, self.tracking_number, self.tracking_url = carrier, tracking_number, tracking_url
        self.shipped_at = at

    def deliver(self, *, at: datetime) -> None:
        self._move(self.Status.DELIVERED)
        self.delivered_at = at

    def lose(self) -> None:
        self._move(self.Status.LOST)

    def _move(self, to: str) -> None:
        if to not in self.MOVES[self.status]:
            raise IllegalMove(f"A shipment that is {self.status} cannot become {to}.")
        self.status = to


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
