from typing import Any

from django.db import models
from django.db.models import Q

from order_service.errors import IllegalMove
from order_service.models.orders import Order, OrderLine, VendorOrder
from shared.context import new_id


class Return(models.Model):
    """Goods of one vendor order that come back."""

    class Status(models.TextChoices):
        REQUESTED = "requested"
        APPROVED = "approved"
        REJECTED = "rejected"
        RECEIVED = "received"
        REFUNDED = "refunded"

    id = models.UUIDField(primary_key=True, default=new_id)
    vendor_order = models.ForeignKey(VendorOrder, on_delete=models.CASCADE, related_name="returns")
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.REQUESTED)
    decision_reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "order_return"

    def __str__(self) -> str:
        return f"{self.status} return"

    def approve(self) -> None:
        self._move(self.Status.APPROVED, {self.Status.REQUESTED})

    def reject(self, *, reason: str) -> None:
        self._move(self.Status.REJECTED, {self.Status.REQUESTED})
        self.decision_reason = reason

    def receive(self) -> None:
        self._move(self.Status.RECEIVED, {self.Status.APPROVED})

    def refund(self) -> None:
        self._move(self.Status.REFUNDED, {self.Status.RECEIVED})

    def _move(self, to: str, allowed: set[Any]) -> None:
        if self.status not in allowed:
            raise IllegalMove(f"A return that is {self.status} cannot become {to}.")
        self.status = to


class ReturnItem(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id)
    return_request = models.ForeignKey(Return, on_delete=models.CASCADE, related_name="items")
    line = models.ForeignKey(OrderLine, on_delete=models.CASCADE, related_name="return_items")
    quantity = models.PositiveIntegerField()
    reason = models.CharField(max_length=500)

    class Meta:
        db_table = "return_item"
        constraints = (models.CheckConstraint(condition=Q(quantity__gte=1), name="returned_at_least_one"),)

    def __str__(self) -> str:
        return f"{self.quantity} back"


class Refund(models.Model):
    """Money that was asked to go back for this order; amounts in minor units."""

    class Status(models.TextChoices):
        ASKED = "asked"
        DONE = "done"
        FAILED = "failed"

    id = models.UUIDField(primary_key=True, default=new_id)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="refunds")
    return_request = models.ForeignKey(Return, null=True, on_delete=models.CASCADE, related_name="refunds")
    amount = models.BigIntegerField()
    reason = models.CharField(max_length=200)
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.ASKED)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "order_refund"
        constraints = (models.CheckConstraint(condition=Q(amount__gte=0), name="refund_not_negative"),)

    def __str__(self) -> str:
        return f"{self.status} refund"

    @property
    def currency(self) -> str:
        return self.order.currency
