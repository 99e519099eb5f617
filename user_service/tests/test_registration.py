"""From the form to the verified address."""

from typing import Any

import pytest
from conftest import PASSWORD, Register, in_parallel, sign_in
from django.conf import LazySettings
from rest_framework.test import APIClient

from shared.contracts.user import EmailCodeIssued, UserRegistered
from shared.testing import body, published
from user_service.models import User

pytestmark = pytest.mark.django_db

REGISTER, VERIFY = "/api/v1/auth/register", "/api/v1/auth/verify-email"
NAMES = {"first_name": "Ada", "last_name": "Buyer"}
FORM = {"email": "ada@example.com", "password": PASSWORD, "password_confirm": PASSWORD, **NAMES}


def register(**changes: Any):
    return APIClient().post(REGISTER, {**FORM, **changes})


def test_the_journeys_first_steps_answer_what_is_fixed() -> None:
    registered = register()
    code = published(EmailCodeIssued)[0].code
    verified = APIClient().post(VERIFY, {"email": "ada@example.com", "code": code})
    signed_in = sign_in(APIClient())

    assert (registered.status_code, registered["Location"]) == (201, "/api/v1/users/me")
    account = {"id": str(User.objects.get().id), "email": "ada@example.com", **NAMES, "roles": ["customer"]}
    assert body(registered) == account
    assert verified.status_code == 200
    assert signed_in.keys() == {"access", "refresh", "user"}
    assert account.items() <= signed_in["user"].items()


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"email": "no", "password": "short", "password_confirm": "x", "first_name": "", "admin": True},
         {"email", "password", "password_confirm", "first_name", "admin"}),
        ({"email": None, "password": 5 * [1], "last_name": {}}, {"email", "password", "password_confirm", "last_name"}),
        ({"email": "a" * 64 + "@" + "b." * 100 + "com"}, {"email"}),
        ({"email": "a@" + "\ufdfa" * 40 + ".com"}, {"email"}),
        ({"email": "a\x00b@example.com", "first_name": "x" * 10_000, "last_name": "\x00"},
         {"email", "first_name", "last_name"}),
        ({"password": "x" * 129, "password_confirm": "x" * 129}, {"password", "password_confirm"}),
        ({"password": "password1", "password_confirm": "password1"}, {"password"}),
        ({"password": "4815162342", "password_confirm": "4815162342"}, {"password"}),
        ({"roles": ["admin"]}, {"roles"}),
    ],
)  # fmt: skip
def test_an_odd_form_is_refused_by_every_wrong_field(changes: dict[str, Any], wrong: set[str]) -> None:
    response = register(**changes)

    assert (response.status_code, body(response)["code"]) == (400, "invalid")
    assert set(body(response)["errors"]) == wrong
    assert User.objects.count() == 0


@pytest.mark.parametrize("form", [[], "x", 5, None, [FORM]])
def test_what_is_no_form_at_all_is_refused(form: Any) -> None:
    response = APIClient().post(REGISTER, form, format="json")

    assert response.status_code == 400


def test_half_a_surrogate_pair_is_refused() -> None:
    raw = '{"email": "a@example.com", "first_name": "\\ud800"}'

    assert APIClient().post(REGISTER, raw, content_type="application/json").status_code == 400


def test_an_address_has_one_account_however_it_is_written(make_account: Register) -> None:
    make_account()

    response = register(email="  ADA@Example.COM ")

    assert (response.status_code, body(response)["code"]) == (400, "email_taken")
    assert sign_in(APIClient(), "Ada@EXAMPLE.com")["user"]["email"] == "ada@example.com"


@pytest.mark.django_db(transaction=True)
def test_two_registrations_of_one_address_at_once_make_one_account() -> None:
    answers = in_parallel(6, lambda _number: register())

    assert {answer.status_code for answer in answers} <= {201, 400}
    assert (User.objects.count(), len(published(UserRegistered))) == (1, 1)
    code = published(EmailCodeIssued)[-1].code
    assert APIClient().post(VERIFY, {"email": FORM["email"], "code": code}).status_code == 200


def test_the_newer_registration_of_an_unproved_address_wins(make_account: Register) -> None:
    make_account(verified=False)
    other = "another long passphrase 7"

    again = register(password=other, password_confirm=other, first_name="Eve")
    APIClient().post(VERIFY, {"email": FORM["email"], "code": published(EmailCodeIssued)[-1].code})

    assert again.status_code == 201
    assert APIClient().post("/api/v1/auth/login", {"email": FORM["email"], "password": PASSWORD}).status_code == 401
    assert sign_in(APIClient(), password=other)["user"]["first_name"] == "Eve"


def test_a_new_code_voids_the_old_one(make_account: Register) -> None:
    make_account(verified=False)
    old = published(EmailCodeIssued)[-1].code

    resent = APIClient().post(f"{VERIFY}/resend", {"email": "ada@example.com"})
    new = published(EmailCodeIssued)[-1].code

    answers = [APIClient().post(VERIFY, {"email": "ada@example.com", "code": code}) for code in (old, new)]
    assert resent.status_code == 202
    assert answers[1].status_code == 200
    assert answers[0].status_code == (200 if old == new else 400)


def test_asking_for_another_code_tells_nobody_whether_there_is_an_account(make_account: Register) -> None:
    make_account()
    make_account("eve@example.com", verified=False)
    before = len(published(EmailCodeIssued))

    answers = [
        APIClient().post(f"{VERIFY}/resend", {"email": f"{name}@example.com"}) for name in ("ada", "eve", "nobody")
    ]

    assert {(answer.status_code, answer.content) for answer in answers} == {(202, answers[0].content)}
    assert [told.email for told in published(EmailCodeIssued)[before:]] == ["eve@example.com"]


def test_codes_are_not_sent_without_end(settings: LazySettings) -> None:
    settings.CODES_PER_HOUR = 2

    answers = [APIClient().post(f"{VERIFY}/resend", {"email": "a@example.com"}) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert int(answers[2]["Retry-After"]) > 0


def test_a_wrong_code_of_an_account_and_of_nobody_answer_alike(make_account: Register) -> None:
    make_account(verified=False)
    wrong = "000000" if published(EmailCodeIssued)[-1].code != "000000" else "111111"

    answers = [APIClient().post(VERIFY, {"email": f"{name}@example.com", "code": wrong}) for name in ("ada", "nobody")]

    assert [(answer.status_code, body(answer)["code"]) for answer in answers] == [(400, "invalid_code")] * 2
    assert {**body(answers[0]), "request_id": ""} == {**body(answers[1]), "request_id": ""}


@pytest.mark.parametrize("code", ["12345", "1234567", "12345x", "", None, 123456.5, ["123456"], "1\x002345"])
def test_an_odd_code_is_refused(code: Any) -> None:
    response = APIClient().post(VERIFY, {"email": "ada@example.com", "code": code})

    assert (response.status_code, list(body(response)["errors"])) == (400, ["code"])
