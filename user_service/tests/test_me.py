"""The own profile and address book."""

from typing import Any

import pytest
from conftest import Register, as_user, in_parallel
from rest_framework.test import APIClient

from shared.context import new_id
from shared.contracts.user import UserChanged
from shared.testing import body, published
from user_service.actions.addresses import MOST
from user_service.models import Address, User

pytestmark = pytest.mark.django_db

ME, ADDRESSES = "/api/v1/users/me", "/api/v1/users/me/addresses"
HOME = {"name": "Ada", "line1": "1 Row", "city": "London", "postal_code": "N1 7AA", "country": "GB"}


@pytest.fixture
def ada(make_account: Register) -> APIClient:
    return as_user(make_account()["access"])


def test_who_am_i(ada: APIClient) -> None:
    me = body(ada.get(ME))

    assert (me["email"], me["roles"], me["email_verified"], me["vendor_id"]) == (
        "ada@example.com",
        ["customer"],
        True,
        None,
    )
    assert "password" not in me
    assert APIClient().get(ME).status_code == 401


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"first_name": "", "last_name": None, "locale": "english"}, {"first_name", "last_name", "locale"}),
        ({"first_name": "x" * 101, "currency": "XXX", "time_zone": 5}, {"first_name", "currency", "time_zone"}),
        ({"first_name": "Ada\r\nBcc: all", "last_name": "\u202eEve"}, {"first_name", "last_name"}),
        ({"first_name": "a\x00b", "locale": "en\n-US"}, {"first_name", "locale"}),
        ({"id": "x", "email": "eve@example.com", "roles": ["admin"], "active": False, "vendor_id": None},
         {"id", "email", "roles", "active", "vendor_id"}),
    ],
)  # fmt: skip
def test_an_odd_profile_is_refused_by_every_wrong_field(
    ada: APIClient, changes: dict[str, Any], wrong: set[str]
) -> None:
    before = body(ada.get(ME))

    response = ada.patch(ME, changes)

    assert (response.status_code, set(body(response)["errors"])) == (400, wrong)
    assert body(ada.get(ME)) == before


def test_a_change_that_changes_nothing_is_not_told(ada: APIClient) -> None:
    before = len(published(UserChanged))

    assert ada.patch(ME, {"first_name": "Ada"}).status_code == 200
    assert ada.patch(ME, {}).status_code == 200

    assert len(published(UserChanged)) == before


def test_replacing_the_profile_needs_all_of_the_name(ada: APIClient) -> None:
    assert set(body(ada.put(ME, {"first_name": "A"}))["errors"]) == {"last_name"}
    assert body(ada.put(ME, {"first_name": "A", "last_name": "B", "currency": "EUR"}))["currency"] == "EUR"


def test_an_address_is_added_read_changed_replaced_and_removed(ada: APIClient) -> None:
    added = ada.post(ADDRESSES, {**HOME, "line2": "Flat 2"})
    path = added["Location"]

    read, changed = ada.get(path), ada.patch(path, {"city": "Leeds"})
    replaced = ada.put(path, HOME)
    removed = [ada.delete(path).status_code for _ in range(2)]

    assert (added.status_code, body(added)["country"], body(added)["default"]) == (201, "GB", True)
    assert body(read) == body(added)
    assert (body(changed)["city"], body(changed)["line2"]) == ("Leeds", "Flat 2")
    assert (body(replaced)["city"], body(replaced)["line2"]) == ("London", "")
    assert removed == [204, 404]
    assert body(ada.get(ADDRESSES)) == {"results": [], "next": None, "previous": None}


def test_there_is_one_default_of_each_kind(ada: APIClient) -> None:
    first = body(ada.post(ADDRESSES, HOME))
    second = body(ada.post(ADDRESSES, {**HOME, "default": True}))
    billing = body(ada.post(ADDRESSES, {**HOME, "kind": "billing"}))

    defaults = {row["id"]: row["default"] for row in body(ada.get(ADDRESSES))["results"]}
    assert defaults == {first["id"]: False, second["id"]: True, billing["id"]: True}

    ada.patch(f"{ADDRESSES}/{billing['id']}", {"kind": "shipping"})

    assert Address.objects.filter(default=True).values_list("id", flat=True).get() is not None


@pytest.mark.django_db(transaction=True)
def test_parallel_first_addresses_have_one_default(ada: APIClient, make_account: Register) -> None:
    token = make_account("eve@example.com")["access"]

    answers = in_parallel(5, lambda _number: as_user(token).post(ADDRESSES, {**HOME, "default": True}).status_code)

    assert answers == [201] * 5
    assert Address.objects.filter(default=True).count() == 1


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"name": "", "line1": None, "country": "gb", "kind": "home", "default": "maybe", "user": 1},
         {"name", "line1", "country", "kind", "default", "user"}),
        ({"country": "GBR", "postal_code": "x" * 21, "phone": "1" * 33}, {"country", "postal_code", "phone"}),
        ({"city": "\x00", "line2": ["x"], "region": {}}, {"city", "line2", "region"}),
        ({"line1": "x" * 10_000}, {"line1"}),
        ({"name": "Ada\nEve", "line1": "1\tRow", "line2": "\x1b[2J", "city": "x\u2028y", "region": "a\u200bb",
          "phone": "1\u20662"}, {"name", "line1", "line2", "city", "region", "phone"}),
    ],
)  # fmt: skip
def test_an_odd_address_is_refused_by_every_wrong_field(
    ada: APIClient, changes: dict[str, Any], wrong: set[str]
) -> None:
    response = ada.post(ADDRESSES, {**HOME, **changes})

    assert (response.status_code, set(body(response)["errors"])) == (400, wrong)
    assert Address.objects.count() == 0


def test_anothers_address_is_as_good_as_absent(ada: APIClient, make_account: Register) -> None:
    theirs = body(as_user(make_account("eve@example.com")["access"]).post(ADDRESSES, HOME))["id"]

    for ask in (
        ada.get,
        ada.delete,
        lambda path: ada.patch(path, {"city": "Mine"}),
        lambda path: ada.put(path, {**HOME, "city": "Mine"}),
    ):
        refused, absent = (ask(f"{ADDRESSES}/{found}") for found in (theirs, new_id()))
        assert (refused.status_code, absent.status_code) == (404, 404)
        assert {**body(refused), "request_id": ""} == {**body(absent), "request_id": ""}
    assert Address.objects.get().city == "London"
    assert body(ada.get(ADDRESSES))["results"] == []


def test_an_address_book_can_be_full(ada: APIClient) -> None:
    Address.objects.bulk_create([Address(user=User.objects.get(), **HOME) for _ in range(MOST)])

    response = ada.post(ADDRESSES, HOME)

    assert (response.status_code, body(response)["code"]) == (409, "too_many_addresses")


@pytest.mark.parametrize("path", ["not-a-uuid", "1", "00000000"])
def test_an_odd_id_is_absent(ada: APIClient, path: str) -> None:
    assert ada.get(f"{ADDRESSES}/{path}").status_code == 404


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=-1", "cursor=cD1ub25zZW5zZQ=="])
def test_an_odd_page_is_refused(ada: APIClient, query: str) -> None:
    assert ada.get(f"{ADDRESSES}?{query}").status_code in {400, 404}


def test_the_same_key_adds_one_address(ada: APIClient) -> None:
    answers = [ada.post(ADDRESSES, HOME, headers={"Idempotency-Key": "k"}) for _ in range(2)]

    assert answers[0].content == answers[1].content
    assert Address.objects.count() == 1
