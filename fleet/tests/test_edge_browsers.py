"""What browsers are told: security headers, which origins may read, and to come by HTTPS."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from door import ONE_PATH_EACH, Door, needs_nginx, opened, other_ports

from fleet import edge

pytestmark = needs_nginx


# ── Browsers ─────────────────────────────────────────────────────────────────────────────────────────────────────────

SECURITY = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "strict-origin-when-cross-origin",
    "cross-origin-opener-policy": "same-origin",
}


@pytest.mark.parametrize(
    "path", [*ONE_PATH_EACH.values(), "/nowhere", "/api/v1/orders/forbidden", "/media/none", "/docs", "/api/v1/profile"]
)
def test_security_headers_stand_once_on_every_answer(door: Door, path: str) -> None:
    for credentials in (None, "x.y.z"):
        headers = door.ask("GET", path, credentials).headers
        assert {name: headers.get_list(name) for name in SECURITY} == {name: [one] for name, one in SECURITY.items()}
        assert [len(headers.get_list(name)) for name in ("permissions-policy", "content-security-policy")] == [1, 1]
        assert "strict-transport-security" not in headers


def test_a_page_keeps_its_own_content_security_policy(door: Door) -> None:
    assert door.ask("GET", "/api/docs").headers["content-security-policy"] == "default-src 'self'"
    assert "frame-ancestors 'none'" in door.ask("GET", "/api/v1/orders").headers["content-security-policy"]


PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


def test_a_preflight_is_answered_at_the_edge(door: Door) -> None:
    before = door.reached()
    answer = door.ask("OPTIONS", "/api/v1/orders", headers={"Origin": "https://shop.example", **PREFLIGHT})

    told = {name.removeprefix("access-control-"): one for name, one in answer.headers.items() if "access-co" in name}
    assert (answer.status_code, answer.content, door.reached()) == (204, b"", before)
    assert (told["allow-origin"], told["allow-credentials"]) == ("https://shop.example", "true")
    assert int(told["max-age"]) > 0
    assert {"POST", "PATCH", "DELETE"} <= set(told["allow-methods"].split(", "))
    assert {"Authorization", "Content-Type", "Idempotency-Key", "X-Cart-Token", "X-Request-Id"} <= set(
        told["allow-headers"].split(", ")
    )
    assert "Origin" in answer.headers.get_list("vary")


@pytest.mark.parametrize("status", [200, 401, 404])
def test_a_page_of_an_allowed_origin_may_read_answers_and_refusals(door: Door, status: int) -> None:
    path = "/nowhere" if status == 404 else "/api/v1/orders"
    answer = door.ask("GET", path, "x.y.z" if status == 401 else None, headers={"Origin": "http://localhost:3000"})

    assert answer.status_code == status
    assert answer.headers.get_list("access-control-allow-origin") == ["http://localhost:3000"]
    exposed = answer.headers["access-control-expose-headers"].split(", ")
    assert {"RateLimit", "RateLimit-Policy", "Retry-After", "X-Cart-Token", "X-Request-Id", "ETag"} <= set(exposed)
    assert "access-control-allow-methods" not in answer.headers


@pytest.mark.parametrize("origin", ["https://evil.example", "https://shop.example.evil", "http://shop.example", "null"])
def test_other_origins_get_nothing(door: Door, origin: str) -> None:
    for method, more in (("GET", {}), ("OPTIONS", PREFLIGHT)):
        answer = door.ask(method, "/api/v1/orders", headers={"Origin": origin, **more})
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert "Origin" in answer.headers.get_list("vary")


@pytest.mark.parametrize("path", ["/admin", "/admin/login?next=/admin/", "/admin/user/user_service/user/"])
def test_no_other_origin_reads_the_pages_of_operators(door: Door, path: str) -> None:
    for method, more in (("GET", {}), ("OPTIONS", PREFLIGHT)):
        answer = door.ask(method, path, headers={"Origin": "https://shop.example", **more})
        assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_what_is_open_to_every_origin_is_so_without_credentials(tmp_path: Path, door: Door) -> None:
    listens = other_ports()
    folder = tmp_path / "nginx"
    tmp_path.chmod(0o755)
    everybody = replace(door.configured, folder=folder, cors_origins=("*",), user="root", **listens)
    with opened(everybody, door.stubs, door.key) as other:
        answer = other.ask("GET", "/api/v1/orders", headers={"Origin": "https://any.example"})

    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


def test_what_is_no_origin_is_refused() -> None:
    assert edge.origins(" https://a.example , http://localhost:3000,") == ("https://a.example", "http://localhost:3000")
    for text in ("a.example", "https://a.example/", 'https://a";', "https://*.example"):
        with pytest.raises(edge.Problem):
            edge.origins(text)


# ── HTTPS ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def curl(door: Door, *arguments: str) -> "subprocess.CompletedProcess[str]":
    port = door.configured.listen_tls.rpartition(":")[2]
    trust = ["--cacert", f"{door.configured.tls}/ca.pem"]
    command = ["curl", "-sS", "-i", *trust, *arguments, f"https://localhost:{port}/api/v1/orders"]
    return subprocess.run(command, capture_output=True, text=True, timeout=10)


def test_https_speaks_http2_with_the_local_authority_and_asks_for_https_from_then_on(door: Door) -> None:
    done = curl(door, "--http2")

    assert done.stdout.startswith("HTTP/2 200"), done.stderr
    assert done.stdout.lower().count("strict-transport-security: max-age=31536000") == 1
    assert door.stubs["order_service"].seen[-1][2]["X-Forwarded-Proto"] == "https"


def test_old_versions_of_tls_and_strangers_are_not_trusted(door: Door) -> None:
    assert curl(door, "--tlsv1.3").returncode == 0
    assert curl(door, "--tls-max", "1.1", "--tlsv1.0").returncode != 0
    assert curl(door, "--cacert", "/etc/ssl/certs/ca-certificates.crt").returncode != 0
