"""Changing a password, and resetting a forgotten one."""

from typing import Any

import pytest
from conftest import PASSWORD, Register, as_user, in_parallel, sign_in
from rest_framework.test import APIClient

from shared.contracts.user import EmailCodeIssued, PasswordChanged
from shared.testing import body, published
from user_service.models import User

pytestmark = pytest.mark.django_db

RESET, CONFIRM = "/api/v1/auth/password-reset", "/api/v1/auth/password-reset/confirm"
CHANGE, NEW = "/api/v1/auth/password-change", "another long passphrase 7"


def reset_code(email: str = "ada@example.com") -> str:
    assert APIClient().post(RESET, {"email": email}).status_code == 202
    return str(published(EmailCodeIssued)[-1].code)


def confirm(code: str, **changes: Any):
    return APIClient().post(CONFIRM, {"email": "ada@example.com", "code": code, "password": NEW} | changes)


def test_a_reset_ends_every_session_and_is_told(make_account: Register) -> None:
    signed_in = make_account()

    response = confirm(reset_code(), password_confirm=NEW)

    assert response.status_code == 200
    assert APIClient().post("/api/v1/auth/refresh", {"refresh": signed_in["refresh"]}).status_code == 401
    assert [told.email for told in published(PasswordChanged)] == ["ada@example.com"]
    assert APIClient().post("/api/v1/auth/login", {"email": "ada@example.com", "password": PASSWORD}).status_code == 401


def test_a_reset_proves_the_address(make_account: Register) -> None:
    make_account(verified=False)

    confirm(reset_code())

    assert "access" in sign_in(APIClient(), password=NEW)


def test_a_code_is_for_its_purpose_and_its_address(make_account: Register) -> None:
    make_account(verified=False)
    to_verify = published(EmailCodeIssued)[-1].code
    make_account("eve@example.com", verified=False)

    assert confirm(to_verify).status_code == 400
    code = reset_code()
    assert confirm(code, email="eve@example.com").status_code == 400
    assert confirm(code).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_code_used_by_two_at_once_works_once(make_account: Register) -> None:
    make_account()
    code = reset_code()

    answers = in_parallel(4, lambda number: confirm(code, password=f"{NEW} {number}").status_code)

    assert sorted(answers) == [200, 400, 400, 400]


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"password": "short", "code": "x", "email": "no", "more": 1}, {"password", "code", "email", "more"}),
        ({"password_confirm": "other"}, {"password_confirm"}),
        ({"password": "password1", "password_confirm": "x"}, {"password", "password_confirm"}),
        ({"password": None, "code": None}, {"password", "code"}),
    ],
)
def test_an_odd_reset_is_refused_by_every_wrong_field(
    make_account: Register, changes: dict[str, Any], wrong: set[str]
) -> None:
    make_account()

    form = {"email": "ada@example.com", "code": "123456", "password": NEW}
    response = APIClient().post(CONFIRM, form | changes)

    assert (response.status_code, set(body(response)["errors"])) == (400, wrong)
    assert User.objects.get().has_password(PASSWORD)


def test_a_weak_password_does_not_cost_the_code(make_account: Register) -> None:
    make_account()
    code = reset_code()

    assert confirm(code, password="short").status_code == 400
    assert confirm(code).status_code == 200


def test_changing_needs_the_present_password(make_account: Register) -> None:
    client = as_user(make_account()["access"])

    response = client.post(CHANGE, {"current_password": "not it", "password": NEW})

    assert (response.status_code, body(response)["code"]) == (400, "wrong_password")
    assert list(body(response)["errors"]) == ["current_password"]
    assert published(PasswordChanged) == []


def test_guessing_the_present_password_is_braked(make_account: Register) -> None:
    client = as_user(make_account()["access"])

    answers = [client.post(CHANGE, {"current_password": f"guess {n}", "password": NEW}) for n in range(7)]

    assert answers[-1].status_code == 429


@pytest.mark.parametrize(
    ("form", "wrong"),
    [
        ({}, {"current_password", "password"}),
        ({"current_password": PASSWORD, "password": "12345678"}, {"password"}),
        ({"current_password": PASSWORD, "password": NEW, "password_confirm": "x"}, {"password_confirm"}),
        ({"current_password": [], "password": {}, "user": "eve"}, {"current_password", "password", "user"}),
    ],
)
def test_an_odd_change_is_refused_by_every_wrong_field(
    make_account: Register, form: dict[str, Any], wrong: set[str]
) -> None:
    response = as_user(make_account()["access"]).post(CHANGE, form)

    assert (response.status_code, set(body(response)["errors"])) == (400, wrong)
    assert User.objects.get().has_password(PASSWORD)


def test_a_password_like_the_own_name_is_refused(make_account: Register) -> None:
    client = as_user(make_account()["access"])

    response = client.post(CHANGE, {"current_password": PASSWORD, "password": "ada@example.com"})

    assert (response.status_code, list(body(response)["errors"])) == (400, ["password"])


@pytest.mark.parametrize("weak", ["ada@example", "buyer.77", "short", "password1", "4815162342"])
@pytest.mark.parametrize("way", ["register", "change", "reset"])
def test_a_weak_password_is_refused_wherever_one_is_chosen(
    weak: str, way: str, client: APIClient, make_account: Register
) -> None:
    """Like the address, like the name, too short, too common, all digits."""
    signed_in = make_account() if way != "register" else {}

    if way == "register":
        form = {"email": "ada@example.com", "first_name": "Ada", "last_name": "Buyer"}
        response = client.post("/api/v1/auth/register", {**form, "password": weak, "password_confirm": weak})
    elif way == "change":
        change = {"current_password": PASSWORD, "password": weak}
        response = as_user(signed_in["access"]).post("/api/v1/auth/password-change", change)
    else:
        client.post("/api/v1/auth/password-reset", {"email": "ada@example.com"})
        form = {"email": "ada@example.com", "code": published(EmailCodeIssued)[-1].code, "password": weak}
        response = client.post("/api/v1/auth/password-reset/confirm", form)

    assert (response.status_code, list(body(response)["errors"])) == (400, ["password"])
