from pathlib import Path
from typing import Any

import pytest
from conftest import StandIn, access_token, make_key_files
from django.test import Client

SESSION, RENEWAL, END = "/admin/session", "/admin/session/renewal", "/admin/session/end"


@pytest.fixture
def key(tmp_path: Path, settings: Any) -> str:
    settings.JWT_PUBLIC_KEYS_DIR = tmp_path
    return make_key_files(tmp_path)


def bearer(key: str, *roles: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {access_token(key, roles)}"}


def signed_in(key: str) -> Client:
    client = Client()
    assert client.post(SESSION, "refresh-1", content_type="text/plain", headers=bearer(key, "admin")).status_code == 204
    return client


# ── In ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("role", ["admin", "support"])
def test_an_operators_tokens_are_kept_where_no_script_and_no_other_site_reaches_them(key: str, role: str) -> None:
    headers = bearer(key, role)
    response = Client().post(SESSION, "refresh-1", content_type="text/plain", headers=headers)

    access, renewal = response.cookies["nexus_admin"], response.cookies["nexus_admin_renewal"]
    assert response.status_code == 204
    assert (f"Bearer {access.value}", access["path"]) == (headers["Authorization"], "/admin")
    assert (renewal.value, renewal["path"]) == ("refresh-1", "/admin/session")
    for cookie in (access, renewal):
        assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Strict", "")


def test_over_https_the_cookies_are_never_sent_over_http(key: str) -> None:
    headers = {**bearer(key, "admin"), "X-Forwarded-Proto": "https"}
    response = Client().post(SESSION, "refresh-1", content_type="text/plain", headers=headers)

    assert all(cookie["secure"] for cookie in response.cookies.values())


@pytest.mark.parametrize("roles", [(), ("customer",), ("vendor", "customer")])
def test_who_is_no_operator_gets_no_cookie(key: str, roles: tuple[str, ...]) -> None:
    response = Client().post(SESSION, "x", content_type="text/plain", headers=bearer(key, *roles) if roles else {})

    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")
    assert not response.cookies


def test_a_foreign_token_gets_no_cookie(key: str, tmp_path: Path) -> None:
    foreign = make_key_files(tmp_path / "foreign")

    response = Client().post(SESSION, "x", content_type="text/plain", headers=bearer(foreign, "admin"))

    assert (response.status_code, bool(response.cookies)) == (403, False)


@pytest.mark.parametrize(
    ("asked", "then"),
    [
        ("/admin/order/?q=1", "/admin/order/?q=1"), ("", "/admin/"), ("https://evil.example/", "/admin/"),
        ("//evil.example/admin/", "/admin/"), ("/admin/\\evil.example", "/admin/"), ("/api/v1/orders", "/admin/"),
        ("javascript:alert(1)", "/admin/"),
    ],
)  # fmt: skip
def test_after_signing_in_nobody_is_sent_elsewhere(asked: str, then: str) -> None:
    page = Client().get("/admin/login", {"next": asked})

    assert f'data-then="{then}"' in page.content.decode()
    assert "no-store" in page["Cache-Control"]


def test_the_list_of_services_is_for_operators(key: str) -> None:
    client = Client()

    assert client.get("/admin")["Location"] == "/admin/login"
    assert client.get("/admin/", headers=bearer(key, "customer"))["Location"] == "/admin/login"
    page = client.get("/admin/", headers=bearer(key, "support")).content.decode()
    assert all(f'href="/admin/{service}/"' in page for service in ("user", "catalog", "order", "payment"))


def test_a_service_s_pages_begin_with_a_slash_and_unknown_ones_are_absent() -> None:
    assert Client().get("/admin/order")["Location"] == "/admin/order/"
    assert Client().get("/admin/nobody").status_code == 404


def test_a_record_s_history_is_the_audit_log() -> None:
    response = Client().get("/admin/history", {"subject": "a b&c"})

    assert response["Location"] == "/admin/user/user_service/auditentry/?q=a+b%26c"


# ── Longer ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_while_the_session_lives_the_cookies_are_renewed(key: str, user: StandIn) -> None:
    user.answers["/api/v1/auth/refresh"] = (200, {"access": "access-2", "refresh": "refresh-2"})
    client = signed_in(key)

    response = client.post(RENEWAL, headers={"X-Real-IP": "203.0.113.9"})

    assert response.status_code == 204
    assert (client.cookies["nexus_admin"].value, client.cookies["nexus_admin_renewal"].value) == (
        "access-2",
        "refresh-2",
    )
    assert user.asked[-1][1]["X-Real-IP"] == "203.0.113.9"


def test_when_it_has_ended_the_cookies_go(key: str, user: StandIn) -> None:
    user.answers["/api/v1/auth/refresh"] = (401, {"code": "token_not_valid"})

    response = signed_in(key).post(RENEWAL)

    assert (response.status_code, response.json()["code"]) == (401, "session_ended")
    assert all(cookie["max-age"] == 0 for cookie in response.cookies.values())


def test_while_user_service_is_away_the_cookies_stay(key: str, user: StandIn) -> None:
    user.answers["/api/v1/auth/refresh"] = (500, None)

    response = signed_in(key).post(RENEWAL)

    assert (response.status_code, bool(response.cookies)) == (503, False)


# ── Out ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_signing_out_ends_the_session(key: str, user: StandIn) -> None:
    user.answers["/api/v1/auth/logout"] = (204, None)
    client = signed_in(key)
    access = client.cookies["nexus_admin"].value

    response = client.post(END)

    assert (response.status_code, response["Location"]) == (303, "/admin/login?ended=1")
    assert [(path, headers["Authorization"]) for path, headers in user.asked] == [
        ("/api/v1/auth/logout", f"Bearer {access}")
    ]
    assert all(cookie["max-age"] == 0 for cookie in response.cookies.values())


@pytest.mark.parametrize("held", ["\xe9", '"\\351"', '"a\\012b"', '"\\000"', ""])
def test_whatever_a_cookie_holds_signing_out_forgets_it(user: StandIn, held: str) -> None:
    user.answers["/api/v1/auth/logout"] = user.answers["/api/v1/auth/refresh"] = (401, None)

    response = Client().post(END, headers={"Cookie": f"nexus_admin={held}; nexus_admin_renewal={held}"})

    assert response.status_code == 303
    assert all(cookie["max-age"] == 0 for cookie in response.cookies.values())


def test_signing_out_with_an_expired_access_token_ends_the_session_too(key: str, user: StandIn) -> None:
    user.answers["/api/v1/auth/logout"] = (401, None)
    user.answers["/api/v1/auth/refresh"] = (200, {"access": "access-2", "refresh": "refresh-2"})

    signed_in(key).post(END)

    assert user.asked[-1][1]["Authorization"] == "Bearer access-2"


@pytest.mark.parametrize("path", [SESSION, RENEWAL, END])
def test_pages_of_other_origins_are_refused(key: str, user: StandIn, path: str) -> None:
    headers = {**bearer(key, "admin"), "Origin": "http://testserver:3000"}

    response = Client().post(path, "x", content_type="text/plain", headers=headers)

    assert (response.status_code, user.asked) == (403, [])


@pytest.mark.parametrize("path", [SESSION, RENEWAL, END])
def test_a_link_signs_nobody_in_or_out(path: str) -> None:
    assert Client().get(path).status_code == 405


@pytest.mark.parametrize("body", [b"\xff\xfe", b"a\r\nSet-Cookie: x=y", b"x" * 5000, b"\x00", b"", b"a; Path=/"])
def test_what_is_no_refresh_token_is_not_kept(key: str, body: bytes) -> None:
    response = Client().post(SESSION, body, content_type="text/plain", headers=bearer(key, "admin"))

    assert (response.status_code, bool(response.cookies)) == (400, False)
