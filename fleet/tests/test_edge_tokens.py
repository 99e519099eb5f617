"""Tokens: whose signature, time or claims are wrong reaches no service, whatever is kept about others."""

import http.client
import time
from dataclasses import replace
from pathlib import Path

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from door import KID, ONE_PATH_EACH, Door, b64, kept, needs_nginx, opened, other_ports, token
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fleet import edge, keys
from fleet.client import wait_for

pytestmark = needs_nginx


def bad_tokens(door: Door) -> dict[str, str]:
    good, now = token(door), int(time.time())
    header, payload, signature = good.split(".")
    foreign = ec.generate_private_key(ec.SECP256R1())
    hmac_with_public = jwt.encode({"sub": "x"}, "secret-of-thirty-two-bytes-or-more", "HS256", {"kid": KID})
    return {
        "alg none": f"{b64({'alg': 'none', 'kid': KID, 'typ': 'at+jwt'})}.{payload}.",
        "alg none, signed": f"{b64({'alg': 'none', 'kid': KID, 'typ': 'at+jwt'})}.{payload}.{signature}",
        "hmac": hmac_with_public,
        "foreign key": token(door, key=foreign),
        "unknown key": token(door, header={"kid": "nobody"}),
        "key named like a method": token(door, header={"kid": "toString"}),
        "other type": token(door, header={"typ": "JWT"}),
        "critical extension": token(door, header={"crit": ["b64"]}),
        "expired": token(door, exp=now - 1),
        "no expiry": token(door, exp=None),
        "expiry in words": token(door, exp=None, x=1).rsplit(".", 1)[0] + ".AAAA",
        "not yet": token(door, nbf=now + 60),
        "other audience": token(door, aud="other"),
        "other issuer": token(door, iss="other"),
        "no session": token(door, sid=None),
        "session that is a path": token(door, sid="../../users"),
        "changed payload": f"{header}.{b64({'sub': 'admin'})}.{signature}",
        "cut signature": good[:-4],
        "empty signature": f"{header}.{payload}.",
        "padded signature": f"{good}==",
        "signature written another way": f"{header}.{payload}.{_same_bytes(signature)}",
        "two parts": f"{header}.{payload}",
        "garbage": "x.y.z",
        "endless": "a" * 6_000,
    }


