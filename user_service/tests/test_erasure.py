"""What is known about me, and having it forgotten."""

import io
import json
from pathlib import Path
from typing import Any

import jwt
import pyotp
import pytest
from conftest import PASSWORD, Register, as_user, make_admin_client, sign_in
from django.apps import apps
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.forms.models import model_to_dict
from PIL import Image as Pillow
from rest_framework.test import APIClient

from shared.contracts.user import EmailCodeIssued, PhoneCodeIssued, SessionsEnded, UserChanged, UserErased
from shared.testing import body, published
from user_service.models import Identity, User, stores

pytestmark = pytest.mark.django_db(transaction=True)

ME, EXPORT = "/api/v1/users/me", "/api/v1/users/me/export"
PHONE, WALLET = "+447400123456", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
HOME = {"name": "Ada Buyer", "line1": "1 Row", "city": "London", "postal_code": "N1 7AA", "country": "GB"}


@pytest.fixture
def media(settings: LazySettings, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = str(tmp_path / "media")
    return tmp_path / "media"


@pytest.fixture
def signed_in(make_account: Register, media: Path) -> dict[str, Any]:
    """Ada, of whom there is something in every table."""
    answer = make_account()
    ada = as_user(answer["access"])
    ada.post(f"{ME}/addresses", HOME)
    ada.post(f"{ME}/wallets", {"address": WALLET, "label": "Cold"})
    ada.post("/api/v1/auth/phone/send", {"phone": PHONE})
    ada.post("/api/v1/auth/phone/verify", {"phone": PHONE, "code": published(PhoneCodeIssued)[-1].code})
    picture = io.BytesIO()
    Pillow.new("RGB", (9, 9)).save(picture, "PNG")
    ada.put(f"{ME}/avatar", {"avatar": SimpleUploadedFile("me.png", picture.getvalue())}, format="multipart")
    Identity.objects.create(user_id=answer["user"]["id"], provider="google", subject="adas-google-id")
    return answer


@pytest.fixture
def ada(signed_in: dict[str, Any]) -> APIClient:
    return as_user(signed_in["access"])


def erase(client: APIClient, password: Any = PASSWORD):
    return client.delete(ME, {"password": password})


def everything() -> str:
    """All that stands in the tables of accounts, outside the outbox and the audit log."""
    rows = [
        model_to_dict(row)
        for model in apps.get_app_config("user_service").get_models()
        if model._meta.db_table != "audit_entry"
        for row in model._default_manager.all()
    ]
    return json.dumps(rows, default=str)


def test_the_export_holds_all_of_it_and_no_secret(ada: APIClient) -> None:
    answer = ada.get(EXPORT)

    held = body(answer)
    assert "attachment" in answer["Content-Disposition"]
    assert answer["Cache-Control"] == "no-store"
    assert (held["profile"]["email"], held["profile"]["phone"]) == ("ada@example.com", PHONE)
    assert [row["line1"] for row in held["addresses"]] == ["1 Row"]
    assert [row["address"] for row in held["wallets"]] == [WALLET]
    assert [row["subject"] for row in held["identities"]] == ["adas-google-id"]
    assert [row["current"] for row in held["sessions"]] == [True]
    assert [row["outcome"] for row in held["login_history"]]
    assert held["two_factor_since"] is None
    assert {"/api/v1/orders", "/api/v1/wishlists"} <= {row["path"] for row in held["elsewhere"]}
    assert User.objects.get().password not in answer.content.decode()


def test_the_export_holds_nothing_of_anybody_else(ada: APIClient, make_account: Register) -> None:
    eve = as_user(make_account("eve@example.com")["access"])

    held = eve.get(EXPORT).content.decode()
    assert [trace for trace in ("ada@example.com", PHONE, WALLET, "1 Row", "adas-google-id") if trace in held] == []
    assert APIClient().get(EXPORT).status_code == 401


def test_nothing_that_leads_to_the_person_is_left(ada: APIClient, media: Path) -> None:
    before = everything()

    answer = erase(ada)

    assert answer.status_code == 204
    for trace in ("ada@example.com", "Buyer", PHONE, WALLET, "1 Row", "adas-google-id", "127.0.0.1"):
        assert trace in before
        assert trace not in everything()
    assert list((media / "avatars").glob("*")) == []


def test_the_others_hear_of_it_after_they_heard_the_last_of_the_account(ada: APIClient) -> None:
    erase(ada)

    told = [type(message) for message in published(UserChanged, UserErased, SessionsEnded)]
    last = published(UserChanged)[-1]
    assert told[-3:] == [UserChanged, UserErased, SessionsEnded]
    assert "ada@example.com" not in last.model_dump_json()
    assert "Buyer" not in last.model_dump_json()
    assert last.active is False


def test_all_sessions_end_at_once(signed_in: dict[str, Any], ada: APIClient) -> None:
    sid = jwt.decode(signed_in["access"], options={"verify_signature": False})["sid"]

    erase(ada)

    assert stores.sessions().exists(f"ended:{sid}")
    assert APIClient().post("/api/v1/auth/refresh", {"refresh": signed_in["refresh"]}).status_code == 401
    assert ada.get(ME).status_code == 404


def test_the_address_is_free_again(ada: APIClient, make_account: Register) -> None:
    erased = User.objects.get().id
    erase(ada)

    make_account()

    assert User.objects.present().get().id != erased
    assert sign_in(APIClient())["user"]["email"] == "ada@example.com"


@pytest.mark.parametrize("password", ["wrong one", "", None, [PASSWORD]])
def test_without_the_password_nothing_is_erased(password: Any, ada: APIClient) -> None:
    answer = erase(ada, password)

    assert (answer.status_code, list(body(answer)["errors"])) == (400, ["password"])
    assert User.objects.present().count() == 1
    assert published(UserErased) == []


@pytest.mark.parametrize(
    ("proof", "wrong"),
    [
        ({}, {"password"}),
        ({"password": PASSWORD, "email_code": "123456"}, {"password"}),
        ({"email_code": "12345"}, {"email_code"}),
        ({"email_code": None, "code": "", "more": 1}, {"email_code", "code", "more"}),
        ({"email_code": "000000"}, {"email_code"}),
    ],
)
def test_an_odd_proof_is_refused_by_every_wrong_field(proof: Any, wrong: set[str], ada: APIClient) -> None:
    answer = ada.delete(ME, proof)

    assert (answer.status_code, set(body(answer)["errors"])) == (400, wrong)
    assert User.objects.present().count() == 1


def test_who_has_no_password_proves_the_mailbox_instead(ada: APIClient) -> None:
    User.objects.update(password="!")

    sent = ada.post(f"{ME}/erasure-code")
    told = published(EmailCodeIssued)[-1]
    refused = [erase(ada).status_code, ada.delete(ME, {"email_code": f"{int(told.code) ^ 1:06d}"}).status_code]
    done = ada.delete(ME, {"email_code": told.code})

    assert (sent.status_code, told.purpose, told.email) == (202, "erase_account", "ada@example.com")
    assert (refused, done.status_code) == ([400, 400], 204)
    assert User.objects.present().count() == 0


def test_a_code_for_something_else_erases_nothing(ada: APIClient) -> None:
    APIClient().post("/api/v1/auth/password-reset", {"email": "ada@example.com"})

    answer = ada.delete(ME, {"email_code": published(EmailCodeIssued)[-1].code})

    assert (answer.status_code, body(answer)["code"]) == (400, "invalid_code")
    assert APIClient().post(f"{ME}/erasure-code").status_code == 401


def test_a_second_factor_is_proved_again_before_an_account_is_erased(ada: APIClient) -> None:
    secret = body(ada.post("/api/v1/auth/two-factor/setup"))["secret"]
    confirmed = ada.post("/api/v1/auth/two-factor/confirm", {"code": pyotp.TOTP(secret).now()})
    recovery = body(confirmed)["recovery_codes"][0]
    ada.post(f"{ME}/erasure-code")
    email_code = published(EmailCodeIssued)[-1].code

    refused = [
        ada.delete(ME, proof | second)
        for proof in ({"password": PASSWORD}, {"email_code": email_code})
        for second in ({}, {"code": "000000"})
    ]
    done = ada.delete(ME, {"password": PASSWORD, "code": recovery})

    assert [(one.status_code, list(body(one)["errors"])) for one in refused] == [(400, ["code"])] * 4
    assert done.status_code == 204


def test_guessing_the_password_is_braked(ada: APIClient, settings: LazySettings) -> None:
    settings.LOGIN_FAILURES = 2

    assert [erase(ada, "guess").status_code for _ in range(3)] == [400, 400, 429]


def test_shops_and_admins_are_handed_over_first(ada: APIClient) -> None:
    User.objects.update(roles=["customer", "vendor"], vendor_id="01890000-0000-7000-8000-000000000000")
    selling = erase(ada)
    User.objects.update(roles=["admin"])
    ruling = erase(ada)

    assert (selling.status_code, body(selling)["code"]) == (409, "still_selling")
    assert (ruling.status_code, body(ruling)["code"]) == (409, "own_account")


def test_an_admin_deletes_as_thoroughly(ada: APIClient, make_account: Register) -> None:
    user = User.objects.get().id

    assert make_admin_client(make_account).delete(f"/api/v1/admin/users/{user}").status_code == 204

    assert [told.user_id for told in published(UserErased)] == [user]
    assert PHONE not in everything()
