"""Files of orders that admins and vendors ask for, and how far the worker has got with them."""

from typing import ClassVar

from django.db import models
from django.db.models import Q

from shared.context import new_id
from shared.due import Due


class OrderExport(Due):
    """`total` and `done` count orders, of a vendor's export its vendor orders; `last` is the id of the last one
    written, after which a worker goes on. Whoever asked for it, and nobody else, fetches it.
    """

    class Format(models.TextChoices):
        CSV = "csv"
        JSON_LINES = "jsonl"

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"

    OPEN: ClassVar[tuple[str, ...]] = (Status.QUEUED, Status.RUNNING)

    id = models.UUIDField(primary_key=True, default=new_id)
    created_by = models.UUIDField()
    vendor_id = models.UUIDField(null=True)
    """Null: an admin's, of orders as a whole."""
    format = models.CharField(max_length=5, choices=Format)
    filter = models.JSONField(default=dict)
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    last = models.UUIDField(null=True)
    size = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "order_export"
        constraints = (
            models.CheckConstraint(
                condition=Q(status__in=["queued", "running", "succeeded", "failed"]), name="order_export_status_known"
            ),
        )
        indexes = (
            models.Index(fields=["created_by", "-id"], name="order_export_of_user"),
            models.Index(fields=["due_at"], name="order_export_due", condition=Q(due_at__isnull=False)),
        )

    def __str__(self) -> str:
        return f"{self.format} {self.status}"

    @property
    def file_name(self) -> str:
        kind = "orders" if self.vendor_id is None else "vendor-orders"
        return f"{kind}-{self.created_at:%Y%m%d-%H%M}.{self.format}"

    def finish(self) -> None:
        self.status, self.total, self.due_at = self.Status.SUCCEEDED, self.done, None

    def give_up(self) -> None:
        self.status, self.due_at = self.Status.FAILED, None


class OrderExportPart(models.Model):
    """Some orders' worth of the file. In the database, because it is private, and web and worker share no disk."""

    export = models.ForeignKey(OrderExport, models.CASCADE, related_name="parts")
    position = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        db_table = "order_export_part"
        constraints = (models.UniqueConstraint(fields=["export", "position"], name="order_export_part_once"),)

    def __str__(self) -> str:
        return f"part {self.position} of {self.export_id}"
