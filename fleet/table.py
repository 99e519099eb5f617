"""The process table (table.toml) as typed data."""

import json
import os
import tomllib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from fleet.progress import Problem

ROOT = Path(__file__).resolve().parent.parent
TABLE_FILE = ROOT / "fleet" / "table.toml"
INSTANCE_PORT_STEP = 100
OFFSET_FILE = "port_offset"
MOST_OFFSET = 40_000


@dataclass(frozen=True)
class Service:
    """One row of [services]."""

    name: str
    port: int
    redis: int
    worker: bool = True
    database: bool = True
    instances: int = 1
    threads: int = 8

    @property
    def short(self) -> str:
        return self.name.removesuffix("_service")

    @property
    def folder(self) -> Path:
        return ROOT / self.name

    @property
    def exists(self) -> bool:
        return (self.folder / "manage.py").exists()

    @property
    def ports(self) -> list[int]:
        """Of its web instances, in order."""
        return [self.port + INSTANCE_PORT_STEP * n for n in range(self.instances)]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True)
class Table:
    """The whole page, ports already shifted."""

    ports: dict[str, int]
    edge: dict[str, str]
    auditor: dict[str, str]
    services: tuple[Service, ...]
    environment: dict[str, str]
    own_environment: dict[str, dict[str, str]]
    test_environment: dict[str, str]
    prepare_environment: dict[str, str]
    var: Path

    @cached_property
    def by_name(self) -> dict[str, Service]:
        """Services by name and by short name."""
        return {key: service for service in self.services for key in (service.name, service.short)}

    def service(self, name: str) -> Service:
        """A service by name, short name or folder (`order_service/`); LookupError says what there is."""
        try:
            return self.by_name[name.rstrip("/")]
        except KeyError:
            known = ", ".join(service.name for service in self.services)
            raise LookupError(f"there is no service {name!r}; there are: {known}") from None

    @property
    def public_url(self) -> str:
        return f"http://localhost:{self.ports['nginx']}"

    @property
    def upstreams(self) -> dict[str, list[int]]:
        """Service name → ports of its web instances."""
        return {service.name: service.ports for service in self.services}


def var_folder() -> Path:
    return Path(os.environ.get("NEXUS_VAR") or ROOT / "var").resolve()


def port_offset() -> int:
    """As told, else as this clone was started before. Raises Problem."""
    told = os.environ.get("NEXUS_PORT_OFFSET") or _remembered(var_folder() / OFFSET_FILE)
    if not told.isdecimal() or int(told) > MOST_OFFSET:
        raise Problem(f"NEXUS_PORT_OFFSET is {told!r}; it is a number from 0 to {MOST_OFFSET}")
    return int(told)


def remember_offset(var: Path) -> None:
    (var / OFFSET_FILE).write_text(str(port_offset()))


def _remembered(file: Path) -> str:
    try:
        return file.read_text().strip() or "0"
    except FileNotFoundError:
        return "0"


def load(file: Path = TABLE_FILE, offset: int | None = None, var: Path | None = None) -> Table:
    """Read the table; scaled services keep the number of instances `fleet scale` gave them."""
    page = tomllib.loads(file.read_text())
    shift = port_offset() if offset is None else offset
    var = var or var_folder()
    environment = page["environment"]
    return Table(
        ports={name: port + shift for name, port in page["ports"].items()},
        edge=page["edge"],
        auditor=page["auditor"],
        services=tuple(_service(name, row, shift, _scaled(var)) for name, row in page["services"].items()),
        environment={key: value for key, value in environment.items() if isinstance(value, str)},
        own_environment={key: value for key, value in environment.items() if isinstance(value, dict)},
        test_environment=page["test_environment"],
        prepare_environment=page["prepare_environment"],
        var=var,
    )


def _service(name: str, row: dict[str, Any], shift: int, scaled: dict[str, int]) -> Service:
    service = Service(name, **row)
    return replace(service, port=service.port + shift, instances=scaled.get(name, service.instances))


def _scaled(var: Path) -> dict[str, int]:
    try:
        return dict(json.loads((var / "instances.json").read_text()))
    except (FileNotFoundError, ValueError):
        return {}


def remember_instances(var: Path, name: str, instances: int) -> None:
    (var / "instances.json").write_text(json.dumps({**_scaled(var), name: instances}))
