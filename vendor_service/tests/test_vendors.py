import json
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from factories import make_vendor

from shared.contracts.user import GrantRole
from shared.contracts.vendor import VendorChanged, VendorStatusChanged
from shared.testing import body, client_as, published
from vendor_service.models import Application, Vendor

pytestmark = pytest.mark.django_db
PATH = "/api/v1/vendors"
ADMIN_PATH = "/api/v1/admin/vendors"


def me(vendor: Vendor) -> Any:
    return client_as("customer", "vendor", user_id=vendor.owner_id, vendor_id=vendor.id)


def by_admin(vendor: Vendor, **changes: Any) -> Any:
    return client_as("admin").patch(f"{ADMIN_PATH}/{vendor.id}", changes)


# ── In public ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_guest_finds_a_vendor_by_slug_and_by_id() -> None:
    vendor = make_vendor()

    by_slug, by_id = (body(client_as().get(f"{PATH}/{name}")) for name in (vendor.slug, vendor.id))

    assert by_slug == by_id
    assert set(by_slug) == {
        "id", "name", "slug", "description", "country", "logo", "banner", "policies", "created_at",
    }  # fmt: skip


def test_only_active_vendors_are_public() -> None:
    shown, hidden = make_vendor(), make_vendor(business_name="Lumen")
    by_admin(hidden, status="suspended")

    assert [row["slug"] for row in body(client_as().get(PATH))["results"]] == [shown.slug]
    assert client_as().get(f"{PATH}/lumen").status_code == 404


@pytest.mark.parametrize("name", ["absent", "%00", "x" * 3_000, str(uuid4()), "ä"])
def test_a_vendor_that_is_not_there_is_not_found(name: str) -> None:
    assert client_as().get(f"{PATH}/{name}").status_code == 404


def test_lists_go_on_with_a_cursor() -> None:
    slugs = sorted(make_vendor().slug for _ in range(3))

    first = body(client_as().get(f"{PATH}?limit=2"))
    second = body(client_as().get(first["next"]))

    assert [row["slug"] for row in first["results"] + second["results"]] == slugs
    assert second["next"] is None


# ── By the owner ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_owner_reads_and_changes_its_own_vendor() -> None:
    vendor = make_vendor()

    changed = me(vendor).patch(f"{PATH}/me", {"name": "Northwind & Daughters", "description": "Lamps since 1990."})

    assert changed.status_code == 200
    assert body(changed) == body(me(vendor).get(f"{PATH}/me/"))
    assert (body(changed)["name"], body(changed)["slug"]) == ("Northwind & Daughters", vendor.slug)
    assert [(told.name, told.version) for told in published(VendorChanged)][1:] == [("Northwind & Daughters", 2)]


def test_a_change_of_nothing_is_not_told() -> None:
    vendor = make_vendor()

    assert me(vendor).patch(f"{PATH}/me", {"name": vendor.name}).status_code == 200
    assert me(vendor).patch(f"{PATH}/me", {}).status_code == 200
    assert len(published(VendorChanged)) == 1


def test_an_owner_does_not_set_its_own_terms() -> None:
    vendor = make_vendor()

    answer = me(vendor).patch(f"{PATH}/me", {"commission_basis_points": 0, "status": "active", "contact_email": "x"})

    assert answer.status_code == 400
    assert set(body(answer)["errors"]) == {"commission_basis_points", "status", "contact_email"}


@pytest.mark.parametrize("path", ["me", "me/balance", "me/payouts", f"me/payouts/{uuid4()}"])
def test_only_vendors_have_a_vendor_of_their_own(path: str) -> None:
    assert client_as().get(f"{PATH}/{path}").status_code == 401
    assert client_as("customer").get(f"{PATH}/{path}").status_code == 403
    assert client_as("vendor").get(f"{PATH}/{path}").status_code == 403


def test_a_vendor_id_that_is_not_known_is_not_found() -> None:
    assert client_as("vendor", vendor_id=uuid4()).get(f"{PATH}/me").status_code == 404


# ── By admins ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_admin_sets_the_commission_and_it_is_told() -> None:
    vendor = make_vendor()

    answer = by_admin(vendor, commission_basis_points=1_250)

    assert body(answer)["commission_basis_points"] == 1_250
    assert [(told.commission_basis_points, told.version) for told in published(VendorChanged)][-1] == (1_250, 2)


