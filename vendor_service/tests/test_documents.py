import io
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from factories import ADMIN, PDF, a_picture, hear, make_application, make_document, make_member, make_vendor
from PIL import Image

from shared.contracts.user import RecordAudit, UserErased
from shared.testing import audited, body, client_as, published
from vendor_service.actions import applications, documents
from vendor_service.models import Application, Document, DocumentContent

pytestmark = pytest.mark.django_db
PATH = "/api/v1/vendor-applications"
ADMIN_PATH = "/api/v1/admin/vendor-applications"


def applicant(application: Application) -> Any:
    return client_as("customer", user_id=application.user_id)


def upload(application: Application, content: bytes = PDF, name: str = "licence.pdf", **fields: Any) -> Any:
    form = {"title": "Trade licence", "file": SimpleUploadedFile(name, content), **fields}
    return applicant(application).post(f"{PATH}/{application.id}/documents", form, format="multipart")


def admin_post(document: Document, verb: str, **given: str) -> Any:
    path = f"{ADMIN_PATH}/{document.application_id}/documents/{document.id}/{verb}"
    return client_as("admin", user_id=ADMIN).post(path, given)


def test_a_pdf_is_kept_and_comes_back_as_a_download() -> None:
    application = make_application()

    made = upload(application)
    file = applicant(application).get(f"{made['Location']}/file")

    assert made.status_code == 201
    assert body(made) == body(applicant(application).get(made["Location"]))
    assert (body(made)["status"], body(made)["content_type"]) == ("waiting", "application/pdf")
    assert (file.content, file["Content-Type"]) == (PDF, "application/pdf")
    assert file["Content-Disposition"] == f'attachment; filename="document-{body(made)["id"]}.pdf"'
    assert file["X-Content-Type-Options"] == "nosniff"
    assert file["Cache-Control"] == "private, no-store"
    assert "sandbox" in file["Content-Security-Policy"]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_of_a_picture_only_the_pixels_are_kept(kind: str) -> None:
    application = make_application()
    exif = Image.Exif()
    exif[0x010E] = "SECRET PLACE"

    made = upload(application, a_picture(kind, exif=exif) + b"<script>", "passport.png")
    file = applicant(application).get(f"{made['Location']}/file")

    assert file["Content-Type"] == "image/jpeg"
    assert b"SECRET" not in file.content
    assert b"<script>" not in file.content
    assert Image.open(io.BytesIO(file.content)).size == (40, 20)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"<html><script>", b"%PDF-1.7 without an end", b"\x89PNG\r\n\x1a\n broken", b"GIF89a", b"PK\x03\x04",
        b"x%PDF-1.7 %%EOF",
    ],
)  # fmt: skip
def test_what_is_neither_is_refused_whatever_its_name_says(content: bytes) -> None:
    answer = upload(make_application(), content, "licence.pdf")

    assert (answer.status_code, list(body(answer)["errors"])) == (400, ["file"])
    assert not DocumentContent.objects.exists()


def test_too_many_bytes_and_too_many_pixels_are_refused(settings: Any) -> None:
    application = make_application()
    settings.DOCUMENT_MAX_BYTES, settings.DOCUMENT_MAX_PIXELS = 5_000, 100

    answers = [upload(application, PDF + b" " * 5_000), upload(application, a_picture())]

    assert [list(body(answer)["errors"]) for answer in answers] == [["file"]] * 2


@pytest.mark.parametrize(("fields", "field"), [({"title": ""}, "title"), ({"status": "accepted"}, "status")])
def test_a_wrong_form_is_refused_by_name(fields: dict[str, str], field: str) -> None:
    answer = upload(make_application(), **fields)

    assert (answer.status_code, list(body(answer)["errors"])) == (400, [field])


def test_there_is_a_limit_to_documents_and_a_rejected_application_takes_none(settings: Any) -> None:
    settings.DOCUMENTS_PER_APPLICATION = 1
    application, rejected = make_application(), make_application()
    applications.reject(application_id=rejected.id, admin_id=ADMIN, reason="No.")

    answers = [upload(application), upload(application), upload(rejected)]

    assert [answer.status_code for answer in answers] == [201, 409, 409]
    assert [body(answer)["code"] for answer in answers[1:]] == ["too_many_documents", "already_decided"]


