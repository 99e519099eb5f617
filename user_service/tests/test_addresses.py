"""The address book: as each country writes it, and always with a default."""

from typing import Any

import pytest
from conftest import Register, as_user
from rest_framework.test import APIClient

from shared.errors import Invalid
from shared.testing import body
from user_service.models import Address, postal

pytestmark = pytest.mark.django_db

ADDRESSES = "/api/v1/users/me/addresses"
PLAIN = {"name": "Ada", "line1": "1 Row", "city": "Town"}


@pytest.fixture
def ada(make_account: Register) -> APIClient:
    return as_user(make_account()["access"])


def add(client: APIClient, country: str, postal_code: str | None, region: str = "", **changes: Any) -> Any:
    form = {**PLAIN, "country": country, "region": region, **changes}
    return client.post(ADDRESSES, {**form, "postal_code": postal_code} if postal_code is not None else form)


@pytest.mark.parametrize(
    ("country", "postal_code", "region", "kept"),
    [
        ("GB", "n1 7aa", "", ("N1 7AA", "")),
        ("US", "94043-1351", "California", ("94043-1351", "CA")),
        ("US", "94043", "ca", ("94043", "CA")),
        ("CA", "k1a 0b1", "Ontario", ("K1A 0B1", "ON")),
        ("DE", "10115", "Berlin", ("10115", "Berlin")),
        ("FR", "75001", "", ("75001", "")),
        ("NL", "1011 ab", "", ("1011 AB", "")),
        ("JP", "100-0001", "Tokyo", ("100-0001", "Tokyo")),
        ("BR", "01310-100", "São Paulo", ("01310-100", "SP")),
        ("AU", "2000", "NSW", ("2000", "NSW")),
        ("HK", None, "Kowloon", ("", "Kowloon")),
        ("ET", "", "", ("", "")),
        ("AO", "whatever", "Luanda", ("WHATEVER", "Luanda")),
    ],
)
def test_an_address_is_kept_as_its_country_writes_it(
    country: str, postal_code: str | None, region: str, kept: tuple[str, str], ada: APIClient
) -> None:
    response = add(ada, country, postal_code, region)

    assert response.status_code == 201, response.content
    assert (body(response)["postal_code"], body(response)["region"]) == kept


@pytest.mark.parametrize(
    ("country", "postal_code", "region", "wrong"),
    [
        ("GB", "N1", "", {"postal_code"}),
        ("GB", "N1 7AA and more", "", {"postal_code"}),
        ("GB", None, "", {"postal_code"}),
        ("DE", "1011", "", {"postal_code"}),
        ("DE", "１０１１５", "", {"postal_code"}),
        ("US", "94043", "", {"region"}),
        ("US", "94043", "Bavaria", {"region"}),
        ("US", "10001", "CA", {"postal_code"}),
        ("US", "x", "x", {"postal_code", "region"}),
        ("CA", "94043", "ON", {"postal_code"}),
        ("ZZ", "1", "", {"country"}),
        ("QQ", "1", "", {"country"}),
    ],
)
def test_what_its_country_does_not_write_is_named(
    country: str, postal_code: str | None, region: str, wrong: set[str], ada: APIClient
) -> None:
    response = add(ada, country, postal_code, region)

    assert (response.status_code, body(response)["code"]) == (400, "invalid")
    assert set(body(response)["errors"]) == wrong
    assert Address.objects.count() == 0


def test_the_message_shows_what_one_looks_like(ada: APIClient) -> None:
    errors = body(add(ada, "DE", "1011"))["errors"]

    assert errors == {"postal_code": ["This is no postal code of this country or region, such as 26133."]}


def test_a_part_is_changed_only_to_what_fits_the_rest(ada: APIClient) -> None:
    path = add(ada, "GB", "N1 7AA")["Location"]

    moved = ada.patch(path, {"country": "DE"})
    fixed = ada.patch(path, {"country": "DE", "postal_code": "10115"})

    assert set(body(moved)["errors"]) == {"postal_code"}
    assert (body(fixed)["country"], body(ada.get(path))["postal_code"]) == ("DE", "10115")


def wrong_fields(country: str) -> set[str]:
    try:
        postal.in_its_country({"country": country, "region": "x", "postal_code": "x", "city": "x"})
    except Invalid as refusal:
        return set(refusal.errors)
    return set()


def test_no_country_of_the_data_is_an_error() -> None:
    assert len(postal.countries()) > 240
    assert set().union(*map(wrong_fields, postal.countries())) == {"region", "postal_code"}


def test_removing_a_default_makes_the_newest_of_its_kind_the_default(ada: APIClient) -> None:
    first, older, newest = (add(ada, "GB", "N1 7AA") for _ in range(3))
    billing = add(ada, "GB", "N1 7AA", kind="billing")

    ada.delete(first["Location"])

    defaults = {row["id"] for row in body(ada.get(ADDRESSES))["results"] if row["default"]}
    assert defaults == {body(newest)["id"], body(billing)["id"]}
    assert not body(ada.get(older["Location"]))["default"]


def test_a_default_that_changes_its_kind_leaves_its_place_to_another(ada: APIClient) -> None:
    first, second = (add(ada, "GB", "N1 7AA") for _ in range(2))

    ada.patch(first["Location"], {"kind": "billing"})

    assert body(ada.get(second["Location"]))["default"]
    assert body(ada.get(first["Location"]))["default"]
