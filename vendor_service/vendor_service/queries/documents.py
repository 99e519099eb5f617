from uuid import UUID

from django.db.models import QuerySet

from vendor_service.errors import DocumentNotFound
from vendor_service.models import Document, DocumentContent


def documents(application_id: UUID) -> QuerySet[Document]:
    return Document.objects.filter(application_id=application_id)


def document(*, application_id: UUID, document_id: UUID) -> Document:
    """Raises DocumentNotFound, also for another application's."""
    row = documents(application_id).filter(id=document_id).first()
    if row is None:
        raise DocumentNotFound()
    return row


def content(document: Document) -> bytes:
    return bytes(DocumentContent.objects.values_list("content", flat=True).get(document=document))