def test_nobody_else_sees_them_in_any_way() -> None:
    application, other = make_application(), make_application()
    document = make_document(application)
    path = f"{PATH}/{application.id}/documents"

    for client in (applicant(other), client_as("vendor", vendor_id=uuid4()), client_as("support")):
        for one in (path, f"{path}/{document.id}", f"{path}/{document.id}/file"):
            assert client.get(one).status_code == 404
        assert client.delete(f"{path}/{document.id}").status_code == 404
        assert client.post(path, {"title": "x"}, format="multipart").status_code == 404
    assert client_as().get(f"{path}/{document.id}/file").status_code == 401
    admins = f"{ADMIN_PATH}/{application.id}/documents"
    for one in (admins, f"{admins}/{document.id}/file"):
        assert client_as("support").get(one).status_code == 403
        assert applicant(application).get(one).status_code == 403
    mixed = f"{PATH}/{other.id}/documents/{document.id}"
    assert applicant(other).get(f"{mixed}/file").status_code == 404
    assert applicant(other).delete(mixed).status_code == 404


def test_once_approved_they_are_the_vendors_but_not_its_staffs() -> None:
    vendor = make_vendor()
    make_document(vendor.application)
    path = f"{PATH}/{vendor.application_id}/documents"
    people = {role: make_member(vendor, role).user_id for role in ("manager", "staff")}

    answers = {role: client_as("vendor", user_id=one, vendor_id=vendor.id).get(path) for role, one in people.items()}

    assert len(body(answers["manager"])["results"]) == 1
    assert answers["staff"].status_code == 404


def test_an_admin_who_looks_at_one_is_on_record() -> None:
    document = make_document(make_application())

    file = client_as("admin", user_id=ADMIN).get(f"{ADMIN_PATH}/{document.application_id}/documents/{document.id}/file")

    assert file.content == PDF
    assert ("vendor.document.read", "document") in audited()
    assert published(RecordAudit)[-1].actor_id == ADMIN


def test_a_document_is_decided_once_and_stays() -> None:
    first, second = (make_document(application) for application in (make_application(), make_application()))

    assert body(admin_post(first, "accept"))["status"] == "accepted"
    assert list(body(admin_post(second, "refuse"))["errors"]) == ["reason"]
    refused = body(admin_post(second, "refuse", reason="Not readable."))
    assert (refused["status"], refused["reason"]) == ("refused", "Not readable.")

    again = [admin_post(first, "refuse", reason="No."), admin_post(second, "accept")]
    client = applicant(first.application)
    again.append(client.delete(f"{PATH}/{first.application_id}/documents/{first.id}"))
    assert {(answer.status_code, body(answer)["code"]) for answer in again} == {(409, "document_decided")}
    assert {"vendor.document.accept", "vendor.document.refuse"} <= {action for action, _kind in audited()}


def test_until_then_it_may_be_taken_back() -> None:
    document = make_document(make_application())

    answer = applicant(document.application).delete(f"{PATH}/{document.application_id}/documents/{document.id}")

    assert answer.status_code == 204
    assert not DocumentContent.objects.exists()


def test_documents_go_with_the_account() -> None:
    waiting, vendor, other = make_application(), make_vendor(), make_application()
    manager = make_member(vendor, "manager")
    for application in (waiting, vendor.application, other):
        make_document(application)
    documents.add(application_id=vendor.application_id, user_id=manager.user_id, title="Ours", upload=io.BytesIO(PDF))

    for user_id in (waiting.user_id, manager.user_id):
        hear(UserErased(user_id=user_id))
    assert Document.objects.count() == DocumentContent.objects.count() == 2
    hear(UserErased(user_id=vendor.owner_id))

    assert Document.objects.get().application_id == other.id
    assert DocumentContent.objects.count() == 1


def test_a_list_reads_no_file(django_assert_max_num_queries: Any) -> None:
    application = make_application()
    for _ in range(3):
        make_document(application)

    with django_assert_max_num_queries(2) as asked:
        assert len(body(applicant(application).get(f"{PATH}/{application.id}/documents"))["results"]) == 3
    assert not any("document_content" in one["sql"] for one in asked.captured_queries)
