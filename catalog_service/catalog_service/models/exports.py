"""Files of products that vendors and admins ask for, and how far the worker has got with them."""

from django.db import models
from django.db.models import Q

from catalog_service.models.imports import Import
from catalog_service.models.vendors import Vendor
from shared.context import new_id
from shared.due import Due


class Export(Due):
    """`total` and `done` count products; `last` is the id of the last one written, after which a worker goes on.

    Without a vendor it is everybody's. `due_at` and `attempts` are as on imports.
    """

    Status, Format = Import.Status, Import.Format

    id = models.UUIDField(primary_key=True, default=new_id)
    vendor = models.ForeignKey(Vendor, models.PROTECT, null=True, related_name="+")
    created_by = models.UUIDField()
    format = models.CharField(max_length=12, choices=Import.Format)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=10, choices=Import.Status, default=Import.Status.QUEUED)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    last = models.UUIDField(null=True)
    size = models.PositiveBigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "export"
        constraints = (
            models.CheckConstraint(
                condition=Q(status__in=["queued", "running", "succeeded", "failed"]), name="export_status_known"
            ),
        )
        indexes = (
            models.Index(fields=["vendor", "-id"], name="export_of_vendor"),
            models.Index(fields=["due_at"], name="export_due", condition=Q(due_at__isnull=False)),
        )

    def __str__(self) -> str:
        return f"{self.format} {self.status}"

    @property
    def file_name(self) -> str:
        return f"products-{self.created_at:%Y%m%d-%H%M}.{'csv' if self.format == self.Format.SHOPIFY_CSV else 'jsonl'}"

    def finish(self) -> None:
        self.status, self.total, self.due_at = self.Status.SUCCEEDED, self.done, None

    def give_up(self) -> None:
        self.status, self.due_at = self.Status.FAILED, None


class ExportPart(models.Model):
    """Some products' worth of the file. In the database, because it is private, and web and worker share no disk."""

    export = models.ForeignKey(Export, models.CASCADE, related_name="parts")
    position = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        db_table = "export_part"
        constraints = (models.UniqueConstraint(fields=["export", "position"], name="export_part_once"),)

    def __str__(self) -> str:
        return f"part {self.position} of {self.export_id}"
