"""Too many requests, and too many at once, are told when to come again."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from door import Door, needs_nginx

from fleet.client import wait_for

pytestmark = needs_nginx


def test_too_many_requests_are_refused_with_the_time_to_wait(door: Door) -> None:
    door.reload(limits={"rate": "1r/s", "burst": 2})
    refused = wait_for(
        lambda: next((one for one in (door.ask("GET", "/health") for _ in range(6)) if one.status_code == 429), None),
        "a refusal",
    )
    door.reload(limits={})

    assert refused.json()["code"] == "too_many_requests"
    assert int(refused.headers["retry-after"]) > 0
    wait_for(lambda: {door.ask("GET", "/health").status_code for _ in range(20)} == {200}, "the old limits")


def test_who_would_wait_too_long_for_a_checkout_is_told_to_come_again(door: Door) -> None:
    orders, most = door.stubs["order_service"], 32
    orders.gate.clear()
    try:
        with ThreadPoolExecutor(most + 5) as pool:
            answers = [pool.submit(door.ask, "POST", "/api/v1/orders", timeout=30) for _ in range(most + 5)]
            wait_for(lambda: (orders.waiting, sum(one.done() for one in answers)) == (most, 5), "a crowd and five more")
            others = door.ask("GET", "/api/v1/products").status_code
            reader = pool.submit(door.ask, "GET", "/api/v1/orders", timeout=30)
            wait_for(lambda: orders.waiting == most + 1, "a reader to be let in beside them")
            orders.gate.set()
            told = [one.result() for one in answers]
    finally:
        orders.gate.set()

    assert Counter(one.status_code for one in told) == {200: most, 429: 5}
    assert {one.headers.get("retry-after") for one in told if one.status_code == 429} == {"2"}
    assert {one.json()["code"] for one in told if one.status_code == 429} == {"too_many_requests"}
    assert (others, reader.result().status_code) == (200, 200)
    assert door.ask("POST", "/api/v1/orders").status_code == 200
