"""Whether a process is alive does not depend on anything else; whether it is ready, on its own database only."""

import pytest
from instances import answer_of, web_process

from fleet.table import Table

NOBODY = "127.0.0.1:1"
DEAD = {
    "DATABASE_URL": f"postgresql://nobody:nothing@{NOBODY}/nothing",
    "REDIS_URL": f"redis://{NOBODY}/0",
    "SESSIONS_REDIS_URL": f"redis://{NOBODY}/0",
    "RABBITMQ_URL": f"amqp://nobody:nothing@{NOBODY}/nothing",
}
SERVICES = ["user_service", "catalog_service", "order_service"]
"""Those with the most around them; health is the same code in all."""


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_without_all_it_needs_is_alive_but_not_ready(fleet: Table, name: str) -> None:
    with web_process(fleet, fleet.service(name), DEAD) as url:
        assert (
            answer_of(f"{url}/health/live"),
            answer_of(f"{url}/health/ready"),
            answer_of(f"{url}/health/status"),
        ) == (200, 503, 503)


def test_a_pool_without_a_connection_is_not_ready_either(fleet: Table) -> None:
    with web_process(fleet, fleet.service("order"), DEAD | {"DATABASE_POOL_SIZE": "4"}) as url:
        assert (answer_of(f"{url}/health/live"), answer_of(f"{url}/health/ready")) == (200, 503)


def test_a_service_with_its_database_alone_is_ready(fleet: Table) -> None:
    """A shared Redis or broker that is away must not take every service out at once."""
    dead = {variable: url for variable, url in DEAD.items() if variable != "DATABASE_URL"}

    with web_process(fleet, fleet.service("order"), dead) as url:
        assert (answer_of(f"{url}/health/live"), answer_of(f"{url}/health/ready")) == (200, 200)


def test_the_gateway_is_ready_without_anybody(fleet: Table) -> None:
    with web_process(fleet, fleet.service("gateway"), DEAD) as url:
        assert (answer_of(f"{url}/health/live"), answer_of(f"{url}/health/ready")) == (200, 200)
