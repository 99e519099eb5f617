"""What is to be done to many orders, or vendor orders, and how far the worker has got with it."""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from order_service.errors import IllegalMove
from shared.context import Context, new_id
from shared.due import Due


class OrderOperation(Due):
    """`done` of `total` items are through: `succeeded` of them, the others were refused. `asked` is the context of the
    request, so that whatever is done is done in the name of whoever asked for it.
    """

    class Subject(models.TextChoices):
        ORDERS = "orders"
        VENDOR_ORDERS = "vendor_orders"

    class Kind(models.TextChoices):
        CANCEL = "cancel"
        COMPLETE = "complete"
        SETTLE = "settle"
        RETRY = "retry"
        PACK = "pack"
        SHIP = "ship"
        DELIVER = "deliver"

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        FINISHED = "finished"
        STOPPED = "stopped"
        FAILED = "failed"

    KINDS: ClassVar[dict[str, tuple[str, ...]]] = {
        Subject.ORDERS: (Kind.CANCEL, Kind.COMPLETE, Kind.SETTLE, Kind.RETRY),
        Subject.VENDOR_ORDERS: (Kind.PACK, Kind.SHIP, Kind.DELIVER, Kind.CANCEL),
    }
    OPEN: ClassVar[tuple[str, ...]] = (Status.QUEUED, Status.RUNNING)

    id = models.UUIDField(primary_key=True, default=new_id)
    subject = models.CharField(max_length=13, choices=Subject)
    kind = models.CharField(max_length=10, choices=Kind)
    arguments = models.JSONField(default=dict)
    filter = models.JSONField(null=True)
    """What the items were found by; null where they were named."""
    vendor_id = models.UUIDField(null=True)
    """Whose vendor orders alone may be touched; null is an admin's."""
    created_by = models.UUIDField()
    asked = models.JSONField()
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    total = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)
    succeeded = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "order_operation"
        constraints = (
            models.CheckConstraint(
                condition=Q(done__lte=F("total"), succeeded__lte=F("done")), name="order_operation_counts"
            ),
        )
        indexes = (
            models.Index(fields=["subject", "vendor_id", "-id"], name="order_operation_list"),
            models.Index(fields=["due_at"], name="order_operation_due", condition=Q(due_at__isnull=False)),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.total} {self.get_subject_display().lower()}"

    @property
    def refused(self) -> int:
        return self.done - self.succeeded

    @property
    def context(self) -> Context:
        told = self.asked
        return Context(
            told["correlation_id"], user_id=told["user_id"], roles=tuple(told["roles"]), address=told["address"]
        )

    def count(self, *, succeeded: bool) -> None:
        self.status, self.done = self.Status.RUNNING, self.done + 1
        self.succeeded += succeeded
        if self.done == self.total:
            self._end(self.Status.FINISHED)

    def give_up(self) -> None:
        self._end(self.Status.FAILED)

    def stop(self) -> None:
        """What is done stays done. Raises IllegalMove for one that has ended."""
        if self.status not in self.OPEN:
            raise IllegalMove(f"It is {self.status}.")
        self._end(self.Status.STOPPED)

    def _end(self, status: str) -> None:
        self.status, self.due_at = status, None


class OrderOperationItem(models.Model):
    """One order, or vendor order, of an operation; `code` and `detail` say why it was refused."""

    class Status(models.TextChoices):
        WAITING = "waiting"
        DONE = "done"
        REFUSED = "refused"

    id = models.UUIDField(primary_key=True, default=new_id)
    operation = models.ForeignKey(OrderOperation, models.CASCADE, related_name="items")
    position = models.PositiveIntegerField()
    subject_id = models.UUIDField()
    status = models.CharField(max_length=7, choices=Status, default=Status.WAITING)
    code = models.CharField(max_length=60, blank=True)
    detail = models.CharField(max_length=500, blank=True)

    class Meta:
        db_table = "order_operation_item"
        constraints = (
            models.UniqueConstraint(fields=["operation", "position"], name="order_operation_item_position"),
            models.UniqueConstraint(fields=["operation", "subject_id"], name="order_operation_item_once"),
        )

    def __str__(self) -> str:
        return f"{self.subject_id}: {self.status}"

    def succeed(self) -> None:
        self.status = self.Status.DONE

    def refuse(self, code: str, detail: str) -> None:
        self.status, self.code, self.detail = self.Status.REFUSED, code[:60], detail[:500]
