"""Whom an account sells for, as vendor_service decides."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest
from conftest import Register, as_user
from rest_framework.test import APIClient

from shared.context import new_id
from shared.contracts.user import GrantRole, RevokeRole, SessionsEnded, UserChanged
from shared.messages import Message
from shared.testing import audited, body, deliver, published
from user_service.models import User
from user_service.subscriptions import SUBSCRIPTIONS

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
NORTHWIND, LUMEN = new_id(), new_id()


def hear(*messages: Message) -> None:
    for message in messages:
        assert deliver(message, SUBSCRIPTIONS)


def grant(user_id: str, vendor_id: object = NORTHWIND, *, minute: int = 0, as_what: str = "") -> GrantRole:
    at = NOON + timedelta(minutes=minute)
    return GrantRole(user_id=user_id, role="vendor", vendor_id=vendor_id, at=at, vendor_role=as_what)


def revoke(user_id: str, vendor_id: object = NORTHWIND, *, minute: int = 1) -> RevokeRole:
    return RevokeRole(user_id=user_id, role="vendor", vendor_id=vendor_id, at=NOON + timedelta(minutes=minute))


def sells_for(user_id: str) -> tuple[bool, object]:
    user = User.objects.get(id=user_id)
    return "vendor" in user.roles, user.vendor_id


def test_a_role_that_is_taken_back_ends_the_sessions_that_had_it(make_account: Register) -> None:
    ada = make_account()
    hear(grant(ada["user"]["id"]))

    hear(revoke(ada["user"]["id"]))

    assert sells_for(ada["user"]["id"]) == (False, None)
    assert len(published(SessionsEnded)) == 1
    assert published(UserChanged)[-1].roles == ("customer",)
    assert ("user.role.revoke", "user") in audited()
    assert APIClient().post("/api/v1/auth/refresh", {"refresh": ada["refresh"]}).status_code == 401


def test_what_was_decided_earlier_and_comes_later_changes_nothing(make_account: Register) -> None:
    ada = make_account()["user"]["id"]

    hear(grant(ada, minute=2), revoke(ada, minute=1))
    assert sells_for(ada) == (True, NORTHWIND)

    hear(revoke(ada, minute=4), grant(ada, minute=3))
    assert sells_for(ada) == (False, None)


def test_a_role_that_is_taken_back_before_it_came_is_not_given(make_account: Register) -> None:
    ada = make_account()["user"]["id"]

    hear(revoke(ada, minute=1), grant(ada, minute=0))

    assert sells_for(ada) == (False, None)
    assert not published(SessionsEnded)


def test_another_vendor_takes_the_place_of_the_last_and_ends_its_sessions(make_account: Register) -> None:
    ada = make_account()
    hear(grant(ada["user"]["id"]), grant(ada["user"]["id"], LUMEN, minute=5), revoke(ada["user"]["id"], minute=4))

    assert sells_for(ada["user"]["id"]) == (True, LUMEN)
    assert len(published(SessionsEnded)) == 1


def test_a_vendor_takes_back_only_what_is_its_own(make_account: Register) -> None:
    ada = make_account()["user"]["id"]
    hear(grant(ada))

    hear(revoke(ada, LUMEN))

    assert sells_for(ada) == (True, NORTHWIND)


def test_taking_the_role_of_an_account_that_is_gone_is_no_trouble(make_account: Register) -> None:
    hear(revoke(str(new_id())))

    assert body(as_user(make_account()["access"]).get("/api/v1/users/me"))["roles"] == ["customer"]


def test_a_new_member_gets_the_claim_with_the_next_refresh(make_account: Register) -> None:
    ada = make_account()
    hear(grant(ada["user"]["id"]))

    fresh = body(APIClient().post("/api/v1/auth/refresh", {"refresh": ada["refresh"]}))["access"]

    assert jwt.decode(fresh, options={"verify_signature": False})["vendor_id"] == str(NORTHWIND)


def claims(refresh: str) -> dict[str, object]:
    fresh = body(APIClient().post("/api/v1/auth/refresh", {"refresh": refresh}))["access"]
    return dict(jwt.decode(fresh, options={"verify_signature": False}))


def test_the_role_in_the_vendor_is_a_claim_too_and_goes_with_the_vendor(make_account: Register) -> None:
    ada = make_account()
    hear(grant(ada["user"]["id"], as_what="orders"))
    assert claims(ada["refresh"])["vendor_role"] == "orders"

    hear(revoke(ada["user"]["id"]))

    assert User.objects.get(id=ada["user"]["id"]).vendor_role == ""


def test_where_nobody_told_a_role_there_is_no_claim(make_account: Register) -> None:
    ada = make_account()
    hear(grant(ada["user"]["id"]))

    assert "vendor_role" not in claims(ada["refresh"])


@pytest.mark.parametrize(
    ("before", "after", "ends"),
    [
        ("owner", "manager", False),
        ("orders", "staff", False),
        ("orders", "orders", False),
        ("", "owner", False),
        ("", "staff", True),
        ("owner", "catalogue", True),
        ("orders", "catalogue", True),
        ("staff", "finance", True),
    ],
)
def test_who_may_do_less_than_a_token_says_loses_it_and_others_refresh(
    before: str, after: str, ends: bool, make_account: Register
) -> None:
    ada = make_account()
    hear(grant(ada["user"]["id"], as_what=before))

    hear(grant(ada["user"]["id"], minute=1, as_what=after))

    assert len(published(SessionsEnded)) == ends
    assert User.objects.get(id=ada["user"]["id"]).vendor_role == after


def test_of_two_roles_the_one_decided_later_stays(make_account: Register) -> None:
    ada = make_account()["user"]["id"]

    hear(grant(ada, minute=2, as_what="staff"), grant(ada, minute=1, as_what="owner"))

    assert User.objects.get(id=ada).vendor_role == "staff"
