"""Signing in with Google, against an OpenID provider of the test's own that can also be made to lie."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from conftest import PASSWORD, Register, as_user, make_admin_client, sign_in
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.conf import LazySettings
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from rest_framework.test import APIClient

from shared.contracts.user import EmailCodeIssued, UserChanged, UserRegistered
from shared.testing import body, published
from user_service import clients
from user_service.models import Identity, User, stores

pytestmark = pytest.mark.django_db(transaction=True)

START, CALLBACK = "/api/v1/auth/social/google/start", "/api/v1/auth/social/google/callback"
CLIENT_ID, CLIENT_SECRET = "nexus.apps.example", "a client's secret"
RSA_KEY, OTHER_RSA_KEY = (rsa.generate_private_key(65537, 2048) for _ in range(2))
EC_KEY = ec.generate_private_key(ec.SECP256R1())


class Google:
    """As much of OpenID Connect as a client with PKCE meets. `claims` and the others change what it says."""

    def __init__(self) -> None:
        self.sub, self.email, self.email_verified = "10769150350006150715113082367", "ada@example.com", True
        self.claims: dict[str, Any] = {}
        self.key: Any = RSA_KEY
        self.algorithm, self.kid = "RS256", "g1"
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []
        self.discovery: dict[str, Any] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                documents = {"/.well-known/openid-configuration": outer.document, "/keys": outer.jwks}
                self.answer(200, documents[self.path]())

            def do_POST(self) -> None:
                outer.asked.append(self.path)
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                self.answer(*outer.exchange({name: values[0] for name, values in form.items()}))

            def answer(self, status: int, document: Any) -> None:
                content = json.dumps(document).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"

    def document(self) -> dict[str, Any]:
        places = {"authorization_endpoint": "auth", "token_endpoint": "token", "jwks_uri": "keys"}
        said = {"issuer": self.issuer, **{name: f"{self.issuer}/{place}" for name, place in places.items()}}
        return {**said, **self.discovery}

    def jwks(self) -> dict[str, Any]:
        rsa_key = RSAAlgorithm.to_jwk(RSA_KEY.public_key(), as_dict=True)
        ec_key = ECAlgorithm.to_jwk(EC_KEY.public_key(), as_dict=True)
        return {"keys": [{**rsa_key, "kid": "g1", "use": "sig"}, {**ec_key, "kid": "g2", "alg": "ES256"}]}

    def consent(self, url: str) -> dict[str, str]:
        """What a person who agrees does: the browser comes back with these parameters."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert (asked["client_id"], asked["response_type"], asked["scope"]) == (
            CLIENT_ID,
            "code",
            "openid email profile",
        )
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"], "scope": asked["scope"], "authuser": "0"}

    def exchange(self, form: dict[str, str]) -> tuple[int, Any]:
        asked = self.codes.pop(form["code"], None)
        if asked is None or form["client_secret"] != CLIENT_SECRET or form["redirect_uri"] != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": self.id_token(asked["nonce"])}

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": CLIENT_ID, "sub": self.sub, "iat": now, "exp": now + 300, "nonce": nonce,
            "email": self.email, "email_verified": self.email_verified, "given_name": "Ada", "family_name": "King",
            **self.claims,
        }  # fmt: skip
        present = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(present, self.key, algorithm=self.algorithm, headers={"kid": self.kid})


@pytest.fixture
def google(settings: LazySettings) -> Iterator[Google]:
    google = Google()
    settings.GOOGLE_ISSUER, settings.GOOGLE_CLIENT_ID = google.issuer, CLIENT_ID
    settings.GOOGLE_CLIENT_SECRET = CLIENT_SECRET
    threading.Thread(target=google.server.serve_forever, args=(0.02,), daemon=True).start()
    yield google
    google.server.shutdown()
    google.server.server_close()


def sign_in_with(google: Google, client: APIClient | None = None, **changes: str) -> Any:
    client = client or APIClient()
    url = body(client.post(START))["authorization_url"]
    return client.get(CALLBACK, {**google.consent(url), **changes})


def test_somebody_new_gets_a_verified_account_and_both_tokens(google: Google) -> None:
    answer = sign_in_with(google)

    user = body(answer)["user"]
    assert answer.status_code == 200
    assert (user["email"], user["first_name"], user["last_name"]) == ("ada@example.com", "Ada", "King")
    assert (user["email_verified"], user["roles"]) == (True, ["customer"])
    assert body(as_user(body(answer)["access"]).get("/api/v1/users/me"))["id"] == user["id"]
    assert [told.email for told in published(UserRegistered)] == ["ada@example.com"]
    assert published(UserChanged)[-1].roles == ("customer",)


