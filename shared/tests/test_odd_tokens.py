"""Tokens that nobody means to make, thought up by Hypothesis: refused with 401, and no bug, whoever signed them."""

import json
from pathlib import Path
from typing import Any

import jwt
import pytest
from django.test import override_settings
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from shared.testing import access_token, examples, make_key_files

ME = "/api/v1/me"
text = st.text(st.characters(codec="utf-8"), max_size=10)
odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
CLAIMS = ("sub", "sid", "roles", "vendor_id", "vendor_role", "jti", "exp", "nbf", "iat", "aud", "iss", "token_type")
HEADS = ("kid", "typ", "alg", "crit", "b64", "jwk", "x5c", "zip")


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory):
    folder: Path = tmp_path_factory.mktemp("keys")
    private = make_key_files(folder, "k1")
    with override_settings(JWT_PUBLIC_KEYS_DIR=folder, SERVICE_PUBLIC_KEYS_DIR=folder):
        yield private


def ask(authorization: str) -> int:
    """As WSGI hands a header over: bytes that are called Latin-1."""
    header = authorization.encode("utf-8", "surrogatepass").decode("latin-1")
    return APIClient().get(ME, HTTP_AUTHORIZATION=header).status_code


@settings(max_examples=examples(80), deadline=None)
@given(
    parts=st.lists(st.binary(max_size=30).map(lambda raw: jwt.utils.base64url_encode(raw).decode()) | text, max_size=5)
)
@example(parts=["e30", "e30", ""])
@example(parts=["A" * 5_000] * 3)
@example(parts=[jwt.utils.base64url_encode(b"[" * 9_000).decode()] * 3)
@example(parts=[jwt.utils.base64url_encode(b'{"alg":"ES256","kid":' + b"[" * 9_000).decode()] * 3)
def test_what_is_hardly_a_token_is_refused(key: str, parts: list[str]) -> None:
    """But for nothing at all, who says it is a guest."""
    assert ask("Bearer " + ".".join(parts)) == 401


@settings(max_examples=examples(80), deadline=None)
@given(changes=st.dictionaries(st.sampled_from(CLAIMS), odd, min_size=1, max_size=3))
@example(changes={"sub": "x" * 100_000})
@example(changes={"exp": 10**400})
@example(changes={"exp": 1e300, "nbf": -1e300})
@example(changes={"roles": {"admin": 1}})
def test_odd_claims_with_a_right_signature_are_taken_as_they_are_or_refused(key: str, changes: dict[str, Any]) -> None:
    good = jwt.decode(access_token(key, "k1"), options={"verify_signature": False})

    assert ask(f"Bearer {signed(good | changes, key)}") in {200, 401}


@settings(max_examples=examples(60), deadline=None)
@given(heads=st.dictionaries(st.sampled_from(HEADS), odd, min_size=1, max_size=3))
@example(heads={"kid": "../k1"})
@example(heads={"kid": "k\x00"})
@example(heads={"kid": ["k1"]})
@example(heads={"crit": ["b64"], "b64": False})
def test_odd_heads_are_refused(key: str, heads: dict[str, Any]) -> None:
    good = jwt.decode(access_token(key, "k1"), options={"verify_signature": False})

    status = ask(f"Bearer {signed(good, key, heads)}")

    assert status == 401 or (status == 200 and not heads.keys() & {"kid", "typ", "alg", "crit"})


def signed(claims: dict[str, Any], key: str, heads: dict[str, Any] | None = None) -> str:
    """By hand: the library refuses to make what it refuses to read."""
    head = {"alg": "ES256", "kid": "k1", "typ": "at+jwt", **(heads or {})}
    start = b".".join(jwt.utils.base64url_encode(json.dumps(part).encode()) for part in (head, claims))
    es256 = jwt.get_algorithm_by_name("ES256")
    return b".".join([start, jwt.utils.base64url_encode(es256.sign(start, es256.prepare_key(key)))]).decode()
