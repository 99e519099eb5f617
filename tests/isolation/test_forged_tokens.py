"""Tokens that nobody signed for us, at the edge and at every service itself: each is refused with 401."""

import base64
import hmac
import json
import time
from collections.abc import Iterator
from uuid import uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from fleet.client import Json, Market
from fleet.table import Table

PATHS = {
    "user_service": "users/me", "catalog_service": "products", "cart_service": "cart", "order_service": "orders",
    "vendor_service": "vendors/me", "payment_service": "payments", "notification_service": "notifications",
}  # fmt: skip


def encoded(part: Json | bytes) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@pytest.fixture(scope="module")
def forged(market: Market, fleet: Table) -> dict[str, str]:
    """What is wrong with it → the token. All but what is wrong is as it should be."""
    good = market.account("admin").access
    assert good
    head, claims = jwt.get_unverified_header(good), jwt.decode(good, options={"verify_signature": False})
    kid, now = head["kid"], int(time.time())
    own = (fleet.var / "keys" / "jwt" / "private" / f"{kid}.pem").read_text()
    public = (fleet.var / "keys" / "jwt" / "public" / f"{kid}.pem").read_bytes()
    service = (fleet.var / "keys" / "services" / "private" / "user.pem").read_text()
    foreign = ec.generate_private_key(ec.SECP256R1())
    header, payload, signature = good.split(".")
    raw = base64.urlsafe_b64decode(signature + "==")

    def signed(changes: Json, key: object = own, **heads: object) -> str:
        headers = {"kid": kid, "typ": "at+jwt", **heads}
        kept = {name: value for name, value in (claims | changes).items() if value is not None}
        return jwt.encode(kept, key, "ES256", headers)  # type: ignore[arg-type]

    def by_hmac(secret: bytes) -> str:
        start = f"{encoded({**head, 'alg': 'HS256'})}.{payload}"
        return f"{start}.{encoded(hmac.digest(secret, start.encode(), 'sha256'))}"

    return {
        "no algorithm": f"{encoded({**head, 'alg': 'none'})}.{payload}.",
        "the public key as a shared secret": by_hmac(public),
        "another's key under our name": signed({}, foreign),
        "an unknown key": signed({}, kid="nobody"),
        "a key's name that is a path": signed({}, kid=f"../public/{kid}"),
        "its own key in its header": signed({}, foreign, jwk=_as_jwk(foreign)),
        "a service's key": signed({"iss": "user"}, service, kid="user"),
        "expired": signed({"exp": now - 60}),
        "not valid yet": signed({"nbf": now + 3600}),
        "without an end": signed({"exp": None}),
        "for another audience": signed({"aud": "somebody"}),
        "of another issuer": signed({"iss": "somebody"}),
        "of another kind": signed({}, typ="JWT"),
        "roles changed": f"{header}.{encoded({**claims, 'roles': ['admin'], 'sub': str(uuid4())})}.{signature}",
        "a signature of zeros": f"{header}.{payload}.{encoded(bytes(64))}",
        "a signature cut short": f"{header}.{payload}.{encoded(raw[:40])}",
        "no token at all": "x.y.z",
    }


def _as_jwk(key: ec.EllipticCurvePrivateKey) -> Json:
    return json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key()))


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=10) as client:
        yield client


def answers(http: httpx.Client, url: str, forged: dict[str, str]) -> dict[str, int]:
    return {
        name: http.get(url, headers={"Authorization": f"Bearer {token}"}).status_code for name, token in forged.items()
    }


@pytest.mark.parametrize("service", PATHS)
def test_forged_tokens_do_not_pass_the_edge(
    http: httpx.Client, market: Market, forged: dict[str, str], service: str
) -> None:
    assert answers(http, f"{market.gateway}/api/v1/{PATHS[service]}", forged) == dict.fromkeys(forged, 401)


@pytest.mark.parametrize("service", PATHS)
def test_forged_tokens_are_refused_by_a_service_that_is_asked_directly(
    http: httpx.Client, fleet: Table, forged: dict[str, str], service: str
) -> None:
    url = f"{fleet.service(service).url}/api/v1/{PATHS[service]}"

    assert answers(http, url, forged) == dict.fromkeys(forged, 401)


def test_a_users_token_opens_nothing_inside(http: httpx.Client, market: Market, fleet: Table) -> None:
    """Internal paths take tokens of services only."""
    admin = market.account("admin")
    headers = {"Authorization": f"Bearer {admin.access}"}

    for service, path in {"user_service": f"/internal/sessions/{uuid4()}", "cart_service": "/internal/cart"}.items():
        assert http.get(fleet.service(service).url + path, headers=headers).status_code == 401, service


def test_the_keys_that_sign_tokens_are_not_given_out(http: httpx.Client, market: Market) -> None:
    keys = http.get(f"{market.gateway}/.well-known/jwks.json").json()["keys"]

    assert keys
    assert all("d" not in key for key in keys)
