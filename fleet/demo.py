"""The demo marketplace and the demonstration: `make seed`, `make demo`."""

import json
import secrets
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fleet import environment, keys
from fleet.marketplace import addresses, marketplace
from fleet.pictures import draw
from fleet.progress import Problem, say
from fleet.table import Table, load

SEEDED = (("user_service", "vendor_service", "order_service"), ("catalog_service",))
"""In waves: products want their vendors."""


def seed(table: Table | None = None) -> None:
    """Make the marketplace; what is there already stays as it is. Writes var/demo.json."""
    table = table or load()
    file = data_file(table)
    for wave in SEEDED:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda name: _seed_service(table, name, file), wave))
    data = json.loads(file.read_text())
    keys.write_private(table.var / "demo.json", json.dumps(_public(table, data), indent=2))
    counts = {kind: len(data[kind]) for kind in ("vendors", "categories", "products", "reviews")}
    say("the marketplace has " + ", ".join(f"{count} {kind}" for kind, count in counts.items()))


def data_file(table: Table) -> Path:
    """The file that every service's `seed_demo` reads; its passwords are made once."""
    folder = table.var / "demo"
    file = folder / "marketplace.json"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        passwords = {email: f"Nexus-{secrets.token_urlsafe(12)}" for email in addresses()}
        keys.write_private(file, json.dumps(marketplace(passwords, str(folder / "pictures"))))
    _draw_pictures(json.loads(file.read_text())["products"])
    return file


def _draw_pictures(products: list[dict[str, object]]) -> None:
    for product in products:
        for image in product["images"]:  # type: ignore[attr-defined]
            draw(str(product["slug"]), Path(image["path"]))


def _seed_service(table: Table, name: str, file: Path) -> None:
    service = table.service(name)
    variables = {**environment.passed_on(), **environment.of(table, service)}
    command = [sys.executable, "manage.py", "seed_demo", str(file)]
    done = subprocess.run(command, cwd=service.folder, env=variables, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise Problem(f"{name} could not be seeded: {last}")


def _public(table: Table, data: dict[str, list[dict[str, object]]]) -> dict[str, object]:
    accounts = {str(account["email"]): account for account in data["accounts"]}
    roles = {
        "admin": accounts["admin@nexus.example"],
        "vendor": next(account for account in data["accounts"] if "vendor_id" in account),
        "customer": accounts["customer@nexus.example"],
    }
    chosen = {role: {key: account[key] for key in ("email", "password")} for role, account in roles.items()}
    return {"gateway": table.public_url, "accounts": chosen}


def journey(table: Table | None = None) -> int:
    from fleet import journey as main_journey  # here: what makes the data in a container has no HTTP client
    from fleet.client import Market

    table = table or load()
    return main_journey.main(Market.at(table))
