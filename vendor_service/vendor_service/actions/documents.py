"""Documents of applications: given by who applies, decided by admins. Of a picture only the pixels are kept."""

from typing import IO
from uuid import UUID

from django.conf import settings
from django.db import transaction

from shared.audit import record
from shared.errors import Invalid
from shared.pictures import encoded, open_picture
from vendor_service.actions.applications import locked
from vendor_service.errors import AlreadyDecided, DocumentDecided, DocumentNotFound, TooManyDocuments
from vendor_service.models import Application, Document, DocumentContent
from vendor_service.queries import documents as document_queries

PDF, JPEG = "application/pdf", "image/jpeg"
LARGEST_SIDE = 3_000
_END_OF_PDF = 2_048
"""Writers append a few bytes after the mark of the end."""


def add(*, application_id: UUID, user_id: UUID, title: str, upload: IO[bytes]) -> Document:
    """Keep a PDF as it is, or a picture encoded anew; told by the content, whatever the name says. Raises Invalid,
    ApplicationNotFound, AlreadyDecided (rejected), TooManyDocuments.
    """
    content, content_type = _checked(upload)
    with transaction.atomic():
        application = locked(application_id)
        if application.status == Application.Status.REJECTED:
            raise AlreadyDecided("The application is rejected.")
        if application.documents.count() >= settings.DOCUMENTS_PER_APPLICATION:
            raise TooManyDocuments(f"At most {settings.DOCUMENTS_PER_APPLICATION}.")
        document = Document.objects.create(
            application=application, title=title, content_type=content_type, size=len(content), uploaded_by=user_id
        )
        DocumentContent.objects.create(document=document, content=content)
        _record("add", document)
        return document


def _checked(upload: IO[bytes]) -> tuple[bytes, str]:
    """Raises Invalid."""
    if upload.read(5) != b"%PDF-":
        upload.seek(0)
        picture = open_picture(
            upload, most_pixels=settings.DOCUMENT_MAX_PIXELS, largest_side=LARGEST_SIDE, field="file", also="a PDF"
        )
        return encoded(picture.convert("RGB"), "JPEG", quality=88), JPEG
    upload.seek(0)
    content = upload.read()
    if b"%%EOF" not in content[-_END_OF_PDF:]:
        raise Invalid({"file": ["The PDF is not whole."]})
    return content, PDF


@transaction.atomic
def remove(*, application_id: UUID, document_id: UUID) -> None:
    """Until it is decided. Raises ApplicationNotFound, DocumentNotFound, DocumentDecided."""
    document = _document(application_id, document_id)
    if not document.waits:
        raise DocumentDecided()
    _record("remove", document)
    document.delete()


@transaction.atomic
def accept(*, application_id: UUID, document_id: UUID, admin_id: UUID) -> Document:
    """Raises ApplicationNotFound, DocumentNotFound, DocumentDecided."""
    return _decide(_document(application_id, document_id), Document.Status.ACCEPTED, admin_id, "")


@transaction.atomic
def refuse(*, application_id: UUID, document_id: UUID, admin_id: UUID, reason: str) -> Document:
    """With the reason that the applicant reads. Raises as `accept`."""
    return _decide(_document(application_id, document_id), Document.Status.REFUSED, admin_id, reason)


def _decide(document: Document, status: Document.Status, admin_id: UUID, reason: str) -> Document:
    document.decide(status, by=admin_id, reason=reason)
    document.save()
    _record("accept" if status == Document.Status.ACCEPTED else "refuse", document)
    return document


@transaction.atomic
def read_as_admin(*, application_id: UUID, document_id: UUID) -> tuple[Document, bytes]:
    """Papers of people: who looks at them is on record. Raises DocumentNotFound."""
    document = document_queries.document(application_id=application_id, document_id=document_id)
    _record("read", document)
    return document, document_queries.content(document)


def _document(application_id: UUID, document_id: UUID) -> Document:
    application = locked(application_id)
    document = application.documents.filter(id=document_id).first()
    if document is None:
        raise DocumentNotFound()
    return document


def _record(verb: str, document: Document) -> None:
    told = {"application": document.application_id}
    record(action=f"vendor.document.{verb}", subject_kind="document", subject_id=document.id, **told)