def test_an_account_made_so_has_no_password(google: Google) -> None:
    sign_in_with(google)

    response = APIClient().post("/api/v1/auth/login", {"email": "ada@example.com", "password": PASSWORD})

    assert response.status_code == 401


def test_the_same_person_comes_back_to_the_same_account_under_another_address(google: Google) -> None:
    first = body(sign_in_with(google))["user"]["id"]
    google.email = "ada.king@example.com"

    second = body(sign_in_with(google))["user"]

    assert (second["id"], second["email"]) == (first, "ada@example.com")
    assert User.objects.count() == 1


def test_an_account_is_linked_when_both_sides_have_proved_the_address(google: Google, make_account: Register) -> None:
    mine = make_account()["user"]["id"]
    google.email = "Ada@Example.com"

    answer = sign_in_with(google)

    assert body(answer)["user"]["id"] == mine
    assert body(answer)["user"]["last_name"] == "Buyer"
    assert "access" in sign_in(APIClient())


def test_nobody_is_linked_by_an_address_that_the_provider_has_not_proved(
    google: Google, make_account: Register
) -> None:
    make_account()
    for unproved in (False, "true", None):
        google.email_verified = unproved  # type: ignore[assignment]

        answer = sign_in_with(google)

        assert (answer.status_code, body(answer)["code"]) == (403, "social_email_not_verified")
    assert Identity.objects.count() == 0


def test_names_are_kept_without_what_is_refused_elsewhere(google: Google) -> None:
    google.claims = {"given_name": "Ada\n\x00", "family_name": " \u202eKing\u200b "}

    user = body(sign_in_with(google))["user"]

    assert (user["first_name"], user["last_name"]) == ("Ada", "King")


@pytest.mark.parametrize("contested", [False, True])
def test_a_strangers_unproved_registration_of_my_address_is_void(
    contested: bool, google: Google, make_account: Register
) -> None:
    make_account(verified=False)
    User.objects.update(must_reset_password=contested)

    answer = sign_in_with(google)

    login = APIClient().post("/api/v1/auth/login", {"email": "ada@example.com", "password": PASSWORD})
    assert body(answer)["user"]["last_name"] == "King"
    assert login.status_code == 401
    assert User.objects.count() == 1


def test_an_account_without_a_password_gets_one_from_the_mailbox(google: Google) -> None:
    sign_in_with(google)
    APIClient().post("/api/v1/auth/password-reset", {"email": "ada@example.com"})
    form = {"email": "ada@example.com", "code": published(EmailCodeIssued)[-1].code, "password": PASSWORD}

    done = APIClient().post("/api/v1/auth/password-reset/confirm", form)

    assert done.status_code == 200
    assert "access" in sign_in(APIClient())
    assert sign_in_with(google).status_code == 200


def test_a_disabled_account_stays_out(google: Google, make_account: Register) -> None:
    sign_in_with(google)
    admin = make_admin_client(make_account)
    admin.patch(f"/api/v1/admin/users/{User.objects.get(email='ada@example.com').id}", {"active": False})

    answer = sign_in_with(google)

    assert (answer.status_code, body(answer)["code"]) == (401, "social_sign_in_failed")


def test_a_second_factor_is_still_asked_for(google: Google, make_account: Register) -> None:
    import pyotp

    mine = as_user(make_account()["access"])
    secret = body(mine.post("/api/v1/auth/two-factor/setup"))["secret"]
    assert mine.post("/api/v1/auth/two-factor/confirm", {"code": pyotp.TOTP(secret).now()}).status_code == 200

    answer = sign_in_with(google)

    assert body(answer).keys() == {"two_factor", "challenge"}


def test_a_state_works_once_and_only_in_the_browser_that_began(google: Google) -> None:
    client, other = APIClient(), APIClient()
    url = body(client.post(START))["authorization_url"]
    other.post(START)
    back = google.consent(url)
    elsewhere = other.get(CALLBACK, back)
    here = client.get(CALLBACK, back)

    honest = APIClient()
    back = google.consent(body(honest.post(START))["authorization_url"])
    cookies = honest.cookies.copy()
    first = honest.get(CALLBACK, back)
    honest.cookies = cookies
    again = honest.get(CALLBACK, back)

    assert (elsewhere.status_code, here.status_code) == (401, 401)
    assert (first.status_code, again.status_code) == (200, 401)


def test_the_cookie_is_no_scripts_and_no_other_sites(google: Google, settings: LazySettings) -> None:
    settings.PUBLIC_URL = "https://nexus.example"

    cookie = APIClient().post(START).cookies["nexus_social"]

    assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Lax", True)


