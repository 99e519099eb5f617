"""Wallet addresses, with their checksum."""

from typing import Any

import pytest
from conftest import Register, as_user, in_parallel
from rest_framework.test import APIClient

from shared.context import new_id
from shared.testing import body
from user_service.actions.wallets import MOST
from user_service.models import Wallet

pytestmark = pytest.mark.django_db

WALLETS = "/api/v1/users/me/wallets"
RIGHT = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"


@pytest.fixture
def ada(make_account: Register) -> APIClient:
    return as_user(make_account()["access"])


@pytest.mark.parametrize(
    "address",
    [  # of EIP-55
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "0xde709f2102306220921060314715629080e2fb77",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ],
)
def test_an_address_gets_the_one_checksum_it_has(address: str, ada: APIClient) -> None:
    spellings = [address, address.lower(), "0x" + address[2:].upper()]
    paths = []
    for spelling in spellings:
        answer = ada.post(WALLETS, {"address": spelling})
        paths.append(answer["Location"])
        assert body(answer)["address"] == address
        ada.delete(answer["Location"])

    assert len(set(paths)) == 3


@pytest.mark.parametrize(
    "address",
    [RIGHT.replace("aA", "Aa"), RIGHT[:-1], RIGHT + "0", RIGHT[2:], RIGHT.replace("5", "g"), "", None, 5,
     "0X" + RIGHT[2:], RIGHT.replace("5", "５"), "0x" + "\x00" * 40, "x" * 10_000],
)  # fmt: skip
def test_what_is_mistyped_is_refused(address: Any, ada: APIClient) -> None:
    answer = ada.post(WALLETS, {"address": address})

    assert (answer.status_code, list(body(answer)["errors"])) == (400, ["address"])
    assert Wallet.objects.count() == 0


def test_a_wallet_is_added_listed_renamed_and_removed(ada: APIClient) -> None:
    added = ada.post(WALLETS, {"address": RIGHT, "label": "Cold"})
    path = added["Location"]

    renamed = ada.patch(path, {"label": "Colder"})
    fixed = ada.patch(path, {"address": RIGHT})
    listed = body(ada.get(WALLETS))["results"]
    removed = [ada.delete(path).status_code for _ in range(2)]

    assert (added.status_code, body(added)["network"], body(added)["label"]) == (201, "evm", "Cold")
    assert body(renamed)["label"] == "Colder"
    assert set(body(fixed)["errors"]) == {"address", "label"}
    assert [row["label"] for row in listed] == ["Colder"]
    assert removed == [204, 404]


def test_the_same_wallet_twice_and_too_many_are_refused(ada: APIClient) -> None:
    ada.post(WALLETS, {"address": RIGHT})
    twice = ada.post(WALLETS, {"address": RIGHT.lower()})
    answers = [ada.post(WALLETS, {"address": f"0x{number:040x}"}) for number in range(MOST)]

    assert (twice.status_code, body(twice)["code"]) == (409, "wallet_known")
    assert [answer.status_code for answer in answers] == [201] * (MOST - 1) + [409]
    assert body(answers[-1])["code"] == "too_many_wallets"


@pytest.mark.django_db(transaction=True)
def test_the_same_wallet_at_once_is_kept_once(make_account: Register) -> None:
    token = make_account()["access"]

    answers = in_parallel(4, lambda _number: as_user(token).post(WALLETS, {"address": RIGHT}).status_code)

    assert sorted(answers) == [201, 409, 409, 409]


def test_anothers_wallet_is_as_good_as_absent(ada: APIClient, make_account: Register) -> None:
    path = as_user(make_account("eve@example.com")["access"]).post(WALLETS, {"address": RIGHT})["Location"]

    for method in (ada.get, ada.delete, lambda where: ada.patch(where, {"label": "mine"})):
        assert [method(where).status_code for where in (path, f"{WALLETS}/{new_id()}")] == [404, 404]
    assert body(ada.get(WALLETS))["results"] == []
    assert APIClient().get(WALLETS).status_code == 401
