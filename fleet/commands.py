"""The commands of the launcher, one function each. `make help` lists the ones used daily."""

import os
import shutil
import signal
from argparse import Namespace
from pathlib import Path

from fleet import births, checks, edge, inside, keys, locks, processes, rotation, services, settings_page, suites, ups
from fleet import demo as demonstration
from fleet import drills as drilling
from fleet import guards as guarding
from fleet import messages as messages_page
from fleet import postgres as postgres_server
from fleet import status as status_page
from fleet.progress import Problem, say
from fleet.table import Table


def up(table: Table, _options: Namespace) -> None:
    ups.up(table)


def down(table: Table, _options: Namespace) -> None:
    ups.down(table)


def servers(table: Table, _options: Namespace) -> None:
    ups.servers_only(table)


def status(table: Table, _options: Namespace) -> int:
    return status_page.show(table)


def run(table: Table, options: Namespace) -> int:
    return ups.run_alone(table, options.service)


def env(table: Table, options: Namespace) -> int:
    return inside.run(table, options.service, options.arguments, test=options.test)


def provision(table: Table, options: Namespace) -> None:
    keys.prepare(table)
    chosen = [table.service(options.service)] if options.service else services.present(table)
    for service in chosen:
        if service.database:
            services.prepare_one(table, service)
            say(f"{service.name} is prepared")


def restart(table: Table, options: Namespace) -> None:
    names = names_of(table, options.service)
    processes.restart(table.var, names)
    say(f"restarted: {', '.join(names)}")


def reload(table: Table, options: Namespace) -> None:
    """HUP: gunicorn starts new workers before the old ones stop."""
    names = [name for name in names_of(table, options.service) if "-web" in name]
    for name in names:
        processes.send(table.var, name, signal.SIGHUP)
    if not names:
        raise Problem(f"{options.service} has no web processes to change over")
    say(f"changing over: {', '.join(names)}")


def names_of(table: Table, name: str) -> list[str]:
    """The running processes meant: one by its own name, or all of a service."""
    running = processes.all_info(table.var)
    if name in running:
        return [name]
    service = table.service(name)
    names = [one for one in running if one.startswith(f"{service.name}-")]
    if not names:
        raise Problem(f"{service.name} does not run; start the fleet with: make up")
    return names


def scale(table: Table, options: Namespace) -> None:
    from fleet import scaling

    if not options.instances.isdecimal():
        raise Problem(f"{options.instances!r} is no number of instances")
    names_of(table, options.service)
    scaling.scale(table, options.service, int(options.instances))


def reload_edge(table: Table, _options: Namespace) -> None:
    from fleet import nginx

    keys.prepare(table)
    nginx.reload(table)
    say("NGINX has changed over")


def rotate_keys(table: Table, options: Namespace) -> None:
    if options.if_due:
        rotation.rotate_if_due(table)
    else:
        (rotation.retire if options.retire else rotation.rotate)(table)


def logs(table: Table, options: Namespace) -> None:
    """Becomes `tail`, which goes on with the next file after a rotation."""
    files = log_files(table, options.service)
    if not files:
        there = ", ".join(file.stem for file in log_files(table, None)) or "nothing yet"
        raise Problem(f"there are no logs of {options.service or 'anything'}; there are: {there}")
    os.execvp("tail", ["tail", "-n", "20", "-F", *map(str, files)])


def log_files(table: Table, name: str | None) -> list[Path]:
    folder = table.var / "log"
    if name is None:
        return sorted(folder.glob("*.log"))
    stem = table.by_name[name.rstrip("/")].name if name.rstrip("/") in table.by_name else name
    return sorted({*folder.glob(f"{stem}.log"), *folder.glob(f"{stem}-*.log")})


def seed(table: Table, _options: Namespace) -> None:
    _need(table, "postgres")
    demonstration.seed(table)


def demo(table: Table, _options: Namespace) -> int:
    _need(table, "nginx")
    return demonstration.journey(table)


def _need(table: Table, name: str) -> None:
    if name not in processes.all_info(table.var):
        raise Problem(f"{name} does not run; start the fleet with: make up")


def audit(table: Table, options: Namespace) -> int:
    from fleet import auditing

    _need(table, "nginx")
    since = ("--since", options.since) if options.since else ()
    return auditing.run(table, *(("--repair",) if options.repair else ()), "--still", options.still, *since)


def projections(table: Table, options: Namespace) -> int:
    from fleet import auditing

    _need(table, "nginx")
    return auditing.run(table, *(("--check",) if options.check else ()), module="auditor.projections")


def test(table: Table, options: Namespace) -> int:
    return suites.run(table, options.service)


def drill(table: Table, options: Namespace) -> int:
    return drilling.drill(table, options.name, seed=options.seed, full=options.full)


def drills(table: Table, options: Namespace) -> int:
    return drilling.drills(table, seed=options.seed, full=options.full, keep=options.keep)


def guards(table: Table, options: Namespace) -> int:
    return guarding.guards(table, name=options.drill, keep=options.keep)


def check(table: Table, _options: Namespace) -> int:
    return checks.run(table)


def messages(_table: Table, _options: Namespace) -> int:
    return messages_page.main([])


def postman(table: Table, options: Namespace) -> None:
    from fleet import postman

    postman.write(table, options.file)


def new_service(table: Table, options: Namespace) -> None:
    births.new_service(table, options.name)


def settings(table: Table, _options: Namespace) -> None:
    settings_page.write(table)


def lock(table: Table, _options: Namespace) -> None:
    locks.lock(table)


def clean(table: Table, _options: Namespace) -> None:
    """Only of this fleet: its data folder, and the parts of it that lie elsewhere."""
    ups.down(table)
    postgres_server.remove(table)
    edge.remove(table.var)
    shutil.rmtree(table.var, ignore_errors=True)
    say(f"{table.var} is gone")
