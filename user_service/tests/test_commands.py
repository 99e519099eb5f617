import io
import json
from pathlib import Path

import pytest
from conftest import sign_in
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from shared.context import new_id
from shared.contracts.user import UserChanged
from shared.testing import published
from user_service.models import User

pytestmark = pytest.mark.django_db

VENDOR = {
    "id": str(new_id()), "email": "Vendor@nexus.example", "password": "a demo passphrase 1",
    "first_name": "Vera", "last_name": "Vendor", "roles": ["customer", "vendor"], "vendor_id": str(new_id()),
}  # fmt: skip


def test_the_demo_accounts_are_made_once_and_told(tmp_path: Path) -> None:
    file = tmp_path / "marketplace.json"
    file.write_text(json.dumps({"accounts": [VENDOR]}))

    for _ in range(2):
        call_command("seed_demo", file, verbosity=0)

    user = sign_in(APIClient(), "vendor@nexus.example", VENDOR["password"])["user"]
    assert (user["id"], user["vendor_id"], user["roles"]) == (VENDOR["id"], VENDOR["vendor_id"], VENDOR["roles"])
    assert [told.version for told in published(UserChanged)] == [1]


def test_an_operator_makes_an_admin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", "an operators passphrase 1")

    call_command("create_admin", "Root@example.com", verbosity=0)

    user = sign_in(APIClient(), "root@example.com", "an operators passphrase 1")["user"]
    assert user["roles"] == ["admin", "customer"]


def test_an_admins_password_is_not_weak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", "12345678")

    with pytest.raises(CommandError, match="password"):
        call_command("create_admin", "root@example.com")

    assert User.objects.count() == 0


def test_an_admin_has_an_address_that_one_can_sign_in_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", "an operators passphrase 1")

    with pytest.raises(CommandError, match="notmail is no e-mail address"):
        call_command("create_admin", "notmail")

    assert User.objects.count() == 0


def test_who_has_no_terminal_is_told_where_the_password_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ADMIN_PASSWORD", raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO())

    with pytest.raises(CommandError, match="set ADMIN_PASSWORD"):
        call_command("create_admin", "root@example.com")
