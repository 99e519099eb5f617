"""A service has to be named in a few lists. This compares them, and says which one lacks whom."""

import tomllib

import pytest

from fleet import one_process
from fleet.table import ROOT, load
from shared import contracts

TABLE = load()
ALL = {service.name for service in TABLE.services}
DOMAIN = {service.name for service in TABLE.services if service.database}
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
CONTRACTS = {contract["name"]: contract for contract in PYPROJECT["tool"]["importlinter"]["contracts"]}


def folders() -> set[str]:
    return {path.parent.name for path in ROOT.glob("*/manage.py")}


LISTS = {
    "fleet/table.toml [services]": (ALL, folders()),
    "fleet/one_process.py SERVICES": ({f"{short}_service" for short in one_process.SERVICES}, DOMAIN),
    "shared/contracts/__init__.py MODULES": (
        {f"{module.__name__.rsplit('.', 1)[-1]}_service" for module in contracts.MODULES},
        DOMAIN,
    ),
    "pyproject.toml root_packages": (
        set(PYPROJECT["tool"]["importlinter"]["root_packages"]) - {"shared", "auditor"},
        ALL,
    ),
    "pyproject.toml mypy_path": (set(PYPROJECT["tool"]["mypy"]["mypy_path"].split(":")) - {"shared"}, ALL),
    "pyproject.toml ruff src": (set(PYPROJECT["tool"]["ruff"]["src"]) - {"shared", "."}, ALL),
    "pyproject.toml: No service knows another service": (
        set(CONTRACTS["No service knows another service"]["modules"]),
        ALL,
    ),
    "pyproject.toml: shared knows no service": (set(CONTRACTS["shared knows no service"]["forbidden_modules"]), ALL),
    "pyproject.toml: Every service has the same floors, and only these": (
        set(CONTRACTS["Every service has the same floors, and only these"]["containers"]),
        ALL,
    ),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_names_every_service(name: str) -> None:
    named, expected = LISTS[name]

    assert sorted(expected - named) == [], f"add to {name}"
    assert sorted(named - expected) == [], f"{name} names what is not there"


@pytest.mark.parametrize("file", ["docker-compose.yml", "k8s/base/kustomization.yaml", "nginx/routes.toml"])
def test_a_file_mentions_every_service(file: str) -> None:
    text = (ROOT / file).read_text()

    missing = [service.name for service in TABLE.services if not {service.name, service.short} & set(_words(text))]
    assert missing == [], f"add to {file}"


def _words(text: str) -> list[str]:
    return "".join(letter if letter.isalnum() or letter == "_" else " " for letter in text).split()
