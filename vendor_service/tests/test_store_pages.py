import io
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from factories import a_picture, make_member, make_vendor
from PIL import Image

from shared.testing import audited, body, client_as
from vendor_service.models import Vendor

pytestmark = pytest.mark.django_db(transaction=True)
ME = "/api/v1/vendors/me"
PLACES = ("logo", "banner")


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = str(tmp_path)
    return tmp_path


def me(vendor: Vendor) -> Any:
    return client_as("customer", "vendor", user_id=vendor.owner_id, vendor_id=vendor.id)


def put(client: Any, place: str, content: bytes | None = None, **fields: str) -> Any:
    form = {"image": SimpleUploadedFile("logo.png", content or a_picture()), **fields}
    return client.put(f"{ME}/{place}", form, format="multipart")


def page(vendor: Vendor) -> Any:
    return body(client_as().get(f"/api/v1/vendors/{vendor.slug}"))


def stored(folder: Path, address: str) -> Path:
    return folder / address.partition("/media/")[2]


def test_everybody_sees_what_the_vendor_made_of_its_page(folder: Path) -> None:
    vendor = make_vendor()
    given = {"description": "Lamps since 1901.", "policies": {"shipping": "In two days.", "returns": "Thirty days."}}

    me(vendor).patch(ME, given)
    logo, banner = (body(put(me(vendor), place))[place] for place in PLACES)

    shown = page(vendor)
    assert shown["description"] == "Lamps since 1901."
    assert shown["policies"] == {"shipping": "In two days.", "returns": "Thirty days.", "privacy": ""}
    assert (shown["logo"], shown["banner"]) == (logo, banner)
    assert all(Image.open(stored(folder, address)).size == (40, 20) for address in (logo, banner))
    (listed,) = body(client_as().get("/api/v1/vendors"))["results"]
    assert listed["logo"] == logo
    assert "contact_email" not in shown


def test_a_policy_changes_alone() -> None:
    vendor = make_vendor()
    me(vendor).patch(ME, {"policies": {"shipping": "In two days.", "privacy": "None."}})

    answer = body(me(vendor).patch(ME, {"policies": {"privacy": ""}}))

    assert answer["policies"] == {"shipping": "In two days.", "returns": "", "privacy": ""}


@pytest.mark.parametrize(
    "policies", [{"refunds": "x"}, {"shipping": "a\x00b"}, {"shipping": "x" * 10_001}, "all", None]
)
def test_a_policy_that_cannot_be_is_refused_by_name(policies: Any) -> None:
    answer = me(make_vendor()).patch(ME, {"policies": policies})

    assert answer.status_code == 400
    assert all(field.startswith("policies") for field in body(answer)["errors"])


@pytest.mark.parametrize("place", PLACES)
def test_a_picture_is_encoded_anew_and_its_old_file_goes(place: str, folder: Path) -> None:
    vendor = make_vendor()
    exif = Image.Exif()
    exif[0x010E] = "SECRET PLACE"

    first = body(put(me(vendor), place, a_picture("JPEG", (3_000, 100), exif=exif)))[place]
    assert b"SECRET" not in stored(folder, first).read_bytes()
    assert max(Image.open(io.BytesIO(stored(folder, first).read_bytes())).size) == {"logo": 512, "banner": 2_400}[place]

    second = body(put(me(vendor), place))[place]
    assert second != first
    assert not stored(folder, first).exists()
    assert me(vendor).delete(f"{ME}/{place}").status_code == 204
    assert me(vendor).delete(f"{ME}/{place}").status_code == 204
    assert page(vendor)[place] is None
    assert not stored(folder, second).exists()
    assert ("vendor.vendor.change", "vendor") in audited()


@pytest.mark.parametrize(
    "content", [b"<svg onload=alert(1)>", b"%PDF-1.7 %%EOF", b"GIF89a", b"\x89PNG\r\n\x1a\n broken"]
)
def test_what_is_no_picture_is_refused(content: bytes, folder: Path) -> None:
    answer = put(me(make_vendor()), "logo", content)

    assert (answer.status_code, list(body(answer)["errors"])) == (400, ["image"])
    assert not list(folder.rglob("*.webp"))


def test_too_many_bytes_and_too_many_pixels_are_refused(settings: Any) -> None:
    vendor = make_vendor()
    settings.STORE_PICTURE_MAX_BYTES = 10
    answers = [put(me(vendor), "logo")]
    settings.STORE_PICTURE_MAX_BYTES, settings.STORE_PICTURE_MAX_PIXELS = 10_000, 10
    answers.append(put(me(vendor), "logo"))

    assert [list(body(answer)["errors"]) for answer in answers] == [["image"]] * 2
    assert list(body(put(me(vendor), "logo", version="9"))["errors"]) == ["version"]


@pytest.mark.parametrize(("role", "status"), [("manager", 200), ("staff", 403)])
def test_managers_change_it_and_staff_do_not(role: str, status: int) -> None:
    vendor = make_vendor()
    client = client_as("vendor", user_id=make_member(vendor, role).user_id, vendor_id=vendor.id)

    assert [put(client, place).status_code for place in PLACES] == [status] * 2
    assert client.patch(ME, {"policies": {"shipping": "x"}}).status_code == status
    assert [client.delete(f"{ME}/{place}").status_code for place in PLACES] == [204 if status == 200 else 403] * 2


def test_strangers_change_nothing() -> None:
    make_vendor()

    assert [put(client_as(), place).status_code for place in PLACES] == [401, 401]
    assert [put(client_as("customer"), place).status_code for place in PLACES] == [403, 403]
