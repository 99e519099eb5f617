"""Pages kept for a second: who gets them, who never does, and what they spare a service."""

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from door import Door, needs_nginx, token

from fleet.client import Unexpected, wait_for

pytestmark = needs_nginx


def test_a_hot_page_is_asked_for_once_and_is_fresh_after_a_second(door: Door) -> None:
    """NGINX counts whole seconds: a page that came at the end of one is soon asked for anew."""
    stub = door.stubs["catalog_service"]

    def asked() -> tuple[str, int, list[str]]:
        path, before = f"/api/v1/products?search={uuid4()}", len(stub.seen)
        caches = [door.ask("GET", path).headers["x-cache"] for _ in range(5)]
        return path, len(stub.seen) - before, caches

    within_a_second = (1, ["MISS", "HIT", "HIT", "HIT", "HIT"])
    path = wait_for(lambda: (found := asked())[1:] == within_a_second and found[0], "five within a second", 10)
    first = door.ask("GET", path).json()["number"]
    assert wait_for(lambda: door.ask("GET", path).json()["number"] > first, "a fresh page", 2)


def test_many_who_ask_for_a_new_page_at_once_cost_one_request(door: Door) -> None:
    stub = door.stubs["catalog_service"]

    def cost() -> int:
        path, before = f"/api/v1/products?search={uuid4()}", len(stub.seen)
        with ThreadPoolExecutor(5) as pool:
            assert {one.status_code for one in pool.map(lambda _i: door.ask("GET", path), range(5))} == {200}
        return len(stub.seen) - before

    assert wait_for(lambda: cost() == 1, "a page that comes before their time to wait is over", 10)


def test_who_waits_for_a_slow_page_asks_for_it_before_long(door: Door) -> None:
    path, stub = f"/api/v1/products?search={uuid4()}", door.stubs["catalog_service"]

    stub.gate.clear()
    with ThreadPoolExecutor(3) as pool:
        answers = [pool.submit(door.ask, "GET", path) for _ in range(3)]
        try:
            wait_for(lambda: stub.waiting == 3, "all to arrive", 4)
        finally:
            stub.gate.set()

    assert {one.result().status_code for one in answers} == {200}


def test_after_a_quiet_time_nobody_gets_the_page_from_before(door: Door) -> None:
    path, stub = f"/api/v1/products?search={uuid4()}", door.stubs["catalog_service"]
    old, asked_at = door.ask("GET", path).json()["number"], time.time()
    wait_for(lambda: time.time() > asked_at + 2, "two seconds to pass")

    stub.gate.clear()
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(door.ask, "GET", path) for _ in range(2)]
        try:
            wait_for(lambda: stub.waiting == 2, "both to arrive", 4)
        finally:
            stub.gate.set()

    assert all(one.result().json()["number"] > old for one in answers)


def test_a_page_that_is_being_fetched_anew_is_given_meanwhile(door: Door) -> None:
    stub = door.stubs["catalog_service"]

    def given_meanwhile() -> bool:
        path = f"/api/v1/products?search={uuid4()}"
        door.ask("GET", path)
        second = int(time.time())
        wait_for(lambda: int(time.time()) > second, "the page's second to end")
        stub.gate.clear()
        with ThreadPoolExecutor(2) as pool:
            answers = [pool.submit(door.ask, "GET", path) for _ in range(2)]
            try:
                return bool(wait_for(lambda: any(one.done() for one in answers), "one not to wait", 0.8))
            except Unexpected:
                return False
            finally:
                stub.gate.set()

    assert wait_for(given_meanwhile, "an old page while the new one is on its way", 20)


def test_conditions_of_what_is_not_shared_are_the_services_to_judge(door: Door) -> None:
    path, condition = f"/api/v1/products?search={uuid4()}", {"If-None-Match": '"1"'}

    door.ask("GET", path, token(door), headers=condition)
    own = door.stubs["catalog_service"].seen[-1][2]["If-None-Match"]
    door.ask("GET", path, headers=condition)
    shared = door.stubs["catalog_service"].seen[-1][2]["If-None-Match"]

    assert (own, shared) == ('"1"', None)


def test_an_answer_with_a_cookie_is_not_shared(door: Door) -> None:
    path = f"/api/v1/products/cookie-{uuid4()}"

    assert door.ask("GET", path).json() != door.ask("GET", path).json()


def test_a_page_survives_its_service(door: Door) -> None:
    path, stub = f"/api/v1/products?search={uuid4()}", door.stubs["catalog_service"]
    assert door.ask("GET", path).status_code == 200
    stub.stop()

    try:
        wait_for(lambda: door.ask("GET", path).headers["x-cache"] == "STALE", "the page's second to end", 4)
        assert door.ask("GET", path).status_code == 200
    finally:
        stub.start(stub.port)


@pytest.mark.parametrize("personal", ["token", "cart"])
def test_what_somebody_in_particular_asks_is_not_shared(door: Door, personal: str) -> None:
    path = f"/api/v1/products?search={uuid4()}"
    headers = {"X-Cart-Token": "mine"} if personal == "cart" else {"Authorization": f"Bearer {token(door)}"}

    numbers = {door.ask("GET", path, headers=headers).json()["number"] for _ in range(3)}
    guest = door.ask("GET", path)

    assert len(numbers) == 3
    assert guest.headers["x-cache"] == "MISS"


def test_other_services_are_never_cached(door: Door) -> None:
    assert door.ask("GET", "/api/v1/vendors").json() != door.ask("GET", "/api/v1/vendors").json()
