"""Signing in, refreshing, and the list of sessions."""

from datetime import timedelta
from typing import Any

import jwt
import pytest
from conftest import PASSWORD, Register, as_user, in_parallel, sign_in
from django.utils import timezone
from rest_framework.test import APIClient

from shared.context import new_id
from shared.contracts.user import SessionsEnded
from shared.testing import body, published
from user_service.actions import sessions
from user_service.models import RefreshToken, Session, User, stores

pytestmark = pytest.mark.django_db

LOGIN, SESSIONS = "/api/v1/auth/login", "/api/v1/users/me/sessions"
RIGHT = {"email": "ada@example.com", "password": PASSWORD}


def refresh(token: Any):
    return APIClient().post("/api/v1/auth/refresh", {"refresh": token})


def claims(access: str) -> dict[str, Any]:
    return jwt.decode(access, options={"verify_signature": False})


@pytest.mark.parametrize(
    ("form", "wrong"),
    [
        ({}, {"email", "password"}),
        ({"email": "no", "password": "", "remember": True}, {"email", "password", "remember"}),
        ({"email": ["a@example.com"], "password": "x" * 129}, {"email", "password"}),
        ({"email": "a@example.com", "password": "a\x00b"}, {"password"}),
    ],
)
def test_an_odd_login_is_refused_by_every_wrong_field(form: dict[str, Any], wrong: set[str]) -> None:
    response = APIClient().post(LOGIN, form)

    assert (response.status_code, set(body(response)["errors"])) == (400, wrong)


@pytest.mark.parametrize("address", ["garbage", "999.1.1.1", "fe80::1%eth0", "::1", "203.0.113.7"])
def test_any_address_the_edge_tells_is_survived(make_account: Register, address: str) -> None:
    make_account()

    assert APIClient().post(LOGIN, RIGHT, headers={"X-Real-IP": address}).status_code == 200


def test_tokens_are_not_to_be_cached(make_account: Register) -> None:
    token = make_account()["refresh"]

    assert APIClient().post(LOGIN, RIGHT)["Cache-Control"] == refresh(token)["Cache-Control"] == "no-store"


def test_a_disabled_account_is_told_the_same_as_a_wrong_password(make_account: Register) -> None:
    make_account()
    wrong = APIClient().post(LOGIN, {**RIGHT, "password": "wrong one"})
    User.objects.update(active=False)

    disabled = APIClient().post(LOGIN, RIGHT)

    assert disabled.status_code == 401
    assert {**body(disabled), "request_id": ""} == {**body(wrong), "request_id": ""}


def test_an_unproved_address_is_told_only_to_who_knows_the_password(make_account: Register) -> None:
    make_account(verified=False)

    known, guessed = (APIClient().post(LOGIN, {**RIGHT, "password": word}) for word in (PASSWORD, "wrong one"))

    assert [(answer.status_code, body(answer)["code"]) for answer in (known, guessed)] == [
        (403, "email_not_verified"),
        (401, "invalid_credentials"),
    ]


def test_a_refresh_keeps_the_session_and_brings_the_next_token(make_account: Register) -> None:
    first = make_account()

    second = body(refresh(first["refresh"]))
    third = body(refresh(second["refresh"]))

    assert second.keys() == {"access", "refresh"}
    assert len({first["refresh"], second["refresh"], third["refresh"]}) == 3
    assert {claims(answer["access"])["sid"] for answer in (first, second, third)} == {str(Session.objects.get().id)}
    assert as_user(third["access"]).get("/api/v1/users/me").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_two_parallel_refreshes_have_one_successor_and_the_family_lives(make_account: Register) -> None:
    token = make_account()["refresh"]

    answers = in_parallel(2, lambda _number: refresh(token))

    assert [answer.status_code for answer in answers] == [200, 200]
    successors = {body(answer)["refresh"] for answer in answers}
    assert (len(successors), RefreshToken.objects.count()) == (1, 2)
    assert refresh(successors.pop()).status_code == 200


def test_a_lost_answer_may_be_asked_for_again_for_ten_seconds(make_account: Register) -> None:
    token = make_account()["refresh"]
    successor = body(refresh(token))["refresh"]

    RefreshToken.objects.filter(generation=0).update(used_at=timezone.now() - timedelta(seconds=9))
    assert body(refresh(token))["refresh"] == successor

    RefreshToken.objects.filter(generation=0).update(used_at=timezone.now() - timedelta(seconds=10))
    assert [refresh(found).status_code for found in (token, successor)] == [401, 401]


def test_a_stolen_familys_end_leaves_the_other_sessions_alone(make_account: Register) -> None:
    stolen, other = make_account()["refresh"], sign_in(APIClient())["refresh"]
    refresh(stolen)
    RefreshToken.objects.filter(used_at__isnull=False).update(used_at=timezone.now() - timedelta(minutes=1))

    assert refresh(stolen).status_code == 401
    assert refresh(other).status_code == 200


@pytest.mark.parametrize("token", ["x", "", None, 5, ["a"], "a\x00b", "x" * 201, "ü" * 43])
def test_an_odd_refresh_token_is_refused(token: Any) -> None:
    assert refresh(token).status_code in {400, 401}