def _same_bytes(signature: str) -> str:
    """Another last character, whose difference is in bits that decoding drops."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return signature[:-1] + alphabet[alphabet.index(signature[-1]) ^ 1]


@pytest.mark.parametrize("path", [*ONE_PATH_EACH.values(), "/api/v1/auth/login", "/media/x.webp", "/nowhere"])
def test_a_bad_token_reaches_no_service(door: Door, path: str) -> None:
    before, answers = door.reached(), {}
    for name, bad in bad_tokens(door).items():
        answer = door.ask("GET", path, bad)
        answers[name] = (answer.status_code, answer.headers["content-type"], answer.json()["code"])

    assert answers == dict.fromkeys(answers, (401, "application/problem+json", "token_not_valid"))
    assert door.reached() == before


visible = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=12)
odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
heads = st.fixed_dictionaries(
    {"alg": st.just("ES256") | odd, "kid": st.just(KID) | odd, "typ": st.just("at+jwt") | odd}
)
parts = (
    visible
    | st.binary(max_size=20).map(lambda raw: b64(raw.decode("latin-1")))
    | st.one_of(heads, odd).map(lambda one: b64(one))
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bad=st.lists(parts, min_size=1, max_size=4).map(lambda found: ".".join(["x", *found])))
def test_what_is_hardly_a_token_reaches_no_service_and_breaks_nothing(door: Door, bad: str) -> None:
    """Nothing of it is signed. What even HTTP does not allow is 400."""
    before = door.reached()

    answer = httpx.get(f"{door.url}/api/v1/orders", headers={b"Authorization": f"Bearer {bad}".encode("latin-1")})

    assert answer.status_code in {400, 401}
    assert answer.json()["code"]
    assert door.reached() == before


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "bearer  x", "Token x"])
def test_other_credentials_are_refused(door: Door, header: str) -> None:
    assert door.ask("GET", "/api/v1/products", headers={"Authorization": header}).status_code == 401


@pytest.mark.parametrize("header", [{}, {"Authorization": ""}])
def test_who_shows_nothing_is_a_guest(door: Door, header: dict[str, str]) -> None:
    assert door.ask("POST", "/api/v1/orders", headers=header).status_code == 200
    assert "Authorization" not in door.stubs["order_service"].seen[-1][2]


def test_two_tokens_are_one_too_many(door: Door) -> None:
    connection = http.client.HTTPConnection(door.configured.listen)
    connection.putrequest("GET", "/api/v1/users/me")
    connection.putheader("Authorization", f"Bearer {token(door)}")
    connection.putheader("Authorization", "Bearer other")
    connection.endheaders()

    assert connection.getresponse().status in {400, 401}
    connection.close()


def test_a_refusal_says_how_to_authenticate(door: Door) -> None:
    answer = door.ask("GET", "/api/v1/orders", "x.y.z")

    assert answer.headers["www-authenticate"].startswith("Bearer ")
    assert answer.json()["request_id"] == answer.headers["x-request-id"]


def test_a_new_key_is_known_after_a_reload(door: Door) -> None:
    keys.make_pair(door.configured.keys.parent, "second")
    private = (door.configured.keys.parent / "private/second.pem").read_bytes()
    fresh = token(door, key=serialization.load_pem_private_key(private, None), header={"kid": "second"})
    assert door.ask("GET", "/api/v1/orders", fresh).status_code == 401

    door.reload()

    wait_for(lambda: door.ask("GET", "/api/v1/orders", fresh).status_code == 200, "the new key")
    assert door.ask("GET", "/api/v1/orders", token(door)).status_code == 200


def test_what_is_kept_about_a_token_is_no_help_to_another(door: Door) -> None:
    one, other = kept(door), kept(door)
    (header, payload, signature), (_header, other_payload, other_signature) = one.split("."), other.split(".")
    keys.make_pair(door.configured.keys.parent, "beside")
    door.reload()
    other_header = b64({"alg": "ES256", "kid": "beside", "typ": "at+jwt"})

    mixed = {
        "claims of another": f"{header}.{other_payload}.{signature}",
        "signature of another": f"{header}.{payload}.{other_signature}",
        "key of another": f"{other_header}.{payload}.{signature}",
        "signature written another way": f"{header}.{payload}.{_same_bytes(signature)}",
        "parts that meet elsewhere": f"{header}.{payload}{signature}.",
        "no signature": f"{header}.{payload}.",
        "more than it": f"{one}.",
    }

    answers = {name: door.ask("GET", "/api/v1/orders", bad).status_code for name, bad in mixed.items()}
    assert answers == dict.fromkeys(mixed, 401)


def test_a_kept_token_is_refused_when_its_time_is_over(door: Door) -> None:
    held = kept(door, exp=int(time.time()) + 2)

    wait_for(lambda: door.ask("GET", "/api/v1/orders", held).status_code == 401, "the token to expire", 3)


def test_a_kept_token_falls_with_its_key(door: Door) -> None:
    folder = door.configured.keys.parent
    keys.make_pair(folder, "third")
    private = serialization.load_pem_private_key((folder / "private/third.pem").read_bytes(), None)
    door.reload()
    fresh = token(door, key=private, header={"kid": "third"})
    wait_for(lambda: door.ask("GET", "/api/v1/orders", fresh).status_code == 200, "the new key")
    held = kept(door, key=private, header={"kid": "third"})

    keys.make_pair(folder, "another")
    (folder / "public/another.pem").replace(folder / "public/third.pem")
    door.reload()

    wait_for(lambda: door.ask("GET", "/api/v1/orders", held).status_code == 401, "the key to be gone")


def test_nothing_that_is_kept_holds_a_token(door: Door) -> None:
    held = kept(door)

    texts = [file.read_bytes() for file in (door.configured.folder / "cache").rglob("*") if file.is_file()]
    assert not [part for part in held.split(".") if any(part.encode() in text for text in texts)]


def test_where_nothing_can_be_kept_each_token_is_checked_anew(
    tmp_path: Path, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = edge.write

    def write_with_the_inside_away(configured: edge.Edge) -> None:
        file = write(configured)
        file.write_text(file.read_text().replace(f"server {configured.inside};", "server 127.0.0.1:1;"))

    monkeypatch.setattr(edge, "write", write_with_the_inside_away)
    tmp_path.chmod(0o755)
    alone = replace(door.configured, folder=tmp_path / "nginx", user="root", **other_ports())
    with opened(alone, door.stubs, door.key) as other:
        answers = {name: other.ask("GET", "/api/v1/orders", bad).status_code for name, bad in bad_tokens(door).items()}
        good = [other.ask("GET", "/api/v1/orders", token(door)).status_code for _ in range(2)]

    assert (good, answers) == ([200, 200], dict.fromkeys(answers, 401))


def test_what_is_kept_lies_in_memory_unless_somebody_else_holds_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edge, "MEMORY", tmp_path)
    place = edge.verdicts(Path("/one/var"))
    assert place
    assert place.stat().st_mode & 0o777 == 0o711
    assert edge.verdicts(Path("/one/var")) == place != edge.verdicts(Path("/another/var"))

    edge.remove(Path("/one/var"))
    place.symlink_to(tmp_path)

    assert edge.verdicts(Path("/one/var")) is None
    monkeypatch.setattr(edge, "MEMORY", tmp_path / "nowhere")
    assert edge.verdicts(Path("/one/var")) is None
