"""`fleet up`, `servers` and `down`: the order in which a fleet comes to life.

packages → keys → servers → databases and roles → prepare (migrations, queues) → services → NGINX → demo data
"""

import json
import time
from typing import Any

from fleet import auditing, bootstrap, demo, keys, nginx, ports, processes, servers, services
from fleet.processes import Program
from fleet.progress import Problem, elapsed, say
from fleet.table import Table, remember_offset

PATIENCE = 60


def up(table: Table) -> None:
    """Everything, as far as it is not there yet."""
    with keys.locked(table.var / "run" / "launcher.lock"):
        bootstrap.ensure_packages()
        keys.prepare(table)
        remember_offset(table.var)
        wanted = [*services.programs(table), nginx.program(table), auditing.program(table)]
        processes.let_it_end(table.var)
        ports.check(table, wanted)
        running = processes.all_info(table.var)
        servers.start(table, others=[program for program in wanted if program.name in running])
        prepared = services.prepare(table)
        processes.apply(table, [*servers.programs(table), *wanted])
        processes.restart(table.var, [one.name for one in _outdated(table, prepared) if one.name in running])
        _wait_until_ready(table)
        _seed(table)
    _show_the_way(table)


def _outdated(table: Table, prepared: list[Any]) -> list[Program]:
    """Processes that run code older than the migrations just made."""
    return [program for service in prepared for program in services.of(table, service)]


def _wait_until_ready(table: Table) -> None:
    questions = {"nginx": table.ports["nginx"]} | {service.name: service.port for service in services.present(table)}
    deadline = time.monotonic() + PATIENCE
    while questions:
        questions = _still_waiting(questions, deadline)
        time.sleep(0.1)


def _still_waiting(questions: dict[str, int], deadline: float) -> dict[str, int]:
    answers = {name: services.health(port, _path(name)) for name, port in questions.items()}
    for name in (name for name, answer in answers.items() if answer == "ok"):
        say(f"{name} is ready")
    waiting = {name: port for name, port in questions.items() if answers[name] != "ok"}
    if waiting and time.monotonic() > deadline:
        told = ", ".join(f"{name} ({answers[name]})" for name in waiting)
        raise Problem(f"not ready after {PATIENCE} s: {told}; look with: make logs s={next(iter(waiting))}")
    return waiting


def _path(name: str) -> str:
    return "/health" if name == "nginx" else "/health/ready"


def _seed(table: Table) -> None:
    if not (table.var / "demo.json").exists():
        say("making the demo marketplace")
        demo.seed(table)


def _show_the_way(table: Table) -> None:
    url, mail = table.public_url, table.var / "mail"
    mail.mkdir(exist_ok=True)
    say("Nexus is up")
    print(f"\n  start here {url}/\n  API        {url}/api/v1/products")
    print(f"  docs       {url}/api/docs\n  status     {url}/status")
    print(f"  mail sent  {mail}\n  all data   {table.var}")
    for role, account in _accounts(table).items():
        print(f"  {role:10} {account['email']}  {account['password']}")
    print(f"\n  make status · make logs s=order_service · make demo · make down      ({elapsed():.0f} s)")


def _accounts(table: Table) -> dict[str, dict[str, str]]:
    """Role → a demo account, as seeding wrote it down."""
    file = table.var / "demo.json"
    return dict(json.loads(file.read_text())["accounts"]) if file.exists() else {}


def servers_only(table: Table) -> None:
    """The private servers; services that run go on running, and so does NGINX before them."""
    with keys.locked(table.var / "run" / "launcher.lock"):
        bootstrap.ensure_packages()
        keys.prepare(table)
        remember_offset(table.var)
        running = processes.all_info(table.var)
        wanted = [*services.programs(table), nginx.program(table), auditing.program(table)]
        servers.start(table, others=[one for one in wanted if one.name in running])
    say("PostgreSQL, Redis and RabbitMQ are there")


def down(table: Table) -> None:
    with keys.locked(table.var / "run" / "launcher.lock"):
        processes.shut_down(table.var)
    say("nothing runs any more")


def run_alone(table: Table, name: str) -> int:
    """One service in the foreground with the servers it needs."""
    service = table.service(name)
    servers_only(table)
    own = [program.name for program in services.of(table, service)]
    if any(processes.all_info(table.var).get(program, {}).get("pid") for program in own):
        raise Problem(f"{service.name} runs in the fleet already; stop that first: make down")
    ports.check(table, services.of(table, service))
    if service.database:
        services.prepare_one(table, service)
    return services.run_alone(table, service)
