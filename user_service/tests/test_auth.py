import threading
from datetime import timedelta

import jwt
import pytest
from conftest import PASSWORD, Register, as_user, make_admin_client, sign_in
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from shared.context import new_id
from shared.contracts.user import EmailCodeIssued, GrantRole, SessionsEnded, UserChanged, UserRegistered
from shared.testing import body, client_of, deliver, published
from user_service.actions import keys, sessions
from user_service.models import RefreshToken, Session, User, stores
from user_service.subscriptions import SUBSCRIPTIONS

pytestmark = pytest.mark.django_db(transaction=True)


def refresh(token: str, client: APIClient | None = None):
    return (client or APIClient()).post("/api/v1/auth/refresh", {"refresh": token})


def test_registering_tells_it_and_sends_a_code(client: APIClient, make_account: Register) -> None:
    make_account(verified=False)

    assert [message.email for message in published(UserRegistered)] == ["ada@example.com"]
    assert len(published(EmailCodeIssued)[0].code) == 6


def test_nobody_signs_in_before_the_address_is_verified(client: APIClient, make_account: Register) -> None:
    make_account(verified=False)

    response = client.post("/api/v1/auth/login", {"email": "ada@example.com", "password": PASSWORD})

    assert (response.status_code, body(response)["code"]) == (403, "email_not_verified")


def test_a_weak_password_and_two_that_differ_are_refused(client: APIClient) -> None:
    form = {"email": "a@example.com", "first_name": "A", "last_name": "B"}

    weak = client.post("/api/v1/auth/register", {**form, "password": "12345", "password_confirm": "12345"})
    differ = client.post("/api/v1/auth/register", {**form, "password": PASSWORD, "password_confirm": "x"})

    assert body(weak)["errors"].keys() == {"password"}
    assert body(differ)["errors"].keys() == {"password_confirm"}


def test_a_code_is_void_after_five_wrong_tries(client: APIClient, make_account: Register) -> None:
    make_account(verified=False)
    code = published(EmailCodeIssued)[0].code
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(5):
        client.post("/api/v1/auth/verify-email", {"email": "ada@example.com", "code": wrong})

    assert client.post("/api/v1/auth/verify-email", {"email": "ada@example.com", "code": code}).status_code == 400


def test_unknown_addresses_and_wrong_passwords_answer_alike(client: APIClient, make_account: Register) -> None:
    make_account()

    answers = [
        client.post("/api/v1/auth/login", {"email": email, "password": "wrong one"})
        for email in ("ada@example.com", "nobody@example.com")
    ]

    bodies = [{**body(answer), "request_id": ""} for answer in answers]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert bodies[0] == bodies[1]


def test_asking_for_a_reset_tells_nobody_whether_there_is_an_account(client: APIClient, make_account: Register) -> None:
    make_account()

    answers = [
        client.post("/api/v1/auth/password-reset", {"email": email}) for email in ("ada@example.com", "no@example.com")
    ]

    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].content == answers[1].content


def test_a_stranger_who_guesses_is_braked_and_the_victim_elsewhere_is_not(
    client: APIClient, make_account: Register
) -> None:
    make_account()
    wrong = {"email": "ada@example.com", "password": "guess"}
    for _ in range(6):
        last = client.post("/api/v1/auth/login", wrong, headers={"X-Real-IP": "203.0.113.9"})

    right = {"email": "ada@example.com", "password": PASSWORD}
    assert (last.status_code, "Retry-After" in last) == (429, True)
    assert client.post("/api/v1/auth/login", right, headers={"X-Real-IP": "198.51.100.7"}).status_code == 200


def test_a_refresh_token_works_once_and_brings_new_roles(make_account: Register) -> None:
    first = make_account()
    vendor = new_id()
    assert deliver(GrantRole(user_id=first["user"]["id"], role="vendor", vendor_id=vendor), SUBSCRIPTIONS)

    second = body(refresh(first["refresh"]))

    claims = jwt.decode(second["access"], options={"verify_signature": False})
    assert (claims["roles"], claims["vendor_id"]) == (["customer", "vendor"], str(vendor))
    assert jwt.get_unverified_header(second["access"])["typ"] == "at+jwt"
    assert published(UserChanged)[-1].roles == ("customer", "vendor")


def test_a_lost_answer_is_repeated_with_the_same_successor(make_account: Register) -> None:
    first = make_account()["refresh"]

    answers = [body(refresh(first))["refresh"] for _ in range(2)]

    assert answers[0] == answers[1]


def test_twenty_parallel_refreshes_have_one_successor(make_account: Register) -> None:
    token, answers, barrier = make_account()["refresh"], [], threading.Barrier(20)

    def run() -> None:
        barrier.wait()
        answers.append(body(refresh(token))["refresh"])
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(answers)) == 1
    assert RefreshToken.objects.count() == 2


def test_reuse_of_an_old_refresh_token_ends_the_whole_family(make_account: Register) -> None:
    first = make_account()["refresh"]
    second = body(refresh(first))["refresh"]
    RefreshToken.objects.filter(used_at__isnull=False).update(used_at=timezone.now() - timedelta(seconds=11))

    assert refresh(first).status_code == 401
    assert refresh(second).status_code == 401
    assert Session.objects.get().end_reason == "refresh_token_reused"
    assert len(published(SessionsEnded)) == 1


