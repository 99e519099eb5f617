"""The second factor, from setting it up to signing in with it."""

import time
from typing import Any
from urllib.parse import unquote
from uuid import UUID
from xml.etree import ElementTree

import pyotp
import pytest
import segno
from conftest import PASSWORD, Register, as_user, in_parallel, sign_in
from django.conf import LazySettings
from rest_framework.test import APIClient

from shared.contracts.user import RecordAudit, SessionsEnded, TwoFactorChanged
from shared.testing import body, published
from user_service.actions import logins, two_factor
from user_service.models import LoginAttempt, RecoveryCode, Session, TwoFactor, User, stores

pytestmark = pytest.mark.django_db

PATH, LOGIN = "/api/v1/auth/two-factor", "/api/v1/auth/login"
RIGHT = {"email": "ada@example.com", "password": PASSWORD}
NEW = "another long passphrase 7"


def later(secret: str, steps: int = 1) -> str:
    """A code one half minute ahead: right, and later than the one that turned the factor on."""
    return pyotp.TOTP(secret).at(int(time.time()), counter_offset=steps)


def turn_on(access: str) -> tuple[str, list[str]]:
    """The secret and the recovery codes."""
    client = as_user(access)
    secret = body(client.post(f"{PATH}/setup"))["secret"]
    answer = client.post(f"{PATH}/confirm", {"code": pyotp.TOTP(secret).now()})
    assert answer.status_code == 200, answer.content
    return secret, body(answer)["recovery_codes"]


def challenge() -> str:
    answer = body(APIClient().post(LOGIN, RIGHT))
    assert answer.keys() == {"two_factor", "challenge"}
    return str(answer["challenge"])


def answer(challenge: str, code: Any, network: str = "203.0.113.7"):
    form = {"challenge": challenge, "code": code}
    return APIClient().post(f"{PATH}/challenge", form, headers={"X-Real-IP": network})


def test_a_secret_is_sealed_and_shown_as_an_address_for_authenticators(make_account: Register) -> None:
    response = as_user(make_account()["access"]).post(f"{PATH}/setup")

    shown = body(response)
    assert (response.status_code, response["Cache-Control"]) == (200, "no-store")
    read = pyotp.parse_uri(shown["provisioning_uri"])
    assert (read.secret, read.name, read.issuer) == (shown["secret"], "ada@example.com", "Nexus")
    assert shown["secret"] not in TwoFactor.objects.get().sealed_secret


def test_the_address_is_a_picture_too(make_account: Register) -> None:
    shown = body(as_user(make_account()["access"]).post(f"{PATH}/setup"))

    kind, _comma, picture = shown["qr_code"].partition(",")
    assert kind == "data:image/svg+xml;charset=utf-8"
    drawn = ElementTree.fromstring(unquote(picture))
    assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
    modules = segno.make(shown["provisioning_uri"], micro=False).symbol_size(scale=4)
    assert (drawn.get("width"), drawn.get("height")) == tuple(map(str, modules))


def test_an_account_says_whether_it_has_a_second_factor(make_account: Register) -> None:
    access = make_account()["access"]
    me = as_user(access)
    me.post(f"{PATH}/setup")

    seen = [body(me.get("/api/v1/users/me"))["two_factor"]]
    _secret, codes = turn_on(access)
    seen += [body(me.get("/api/v1/users/me"))["two_factor"], body(answer(challenge(), codes[0]))["user"]["two_factor"]]

    assert seen == [False, True, True]


def test_the_owner_hears_of_every_change(make_account: Register) -> None:
    access = make_account()["access"]
    secret, _codes = turn_on(access)
    step_up = {"password": PASSWORD, "code": later(secret)}

    as_user(access).post(f"{PATH}/recovery-codes", step_up)
    recovery = RecoveryCode.objects.count()
    as_user(access).post(f"{PATH}/disable", step_up)
    again = as_user(access).post(f"{PATH}/disable", step_up | {"code": "000000"})

    assert (recovery, again.status_code) == (10, 400)
    told = [(one.change, one.email, one.address) for one in published(TwoFactorChanged)]
    assert told == [(change, "ada@example.com", "127.0.0.1") for change in ("on", "recovery_codes")]