def test_without_a_cookie_a_state_or_a_code_nobody_signs_in(google: Google) -> None:
    client = APIClient()
    back = google.consent(body(client.post(START))["authorization_url"])

    assert APIClient().get(CALLBACK, back).status_code == 401
    assert set(body(client.get(CALLBACK))["errors"]) == {"code", "state"}
    assert client.get(CALLBACK, {**back, "state": "x" * 201}).status_code == 400
    assert client.get(CALLBACK, {**back, "state": "nobody's"}).status_code == 401
    assert client.get(CALLBACK, {"error": "access_denied", "state": back["state"]}).status_code == 401
    assert sign_in_with(google, code="guessed").status_code == 401
    assert sign_in_with(google, iss="https://evil.example").status_code == 401
    assert User.objects.count() == 0


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"aud": "another client"},
        {"aud": [CLIENT_ID, "another client"]},
        {"aud": [CLIENT_ID, "another client"], "azp": "another client"},
        {"azp": "another client"},
        {"exp": int(time.time()) - 600},
        {"iat": int(time.time()) + 600},
        {"nonce": "another's"},
        {"nonce": None},
        {"exp": None},
        {"sub": None},
        {"sub": 5},
    ],
)
def test_an_id_token_that_does_not_hold_signs_nobody_in(claims: dict[str, Any], google: Google) -> None:
    google.claims = claims

    answer = sign_in_with(google)

    assert (answer.status_code, body(answer)["code"]) == (401, "social_sign_in_failed")
    assert User.objects.count() == 0


def test_several_audiences_are_fine_when_it_was_made_for_us(google: Google) -> None:
    google.claims = {"aud": [CLIENT_ID, "another client"], "azp": CLIENT_ID}

    assert sign_in_with(google).status_code == 200


@pytest.mark.parametrize(
    ("key", "algorithm", "kid"),
    [
        (OTHER_RSA_KEY, "RS256", "g1"),
        (RSA_KEY, "RS256", "unknown"),
        (RSA_KEY, "RS512", "g1"),
        (RSA_KEY, "RS256", "g2"),
        (CLIENT_SECRET * 3, "HS256", "g1"),
        (None, "none", "g1"),
    ],
)
def test_a_signature_of_another_key_or_kind_signs_nobody_in(key: Any, algorithm: str, kid: str, google: Google) -> None:
    google.key, google.algorithm, google.kid = key, algorithm, kid

    assert sign_in_with(google).status_code == 401
    assert User.objects.count() == 0


def test_elliptic_curves_are_fine_too(google: Google) -> None:
    google.key, google.algorithm, google.kid = EC_KEY, "ES256", "g2"

    assert sign_in_with(google).status_code == 200


def test_the_providers_documents_are_kept(google: Google) -> None:
    for _ in range(3):
        assert sign_in_with(google).status_code == 200

    assert google.asked.count("/.well-known/openid-configuration") == 1
    assert google.asked.count("/keys") == 1


def test_a_document_of_another_issuer_is_not_believed(google: Google) -> None:
    google.discovery = {"issuer": "https://evil.example"}

    assert APIClient().post(START).status_code == 503


@pytest.mark.parametrize("missing", ["GOOGLE_CLIENT_ID", "GOOGLE_CLIENT_SECRET", "GOOGLE_ISSUER"])
def test_what_is_not_set_up_is_not_there(missing: str, google: Google, settings: LazySettings) -> None:
    setattr(settings, missing, "")

    answers = [APIClient().post(START), APIClient().get(CALLBACK, {"code": "x", "state": "y"})]

    assert [(answer.status_code, body(answer)["code"]) for answer in answers] == [(404, "not_configured")] * 2


def test_a_provider_that_is_away_is_told_so(settings: LazySettings) -> None:
    settings.GOOGLE_ISSUER, settings.GOOGLE_CLIENT_ID = "http://127.0.0.1:1", CLIENT_ID
    settings.GOOGLE_CLIENT_SECRET = CLIENT_SECRET
    clients.provider.cache_clear()

    assert APIClient().post(START).status_code == 503


def test_nothing_that_could_be_stolen_lies_in_redis(google: Google) -> None:
    client = APIClient()
    url = body(client.post(START))["authorization_url"]
    state = parse_qs(urlsplit(url).query)["state"][0]

    kept = [f"{key} {stores.own().get(key)}" for key in stores.own().scan_iter("flow:*")]

    assert len(kept) == 1
    assert state not in kept[0]
    assert client.cookies["nexus_social"].value not in kept[0]
