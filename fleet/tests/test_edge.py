"""The edge as it is configured: its locations, its services and their instances, its files and its log."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from door import SERVICES, Door, Stub, kept, needs_nginx, opened, other_ports, token

from fleet import edge, locations, ups
from fleet.client import wait_for
from fleet.table import load

pytestmark = needs_nginx


# ── What stands behind it, and what it writes down ───────────────────────────────────────────────────────────────────


def test_a_service_that_is_away_is_a_problem_document_and_comes_back(door: Door) -> None:
    stub = door.stubs["vendor_service"]
    stub.stop()

    answer = door.ask("GET", "/api/v1/vendors")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["retry-after"]

    stub.start(stub.port)
    assert door.ask("GET", "/api/v1/vendors").status_code == 200


def test_media_are_served_from_their_folder_alone(door: Door) -> None:
    (door.configured.media / "products").mkdir(parents=True, exist_ok=True)
    (door.configured.media / "products" / "lamp.webp").write_bytes(b"picture")

    found = door.ask("GET", "/media/products/lamp.webp")

    assert (found.status_code, found.content, found.headers["content-type"]) == (200, b"picture", "image/webp")
    assert found.headers["x-content-type-options"] == "nosniff"
    assert door.ask("GET", "/media/products/none.webp").json()["code"] == "not_found"


def test_an_added_instance_is_used_after_a_reload(door: Door) -> None:
    second = Stub("second").start()
    first = door.configured.upstreams["order_service"][0]

    door.reload(upstreams={**door.configured.upstreams, "order_service": [first, f"127.0.0.1:{second.port}"]})

    wait_for(lambda: door.ask("GET", "/api/v1/orders").json()["service"] == "second", "the second instance")
    second.stop()
    answers = {door.ask("GET", "/api/v1/orders").status_code for _ in range(10)}
    assert answers == {200}
    door.reload(upstreams={**door.configured.upstreams, "order_service": [first]})


def test_the_log_tells_who_and_what_but_no_secret(door: Door) -> None:
    user, request_id = str(uuid4()), uuid4().hex
    held = kept(door, sub=user)
    door.ask("GET", "/api/v1/orders?secret=hush", held, headers={"X-Request-Id": request_id})

    log = Path(door.configured.log)
    line = wait_for(lambda: next((x for x in log.read_text().splitlines() if request_id in x), None), "the log line")

    told = json.loads(line)
    assert (told["user_id"], told["path"], told["status"]) == (user, "/api/v1/orders", 200)
    assert "hush" not in log.read_text()
    assert held not in log.read_text()


# ── The configuration itself ─────────────────────────────────────────────────────────────────────────────────────────


def test_every_location_strips_headers_and_checks_tokens(door: Door) -> None:
    text, _server, _inside = (door.configured.folder / "nginx.conf").read_text().rpartition("\n    server {")
    blocks = re.findall(r"location ([^{]+)\{([^}]*)\}", text)

    internal = {name.strip() for name, block in blocks if "internal;" in block}
    assert internal == {"= /_check", "^~ /_session/", "^~ /_signed/", "^~ /_problem/"}
    for name, block in blocks:
        assert "strip.conf" in block, name
        assert ("auth_request /_check" in block) is (name.strip() not in internal), name
        assert not ("auth_request" in block and re.search(r"\breturn\b", block)), name


def test_every_public_path_of_a_service_is_routed_to_it() -> None:
    page = edge.tomllib.loads((edge.SOURCES / "routes.toml").read_text())
    routes = locations.matches(page)
    wrong = {
        path: service
        for service in SERVICES
        for path in _paths(service)
        if locations.routed(routes, path).get("to") != service
    }

    assert wrong == {}


def _paths(service: str) -> list[str]:
    """As urls.py writes them, with a value in place of each converter; internal ones left out."""
    text = (load().service(service).folder / service / "urls.py").read_text()
    written = re.findall(r"\bpath\(\s*\"([^\"]*)\"", text)
    paths = ["/" + re.sub(r"<[^>]+>", "x", one) for one in written]
    hidden = ("/internal/", "/health/", "/simulator/v1/", "/simulator/chapa/", "/simulator/sms/")
    return [path for path in paths if not path.startswith(hidden)]


def test_with_a_name_server_the_same_doors_are_open_and_shut(door: Door, tmp_path_factory: Any) -> None:
    """As in containers, where an upstream's address is looked up again while NGINX runs."""
    folder, session = tmp_path_factory.mktemp("containers"), str(uuid4())
    door.stubs["gateway"].sessions[session] = 403

    named = replace(door.configured, folder=folder, resolver="127.0.0.11", user=edge._user(folder), **other_ports())
    with opened(named, door.stubs, door.key) as other:
        good = other.ask("GET", "/api/v1/orders?a=b%20c", token(other))
        assert (good.status_code, good.json()["service"]) == (200, "order_service")
        assert door.stubs["order_service"].seen[-1][1] == "/api/v1/orders?a=b%20c"
        assert other.ask("GET", "/api/v1/orders", token(other, sid=session)).json()["code"] == "session_ended"
        assert other.ask("GET", "/api/v1/orders", "x.y.z").status_code == 401
        assert other.ask("PUT", "/api/v1/profile/update/", token(other)).status_code == 200
        assert door.stubs["user_service"].seen[-1][:2] == ("PATCH", "/api/v1/users/me")


def test_starting_the_servers_does_not_stop_a_running_nginx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[str] = []
    monkeypatch.setattr(edge, "MEMORY", tmp_path)
    monkeypatch.setattr(ups.bootstrap, "ensure_packages", lambda: None)
    monkeypatch.setattr(ups.processes, "all_info", lambda _var: {"nginx": {}, "order_service-web": {}})
    monkeypatch.setattr(ups.servers, "start", lambda _table, others: kept.extend(one.name for one in others))

    ups.servers_only(load(var=tmp_path))

    assert sorted(kept) == ["nginx", "order_service-web"]
