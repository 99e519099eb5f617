"""Instances are added, removed and renewed while a steady load runs: no request may notice.

Every request has a connection of its own. A client that keeps one must expect, as ever in HTTP, that the server closes
it between two requests; that is its own to repeat, and not what is looked at here.
"""

import time
from collections.abc import Iterator

import httpx
import psutil
import pytest
from conftest import MakeProduct
from load import Load, fleet_command

from fleet import processes, services
from fleet.client import Market, wait_for
from fleet.journey import ADDRESS
from fleet.table import Table, load

SERVICE = "order_service"
PER_SECOND = 40
AFTERWARDS = 2
"""Seconds that the load goes on when the command has ended: what was stopped could still be missed."""


@pytest.fixture
def steady(market: Market, make_product: MakeProduct) -> Iterator[Load]:
    """A buyer reads orders; another asks what a cart would cost, which is a POST."""
    buyer = market.account("customer")
    line = {"variant_id": make_product()["variants"][0]["id"], "quantity": 1}
    guest = market.guest()
    guest.post("cart/items", line, expect=201)
    signed_in = {"Authorization": f"Bearer {buyer.access}", "Connection": "close"}
    with_cart = {"X-Cart-Token": str(guest.cart_token), "Connection": "close"}
    body = {"shipping_address": ADDRESS}
    with httpx.Client(base_url=f"{market.gateway}/api/v1/", timeout=30) as http:
        yield Load(
            [
                lambda: http.get("orders", headers=signed_in),
                lambda: http.post("checkout/quote", json=body, headers=with_cart),
            ],
            PER_SECOND,
        )


def test_scaling_up_and_down_loses_no_request(fleet: Table, steady: Load) -> None:
    before = load(var=fleet.var).service(SERVICE).instances
    try:
        with steady:
            fleet_command("scale", SERVICE, "3")
            at_first = _work_of_each(fleet)
            time.sleep(AFTERWARDS)
            used = [now > then + 0.05 for then, now in zip(at_first, _work_of_each(fleet), strict=True)]
            fleet_command("scale", SERVICE, "1")
            time.sleep(AFTERWARDS)
    finally:
        fleet_command("scale", SERVICE, str(before))
    print(dict(steady.answers), f"longest {steady.longest:.2f} s")

    assert steady.failures == []
    assert steady.answers["GET 200"] > PER_SECOND
    assert steady.answers["POST 200"] > 10
    assert used == [True, True, True], "each instance had its part of the load"
    assert [name for name in processes.all_info(fleet.var) if name.startswith(f"{SERVICE}-web")] == [f"{SERVICE}-web"]


def _work_of_each(fleet: Table) -> list[float]:
    """Seconds of processor time that each web instance has used: one without requests uses next to none."""
    return [sum(sum(worker.cpu_times()[:2]) for worker in one) for one in _workers(fleet)]


def _workers(fleet: Table) -> list[set[psutil.Process]]:
    """The processes that answer, of each web instance."""
    service = load(var=fleet.var).service(SERVICE)
    names = [services.web_name(service, number + 1) for number in range(service.instances)]
    return [set(psutil.Process(processes.pid_of(fleet.var, name)).children()) for name in names]


def test_new_code_is_taken_over_without_a_lost_request(fleet: Table, steady: Load) -> None:
    with steady:
        for _ in range(3):
            old = set().union(*_workers(fleet))
            fleet_command("reload", SERVICE)
            wait_for(lambda old=old: not old & set().union(*_workers(fleet)), "the old processes to be gone", 30)
        time.sleep(AFTERWARDS)
    print(dict(steady.answers), f"longest {steady.longest:.2f} s")

    assert steady.failures == []
    assert steady.answers["POST 200"] > 10
