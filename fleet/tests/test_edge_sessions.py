"""Sessions: who signed out is refused, and nobody waits for a gateway that is away without need."""

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from door import Door, needs_nginx, token

from fleet.client import wait_for

pytestmark = needs_nginx


def test_an_ended_session_is_refused_within_two_seconds(door: Door) -> None:
    session = str(uuid4())
    held = token(door, sid=session)
    assert door.ask("GET", "/api/v1/orders", held).status_code == 200

    door.stubs["gateway"].sessions[session] = 403

    wait_for(lambda: door.ask("GET", "/api/v1/orders", held).status_code == 401, "the session to be refused", 2)
    assert door.ask("GET", "/api/v1/products", held).json()["code"] == "session_ended"


def test_of_two_requests_after_a_logout_none_gets_the_verdict_from_before(door: Door) -> None:
    session, gateway = str(uuid4()), door.stubs["gateway"]
    held = token(door, sid=session)
    assert door.ask("GET", "/api/v1/orders", held).status_code == 200
    gateway.sessions[session] = 403
    second = int(time.time())
    wait_for(lambda: int(time.time()) > second, "the verdict's second to end")

    gateway.gate.clear()
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(door.ask, "GET", "/api/v1/orders", held) for _ in range(2)]
        wait_for(lambda: gateway.waiting + sum(one.done() for one in answers) == 2, "both to be on their way")
        gateway.gate.set()

    assert [one.result().status_code for one in answers] == [401, 401]


def test_the_first_requests_of_a_session_do_not_wait_for_one_another(door: Door) -> None:
    held, gateway = token(door), door.stubs["gateway"]

    gateway.gate.clear()
    with ThreadPoolExecutor(3) as pool:
        answers = [pool.submit(door.ask, "GET", "/api/v1/orders", held) for _ in range(3)]
        try:
            wait_for(lambda: gateway.waiting == 3, "all three to be asked about", 3)
        finally:
            gateway.gate.set()

    assert [one.result().status_code for one in answers] == [200] * 3


def test_without_the_gateway_sessions_seen_lately_live_on_and_unknown_ones_wait(door: Door) -> None:
    seen, unseen = token(door), token(door)
    ended_session = str(uuid4())
    door.stubs["gateway"].sessions[ended_session] = 403
    ended = token(door, sid=ended_session)
    assert door.ask("GET", "/api/v1/orders", seen).status_code == 200
    assert door.ask("GET", "/api/v1/orders", ended).status_code == 401

    port = door.stubs["gateway"].port
    door.stubs["gateway"].stop()
    second = int(time.time())
    wait_for(lambda: int(time.time()) > second, "the verdicts' second to end")
    try:
        assert door.ask("GET", "/api/v1/orders", seen).status_code == 200
        assert door.ask("GET", "/api/v1/orders", ended).status_code == 401
        waits = door.ask("GET", "/api/v1/orders", unseen)
        assert (waits.status_code, waits.json()["code"]) == (503, "unavailable")
        assert int(waits.headers["retry-after"]) > 0
        assert door.ask("GET", "/api/v1/products").status_code == 200
    finally:
        door.stubs["gateway"].start(port)


def test_a_session_that_the_gateway_knows_nothing_about_waits(door: Door) -> None:
    session = str(uuid4())
    door.stubs["gateway"].sessions[session] = 503

    assert door.ask("GET", "/api/v1/orders", token(door, sid=session)).status_code == 503
