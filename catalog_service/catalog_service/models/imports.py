"""Files of products that vendors hand in, and how far the worker has got with them."""

from uuid import UUID

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from catalog_service.models.products import Product
from catalog_service.models.taxonomy import Category
from catalog_service.models.vendors import Vendor
from shared.context import new_id
from shared.due import Due
from shared.text import shown

MAX_REMARKS = 1_000
"""Errors and notes beyond this are counted, not kept."""
MAX_FIELD, MAX_MESSAGE = 200, 1_000


class Import(Due):
    """`total` and `done` count products. `done` is also where a worker goes on after another was stopped.

    `due_at` is when another worker may take it, and moves with every product; `attempts` is how often one has, and
    tells the present worker from an earlier one. Without a vendor each line names its own.
    """

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"

    class Format(models.TextChoices):
        SHOPIFY_CSV = "shopify-csv"
        JSON_LINES = "jsonl"

    remarked: frozenset[str] = frozenset()
    """Which of `errors` and `notes` has grown since the row was read."""

    id = models.UUIDField(primary_key=True, default=new_id)
    vendor = models.ForeignKey(Vendor, models.PROTECT, null=True, related_name="+")
    created_by = models.UUIDField()
    format = models.CharField(max_length=12, choices=Format)
    currency = models.CharField(max_length=3)
    category = models.ForeignKey(Category, models.SET_NULL, null=True, related_name="+")
    publish = models.BooleanField(default=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    total = models.PositiveIntegerField(null=True)
    done = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    errors = models.JSONField(default=list)
    notes = models.JSONField(default=list)
    due_at = models.DateTimeField(null=True, db_default=Now())
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "import"
        constraints = (
            models.CheckConstraint(
                condition=Q(status__in=["queued", "running", "succeeded", "failed"]), name="import_status_known"
            ),
            models.CheckConstraint(
                condition=Q(done=F("created") + F("updated") + F("unchanged") + F("failed")), name="import_adds_up"
            ),
        )
        indexes = (
            models.Index(fields=["vendor", "-id"], name="import_of_vendor"),
            models.Index(fields=["id"], name="import_open", condition=Q(status__in=["queued", "running"])),
        )

    def __str__(self) -> str:
        return f"{self.format} {self.status}"

    @property
    def publishes_as(self) -> UUID | None:
        """Whose authority the products are written with: the vendor's, or None for an admin's."""
        return None if self.publish else self.vendor_id

    def start(self, total: int) -> None:
        self.status, self.total = self.Status.RUNNING, total

    def count(self, outcome: str) -> None:
        """One more product is `created`, `updated`, `unchanged` or `failed`."""
        setattr(self, outcome, getattr(self, outcome) + 1)
        self.done += 1

    def remark(self, kind: str, line: int, field: str, message: str) -> None:
        """Add to `errors` or `notes`. What is said may be out of the file, and is kept as far as it can be shown."""
        remarks = getattr(self, kind)
        self.remarked |= {kind}
        if len(remarks) < MAX_REMARKS:
            told = {"field": shown(field, MAX_FIELD), "message": shown(message, MAX_MESSAGE)}
            remarks.append({"line": line, **told})

    def finish(self) -> None:
        """Succeeded, unless nothing in it was any good."""
        self.status = self.Status.FAILED if self.failed == self.total else self.Status.SUCCEEDED
        self.due_at = None

    def give_up(self) -> None:
        self.status, self.due_at = self.Status.FAILED, None


class ImportFile(models.Model):
    """The bytes as they were uploaded. In the database, because web and worker need not share a disk."""

    batch = models.OneToOneField(Import, models.CASCADE, primary_key=True, related_name="file")
    content = models.BinaryField()

    class Meta:
        db_table = "import_file"

    def __str__(self) -> str:
        return f"file of {self.batch_id}"


class ImageToFetch(Due):
    """A picture that an import named by its address; `line` and `field` say where, should it not come."""

    id = models.UUIDField(primary_key=True, default=new_id)
    product = models.ForeignKey(Product, models.CASCADE, related_name="images_to_fetch")
    batch = models.ForeignKey(Import, models.CASCADE, related_name="images_to_fetch")
    line = models.PositiveIntegerField()
    url = models.TextField()
    alt = models.CharField(max_length=300, blank=True)
    position = models.PositiveIntegerField()
    primary = models.BooleanField(default=False)

    class Meta:
        db_table = "image_to_fetch"
        verbose_name_plural = "images to fetch"
        constraints = (models.UniqueConstraint(fields=["product", "url"], name="image_to_fetch_once"),)
        indexes = (models.Index(fields=["due_at"], name="image_to_fetch_due"),)

    def __str__(self) -> str:
        return self.url[:80]
