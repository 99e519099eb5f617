"""What services say to the auditor leads nowhere from outside, and is said to nobody else inside."""

import httpx
import pytest

from fleet.client import Market
from fleet.table import Table
from shared.auth import signed

PATHS = {
    "user": "rows/users",
    "catalog": "rows/reservations",
    "cart": "rows/offers",
    "order": "rows/orders",
    "vendor": "rows/vendors",
    "payment": "rows/payments",
    "notification": "rows/confirmations",
}


def key_of(fleet: Table, name: str) -> str:
    return (fleet.var / "keys" / "services" / "private" / f"{name}.pem").read_text()


def test_the_edge_does_not_lead_to_it(market: Market) -> None:
    callers = (market.guest(), market.account("admin"))
    paths = ["checks/outbox", "repairs/holds", *PATHS.values()]

    for path in (f"{before}internal/audit/{path}" for path in paths for before in ("/", "//", "/api/../", "/api/v1/")):
        for method in ("GET", "POST"):
            assert {person.ask(method, path).status_code for person in callers} <= {400, 404, 405}, path


@pytest.mark.parametrize("service", PATHS)
def test_only_the_auditor_is_answered_and_only_by_who_its_token_is_for(
    service: str, fleet: Table, market: Market
) -> None:
    url = f"{fleet.service(service).url}/internal/audit"
    auditor, another = key_of(fleet, "auditor"), "gateway"
    elsewhere = "cart" if service != "cart" else "order"
    tokens = {
        "nobody": None,
        "an admin": market.account("admin").access,
        "another service": signed(service, by=another, key=key_of(fleet, another)),
        "another service in its name": signed(service, by="auditor", key=key_of(fleet, another)),
        "the auditor elsewhere": signed(elsewhere, by="auditor", key=auditor),
        "the auditor": signed(service, by="auditor", key=auditor),
    }

    answers = {
        name: {
            httpx.get(f"{url}/{PATHS[service]}", headers=_bearing(token)).status_code,
            httpx.post(f"{url}/{PATHS[service]}", headers=_bearing(token), json={"ids": [NOBODY]}).status_code,
            httpx.get(f"{url}/checks/outbox", headers=_bearing(token)).status_code,
        }
        for name, token in tokens.items()
    }

    assert answers == {
        "nobody": {401},
        "an admin": {401},
        "another service": {403},
        "another service in its name": {401},
        "the auditor elsewhere": {401},
        "the auditor": {200},
    }


NOBODY = "00000000-0000-7000-8000-000000000000"


def _bearing(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}