def test_a_factor_that_is_not_confirmed_asks_nobody(make_account: Register) -> None:
    as_user(make_account()["access"]).post(f"{PATH}/setup")

    assert "access" in sign_in(APIClient())


def test_confirming_needs_a_right_code_ends_other_sessions_and_answers_recovery_codes(make_account: Register) -> None:
    here, there = make_account(), sign_in(APIClient())
    client = as_user(here["access"])
    secret = body(client.post(f"{PATH}/setup"))["secret"]

    wrong = client.post(f"{PATH}/confirm", {"code": "000000"})
    right = client.post(f"{PATH}/confirm", {"code": pyotp.TOTP(secret).now()})

    assert (wrong.status_code, body(wrong)["code"]) == (400, "invalid_code")
    assert (right.status_code, len(set(body(right)["recovery_codes"]))) == (200, 10)
    assert [told.reason for told in published(SessionsEnded)] == ["two_factor_changed"]
    refreshed = [
        APIClient().post("/api/v1/auth/refresh", {"refresh": one["refresh"]}).status_code for one in (here, there)
    ]
    assert refreshed == [200, 401]


def test_what_is_on_is_not_set_up_again_and_what_is_off_cannot_be_confirmed(make_account: Register) -> None:
    access = make_account()["access"]
    off = as_user(access).post(f"{PATH}/confirm", {"code": "123456"})
    turn_on(access)

    again = [
        as_user(access).post(f"{PATH}/{step}", form) for step, form in (("setup", {}), ("confirm", {"code": "123456"}))
    ]

    assert (off.status_code, body(off)["code"]) == (409, "two_factor_off")
    assert [(one.status_code, body(one)["code"]) for one in again] == [(409, "two_factor_on")] * 2


def test_signing_in_takes_both_factors(make_account: Register) -> None:
    secret, _codes = turn_on(make_account()["access"])
    sessions_before = Session.objects.count()

    asked = challenge()
    none_yet = Session.objects.count()
    response = answer(asked, later(secret))

    assert none_yet == sessions_before
    assert (response.status_code, response["Cache-Control"]) == (200, "no-store")
    assert body(response).keys() == {"access", "refresh", "user"}
    assert as_user(body(response)["access"]).get("/api/v1/users/me").status_code == 200


def test_a_challenge_is_used_once(make_account: Register) -> None:
    secret, codes = turn_on(make_account()["access"])
    asked = challenge()
    answer(asked, later(secret))

    again = answer(asked, codes[0])

    assert (again.status_code, body(again)["code"]) == (401, "challenge_not_valid")


def test_a_code_is_used_once_also_with_another_challenge(make_account: Register) -> None:
    secret, _codes = turn_on(make_account()["access"])
    first, second, code = challenge(), challenge(), later(secret)

    answers = [answer(asked, code).status_code for asked in (first, second)]

    assert answers == [200, 400]


@pytest.mark.django_db(transaction=True)
def test_one_code_in_parallel_signs_in_once(make_account: Register) -> None:
    secret, _codes = turn_on(make_account()["access"])
    asked, code = [challenge() for _ in range(4)], later(secret)

    answers = in_parallel(4, lambda number: answer(asked[number], code).status_code)

    assert sorted(answers) == [200, 400, 400, 400]


@pytest.mark.django_db(transaction=True)
def test_one_challenge_in_parallel_signs_in_once_whatever_the_codes(make_account: Register) -> None:
    _secret, codes = turn_on(make_account()["access"])
    asked = challenge()

    answers = in_parallel(4, lambda number: answer(asked, codes[number]).status_code)

    assert sorted(answers) == [200, 401, 401, 401]
    assert RecoveryCode.objects.filter(used_at__isnull=False).count() == 1


