"""What is asked of who wants to sell here: configured by admins, confirmed by applicants, verified by admins."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from shared.audit import record
from shared.errors import Invalid
from vendor_service.actions.applications import locked
from vendor_service.errors import ChecklistItemNotFound, NotThisKind
from vendor_service.models import ChecklistAnswer, ChecklistItem

Status = ChecklistAnswer.Status


@transaction.atomic
def add_item(*, given: Mapping[str, Any]) -> ChecklistItem:
    """`given`: title, kind, and any of help, rule, required, active, position. Raises Invalid."""
    item = ChecklistItem(**given)
    _save(item)
    record(action="vendor.checklist_item.create", subject_kind="checklist_item", subject_id=item.id, kind=item.kind)
    return item


@transaction.atomic
def change_item(*, item_id: UUID, changes: Mapping[str, Any]) -> ChecklistItem:
    """`changes`: any of title, help, required, active, position; an item's kind stays. Raises ChecklistItemNotFound,
    Invalid.
    """
    item = ChecklistItem.objects.select_for_update().filter(id=item_id).first()
    if item is None:
        raise ChecklistItemNotFound()
    changed = {name: value for name, value in changes.items() if getattr(item, name) != value}
    for name, value in changed.items():
        setattr(item, name, value)
    if changed:
        _save(item)
        told = {"fields": " ".join(sorted(changed))}
        record(action="vendor.checklist_item.change", subject_kind="checklist_item", subject_id=item.id, **told)
    return item


def _save(item: ChecklistItem) -> None:
    """Raises Invalid."""
    if (item.kind == ChecklistItem.Kind.COMPUTED) != bool(item.rule):
        raise Invalid({"rule": ["What is computed has a rule, and nothing else has."]})
    try:
        with transaction.atomic():
            item.save()
    except IntegrityError:
        raise Invalid({"title": ["There is an item with this title."]}) from None


@transaction.atomic
def confirm(*, application_id: UUID, item_id: UUID, user_id: UUID) -> None:
    """By who applies, of what is attested. Raises ApplicationNotFound, ChecklistItemNotFound, NotThisKind."""
    _say(application_id, item_id, ChecklistItem.Kind.ATTESTED, by=user_id, status=Status.CONFIRMED)


@transaction.atomic
def approve(*, application_id: UUID, item_id: UUID, admin_id: UUID) -> None:
    """Of what is verified; also after it was refused. Raises as `confirm`."""
    _say(application_id, item_id, ChecklistItem.Kind.VERIFIED, by=admin_id, status=Status.APPROVED)


@transaction.atomic
def refuse(*, application_id: UUID, item_id: UUID, admin_id: UUID, reason: str) -> None:
    """As `approve`, with the reason that the applicant reads."""
    _say(application_id, item_id, ChecklistItem.Kind.VERIFIED, by=admin_id, status=Status.REFUSED, reason=reason)


def _say(application_id: UUID, item_id: UUID, kind: str, *, by: UUID, status: Status, reason: str = "") -> None:
    application = locked(application_id)
    item = ChecklistItem.objects.filter(id=item_id, active=True).first()
    if item is None:
        raise ChecklistItemNotFound()
    if item.kind != kind:
        raise NotThisKind(f"This is {item.kind}.")
    said = {"status": status, "reason": reason, "said_by": by, "said_at": timezone.now()}
    ChecklistAnswer.objects.update_or_create(application=application, item=item, defaults=said)
    told = {"item": item.id, "status": status.value}
    record(action="vendor.checklist.answer", subject_kind="application", subject_id=application.id, **told)
