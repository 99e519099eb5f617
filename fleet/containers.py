"""What containers need at their first start, and what stands in one place for both ways of running: `setup` in
docker-compose.yml runs this. Passwords and keys that are there stay; everything else is written anew.

    /run/nexus/store       all secrets, for `setup` alone
    /run/nexus/of/<name>   what one service sees as /run/nexus/own: `env`, and its key
    /run/nexus/public      the public keys of tokens and of services
    /run/nexus/edge        NGINX's configuration
    /run/nexus/demo        the demo marketplace, by `python -m fleet.containers demo`
"""

import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

from fleet import certificates, edge, environment, keys, rabbitmq
from fleet.keys import Secrets, write_private
from fleet.table import Service, Table, load

PLACE = Path(os.environ.get("NEXUS_CONTAINERS", "/run/nexus"))
NOBODY = 10001
"""The user that services run as."""
PORT = 8000
HOSTS = {
    "127.0.0.1:{postgres}": "postgres:5432",
    "127.0.0.1:{redis}": "redis:6379",
    "127.0.0.1:{rabbitmq}": "rabbitmq:5672",
    "{var}/keys/services/private/{short}.pem": "/run/nexus/own/service.pem",
    "{var}/keys/jwt/private": "/run/nexus/own/jwt",
    "{var}/keys/jwt/public": "/run/nexus/public/jwt",
    "{var}/keys/services/public": "/run/nexus/public/services",
    "{var}/media": "/media",
    "{var}/mail": "/outgoing/mail",
    "{var}/sms": "/outgoing/sms",
    "http://localhost:{nginx}": "{public_url}",
}
"""What table.toml says of one machine → what it is in containers."""
KEEP_FILES = {"user", "catalog", "vendor"}
"""Services that store uploaded files; only they are told of the bucket, if there is one (docs/operations/media.md)."""
BUCKET = (
    "MEDIA_URL", "S3_BUCKET", "S3_ENDPOINT_URL", "S3_REGION", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY",
)  # fmt: skip
NOT_HERE = {"PATH", "NEXUS_FLEET", "NEXUS_VAR", "NEXUS_PORT_OFFSET"}


def main() -> None:
    """Everything, into NEXUS_CONTAINERS (/run/nexus)."""
    PLACE.mkdir(parents=True, exist_ok=True)
    PLACE.chmod(0o700)  # what is mounted from inside it has rights of its own
    table = inside(load(var=PLACE / "store"))
    keys.prepare(table)
    for service in table.services:
        _write_own(table, service)
    _write_auditor(table)
    _write_servers(table)
    _copy_public_keys(table)
    _write_edge(table)
    print(f"secrets, keys and the edge's configuration are in {PLACE}")


def demo() -> None:
    """The demo marketplace, its pictures and its accounts' passwords, for `manage.py seed_demo` of each service."""
    from fleet.demo import data_file

    file = data_file(replace(load(), var=PLACE))
    _give(file.parent)
    print(f"{file}: accounts and passwords of the demo marketplace")


def inside(table: Table) -> Table:
    """The process table as it is in containers."""
    own = {name: _translated(templates) for name, templates in table.own_environment.items()}
    prepare = _translated(table.prepare_environment)
    return replace(table, environment=_translated(table.environment), own_environment=own, prepare_environment=prepare)


def _translated(templates: dict[str, str]) -> dict[str, str]:
    told = {}
    for name, text in templates.items():
        for here, there in HOSTS.items():
            text = text.replace(here, there)
        told[name] = text.replace("{public_url}", _public_url())
    return told


def _public_url() -> str:
    return os.environ.get("PUBLIC_URL", f"http://localhost:{os.environ.get('NEXUS_PORT', '8000')}")


def _write_own(table: Table, service: Service) -> None:
    """`prepare` is a command of the same image, so its environment has RABBITMQ_ADMIN_URL in a file of its own."""
    place = PLACE / "of" / service.short
    place.mkdir(parents=True, exist_ok=True)
    added = _urls(table) | _bucket(service)
    variables = environment.of(table, service) | added
    _write_env(place / "env", variables)
    shutil.copy(table.var / "keys" / "services" / "private" / f"{service.short}.pem", place / "service.pem")
    if "JWT_PRIVATE_KEYS_DIR" in variables:
        _copy_first_keys(table.var / "keys" / "jwt" / "private", place / "jwt")
    if service.database:
        migrate = PLACE / "of" / f"{service.short}-migrate"
        migrate.mkdir(parents=True, exist_ok=True)
        _write_env(migrate / "env", environment.of(table, service, prepare=True) | added)
        shutil.copy(place / "service.pem", migrate)
        if (place / "jwt").exists():
            shutil.rmtree(migrate / "jwt", ignore_errors=True)
            shutil.copytree(place / "jwt", migrate / "jwt")
        _give(migrate)
    _give(place)


