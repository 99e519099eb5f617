from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils import timezone

from shared.context import new_id
from vendor_service.errors import DocumentDecided
from vendor_service.models.applications import Application


class Document(models.Model):
    """A file that goes with an application, for its vendor and admins alone.

    waiting ─→ accepted | refused
    """

    class Status(models.TextChoices):
        WAITING = "waiting"
        ACCEPTED = "accepted"
        REFUSED = "refused"

    id = models.UUIDField(primary_key=True, default=new_id)
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="documents")
    title = models.CharField(max_length=100)
    content_type = models.CharField(max_length=40)
    size = models.PositiveIntegerField()
    uploaded_by = models.UUIDField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    reason = models.TextField(blank=True)
    decided_by = models.UUIDField(null=True)
    decided_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "document"
        constraints = (
            models.CheckConstraint(
                condition=Q(status="waiting", decided_at__isnull=True)
                | Q(status__in=["accepted", "refused"], decided_at__isnull=False),
                name="document_decided_once",
            ),
        )
        indexes = (
            models.Index(fields=["application", "id"], name="document_of_application"),
            models.Index(fields=["uploaded_by"], name="document_of_user"),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def waits(self) -> bool:
        return self.status == self.Status.WAITING

    def decide(self, status: "Document.Status", *, by: UUID, reason: str = "") -> None:
        """Raises DocumentDecided."""
        if not self.waits:
            raise DocumentDecided(f"The document is {self.status}.")
        self.status, self.reason, self.decided_by, self.decided_at = status, reason, by, timezone.now()


class DocumentContent(models.Model):
    """Apart from what lists read. In the database, because it is private: the media storage is for everybody to see.
    And what is erased with its row is never left behind.
    """

    document = models.OneToOneField(Document, on_delete=models.CASCADE, primary_key=True, related_name="content")
    content = models.BinaryField()

    class Meta:
        db_table = "document_content"

    def __str__(self) -> str:
        return str(self.document_id)
