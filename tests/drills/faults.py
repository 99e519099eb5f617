"""What is done to the fleet while a load runs, at points of the load's progress that follow from the seed."""

import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from xmlrpc.client import Fault as SupervisorRefused

import httpx
import redis
from checkouts import Checkouts
from conftest import kill
from verdicts import Verdicts

from fleet import postgres, processes, rabbitmq, servers
from fleet.client import Person, wait_for
from fleet.table import Table

FIRST, LAST = 5, 5
"""So many checkouts are through before the first fault, and follow the last."""
SECONDS_TO_BE_BACK, SECONDS_FOR_THE_LAST = 60, 180
ROUTES = {
    "user_service": "/api/v1/users/me",
    "catalog_service": "/api/v1/categories",
    "cart_service": "/api/v1/wishlists",
    "order_service": "/api/v1/orders",
    "vendor_service": "/api/v1/vendors",
    "payment_service": "/api/v1/store-credit",
    "notification_service": "/api/v1/notifications",
}
"""Service → what it can answer to a customer only with its database."""


@dataclass(frozen=True)
class Fault:
    """What is done, by name. Its recovery, if it is measured, answers how many seconds it took."""

    name: str
    strike: Callable[[], object]
    recovery: Callable[[], float] | None = None


@dataclass
class Faults:
    """While inside, strikes with one after the other at random moments of the load, which goes on for so long."""

    faults: list[Fault]
    load: Checkouts
    chance: random.Random
    struck: list[tuple[str, int]] = field(default_factory=list)
    """Each with how many checkouts were through by then."""
    recoveries: list[float] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)

    def __enter__(self) -> "Faults":
        self.moments = sorted(self.chance.sample(range(FIRST, len(self.load.all) - LAST), len(self.faults)))
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.thread.join(SECONDS_FOR_THE_LAST)
        print(f"fault: {', '.join(f'{name} (after {done})' for name, done in self.struck)}")
        if self.recoveries:
            print(f"fault: recovered after {', '.join(f'{seconds:.1f} s' for seconds in self.recoveries)}")
        if self.failures:
            raise self.failures[0]
        assert not self.thread.is_alive(), f"the faults have no end; struck have {self.struck}"

    def are_to_come(self) -> bool:
        return self.thread.is_alive() and len(self.struck) < len(self.faults)

    def judge(self, verdicts: Verdicts, what: str) -> None:
        """Whether the load felt them all; a recovery that nobody measured was none."""
        met = [name for name, done in self.struck if done < self.load.done]
        times = f"{len(self.faults)} times while checkouts were on their way"
        verdicts.hold(f"{what} {times}", len(met) == len(self.faults), f"{self.struck} of {self.load.done}")
        if recoveries := sum(fault.recovery is not None for fault in self.faults):
            verdicts.hold("each recovery was measured", len(self.recoveries) == recoveries, self.recoveries)

    def _run(self) -> None:
        try:
            for fault, moment in zip(self.faults, self.moments, strict=True):
                self.load.wait_until(moment)
                fault.strike()
                self.struck.append((fault.name, self.load.done))
                if fault.recovery:
                    self.recoveries.append(fault.recovery())
        except Exception as error:  # told where the drill can fail for it
            self.failures.append(error)


# ── Processes ────────────────────────────────────────────────────────────────────────────────────────────────────────


def kills_of_processes(fleet: Table, count: int, chance: random.Random) -> list[Fault]:
    """kill -9 of web processes and workers, whichever."""
    names = sorted(name for name in processes.all_info(fleet.var) if name.endswith(("-web", "-worker")))
    return [Fault(name, lambda name=name: kill_when_running(fleet, name)) for name in chance.choices(names, k=count)]


def kill_when_running(fleet: Table, name: str) -> None:
    """Not while it is not back from its last death."""
    wait_for(lambda: _is_running(fleet, name), f"{name} to be there to be killed", 30)
    kill(fleet, name)


def _is_running(fleet: Table, name: str) -> bool:
    return bool(processes.all_info(fleet.var)[name]["statename"] == "RUNNING")


# ── The broker ───────────────────────────────────────────────────────────────────────────────────────────────────────


def kills_of_the_broker(fleet: Table, count: int) -> list[Fault]:
    """Its recovery: from when it answers until no outbox has a message of before."""
    fault = Fault("rabbitmq", lambda: kill_when_running(fleet, "rabbitmq"), lambda: seconds_until_outboxes_drain(fleet))
    return [fault] * count


def seconds_until_outboxes_drain(fleet: Table) -> float:
    wait_for(lambda: rabbitmq.answers(fleet), "the broker to answer", SECONDS_TO_BE_BACK)
    back = time.monotonic()
    waiting = [service for service in fleet.services if service.database]
    for service in waiting:
        wait_for(
            lambda url=service.url: outbox_age(url) < time.monotonic() - back,
            f"the outbox of {service.name}",
            SECONDS_TO_BE_BACK,
        )
    return time.monotonic() - back


def outbox_age(url: str) -> float:
    """Seconds, of the oldest message that is not sent; for ever while the service cannot say."""
    try:
        return float(httpx.get(f"{url}/health/status", timeout=3).json()["outbox_age_seconds"])
    except (httpx.TransportError, KeyError):
        return float("inf")


# ── The database ─────────────────────────────────────────────────────────────────────────────────────────────────────


def kills_of_the_database(fleet: Table, count: int, customer: Person) -> list[Fault]:
    """kill -9 of the one server of all databases. Its recovery: until every service answers again, by itself."""
    fault = Fault(
        "postgres",
        lambda: kill_when_running(fleet, "postgres"),
        lambda: seconds_until_services_answer(fleet, customer),
    )
    return [fault] * count


def seconds_until_services_answer(fleet: Table, customer: Person) -> float:
    """From when the database accepts connections."""
    wait_for(lambda: postgres.answers(fleet), "the database to accept connections", SECONDS_TO_BE_BACK)
    back = time.monotonic()
    for name, path in ROUTES.items():
        url = fleet.service(name).url + path
        wait_for(lambda url=url: _answers(url, customer), f"{name} to answer", SECONDS_TO_BE_BACK)
    return time.monotonic() - back


def _answers(url: str, person: Person) -> bool:
    try:
        return httpx.get(url, headers={"Authorization": f"Bearer {person.access}"}, timeout=10).is_success
    except httpx.TransportError:
        return False


# ── Redis ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def flushes_of_redis(fleet: Table, count: int, while_away: Callable[[], object]) -> list[Fault]:
    """All it knows is deleted and it is killed -9; it comes back, empty, when `while_away` has been looked at."""
    return [Fault("redis, emptied", lambda: flush_and_kill(fleet, while_away))] * count


def flush_and_kill(fleet: Table, while_away: Callable[[], object]) -> None:
    with redis.Redis(port=fleet.ports["redis"]) as client:
        client.flushall()
    kill(fleet, "redis")
    wait_for(lambda: _is_held_down(fleet, "redis"), "Redis to stay away")
    try:
        while_away()
    finally:
        processes.call(fleet.var, "startProcess", "redis", False)
    wait_for(lambda: servers.redis_answers(fleet), "Redis to answer", SECONDS_TO_BE_BACK)


def _is_held_down(fleet: Table, name: str) -> bool:
    """The supervisor, which starts it again, is told not to; it refuses in the moment in which it does."""
    with suppress(SupervisorRefused):
        processes.call(fleet.var, "stopProcess", name)
    return bool(processes.all_info(fleet.var)[name]["statename"] == "STOPPED")
