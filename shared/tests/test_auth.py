import base64
import json
import time
from pathlib import Path
from uuid import UUID, uuid4

import jwt
import pytest
from django.test import override_settings
from rest_framework.test import APIClient

from shared import auth
from shared.context import new_id
from shared.testing import access_token, body, client_as, make_key_files

ME = "/api/v1/me"


@pytest.fixture
def key(tmp_path: Path):
    """The private key whose public half the service knows as `k1`."""
    private = make_key_files(tmp_path, "k1")
    with override_settings(JWT_PUBLIC_KEYS_DIR=tmp_path, SERVICE_PUBLIC_KEYS_DIR=tmp_path):
        yield private


def get(token: str, path: str = ME) -> int:
    return APIClient().get(path, headers={"Authorization": f"Bearer {token}"}).status_code


def test_a_good_token_speaks_for_its_user(key: str) -> None:
    user = uuid4()
    token = access_token(key, "k1", user_id=user, roles=("customer", "admin"))

    response = APIClient().get(ME, headers={"Authorization": f"Bearer {token}"})

    assert body(response) == {"id": str(user), "roles": ["admin", "customer"], "admin": True}


def test_no_token_is_401_with_a_challenge(key: str) -> None:
    response = APIClient().get(ME)

    assert (response.status_code, response["WWW-Authenticate"]) == (401, 'Bearer realm="nexus"')


def unsigned(header: dict[str, str]) -> str:
    parts = [header, {"sub": str(uuid4()), "exp": 9999999999}]
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts) + "."


def bad_tokens(key: str, folder: Path) -> dict[str, str]:
    foreign = make_key_files(folder / "foreign", "k1")
    public = (folder / "k1.pem").read_text()
    good = access_token(key, "k1")
    header, payload, signature = good.split(".")
    hs256 = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"k1","typ":"at+jwt"}').decode().rstrip("=")
    assert public
    return {
        "alg none": unsigned({"alg": "none", "kid": "k1", "typ": "at+jwt"}),
        "alg none without kid": unsigned({"alg": "none"}),
        "public key as secret": f"{hs256}.{payload}.{signature}",
        "foreign key": access_token(foreign, "k1"),
        "unknown kid": access_token(key, "k2"),
        "path as kid": access_token(key, "../k1"),
        "expired": access_token(key, "k1", exp=int(time.time()) - 1),
        "not yet valid": access_token(key, "k1", nbf=int(time.time()) + 60),
        "other audience": access_token(key, "k1", aud="elsewhere"),
        "other issuer": access_token(key, "k1", iss="elsewhere"),
        "no session": access_token(key, "k1", sid=None),
        "subject is no id": access_token(key, "k1", sub="admin"),
        "other type": jwt.encode(jwt.decode(good, options={"verify_signature": False}), key, "ES256", {"kid": "k1"}),
        "cut signature": good[:-8],
        "changed payload": f"{header}.{payload[:-4]}AAAA.{signature}",
        "garbage": "a.b.c",
        "empty": "..",
    }


def test_forged_and_malformed_tokens_are_401(key: str, tmp_path: Path) -> None:
    answers = {name: get(token) for name, token in bad_tokens(key, tmp_path).items()}

    assert answers == dict.fromkeys(answers, 401)


def test_a_key_that_appears_later_is_found(key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "_RELOAD_AFTER_SECONDS", 0)
    assert get(access_token(key, "k1")) == 200

    newer = make_key_files(tmp_path, "k2")

    assert get(access_token(newer, "k2")) == 200


@pytest.mark.parametrize(
    ("roles", "vendor_id", "expected"),
    [
        (("vendor",), new_id(), 200),
        (("vendor",), None, 403),
        (("admin",), None, 200),
        (("customer",), None, 403),
        ((), None, 401),
    ],
)
def test_a_vendor_is_one_with_a_vendor_id(roles: tuple[str, ...], vendor_id: UUID | None, expected: int) -> None:
    assert client_as(*roles, vendor_id=vendor_id).get("/api/v1/shop").status_code == expected


VENDOR_ROLES = {
    None: {"orders", "catalogue", "money"},
    "": {"orders", "catalogue", "money"},
    "owner": {"orders", "catalogue", "money"},
    "manager": {"orders", "catalogue", "money"},
    "staff": {"orders", "catalogue"},
    "orders": {"orders"},
    "catalogue": {"catalogue"},
    "finance": {"money"},
    "of a later release": set(),
}


@pytest.mark.parametrize("role", VENDOR_ROLES)
def test_a_role_in_a_vendor_opens_its_areas_and_a_token_without_one_all(role: str | None, key: str) -> None:
    claims = {"roles": ["vendor"], "vendor_id": str(new_id()), **({} if role is None else {"vendor_role": role})}

    answers = {
        area: get(access_token(key, "k1", **claims), f"/api/v1/shop/{area}")
        for area in ("orders", "catalogue", "money")
    }

    assert {area for area, status in answers.items() if status == 200} == VENDOR_ROLES[role]
    assert set(answers.values()) <= {200, 403}


def test_of_several_areas_one_is_enough_and_admins_need_none(key: str) -> None:
    vendor = {"roles": ["vendor"], "vendor_id": str(new_id())}

    assert get(access_token(key, "k1", **vendor, vendor_role="finance"), "/api/v1/shop/orders-or-money") == 200
    assert get(access_token(key, "k1", **vendor, vendor_role="catalogue"), "/api/v1/shop/orders-or-money") == 403
    assert (
        get(access_token(key, "k1", **{**vendor, "roles": ["vendor", "admin"]}, vendor_role="x"), "/api/v1/shop/money")
        == 200
    )
    assert get(access_token(key, "k1", roles=["vendor"], vendor_role="owner"), "/api/v1/shop/money") == 403


def test_a_services_token_opens_only_the_audience_it_names(key: str, tmp_path: Path) -> None:
    own = make_key_files(tmp_path, "cart")
    (tmp_path / "cart.key").write_text(own)

    with override_settings(SERVICE="cart", SERVICE_KEY_FILE=tmp_path / "cart.key"):
        for_order, for_user = auth.service_token("order"), auth.service_token("user")

    assert get(for_order, "/internal/thing") == 200
    assert get(for_user, "/internal/thing") == 401
    assert get(access_token(key, "k1"), "/internal/thing") == 401
    assert get(for_order) == 401


def test_a_removed_key_is_refused_soon(key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = access_token(key, "k1")
    assert get(token) == 200
    (tmp_path / "k1.pem").unlink()
    assert get(token) == 200

    monkeypatch.setattr(auth, "_LONGEST_SECONDS", 0.0)

    assert get(token) == 401
