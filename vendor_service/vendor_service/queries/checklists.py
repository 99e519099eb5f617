"""How far an application is with what is asked of it."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from vendor_service.errors import ChecklistItemNotFound
from vendor_service.models import Application, ChecklistAnswer, ChecklistItem, Document


@dataclass(frozen=True, slots=True)
class Entry:
    """An item as it stands for one application; `answer` only if somebody said something of it."""

    item: ChecklistItem
    done: bool
    answer: ChecklistAnswer | None = None

    @property
    def status(self) -> str:
        refused = self.answer is not None and self.answer.status == ChecklistAnswer.Status.REFUSED
        return "done" if self.done else "refused" if refused else "open"


def items() -> QuerySet[ChecklistItem]:
    return ChecklistItem.objects.all()


def item(item_id: UUID) -> ChecklistItem:
    """Raises ChecklistItemNotFound."""
    row = ChecklistItem.objects.filter(id=item_id).first()
    if row is None:
        raise ChecklistItemNotFound()
    return row


def checklist(application: Application) -> list[Entry]:
    """Three questions to the database, whatever is asked."""
    answers = {answer.item_id: answer for answer in application.answers.all()}
    statuses = list(application.documents.values_list("status", flat=True))
    active = ChecklistItem.objects.filter(active=True).order_by("position", "id")
    return [_entry(one, answers.get(one.id), application, statuses) for one in active]


def missing(application: Application) -> list[ChecklistItem]:
    """What is required and not done."""
    return [entry.item for entry in checklist(application) if entry.item.required and not entry.done]


def _entry(item: ChecklistItem, answer: ChecklistAnswer | None, application: Application, statuses: list[str]) -> Entry:
    if item.kind == ChecklistItem.Kind.COMPUTED:
        return Entry(item, RULES[item.rule](application, statuses))
    wanted = (
        ChecklistAnswer.Status.CONFIRMED
        if item.kind == ChecklistItem.Kind.ATTESTED
        else ChecklistAnswer.Status.APPROVED
    )
    return Entry(item, answer is not None and answer.status == wanted, answer)


def _profile_complete(application: Application, _statuses: list[str]) -> bool:
    return bool(application.description and application.phone)


def _document_given(_application: Application, statuses: list[str]) -> bool:
    return any(status != Document.Status.REFUSED for status in statuses)


def _documents_accepted(_application: Application, statuses: list[str]) -> bool:
    return Document.Status.ACCEPTED in statuses and Document.Status.WAITING not in statuses


RULES: dict[str, Callable[[Application, list[str]], bool]] = {
    ChecklistItem.Rule.PROFILE_COMPLETE: _profile_complete,
    ChecklistItem.Rule.DOCUMENT_GIVEN: _document_given,
    ChecklistItem.Rule.DOCUMENTS_ACCEPTED: _documents_accepted,
}
