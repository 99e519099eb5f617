"""Who sends and who hears what, over all services."""

import os
import subprocess
import sys

from fleet.messages import wrong
from shared.contracts.catalog import OfferChanged, ReserveStock
from shared.contracts.user import RoleGranted


def test_every_message_is_heard_by_whom_it_is_for() -> None:
    variables = {**os.environ, "SECRET_KEY": "x", "NEXUS_ENV": "test"}
    done = subprocess.run(
        [sys.executable, "-m", "fleet.messages", "check"], env=variables, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_what_does_not_add_up_is_named() -> None:
    contracts = {contract.type: contract for contract in (OfferChanged, ReserveStock, RoleGranted)}

    found = wrong(contracts, {ReserveStock.type: ["catalog", "cart"], RoleGranted.type: ["vendor"]})

    assert [line.split(":")[0] for line in found] == [OfferChanged.type, ReserveStock.type, RoleGranted.type]