def test_a_recovery_code_works_once_however_it_is_written(make_account: Register) -> None:
    _secret, codes = turn_on(make_account()["access"])

    answers = [
        answer(challenge(), written).status_code
        for written in (f" {codes[0].replace('-', ' ').upper()} ", codes[0], codes[1])
    ]

    assert answers == [200, 400, 200]
    assert codes[1] not in str(list(RecoveryCode.objects.values_list("digest", flat=True)))


def test_guessing_is_braked_and_the_owner_elsewhere_is_not(make_account: Register) -> None:
    secret, _codes = turn_on(make_account()["access"])
    asked = challenge()

    guesses = [answer(asked, "000000", "203.0.113.9") for _ in range(8)]
    owner = answer(challenge(), later(secret), "198.51.100.7")

    assert [one.status_code for one in guesses] == [400] * 5 + [429] * 3
    assert int(guesses[-1]["Retry-After"]) > 0
    assert owner.status_code == 200


def test_a_new_challenge_does_not_buy_new_guesses(make_account: Register) -> None:
    turn_on(make_account()["access"])

    guesses = [answer(challenge(), "000000").status_code for _ in range(6)]

    assert guesses == [400] * 5 + [429]


def test_a_challenge_has_few_tries_from_however_many_networks(make_account: Register) -> None:
    secret, _codes = turn_on(make_account()["access"])
    asked = challenge()
    for number in range(5):
        answer(asked, "000000", f"203.0.113.{number}")

    right = answer(asked, later(secret), "198.51.100.7")

    assert (right.status_code, body(right)["code"]) == (401, "challenge_not_valid")


def test_a_new_password_voids_challenges(make_account: Register) -> None:
    secret, _codes = turn_on(make_account()["access"])
    asked = challenge()
    user = User.objects.get()
    user.set_password(NEW)
    user.save()

    assert answer(asked, later(secret)).status_code == 401


def test_without_redis_the_second_factor_stays_closed(make_account: Register, settings: LazySettings) -> None:
    secret, _codes = turn_on(make_account()["access"])
    asked = challenge()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    refused = [APIClient().post(LOGIN, RIGHT), answer(asked, later(secret))]

    assert [one.status_code for one in refused] == [503, 503]
    assert TwoFactor.objects.get().last_step < time.time() // 30 + 1


def test_a_challenge_ends_by_itself(make_account: Register, settings: LazySettings) -> None:
    turn_on(make_account()["access"])
    challenge()

    (key,) = stores.own().keys("challenge:*")

    assert 0 < stores.own().ttl(key) <= settings.CHALLENGE_LIFETIME.total_seconds()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"password": "not it"}, (400, "wrong_password")),
        ({"code": "000000"}, (400, "invalid_code")),
        ({"code": None}, (400, "invalid")),
        ({"password": None, "more": 1}, (400, "invalid")),
    ],
)
@pytest.mark.parametrize("step", ["disable", "recovery-codes"])
def test_stepping_up_needs_password_and_code(
    make_account: Register, step: str, changes: dict[str, Any], expected: tuple[int, str]
) -> None:
    access = make_account()["access"]
    secret, _codes = turn_on(access)

    response = as_user(access).post(f"{PATH}/{step}", {"password": PASSWORD, "code": later(secret)} | changes)

    assert (response.status_code, body(response)["code"]) == expected
    assert TwoFactor.objects.get().on


@pytest.mark.parametrize("wrong", [{"password": "not it"}, {"code": "000000"}])
def test_guessing_while_stepping_up_is_braked(make_account: Register, wrong: dict[str, str]) -> None:
    access = make_account()["access"]
    secret, _codes = turn_on(access)
    form = {"password": PASSWORD, "code": later(secret)}

    answers = [as_user(access).post(f"{PATH}/disable", form | wrong).status_code for _ in range(6)]

    assert answers == [400] * 5 + [429]