def _write_auditor(table: Table) -> None:
    """It has a key and nothing else: what it asks, services answer."""
    place = PLACE / "of" / keys.AUDITOR
    place.mkdir(parents=True, exist_ok=True)
    here = {"SERVICE_KEY_FILE": "/run/nexus/own/service.pem", "AUDIT_DIR": "/outgoing/audit"}
    _write_env(place / "env", _urls(table) | here)
    shutil.copy(table.var / "keys" / "services" / "private" / f"{keys.AUDITOR}.pem", place / "service.pem")
    _give(place)


def _urls(table: Table) -> dict[str, str]:
    return {f"{service.short.upper()}_URL": f"http://{service.short}:{PORT}" for service in table.services}


def _bucket(service: Service) -> dict[str, str]:
    """What compose passes on; empty means not set."""
    given = {name: os.environ.get(name, "") for name in BUCKET}
    return {name: value for name, value in given.items() if value and service.short in KEEP_FILES}


def _write_env(file: Path, variables: dict[str, str]) -> None:
    lines = [f"{name}='{value}'" for name, value in sorted(variables.items()) if name not in NOT_HERE]
    write_private(file, "\n".join([*lines, ""]))


def _write_servers(table: Table) -> None:
    """PostgreSQL's first script and password, RabbitMQ's users and rights."""
    secrets = Secrets(table.var)
    owners = [service for service in table.services if service.database]
    postgres, broker = PLACE / "of" / "postgres", PLACE / "of" / "rabbitmq"
    for place in (postgres, broker):
        place.mkdir(parents=True, exist_ok=True)
    (postgres / "password").write_text(secrets["postgres"])
    (postgres / "databases.sql").write_text("".join(_database(service, secrets) for service in owners))
    (broker / "definitions.json").write_text(json.dumps(rabbitmq.definitions(table, owners), indent=1))
    for file in (*postgres.iterdir(), *broker.iterdir()):
        file.chmod(0o644)  # read by the images' own users; the volumes are mounted nowhere else


def _database(service: Service, secrets: Secrets) -> str:
    """A role that may connect to its own database and to no other."""
    name, password = f"nexus_{service.short}", secrets[f"database_{service.short}"]
    return (
        f"CREATE ROLE {name} LOGIN PASSWORD '{password}';\n"
        f"CREATE DATABASE {name} OWNER {name} TEMPLATE template0 ENCODING 'UTF8';\n"
        f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC;\n"
    )


def _copy_public_keys(table: Table) -> None:
    shutil.copytree(table.var / "keys" / "services" / "public", PLACE / "public" / "services", dirs_exist_ok=True)
    _copy_first_keys(table.var / "keys" / "jwt" / "public", PLACE / "public" / "jwt")
    _give(PLACE / "public" / "jwt")


def _copy_first_keys(source: Path, target: Path) -> None:
    """From then on the service that signs rotates them: a key it has retired must not come back."""
    if not list(target.glob("*.pem")):
        shutil.copytree(source, target, dirs_exist_ok=True)


def _write_edge(table: Table) -> None:
    """With Docker's name server: a service that is deployed anew has a new address."""
    tls = _copy_certificate(table.var / "keys" / "tls", PLACE / "edge" / "tls")
    edge.write(
        edge.Edge(
            folder=PLACE / "edge",
            upstreams={service.name: [f"{service.short}:{PORT}"] for service in table.services},
            keys=PLACE / "public" / "jwt",
            media=Path("/media"),
            public_url=_public_url(),
            listen="8000",
            resolver=os.environ.get("NEXUS_RESOLVER", "127.0.0.11"),
            cors_origins=edge.origins(os.environ.get("CORS_ORIGINS", table.edge["cors_origins"])),
            listen_tls="8443",
            tls=tls,
            hsts=edge.HSTS_ON_ONE_MACHINE,
            verdicts=edge.MEMORY,
        )
    )
    _give(PLACE / "edge")
    _give(Path("/media"))
    _give(Path("/outgoing"))


def _copy_certificate(made: Path, shown: Path) -> Path:
    """The authority's own key stays in the store."""
    certificates.prepare(made)
    shown.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in ("ca.pem", "server.pem", "server.key"):
        shutil.copy(made / name, shown)
    return shown


def _give(place: Path) -> None:
    """To the user that services run as, if this one may."""
    if os.geteuid() == 0 and place.exists():
        for path in (place, *place.rglob("*")):
            os.chown(path, NOBODY, NOBODY)


if __name__ == "__main__":
    demo() if sys.argv[1:] == ["demo"] else main()