def test_an_expired_refresh_token_is_refused(make_account: Register) -> None:
    token = make_account()["refresh"]
    RefreshToken.objects.update(expires_at=timezone.now())

    response = refresh(token)

    assert (response.status_code, body(response)["code"]) == (401, "token_not_valid")


def test_logging_out_ends_this_session_and_logging_out_everywhere_all(make_account: Register) -> None:
    here, there, elsewhere = make_account(), sign_in(APIClient()), sign_in(APIClient())

    assert as_user(here["access"]).post("/api/v1/auth/logout").status_code == 204
    assert [refresh(one["refresh"]).status_code for one in (here, there)] == [401, 200]
    assert as_user(there["access"]).post("/api/v1/auth/logout-all").status_code == 204

    assert [refresh(one["refresh"]).status_code for one in (there, elsewhere)] == [401, 401]
    assert [len(told.session_ids) for told in published(SessionsEnded)] == [1, 2]


@pytest.mark.parametrize("form", [{"refresh": 5 * [1]}, {"refresh": "x" * 201}, {"all": True}, [1]])
def test_an_odd_logout_ends_nothing(make_account: Register, form: Any) -> None:
    client = as_user(make_account()["access"])

    assert client.post("/api/v1/auth/logout", form).status_code == 400
    assert Session.objects.filter(ended_at__isnull=True).count() == 1


@pytest.mark.parametrize("path", ["logout", "logout-all", "password-change"])
def test_a_guest_has_nothing_to_end_or_change(path: str) -> None:
    response = APIClient().post(f"/api/v1/auth/{path}", {})

    assert (response.status_code, body(response)["code"]) == (401, "not_authenticated")
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_the_list_shows_live_sessions_and_which_one_this_is(make_account: Register) -> None:
    here = make_account()
    APIClient().post(LOGIN, RIGHT, headers={"User-Agent": "Phone " + "x" * 400, "X-Real-IP": "203.0.113.7"})
    as_user(sign_in(APIClient())["access"]).post("/api/v1/auth/logout")

    listed = body(as_user(here["access"]).get(SESSIONS))["results"]

    assert [row["current"] for row in listed] == [False, True]
    assert (listed[0]["address"], len(listed[0]["user_agent"])) == ("203.0.113.7", 300)


def test_a_session_that_nobody_can_refresh_any_more_is_not_listed(make_account: Register) -> None:
    here = make_account()
    old = claims(sign_in(APIClient())["access"])["sid"]
    Session.objects.filter(id=old).update(last_seen_at=timezone.now() - timedelta(days=8))

    assert len(body(as_user(here["access"]).get(SESSIONS))["results"]) == 1


def test_sessions_are_kept_for_a_month_after_they_were_last_used(make_account: Register) -> None:
    make_account()
    sign_in(APIClient())
    Session.objects.filter(id=Session.objects.first().id).update(last_seen_at=timezone.now() - timedelta(days=31))

    assert [sessions.forget_old_sessions(), sessions.forget_old_sessions()] == [1, 0]

    assert (Session.objects.count(), RefreshToken.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_one_session_is_ended_from_another(make_account: Register) -> None:
    here, there = make_account(), sign_in(APIClient())
    sid = claims(there["access"])["sid"]

    ended = [as_user(here["access"]).delete(f"{SESSIONS}/{sid}") for _ in range(2)]

    assert [answer.status_code for answer in ended] == [204, 204]
    assert [refresh(one["refresh"]).status_code for one in (there, here)] == [401, 200]
    assert stores.sessions().exists(f"ended:{sid}")
    assert len(published(SessionsEnded)) == 1


def test_anothers_session_is_as_good_as_absent(make_account: Register) -> None:
    ada, eve = make_account(), make_account("eve@example.com")

    answers = [
        as_user(eve["access"]).delete(f"{SESSIONS}/{found}") for found in (claims(ada["access"])["sid"], new_id())
    ]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert {**body(answers[0]), "request_id": ""} == {**body(answers[1]), "request_id": ""}
    assert refresh(ada["refresh"]).status_code == 200


def test_a_mended_token_is_refused(make_account: Register) -> None:
    head, payload, signature = make_account()["access"].split(".")
    none = jwt.encode(claims(f"{head}.{payload}.{signature}"), None, algorithm="none")

    tokens = [f"{head}.{payload}.{signature[::-1]}", none, f"{head}.{payload}.", "x", "a.b.c"]

    assert [as_user(token).get("/api/v1/users/me").status_code for token in tokens] == [401] * 5


def test_the_public_keys_are_at_both_places_and_check_the_tokens(make_account: Register) -> None:
    access = make_account()["access"]

    here, there = (APIClient().get(path) for path in ("/api/v1/auth/jwks.json", "/.well-known/jwks.json"))

    assert here.content == there.content
    (key,) = body(here)["keys"]
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("EC", "P-256", "ES256", "sig")
    assert "d" not in key
    checked = jwt.decode(access, jwt.PyJWK(key).key, algorithms=["ES256"], audience="nexus-api", issuer="nexus")
    assert checked["roles"] == ["customer"]
