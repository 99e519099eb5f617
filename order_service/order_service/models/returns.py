from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from order_service.errors import IllegalMove
from order_service.models.orders import Order, OrderLine, VendorOrder
from shared.context import new_id


class Return(models.Model):
    """Goods of one vendor order that come back, for their money or for others of the same price."""

    class Status(models.TextChoices):
        REQUESTED = "requested"
        APPROVED = "approved"
        REJECTED = "rejected"
        PARTLY_RECEIVED = "partly_received"
        RECEIVED = "received"
        REFUNDED = "refunded"
        EXCHANGED = "exchanged"

    class Resolution(models.TextChoices):
        REFUND = "refund"
        EXCHANGE = "exchange"

    MOVES: ClassVar[dict[str, frozenset[str]]] = {
        Status.REQUESTED: frozenset({Status.APPROVED, Status.REJECTED}),
        Status.APPROVED: frozenset({Status.PARTLY_RECEIVED, Status.RECEIVED}),
        Status.PARTLY_RECEIVED: frozenset({Status.PARTLY_RECEIVED, Status.RECEIVED}),
        Status.RECEIVED: frozenset({Status.REFUNDED, Status.EXCHANGED}),
        Status.EXCHANGED: frozenset({Status.REFUNDED}),
        Status.REJECTED: frozenset(),
        Status.REFUNDED: frozenset(),
    }
    """From → to. An exchange becomes a refund where the replacement is cancelled."""
    OPEN: ClassVar[frozenset[str]] = frozenset(
        {Status.REQUESTED, Status.APPROVED, Status.PARTLY_RECEIVED, Status.RECEIVED}
    )

    id = models.UUIDField(primary_key=True, default=new_id)
    vendor_order = models.ForeignKey(VendorOrder, on_delete=models.CASCADE, related_name="returns")
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.REQUESTED)
    resolution = models.CharField(
        max_length=20, choices=Resolution.choices, default=Resolution.REFUND, db_default=Resolution.REFUND
    )
    decision_reason = models.CharField(max_length=500, blank=True)
    instructions = models.CharField(max_length=2_000, blank=True, default="", db_default="")
    vendor_fault = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "order_return"

    def __str__(self) -> str:
        return f"{self.status} return"

    @property
    def is_exchange(self) -> bool:
        return self.resolution == self.Resolution.EXCHANGE

    def approve(self, *, instructions: str, vendor_fault: bool) -> None:
        self._move(self.Status.APPROVED)
        self.instructions, self.vendor_fault = instructions, vendor_fault

    def reject(self, *, reason: str) -> None:
        self._move(self.Status.REJECTED)
        self.decision_reason = reason

    def receive(self, *, complete: bool) -> None:
        self._move(self.Status.RECEIVED if complete else self.Status.PARTLY_RECEIVED)

    def refund(self) -> None:
        self._move(self.Status.REFUNDED)

    def exchange(self) -> None:
        self._move(self.Status.EXCHANGED)

    def _move(self, to: str) -> None:
        if to not in self.MOVES[self.status]:
            raise IllegalMove(f"A return that is {self.status} cannot become {to}.")
        self.status = to


class ReturnItem(models.Model):
    """`variant_id`: what is wanted instead; none: the money."""

    id = models.UUIDField(primary_key=True, default=new_id)
    return_request = models.ForeignKey(Return, on_delete=models.CASCADE, related_name="items")
    line = models.ForeignKey(OrderLine, on_delete=models.CASCADE, related_name="return_items")
    quantity = models.PositiveIntegerField()
    received_quantity = models.PositiveIntegerField(default=0, db_default=0)
    restocked_quantity = models.PositiveIntegerField(default=0, db_default=0)
    reason = models.CharField(max_length=500)
    variant_id = models.UUIDField(null=True)

    class Meta:
        db_table = "return_item"
        constraints = (
            models.CheckConstraint(condition=Q(quantity__gte=1), name="returned_at_least_one"),
            models.CheckConstraint(condition=Q(received_quantity__lte=F("quantity")), name="received_at_most_asked"),
            models.CheckConstraint(
                condition=Q(restocked_quantity__lte=F("received_quantity")), name="restocked_at_most_received"
            ),
        )

    def __str__(self) -> str:
        return f"{self.quantity} back"


class Exchange(models.Model):
    """A replacement that is sent for what came back; where there is none, the money goes back instead."""

    id = models.UUIDField(primary_key=True, default=new_id)
    return_request = models.ForeignKey(Return, on_delete=models.CASCADE, related_name="exchanges")
    order = models.OneToOneField(Order, on_delete=models.CASCADE, related_name="exchange")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "order_exchange"

    def __str__(self) -> str:
        return f"for {self.return_request_id}"


class Refund(models.Model):
    """Money that was asked to go back for this order; amounts in minor units. `splits`: from which vendor orders."""

    class Status(models.TextChoices):
        ASKED = "asked"
        DONE = "done"
        FAILED = "failed"
        RETRIED = "retried"
        """It failed, and was asked for anew."""
        SETTLED = "settled"
        """It failed, and an operator saw to it otherwise."""

    id = models.UUIDField(primary_key=True, default=new_id)
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="refunds")
    return_request = models.ForeignKey(Return, null=True, on_delete=models.CASCADE, related_name="refunds")
    amount = models.BigIntegerField()
    splits = models.JSONField(default=list, db_default=models.Value([], models.JSONField()))
    reason = models.CharField(max_length=200)
    failure = models.CharField(max_length=200, blank=True, default="", db_default="")
    status = models.CharField(max_length=20, choices=Status.choices, default=Status.ASKED)
    created_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "order_refund"
        indexes = (models.Index(fields=["done_at"], name="refund_done", condition=Q(done_at__isnull=False)),)
        constraints = (models.CheckConstraint(condition=Q(amount__gte=0), name="refund_not_negative"),)

    def __str__(self) -> str:
        return f"{self.status} refund"

    @property
    def currency(self) -> str:
        return self.order.currency