def test_turning_it_off_ends_other_sessions_and_asks_nobody_any_more(make_account: Register) -> None:
    access = make_account()["access"]
    secret, codes = turn_on(access)
    other = body(answer(challenge(), codes[0]))

    response = as_user(access).post(f"{PATH}/disable", {"password": PASSWORD, "code": later(secret)})

    assert response.status_code == 204
    assert APIClient().post("/api/v1/auth/refresh", {"refresh": other["refresh"]}).status_code == 401
    assert "access" in sign_in(APIClient())
    assert (TwoFactor.objects.count(), RecoveryCode.objects.count()) == (0, 0)
    assert [told.change for told in published(TwoFactorChanged)] == ["on", "off"]


def test_new_recovery_codes_void_the_old_ones(make_account: Register) -> None:
    access = make_account()["access"]
    secret, old = turn_on(access)

    response = as_user(access).post(f"{PATH}/recovery-codes", {"password": PASSWORD, "code": later(secret)})

    new = body(response)["recovery_codes"]
    assert (response.status_code, len(new), set(new) & set(old)) == (200, 10, set())
    assert [answer(challenge(), code).status_code for code in (old[1], new[1])] == [400, 200]


def test_secrets_outlive_a_new_secret_key(make_account: Register, settings: LazySettings) -> None:
    secret, _codes = turn_on(make_account()["access"])
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the next one", [settings.SECRET_KEY]

    assert [two_factor.seal_anew(), two_factor.seal_anew()] == [1, 0]
    settings.SECRET_KEY_FALLBACKS = []

    assert TwoFactor.objects.get().secret == secret


@pytest.mark.parametrize("code", ["", None, [], "x" * 41, "a\x00b", "1" * 5, "½½½½½½", "١٢٣٤٥٦", 5, True])
def test_an_odd_code_is_refused(make_account: Register, code: Any) -> None:
    turn_on(make_account()["access"])

    assert answer(challenge(), code).status_code == 400


@pytest.mark.parametrize("odd", ["x", "", None, "x" * 101, "a\x00b", [1], str(UUID(int=1))])
def test_an_odd_challenge_is_refused(odd: Any) -> None:
    assert answer(odd, "123456").status_code in {400, 401}


@pytest.mark.parametrize("step", ["setup", "confirm", "disable", "recovery-codes"])
def test_guests_have_no_second_factor(step: str) -> None:
    assert APIClient().post(f"{PATH}/{step}", {}).status_code == 401


def test_a_disabled_account_cannot_finish_a_login(make_account: Register) -> None:
    secret, _codes = turn_on(make_account()["access"])
    asked = challenge()
    User.objects.update(active=False)

    assert answer(asked, later(secret)).status_code == 401


def test_failed_second_factors_stand_in_the_login_history(make_account: Register) -> None:
    turn_on(make_account()["access"])
    LoginAttempt.objects.all().delete()
    asked = challenge()
    for _ in range(6):
        answer(asked, "000000")

    logins.keep_failures()

    outcomes = list(LoginAttempt.objects.order_by("id").values_list("outcome", flat=True))
    assert outcomes == ["two_factor_failed"] * 5 + ["blocked"]


def test_many_networks_together_do_not_guess_without_end_and_a_familiar_one_is_free(
    make_account: Register, settings: LazySettings
) -> None:
    secret, _codes = turn_on(make_account()["access"])
    settings.CHALLENGE_TRIES_OF_ACCOUNT = 7
    Session.objects.update(address="198.51.100.7")

    guesses = [answer(challenge(), "000000", f"203.0.113.{number}").status_code for number in range(9)]
    owner = answer(challenge(), later(secret), "198.51.100.7")

    assert guesses == [400] * 7 + [429] * 2
    assert owner.status_code == 200


def test_what_changes_the_second_factor_is_audited(make_account: Register) -> None:
    access = make_account()["access"]
    secret, _codes = turn_on(access)

    as_user(access).post(f"{PATH}/disable", {"password": PASSWORD, "code": later(secret)})

    recorded = [entry.action for entry in published(RecordAudit)]
    assert [action for action in recorded if "two_factor" in action] == [
        "user.two_factor.enable",
        "user.two_factor.disable",
    ]