def test_logging_out_marks_the_session_where_the_edge_looks(make_account: Register) -> None:
    signed_in = make_account()
    sid = jwt.decode(signed_in["access"], options={"verify_signature": False})["sid"]

    response = as_user(signed_in["access"]).post("/api/v1/auth/logout", {"refresh": signed_in["refresh"]})

    assert response.status_code == 204
    assert stores.sessions().exists(f"ended:{sid}")
    assert refresh(signed_in["refresh"]).status_code == 401


def test_marks_are_written_anew_after_redis_was_flushed(make_account: Register) -> None:
    signed_in = make_account()
    sid = jwt.decode(signed_in["access"], options={"verify_signature": False})["sid"]
    as_user(signed_in["access"]).post("/api/v1/auth/logout-all")
    stores.sessions().flushdb()

    assert sessions.keep_marks_complete() is True
    assert sessions.keep_marks_complete() is False

    assert stores.sessions().exists(f"ended:{sid}")


def test_the_gateway_learns_of_a_session_from_the_service_itself(make_account: Register) -> None:
    signed_in = make_account()
    sid = jwt.decode(signed_in["access"], options={"verify_signature": False})["sid"]
    gateway = client_of("gateway")
    path = f"/internal/sessions/{sid}"

    assert gateway.get(path).status_code == 204
    assert gateway.get(f"/internal/sessions/{new_id()}").status_code == 404
    assert APIClient().get(path).status_code == 401
    as_user(signed_in["access"]).post("/api/v1/auth/logout-all")
    assert gateway.get(path).status_code == 404


def test_a_changed_password_ends_the_other_sessions(make_account: Register) -> None:
    here = make_account()
    other = sign_in(APIClient())
    new = "another long passphrase 7"

    changed = as_user(here["access"]).post(
        "/api/v1/auth/password-change", {"current_password": PASSWORD, "password": new}
    )

    assert changed.status_code == 200
    assert refresh(other["refresh"]).status_code == 401
    assert refresh(here["refresh"]).status_code == 200


def test_a_reset_code_works_once(client: APIClient, make_account: Register) -> None:
    make_account()
    client.post("/api/v1/auth/password-reset", {"email": "ada@example.com"})
    code, new = published(EmailCodeIssued)[-1].code, "another long passphrase 7"
    form = {"email": "ada@example.com", "code": code, "password": new}

    assert client.post("/api/v1/auth/password-reset/confirm", form).status_code == 200
    assert client.post("/api/v1/auth/password-reset/confirm", form).status_code == 400
    assert "access" in sign_in(client, password=new)


def test_a_disabled_account_is_out_at_once_and_an_admin_cannot_disable_itself(make_account: Register) -> None:
    victim = make_account("victim@example.com")
    admin = make_admin_client(make_account)

    disabled = admin.patch(f"/api/v1/admin/users/{victim['user']['id']}", {"active": False})
    myself = admin.patch(f"/api/v1/admin/users/{User.objects.get(email='root@example.com').id}", {"active": False})

    assert (disabled.status_code, body(disabled)["active"]) == (200, False)
    assert refresh(victim["refresh"]).status_code == 401
    assert myself.status_code == 409


def test_admins_pages_are_closed_to_others(make_account: Register) -> None:
    customer = as_user(make_account()["access"])

    assert customer.get("/api/v1/admin/users").status_code == 403
    assert APIClient().get("/api/v1/admin/users").status_code == 401


def test_another_users_address_is_as_good_as_absent(make_account: Register) -> None:
    mine = as_user(make_account()["access"])
    other = as_user(make_account("eve@example.com")["access"])
    form = {"name": "A", "line1": "1", "city": "C", "postal_code": "N1 7AA", "country": "GB"}
    address = body(mine.post("/api/v1/users/me/addresses", form))

    paths = [f"/api/v1/users/me/addresses/{found}" for found in (address["id"], new_id())]
    assert [other.get(path).status_code for path in paths] == [404, 404]
    assert other.delete(paths[0]).status_code == 404
    assert address["default"] is True


def test_the_profile_is_changed_in_parts_and_told(make_account: Register) -> None:
    me = as_user(make_account()["access"])

    changed = me.patch("/api/v1/users/me", {"first_name": "Augusta"})
    wrong = me.patch("/api/v1/users/me", {"roles": ["admin"], "time_zone": "Nowhere"})

    assert body(changed)["first_name"] == published(UserChanged)[-1].first_name == "Augusta"
    assert body(wrong)["errors"].keys() == {"roles", "time_zone"}


def test_a_rotation_leaves_tokens_of_the_old_key_valid(make_account: Register, settings) -> None:
    old = make_account()["access"]

    keys.prepare()
    new_kid = keys.activate()

    assert as_user(old).get("/api/v1/users/me").status_code == 200
    assert {key["kid"] for key in body(APIClient().get("/api/v1/auth/jwks.json"))["keys"]} == {"k1", new_kid}
    assert keys.retire() == []


def test_without_redis_signing_in_works_and_codes_wait(client: APIClient, make_account: Register, settings) -> None:
    make_account()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    assert "access" in sign_in(client)
    assert client.post("/api/v1/auth/password-reset", {"email": "ada@example.com"}).status_code == 503
