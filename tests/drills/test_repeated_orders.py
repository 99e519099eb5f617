"""One Idempotency-Key, many requests: T19. At full size: NEXUS_ROUNDS=10 NEXUS_AT_ONCE=50."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import uuid4

import httpx
from conftest import MakeProduct, kill, order_of

from fleet import processes
from fleet.client import Json, Market, Person, Unexpected, wait_for
from fleet.journey import ADDRESS
from fleet.table import Table
from shared import drills

AT_ONCE = drills.size("NEXUS_AT_ONCE", 12)
ROUNDS = drills.size("NEXUS_ROUNDS", 2)
LATER = {409, 429}
"""Statuses that say: come again with the same key."""


def test_one_key_is_one_order_however_often_it_is_sent_and_whoever_is_killed(
    fleet: Table, market: Market, make_product: MakeProduct
) -> None:
    product = make_product(stock=ROUNDS * 4)
    drills.tell("load", f"{AT_ONCE} times the same order at one moment, {ROUNDS} rounds, then again with a kill")
    verdict, stuck = dict[str, bool](), list[float]()

    for killed in (False, True):
        when = "with the order service killed -9 meanwhile" if killed else "at one moment"
        drills.tell("fault", when)
        rounds = [_one_key(fleet, market, product, stuck, killed=killed) for _ in range(ROUNDS)]
        firsts = [_by_number(one) for one in rounds]
        verdict[f"{when}: one order a key"] = all(len(numbers) == 1 for numbers in firsts)
        verdict[f"{when}: all answers are that order, byte for byte, or say when to come again"] = all(
            {answer.status_code for answer in one} <= {201, *LATER, *({503} if killed else ())}
            and len({answer.content for answer in one if answer.status_code == 201}) == 1
            for one in rounds
        )
    drills.tell("figure", f"acknowledged at most {max(stuck):.2f} s after somebody could be asked")
    drills.judge(verdict | ({"no key is stuck for longer than a second": max(stuck) <= 1} if drills.FULL else {}))


def _one_key(fleet: Table, market: Market, product: Json, stuck: list[float], *, killed: bool) -> list[httpx.Response]:
    """All answers, the last of them after everything has calmed down; what another body is told is looked at, too.

    `stuck` gets the seconds from when the service answers again to its acknowledgement.
    """
    buyer = _with_cart(market, product)
    body = {"shipping_address": ADDRESS, "payment_method": "simulator", "email": f"once-{uuid4().hex}@example.com"}
    headers, gate = {"Idempotency-Key": str(uuid4())}, threading.Barrier(AT_ONCE + killed)

    def place() -> httpx.Response:
        try:
            return buyer.ask("POST", "orders", json=body, headers=headers)
        except httpx.TransportError:
            return httpx.Response(503)

    def at_once() -> httpx.Response:
        gate.wait(30)
        return place()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        asked = [pool.submit(at_once) for _ in range(AT_ONCE)]
        if killed:
            gate.wait(30)
            _kill_web(fleet)
    wait_for(lambda: buyer.ask("GET", "orders/none").status_code == 404, "the order service to answer", 60)
    back = time.monotonic()
    last = wait_for(lambda: _acknowledged(place()), "the order to be acknowledged", 30)
    stuck.append(time.monotonic() - back)
    changed = {**body, "email": "another@example.com"}
    other = _when_it_answers(partial(buyer.ask, "POST", "orders", json=changed, headers=headers))
    assert other.status_code == 422, other.text
    again = _when_it_answers(place)
    wait_for(lambda: _has_ended(buyer, last.json()), "the order to end", 60)
    return [*(one.result() for one in asked), last, again]


def _with_cart(market: Market, product: Json) -> Person:
    buyer = market.guest()
    buyer.post("cart/items", {"variant_id": product["variants"][0]["id"], "quantity": 1}, expect=201)
    return buyer


def _when_it_answers(ask: Callable[[], httpx.Response]) -> httpx.Response:
    """The edge may still have connections to who was killed, each of which costs somebody a 503."""
    answer: httpx.Response = wait_for(lambda: (told := ask()).status_code != 503 and told, "an answer", 30)
    return answer


def _has_ended(buyer: Person, order: Json) -> bool:
    try:
        return order_of(buyer, order)["status"] in {"confirmed", "cancelled"}
    except Unexpected:
        return False


def _kill_web(fleet: Table) -> None:
    for name in processes.all_info(fleet.var):
        if name.startswith("order_service-web"):
            kill(fleet, name)


def _acknowledged(response: httpx.Response) -> httpx.Response | None:
    return response if response.status_code == 201 else None


def _by_number(answers: list[httpx.Response]) -> Counter[str]:
    return Counter(answer.json()["number"] for answer in answers if answer.status_code == 201)
