"""The private RabbitMQ: its files, and who may do what in it, as a definitions file that it loads when it boots.

Written as a file because each call of rabbitmqctl costs more than a second, and a boot that brings everything none.
"""

import base64
import hashlib
import importlib
import json
import os
import socket
import subprocess
from pathlib import Path

from fleet.keys import Secrets, write_private
from fleet.processes import Program
from fleet.progress import Problem
from fleet.table import Service, Table

HOME = Path("/usr/lib/rabbitmq")
NODE = "nexus@localhost"
VHOST, TEST_VHOST = "nexus", "nexus_test"
EXCHANGE = "nexus"
NOTHING, EVERYTHING = "^$", ".*"


def programs(table: Table) -> list[Program]:
    """The broker, and the port mapper it would otherwise start as a process of its own that outlives it."""
    variables = environment(table)
    epmd = Program("epmd", ("epmd",), Path("/"), variables, priority=90, settle_seconds=1, stop_seconds=5)
    broker = Program(
        name="rabbitmq",
        command=(str(HOME / "bin" / "rabbitmq-server"),),
        folder=_data(table),
        environment=variables,
        stop_seconds=20,
        priority=110,
        settle_seconds=1,
    )
    return [epmd, broker]


def environment(table: Table) -> dict[str, str]:
    data = _data(table)
    return {
        "HOME": str(data),
        "LANG": "C.UTF-8",
        "ERL_EPMD_PORT": str(table.ports["epmd"]),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": NODE,
        "RABBITMQ_DIST_PORT": str(table.ports["rabbitmq_distribution"]),
        "RABBITMQ_CONF_ENV_FILE": str(data / "none.conf"),
        "RABBITMQ_CONFIG_FILE": str(data / "rabbitmq.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(data / "none.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(data / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(data / "mnesia"),
        "RABBITMQ_PID_FILE": str(data / "rabbitmq.pid"),
        "RABBITMQ_LOG_BASE": str(table.var / "log"),
        "RABBITMQ_LOGS": "-",
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        "RUNNING_UNDER_SYSTEMD": "true",
    }


def _data(table: Table) -> Path:
    return table.var / "rabbitmq"


def prepare(table: Table, services: list[Service]) -> bool:
    """Write all its files; True if the definitions are not those it has loaded."""
    data = _data(table)
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (data / ".erlang.cookie").exists():
        write_private(data / ".erlang.cookie", Secrets(table.var)["erlang_cookie"])
        (data / ".erlang.cookie").chmod(0o400)
    (data / "enabled_plugins").write_text("[].\n")
    (data / "rabbitmq.conf").write_text(_settings(table))
    text = json.dumps(definitions(table, services), indent=1)
    file = data / "definitions.json"
    changed = not file.exists() or file.read_text() != text
    write_private(file, text)
    return changed


def _settings(table: Table) -> str:
    return (
        f"listeners.tcp.1 = 127.0.0.1:{table.ports['rabbitmq']}\n"
        f"load_definitions = {_data(table)}/definitions.json\n"
        "log.console = true\n"
        "log.console.level = warning\n"
        "log.file = false\n"
        "vm_memory_high_watermark.absolute = 1GB\n"
        "disk_free_limit.absolute = 200MB\n"
        "heartbeat = 30\n"
        "num_acceptors.tcp = 4\n"
    )


# ── Who may do what ──────────────────────────────────────────────────────────────────────────────────────────────────


def definitions(table: Table, services: list[Service]) -> dict[str, object]:
    """One user a service: it reads its own queues and writes the types it may send; `provision` makes the topology."""
    secrets = Secrets(table.var)
    names = [service.short for service in services]
    users = [_user(name, secrets[f"rabbitmq_{name}"]) for name in ("provision", *names)]
    return {
        "vhosts": [{"name": VHOST}, {"name": TEST_VHOST}],
        "users": users,
        "permissions": [permission for name in ("provision", *names) for permission in _permissions(name)],
        "topic_permissions": [_topic_permission(name) for name in names],
        "exchanges": [_exchange(VHOST), _exchange(TEST_VHOST)],
    }


def _user(name: str, password: str) -> dict[str, object]:
    tags = "administrator" if name == "provision" else ""
    return {"name": name, "password_hash": password_hash(password), "tags": tags, **HASHING}


HASHING = {"hashing_algorithm": "rabbit_password_hashing_sha256"}


def password_hash(password: str) -> str:
    """RabbitMQ's own form: base64(salt + sha256(salt + password)). The salt follows from the password, which is random
    and long, so that an unchanged password is an unchanged file.
    """
    salt = hashlib.sha256(b"salt" + password.encode()).digest()[:4]
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def _permissions(name: str) -> list[dict[str, str]]:
    everything = {"configure": EVERYTHING, "write": EVERYTHING, "read": EVERYTHING}
    own = {"configure": NOTHING, "write": rf"^({EXCHANGE}|amq\.default)$", "read": rf"^{name}(\..*)?$"}
    return [
        {"user": name, "vhost": VHOST, **(everything if name == "provision" else own)},
        {"user": name, "vhost": TEST_VHOST, **everything},
    ]


def _topic_permission(name: str) -> dict[str, str]:
    return {"user": name, "vhost": VHOST, "exchange": EXCHANGE, "write": routing_keys(name), "read": NOTHING}


def _exchange(vhost: str) -> dict[str, object]:
    options = {"durable": True, "auto_delete": False, "internal": False, "arguments": {}}
    return {"name": EXCHANGE, "vhost": vhost, "type": "topic", **options}


def routing_keys(name: str) -> str:
    """A pattern of the message types a service may send: its own events, and the commands it may ask."""
    try:
        contracts = importlib.import_module("shared.contracts").all_messages()
    except ImportError as error:
        raise Problem(f"the contracts of the messages cannot be imported: {error}") from None
    types = sorted(type_ for type_, contract in contracts.items() if name in senders(contract))
    return f"^({'|'.join(type_.replace('.', r'[.]') for type_ in types)})$" if types else NOTHING


def senders(contract: type) -> tuple[str, ...]:
    """An event is told by the service its type begins with; a command says who may ask."""
    asked_by: tuple[str, ...] | None = getattr(contract, "asked_by", None)
    return asked_by if asked_by is not None else (contract.owner(),)  # type: ignore[attr-defined]


# ── While it runs ────────────────────────────────────────────────────────────────────────────────────────────────────


def load(table: Table) -> None:
    """Tell a running broker of changed definitions."""
    file = _data(table) / "definitions.json"
    command = [str(HOME / "bin" / "rabbitmqctl"), "-q", "-n", NODE, "import_definitions", str(file)]
    variables = {**os.environ, **environment(table)}
    done = subprocess.run(command, env=variables, cwd=_data(table), capture_output=True, text=True)
    if done.returncode:
        raise Problem(f"RabbitMQ refused its definitions: {done.stderr.strip().splitlines()[-1:]}")


def answers(table: Table) -> bool:
    """A listener is open as soon as the boot is through, definitions included; it speaks when one says hello."""
    try:
        with socket.create_connection(("127.0.0.1", table.ports["rabbitmq"]), timeout=2) as connection:
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            return connection.recv(1) == b"\x01"
    except OSError:
        return False
