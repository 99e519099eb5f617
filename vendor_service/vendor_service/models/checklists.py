from django.db import models
from django.db.models import Q
from django.utils import timezone

from shared.context import new_id
from vendor_service.models.applications import Application


class ChecklistItem(models.Model):
    """Something that is asked of who wants to sell here, as the operator configures it. One that is not asked any more
    is made inactive, and its answers stay.

    computed   the service looks itself, by `rule`
    attested   the applicant confirms
    verified   an admin approves, or refuses with a reason
    """

    class Kind(models.TextChoices):
        COMPUTED = "computed"
        ATTESTED = "attested"
        VERIFIED = "verified"

    class Rule(models.TextChoices):
        PROFILE_COMPLETE = "profile_complete"
        """The application has a description and a phone."""
        DOCUMENT_GIVEN = "document_given"
        """There is a document that was not refused."""
        DOCUMENTS_ACCEPTED = "documents_accepted"
        """There is one that was accepted, and none waits."""

    id = models.UUIDField(primary_key=True, default=new_id)
    title = models.CharField(max_length=100, unique=True)
    help = models.TextField(blank=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    rule = models.CharField(max_length=20, choices=Rule.choices, blank=True)
    required = models.BooleanField(default=False)
    active = models.BooleanField(default=True)
    position = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "checklist_item"
        constraints = (
            models.CheckConstraint(
                condition=Q(kind="computed", rule__in=["profile_complete", "document_given", "documents_accepted"])
                | Q(kind__in=["attested", "verified"], rule=""),
                name="checklist_item_rule_fits",
            ),
        )

    def __str__(self) -> str:
        return self.title


class ChecklistAnswer(models.Model):
    """What was said of an item for an application: by the applicant (`confirmed`) or by an admin."""

    class Status(models.TextChoices):
        CONFIRMED = "confirmed"
        APPROVED = "approved"
        REFUSED = "refused"

    id = models.UUIDField(primary_key=True, default=new_id)
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="answers")
    item = models.ForeignKey(ChecklistItem, on_delete=models.PROTECT, related_name="answers")
    status = models.CharField(max_length=10, choices=Status.choices)
    reason = models.TextField(blank=True)
    said_by = models.UUIDField()
    said_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "checklist_answer"
        constraints = (
            models.UniqueConstraint(fields=["application", "item"], name="checklist_answered_once"),
            models.CheckConstraint(
                condition=Q(status__in=["confirmed", "approved", "refused"]), name="checklist_answer_is_known"
            ),
        )

    def __str__(self) -> str:
        return f"{self.item_id} {self.status}"