def test_a_vendor_is_suspended_reactivated_and_closed() -> None:
    vendor = make_vendor()

    for status in ("suspended", "active", "closed"):
        assert body(by_admin(vendor, status=status))["status"] == status

    assert [told.status for told in published(VendorChanged)] == ["active", "suspended", "active", "closed"]
    assert [told.status for told in published(VendorStatusChanged)] == ["suspended", "active", "closed"]


def test_a_suspended_vendor_reads_why_until_it_is_active_again() -> None:
    vendor = make_vendor()

    by_admin(vendor, status="suspended", reason="We wait for papers.")
    assert body(me(vendor).get(f"{PATH}/me"))["status_reason"] == "We wait for papers."
    by_admin(vendor, status="suspended", reason="Another.", commission_basis_points=900)
    by_admin(vendor, status="active")

    assert body(me(vendor).get(f"{PATH}/me"))["status_reason"] == ""
    assert [told.reason for told in published(VendorStatusChanged)] == ["We wait for papers.", ""]
    assert client_as().get(f"{PATH}/{vendor.slug}").status_code == 200


def test_a_closed_vendor_is_not_suspended() -> None:
    vendor = make_vendor()
    by_admin(vendor, status="closed")

    answer = by_admin(vendor, status="suspended", commission_basis_points=1)

    assert (answer.status_code, body(answer)["code"]) == (409, "illegal_transition")
    vendor.refresh_from_db()
    assert (vendor.status, vendor.commission_basis_points, vendor.version) == ("closed", 1_000, 2)


@pytest.mark.parametrize("points", [-1, 10_001, 10**30, "much", None, True, []])
def test_odd_commissions_are_refused(points: Any) -> None:
    answer = by_admin(make_vendor(), commission_basis_points=points, status="gone")

    assert (answer.status_code, set(body(answer)["errors"])) == (400, {"commission_basis_points", "status"})


def test_admins_list_all_by_status_and_read_one() -> None:
    active, closed = make_vendor(), make_vendor(business_name="Lumen")
    by_admin(closed, status="closed")
    client = client_as("support")

    assert [row["id"] for row in body(client.get(f"{ADMIN_PATH}?status=closed"))["results"]] == [str(closed.id)]
    assert len(body(client.get(ADMIN_PATH))["results"]) == 2
    assert body(client.get(f"{ADMIN_PATH}/{active.id}"))["owner_id"] == str(active.owner_id)


def test_admin_paths_are_for_admins() -> None:
    vendor = make_vendor()
    path = f"{ADMIN_PATH}/{vendor.id}"

    assert client_as().get(ADMIN_PATH).status_code == 401
    assert me(vendor).get(ADMIN_PATH).status_code == 403
    assert me(vendor).patch(path, {"status": "active"}).status_code == 403
    assert client_as("support").patch(path, {"status": "active"}).status_code == 403
    assert client_as("admin").patch(f"{ADMIN_PATH}/{uuid4()}", {"status": "active"}).status_code == 404


# ── The demo marketplace ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_demo_vendors_are_made_once_and_told(tmp_path: Path) -> None:
    given = {
        "id": str(uuid4()),
        "owner_id": str(uuid4()),
        "application_id": str(uuid4()),
        "name": "Lumen",
        "slug": "lumen",
        "description": "Mugs.",
        "contact_email": "owner@lumen.example",
        "country": "DE",
        "payout_currency": "EUR",
        "commission_basis_points": 800,
    }
    file = tmp_path / "marketplace.json"
    file.write_text(json.dumps({"vendors": [given]}))

    for _ in range(2):
        call_command("seed_demo", str(file), stdout=StringIO())

    assert [(str(told.vendor_id), told.commission_basis_points) for told in published()] == [(given["id"], 800)]
    assert Application.objects.get().status == "approved"
    assert not published(GrantRole)


def test_the_openapi_document_names_every_operation() -> None:
    document = body(client_as().get("/internal/openapi.json?format=json"))

    operations = {operation["operationId"] for path in document["paths"].values() for operation in path.values()}
    assert len(operations) == 60
    assert "vendors_me_payouts_request" in operations
