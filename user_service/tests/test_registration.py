"""From the form to the verified address."""

from datetime import timedelta
from typing import Any

import pytest
from conftest import PASSWORD, Register, in_parallel, sign_in
from django.conf import LazySettings
from django.utils import timezone
from rest_framework.test import APIClient

from shared.contracts.user import EmailCodeIssued, EmailRegisteredAgain, UserErased, UserRegistered
from shared.testing import body, published
from user_service.actions import erasure
from user_service.models import User

pytestmark = pytest.mark.django_db

REGISTER, VERIFY = "/api/v1/auth/register", "/api/v1/auth/verify-email"
OTHER = "another long passphrase 7"
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
        ({"email": "a@ex\u202eample.com", "first_name": "Ada\nBcc: all", "last_name": "King\u202egnik"},
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


@pytest.fixture
def hidden(settings: LazySettings) -> None:
    settings.REGISTRATION_HIDES_ACCOUNTS = True


@pytest.mark.parametrize("verified", [True, False])
def test_an_address_that_is_taken_is_refused(make_account: Register, verified: bool) -> None:
    make_account(verified=verified)

    response = register(password=OTHER, password_confirm=OTHER)

    assert (response.status_code, body(response)["code"]) == (400, "email_taken")
    assert list(body(response)["errors"]) == ["email"]
    assert User.objects.get().has_password(PASSWORD)


@pytest.mark.usefixtures("hidden")
def test_an_address_has_one_account_however_it_is_written(make_account: Register) -> None:
    make_account()

    response = register(email="  ADA@Example.COM ", first_name="Eve")

    assert (response.status_code, User.objects.count()) == (201, 1)
    assert sign_in(APIClient(), "Ada@EXAMPLE.com")["user"]["email"] == "ada@example.com"
    assert User.objects.get().first_name == "Ada"


@pytest.mark.usefixtures("hidden")
def test_nobody_learns_from_registering_whether_an_address_has_an_account(make_account: Register) -> None:
    make_account("proved@example.com")
    make_account("waits@example.com", verified=False)
    make_account("disabled@example.com")
    User.objects.filter(email="disabled@example.com").update(active=False)
    accounts = {str(one) for one in User.objects.values_list("id", flat=True)}

    answers = {name: register(email=f"{name}@example.com") for name in ("nobody", "proved", "waits", "disabled")}

    shown = [body(answer) for answer in answers.values()]
    assert {(answer.status_code, answer["Location"]) for answer in answers.values()} == {(201, "/api/v1/users/me")}
    assert {tuple(one) for one in shown} == {("id", "email", "first_name", "last_name", "roles")}
    assert [one["email"].partition("@")[0] for one in shown] == list(answers)
    assert {(one["first_name"], one["last_name"], *one["roles"]) for one in shown} == {("Ada", "Buyer", "customer")}
    assert [one["id"] for one in shown if one["id"] in accounts] == []


@pytest.mark.usefixtures("hidden")
def test_only_the_owner_of_a_proved_address_hears_that_it_was_registered_again(make_account: Register) -> None:
    signed_in = make_account()
    before = User.objects.values().get()
    codes = len(published(EmailCodeIssued))

    register(password=OTHER, password_confirm=OTHER)

    assert [(told.email, str(told.user_id)) for told in published(EmailRegisteredAgain)] == [
        ("ada@example.com", signed_in["user"]["id"])
    ]
    assert (User.objects.values().get(), len(published(EmailCodeIssued))) == (before, codes)


def test_a_weak_password_is_refused_whoever_has_the_address(make_account: Register) -> None:
    make_account()

    answers = [register(email=f"{name}@example.com", password="ada.buyer", password_confirm="ada.buyer") for name in
               ("ada", "nobody")]  # fmt: skip

    assert [(answer.status_code, list(body(answer)["errors"])) for answer in answers] == [(400, ["password"])] * 2


@pytest.mark.usefixtures("hidden")
def test_registering_is_limited_whoever_has_the_address(make_account: Register, settings: LazySettings) -> None:
    make_account()
    settings.CODES_PER_HOUR = 2

    answers = [[register(email=f"{name}@example.com").status_code for _ in range(3)] for name in ("ada", "nobody")]

    assert answers == [[201, 429, 429], [201, 201, 429]]


@pytest.mark.django_db(transaction=True)
def test_two_registrations_of_one_address_at_once_make_one_account() -> None:
    answers = in_parallel(6, lambda _number: register())

    assert sorted(answer.status_code for answer in answers) == [201, 400, 400, 400, 400, 400]
    assert (User.objects.count(), len(published(UserRegistered))) == (1, 1)
    code = published(EmailCodeIssued)[-1].code
    assert APIClient().post(VERIFY, {"email": FORM["email"], "code": code}).status_code == 200
    assert "access" in sign_in(APIClient())


@pytest.mark.usefixtures("hidden")
def test_the_same_person_registers_again_and_mends_the_name(make_account: Register) -> None:
    make_account(verified=False)

    again = register(first_name="Augusta")
    proved = prove()

    assert (again.status_code, body(proved)["password_reset_required"]) == (201, False)
    assert sign_in(APIClient())["user"]["first_name"] == "Augusta"


def prove(email: str = "ada@example.com") -> Any:
    """With the newest code in the mailbox."""
    code = next(told.code for told in reversed(published(EmailCodeIssued)) if told.email == email)
    return APIClient().post(VERIFY, {"email": email, "code": code})


def log_in(password: str) -> tuple[int, str | None]:
    answer = APIClient().post("/api/v1/auth/login", {"email": "ada@example.com", "password": password})
    return answer.status_code, body(answer).get("code")


@pytest.mark.usefixtures("hidden")
@pytest.mark.parametrize(("first", "second"), [(PASSWORD, OTHER), (OTHER, PASSWORD)])
def test_of_two_strangers_with_one_address_only_the_mailbox_gets_in(first: str, second: str) -> None:
    """Whoever came first, and whichever mail the owner of the address takes the code from."""
    register(password=first, password_confirm=first)
    register(password=second, password_confirm=second, first_name="Eve")

    proved = prove()
    refused = [log_in(password) for password in (first, second)]
    chosen = "a passphrase of the mailbox 9"
    reset = published(EmailCodeIssued)[-1]
    form = {"email": "ada@example.com", "code": reset.code, "password": chosen}
    done = APIClient().post("/api/v1/auth/password-reset/confirm", form)

    assert (proved.status_code, body(proved)["password_reset_required"]) == (200, True)
    assert refused == [(403, "password_reset_required"), (401, "invalid_credentials")]
    assert (reset.purpose, done.status_code) == ("password_reset", 200)
    assert [log_in(password)[0] for password in (first, second, chosen)] == [401, 401, 200]
    assert User.objects.get().first_name == "Ada"


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


@pytest.mark.usefixtures("hidden")
def test_what_nobody_proves_is_forgotten_and_the_address_is_free(make_account: Register) -> None:
    make_account("proved@example.com")
    make_account(verified=False)
    make_account("young@example.com", verified=False)
    week_ago = timezone.now() - timedelta(days=7, minutes=1)
    User.objects.exclude(email="young@example.com").update(created_at=week_ago)

    assert [erasure.forget_unproved(), erasure.forget_unproved()] == [1, 0]

    assert set(User.objects.present().values_list("email", flat=True)) == {"proved@example.com", "young@example.com"}
    assert [told.user_id for told in published(UserErased)] == [User.objects.get(email__startswith="deleted").id]
    register(password=OTHER, password_confirm=OTHER)
    assert body(prove())["password_reset_required"] is False
    assert log_in(OTHER)[0] == 200
