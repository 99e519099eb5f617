"""More or fewer web instances of one service, without a refused request."""

import time

from fleet import keys, nginx, ports, processes, servers, services
from fleet.progress import Problem, say
from fleet.table import Service, Table, load, remember_instances

DRAIN_SECONDS = 2.0
PATIENCE = 30


def scale(table: Table, name: str, instances: int) -> None:
    service = table.service(name)
    if not 1 <= instances <= 9:
        raise Problem("between 1 and 9 instances")
    with keys.locked(table.var / "run" / "launcher.lock"):
        remember_instances(table.var, service.name, instances)
        (more if instances > service.instances else fewer)(load(var=table.var), service)
    say(f"{service.name} has {instances} web instances")


def more(table: Table, before: Service) -> None:
    """Start them, wait until they are ready, and only then tell NGINX."""
    after = table.service(before.name)
    ports.check(table, services.of(table, after))
    _apply(table)
    for port in after.ports[before.instances :]:
        _wait_until_ready(port)
    nginx.reload(table)


def fewer(table: Table, before: Service) -> None:
    """NGINX forgets them first; requests on their way are finished before they are stopped."""
    nginx.reload(table)
    time.sleep(DRAIN_SECONDS)
    _apply(table)


def _apply(table: Table) -> None:
    processes.apply(table, [*servers.programs(table), *services.programs(table), nginx.program(table)])


def _wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while services.health(port) != "ok":
        if time.monotonic() > deadline:
            raise Problem(f"the instance on port {port} is not ready after {PATIENCE} s")
        time.sleep(0.1)
