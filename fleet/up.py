"""`fleet up`, `servers` and `down`."""

from fleet import bootstrap, keys, processes, servers
from fleet.progress import say
from fleet.table import Table


def servers_only(table: Table) -> None:
    with keys.locked(table.var / "run" / "launcher.lock"):
        bootstrap.ensure_packages()
        keys.prepare(table)
        servers.start(table, others=[])
    say("PostgreSQL, Redis and RabbitMQ are there")


def down(table: Table) -> None:
    processes.shut_down(table.var)
    say("nothing runs any more")
