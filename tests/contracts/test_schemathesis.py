"""Schemathesis: every operation with made-up requests, by a guest, a customer, a vendor and an admin, against what the
document says.

Each run of the tests asks once of each. By hand, on the running fleet, in an hour or two:

    SCHEMATHESIS_EXAMPLES=100     so many of each, and the phases of edge cases and of operations one after the other
    SCHEMATHESIS_SERVICES=user,cart     only these services' operations
    SCHEMATHESIS_SEED=7           others than the last time

It takes ids out of answers: as an admin it changes what it finds, so ask for much where the marketplace may suffer.

All of its checks but one: that what the schema allows is accepted. A schema does not say that a coupon has to exist.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fleet.client import Market, Person
from fleet.journey import Journey, open_shops

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "1"))
SERVICES = os.environ.get("SCHEMATHESIS_SERVICES", "")
SEED = os.environ.get("SCHEMATHESIS_SEED", "1")
THOROUGH = EXAMPLES >= 100
PHASES = "examples,coverage,fuzzing,stateful" if THOROUGH else "fuzzing"
NOT_ASKED = r"^/api/v1/(auth/(logout|password-change)|users/me/(sessions|security-claims)/|admin/users/)"
"""These could end the own session, after which everything would be refused, or an account that other tests know."""


@pytest.fixture(scope="module")
def people(market: Market, admin: Person) -> dict[str, Person]:
    """Nobody whom other tests or the demonstration know, but the admin."""
    customer, shops = market.newcomer("fuzz"), Journey(market, admin, market.guest())
    customer.register("Ada", "Fuzz")
    open_shops(shops)
    return {"guest": market.guest(), "customer": customer, "vendor": shops.vendors[0], "admin": market.account("admin")}


@pytest.mark.timeout(4 * 3600 if THOROUGH else 600)
@pytest.mark.parametrize("who", ["guest", "customer", "vendor", "admin"])
def test_every_operation_answers_as_the_document_says(
    market: Market, people: dict[str, Person], tmp_path: Path, who: str
) -> None:
    hooks = {"SCHEMATHESIS_HOOKS": "fresh_keys", "PYTHONPATH": str(Path(__file__).parent)}

    done = subprocess.run(
        _command(market, people[who].access), cwd=tmp_path, env={**os.environ, **hooks}, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    tested = re.search(r"Tested: (\d+)", done.stdout)
    assert tested
    assert int(tested[1]) > (5 if SERVICES else 300)
    assert people[who].access is None or people[who].ask("GET", "users/me").status_code == 200


def _command(market: Market, token: str | None) -> list[str]:
    """One worker: of two threads that parse Python at once, as Hypothesis does, 3.11 loses count (a SystemError)."""
    header = ["--header", f"Authorization: Bearer {token}"] if token else []
    return [
        sys.executable, "-m", "schemathesis.cli", "run", f"{market.gateway}/api/v1/openapi.json", *header,
        "--max-examples", str(EXAMPLES), "--checks", "all", "--exclude-checks", "positive_data_acceptance",
        "--phases", PHASES, "--workers", "1", "--exclude-path-regex", NOT_ASKED, "--no-shrink",
        "--continue-on-failure", "--warnings", "off", "--seed", SEED,
        *(word for service in SERVICES.split(",") if service for word in ("--include-tag", service)),
    ]  # fmt: skip
