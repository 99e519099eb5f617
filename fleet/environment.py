"""The environment of a service's processes: table.toml filled in, plus URLs the caller's own environment gives."""

import os
from collections.abc import Mapping
from pathlib import Path

from fleet.keys import Secrets
from fleet.table import ROOT, Service, Table, port_offset

TEST_REDIS_OFFSET = 16
SESSIONS_DATABASE = 0
VENV_PROGRAMS = ROOT / ".venv" / "bin"
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Fixed: a process whose environment differs from last time is restarted, and must not be because of who asked."""
PASSED_ON = {"PATH", "HOME", "LANG", "LC_ALL", "TZ", "TERM", "USER", "LOG_LEVEL", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"}
PASSED_ON_ENDINGS = ("_PROXY", "_proxy")


def of(table: Table, service: Service, *, test: bool = False, prepare: bool = False) -> dict[str, str]:
    """What this service's processes see besides PATH and the like."""
    templates = {**table.environment, **table.own_environment.get(service.name, {})}
    templates |= table.test_environment if test else {}
    templates |= table.prepare_environment if prepare else {}
    if not service.database:
        templates.pop("DATABASE_URL"), templates.pop("RABBITMQ_URL")
    facts = _facts(table, service, test)
    filled = {name: template.format_map(facts) for name, template in templates.items()}
    return filled | _urls(table) | _fixed(table, service) | _given(service, facts) | _settings()


def _facts(table: Table, service: Service, test: bool) -> dict[str, object]:
    """Everything a placeholder in table.toml may name."""
    secret = Secrets(table.var)
    shift = TEST_REDIS_OFFSET if test else 0
    return {
        **table.ports,
        "var": table.var,
        "short": service.short,
        "threads": service.threads,
        "redis_database": service.redis + shift,
        "sessions_database": SESSIONS_DATABASE + shift,
        "vhost": "nexus_test" if test else "nexus",
        "secret": secret,
        "secret_key": secret[f"django_{service.short}"],
        "database_password": secret[f"database_{service.short}"],
        "rabbitmq_password": secret[f"rabbitmq_{service.short}"],
    }


def _urls(table: Table) -> dict[str, str]:
    return {f"{other.short.upper()}_URL": other.url for other in table.services}


def _fixed(table: Table, service: Service) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": f"{service.name}.settings",
        "PYTHONUNBUFFERED": "1",
        "PATH": f"{VENV_PROGRAMS}:{SYSTEM_PATH}",
        "NEXUS_FLEET": str(table.var),
        "NEXUS_VAR": str(table.var),
        "NEXUS_PORT_OFFSET": str(port_offset()),
    }


def outside() -> Mapping[str, str]:
    """The caller's environment over `.env`; inside a process of the fleet, nothing: those URLs are the fleet's own."""
    return {} if "NEXUS_FLEET" in os.environ else {**read_env_file(ROOT / ".env"), **os.environ}


def read_env_file(file: Path) -> dict[str, str]:
    """`NAME=value` a line; empty lines, comments and quotes as one expects."""
    if not file.exists():
        return {}
    lines = (line.strip().removeprefix("export ") for line in file.read_text().splitlines())
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, _, value in pairs}


def given(name: str) -> str:
    """A URL that replaces one of the private servers, or an empty string."""
    return outside().get(name, "")


def told_outside() -> dict[str, str]:
    """Servers and origins that the caller's environment names, rather than `.env`, which can be read again."""
    if "NEXUS_FLEET" in os.environ:
        return {}
    named = {name: value for name, value in os.environ.items() if _names_a_server(name) or name == "CORS_ORIGINS"}
    return {name: value for name, value in named.items() if not name.startswith("NEXUS_")}


def _given(service: Service, facts: Mapping[str, object]) -> dict[str, str]:
    urls = {}
    if service.database and (database := given(f"DATABASE_URL_{service.short.upper()}")):
        urls["DATABASE_URL"] = database
    if service.database and (rabbitmq := given("RABBITMQ_URL")):
        urls["RABBITMQ_URL"] = urls["RABBITMQ_ADMIN_URL"] = rabbitmq
    if redis := given("REDIS_URL").rstrip("/"):
        urls["REDIS_URL"] = f"{redis}/{facts['redis_database']}"
        urls["SESSIONS_REDIS_URL"] = f"{redis}/{facts['sessions_database']}"
    return urls


def _settings() -> dict[str, str]:
    """Settings of `.env` that are not URLs of servers."""
    return {name: value for name, value in read_env_file(ROOT / ".env").items() if not _names_a_server(name)}


def _names_a_server(name: str) -> bool:
    return name in {"RABBITMQ_URL", "REDIS_URL"} or name.startswith(("DATABASE_URL", "NEXUS_"))


def passed_on() -> dict[str, str]:
    """The part of the caller's environment that processes of the fleet inherit: the same wherever it was started."""
    return {key: value for key, value in os.environ.items() if key in PASSED_ON or key.endswith(PASSED_ON_ENDINGS)}
