"""Accounts as admins see and change them."""

from typing import Any

import pytest
from conftest import Register, as_user, make_admin_client, sign_in
from rest_framework.test import APIClient

from shared.context import new_id
from shared.contracts.user import RecordAudit, SessionsEnded, UserChanged
from shared.testing import body, client_as, published
from user_service.models import User, stores

pytestmark = pytest.mark.django_db(transaction=True)

USERS = "/api/v1/admin/users"


def refresh(token: str):
    return APIClient().post("/api/v1/auth/refresh", {"refresh": token})


def test_accounts_are_listed_newest_first_found_and_filtered(make_account: Register) -> None:
    for name in ("ada", "bob"):
        make_account(f"{name}@example.com")
    admin = make_admin_client(make_account)
    User.objects.filter(email="bob@example.com").update(active=False)

    def listed(query: str = "") -> list[str]:
        return [row["email"].partition("@")[0] for row in body(admin.get(USERS + query))["results"]]

    assert listed() == ["root", "bob", "ada"]
    assert listed("?search=BOB") == ["bob"]
    assert listed("?search=buyer+ada@") == ["ada"]
    assert listed("?search=%25") == []
    assert listed("?role=admin") == ["root"]
    assert listed("?active=false") == ["bob"]
    assert listed("?limit=1") == ["root"]


@pytest.mark.parametrize("query", ["role=king", "active=maybe", "search=%00", "search=" + "x" * 101, "colour=red"])
def test_an_odd_filter_is_refused(make_account: Register, query: str) -> None:
    response = make_admin_client(make_account).get(f"{USERS}?{query}")

    assert (response.status_code, list(body(response)["errors"])) == (400, [query.partition("=")[0]])


def test_one_account_is_read_and_an_unknown_one_is_absent(make_account: Register) -> None:
    ada = make_account()["user"]
    admin = make_admin_client(make_account)

    assert body(admin.get(f"{USERS}/{ada['id']}")) == ada
    for ask in (admin.get, admin.delete, lambda path: admin.patch(path, {"active": False})):
        assert ask(f"{USERS}/{new_id()}").status_code == 404
    assert admin.post(f"{USERS}/{new_id()}/logout-all").status_code == 404


def test_new_roles_end_the_sessions_and_come_with_the_next_sign_in(make_account: Register) -> None:
    ada = make_account()
    admin = make_admin_client(make_account)

    changed = admin.patch(f"{USERS}/{ada['user']['id']}", {"roles": ["customer", "support"]})

    assert (changed.status_code, body(changed)["roles"]) == (200, ["customer", "support"])
    assert refresh(ada["refresh"]).status_code == 401
    assert sign_in(APIClient())["user"]["roles"] == ["customer", "support"]
    assert published(UserChanged)[-1].roles == ("customer", "support")


def test_an_admin_signs_somebody_out_everywhere(make_account: Register) -> None:
    here, there = make_account(), sign_in(APIClient())
    admin, path = make_admin_client(make_account), f"{USERS}/{here['user']['id']}/logout-all"

    answers = [admin.post(path).status_code for _ in range(2)]

    assert answers == [204, 204]
    assert [refresh(one["refresh"]).status_code for one in (here, there)] == [401, 401]
    ended = {str(session) for told in published(SessionsEnded) for session in told.session_ids}
    assert [told.reason for told in published(SessionsEnded)] == ["ended_by_admin"]
    assert all(stores.sessions().exists(f"ended:{session}") for session in ended)
    entries = [told for told in published(RecordAudit) if told.action == "user.sessions.end"]
    assert [(told.actor_id, told.subject_id, told.detail) for told in entries] == [
        (
            User.objects.get(email="root@example.com").id,
            here["user"]["id"],
            {"reason": "ended_by_admin", "sessions": "2"},
        )
    ]
    assert "access" in sign_in(APIClient())


def test_disabling_and_enabling_are_told(make_account: Register) -> None:
    ada = make_account()
    admin, path = make_admin_client(make_account), f"{USERS}/{ada['user']['id']}"

    for active in (False, False, True):
        assert body(admin.patch(path, {"active": active}))["active"] is active

    told = [message.active for message in published(UserChanged) if message.email == "ada@example.com"]
    assert told[-2:] == [False, True]
    assert "access" in sign_in(APIClient())


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"roles": ["king"], "active": "maybe", "email": "x"}, {"roles.0", "active", "email"}),
        ({"roles": "admin", "first_name": ""}, {"roles", "first_name"}),
        ({"roles": [{}], "active": None}, {"roles.0", "active"}),
        ({"roles": 5 * ["admin"]}, {"roles"}),
    ],
)
def test_an_odd_change_is_refused_by_every_wrong_field(
    make_account: Register, changes: dict[str, Any], wrong: set[str]
) -> None:
    ada = make_account()["user"]

    response = make_admin_client(make_account).patch(f"{USERS}/{ada['id']}", changes)

    assert (response.status_code, set(body(response)["errors"])) == (400, wrong)


def test_a_change_that_is_refused_changes_nothing(make_account: Register) -> None:
    ada = make_account()
    admin, path = make_admin_client(make_account), f"{USERS}/{ada['user']['id']}"

    response = admin.patch(path, {"active": False, "roles": ["vendor"], "first_name": "Eve"})

    assert (response.status_code, list(body(response)["errors"])) == (400, ["roles"])
    assert body(admin.get(path)) == ada["user"]
    assert refresh(ada["refresh"]).status_code == 200


def test_admins_do_not_lock_themselves_out(make_account: Register) -> None:
    admin = make_admin_client(make_account)
    path = f"{USERS}/{User.objects.get().id}"

    answers = [
        admin.patch(path, {"roles": ["customer"]}),
        admin.patch(path, {"active": False}),
        admin.delete(path),
    ]

    assert [(answer.status_code, body(answer)["code"]) for answer in answers] == [(409, "own_account")] * 3
    assert User.objects.get().active


def test_a_deleted_account_is_gone_and_its_address_is_free(make_account: Register) -> None:
    ada = make_account()
    admin, path = make_admin_client(make_account), f"{USERS}/{ada['user']['id']}"

    deleted = admin.delete(path)

    assert (deleted.status_code, admin.get(path).status_code) == (204, 404)
    assert as_user(ada["access"]).get("/api/v1/users/me").status_code == 404
    assert refresh(ada["refresh"]).status_code == 401
    assert make_account()["user"]["id"] != ada["user"]["id"]


def test_support_looks_and_changes_nothing(make_account: Register) -> None:
    path = f"{USERS}/{make_account()['user']['id']}"
    support = client_as("support")

    assert [support.get(found).status_code for found in (USERS, path)] == [200, 200]
    assert support.patch(path, {"active": False}).status_code == 403
    assert support.delete(path).status_code == 403
    assert support.post(f"{path}/logout-all").status_code == 403


@pytest.mark.parametrize("role", ["customer", "vendor"])
def test_everybody_else_is_kept_out(role: str) -> None:
    client, path = client_as(role, vendor_id=new_id()), f"{USERS}/{new_id()}"

    answers = [client.get(USERS), client.get(path), client.patch(path, {}), client.delete(path)]
    answers.append(client.post(f"{path}/logout-all"))

    assert [answer.status_code for answer in answers] == [403] * 5
    assert [APIClient().get(path).status_code, APIClient().patch(path, {}).status_code] == [401, 401]
