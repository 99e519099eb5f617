from pathlib import Path

import pytest

from fleet import environment, table
from fleet.table import Table


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Table:
    for name in ("NEXUS_FLEET", "RABBITMQ_URL", "REDIS_URL", "DATABASE_URL_ORDER"):
        monkeypatch.delenv(name, raising=False)
    return table.load(offset=0, var=tmp_path)


def test_a_service_gets_its_own_database_user_and_redis_database(page: Table) -> None:
    variables = environment.of(page, page.service("order"))

    assert variables["DATABASE_URL"].startswith("postgresql://nexus_order:")
    assert variables["DATABASE_URL"].endswith("@127.0.0.1:8432/nexus_order")
    assert variables["RABBITMQ_URL"].startswith("amqp://order:")
    assert variables["RABBITMQ_URL"].endswith("@127.0.0.1:8672/nexus")
    assert variables["REDIS_URL"] == "redis://127.0.0.1:8379/4"
    assert variables["CATALOG_URL"] == "http://127.0.0.1:8102"


def test_only_user_service_sees_the_private_signing_keys(page: Table) -> None:
    holders = [one.short for one in page.services if "JWT_PRIVATE_KEYS_DIR" in environment.of(page, one)]

    assert holders == ["user"]


def test_only_prepare_may_administer_rabbitmq(page: Table) -> None:
    service = page.service("order")

    assert "RABBITMQ_ADMIN_URL" not in environment.of(page, service)
    assert "amqp://provision:" in environment.of(page, service, prepare=True)["RABBITMQ_ADMIN_URL"]


def test_the_gateway_has_neither_database_nor_broker(page: Table) -> None:
    variables = environment.of(page, page.service("gateway"))

    assert not {"DATABASE_URL", "RABBITMQ_URL"} & variables.keys()


def test_tests_share_neither_queues_nor_redis_with_the_running_fleet(page: Table) -> None:
    running = {environment.of(page, one)["REDIS_URL"] for one in page.services}
    running |= {environment.of(page, one)["SESSIONS_REDIS_URL"] for one in page.services}
    tests = [environment.of(page, one, test=True) for one in page.services]

    assert {one["NEXUS_ENV"] for one in tests} == {"test"}
    assert not running & ({one["REDIS_URL"] for one in tests} | {one["SESSIONS_REDIS_URL"] for one in tests})
    assert environment.of(page, page.service("order"), test=True)["RABBITMQ_URL"].endswith("/nexus_test")


def test_urls_of_the_caller_replace_private_servers(page: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL_ORDER", "postgresql://me:secret@db.example/orders")
    monkeypatch.setenv("RABBITMQ_URL", "amqp://me@mq.example/shop")
    monkeypatch.setenv("REDIS_URL", "redis://cache.example:6379/")

    variables = environment.of(page, page.service("order"), prepare=True)

    assert variables["DATABASE_URL"] == "postgresql://me:secret@db.example/orders"
    assert variables["RABBITMQ_URL"] == variables["RABBITMQ_ADMIN_URL"] == "amqp://me@mq.example/shop"
    assert variables["REDIS_URL"] == "redis://cache.example:6379/4"
    assert "nexus_cart" in environment.of(page, page.service("cart"))["DATABASE_URL"]


def test_urls_of_a_fleet_process_are_not_mistaken_for_the_caller_s(
    page: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.of(page, page.service("order")).items():
        monkeypatch.setenv(name, value)

    assert environment.given("REDIS_URL") == ""


def test_an_env_file_is_read_as_one_expects(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("# comment\n\nA=1\nexport B='two words'\nC=x=y\n# D=4\n")

    assert environment.read_env_file(file) == {"A": "1", "B": "two words", "C": "x=y"}
