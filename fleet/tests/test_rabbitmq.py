import base64
import hashlib
import re
from pathlib import Path

from fleet import rabbitmq, table
from shared.contracts import catalog, order


def test_a_service_may_send_its_own_events_and_the_commands_it_asks() -> None:
    allowed = re.compile(rabbitmq.routing_keys("order"))

    assert allowed.match(order.OrderConfirmed.type)
    assert allowed.match(catalog.ReserveStock.type)


def test_a_service_may_not_speak_for_another() -> None:
    allowed = re.compile(rabbitmq.routing_keys("order"))

    assert not allowed.match(catalog.StockReserved.type)
    assert not allowed.match(order.OrderConfirmed.type + ".x")
    assert not allowed.match(order.OrderConfirmed.type.replace(".", "-"))
    assert re.compile(rabbitmq.routing_keys("nobody")).match(order.OrderConfirmed.type) is None


def test_a_service_reads_only_its_own_queues_and_declares_none() -> None:
    own, test = rabbitmq._permissions("order")

    assert own["configure"] == "^$"
    assert [bool(re.match(own["read"], queue)) for queue in ("order", "order.dead", "orders", "cart")] == [
        True,
        True,
        False,
        False,
    ]
    assert test == {"user": "order", "vhost": "nexus_test", "configure": ".*", "write": ".*", "read": ".*"}


def test_a_password_hash_is_what_rabbitmq_computes() -> None:
    decoded = base64.b64decode(rabbitmq.password_hash("secret"))

    salt, digest = decoded[:4], decoded[4:]
    assert digest == hashlib.sha256(salt + b"secret").digest()


def test_unchanged_definitions_are_not_loaded_again(tmp_path: Path) -> None:
    page = table.load(var=tmp_path)
    services = [service for service in page.services if service.database]

    assert rabbitmq.prepare(page, services) is True
    assert rabbitmq.prepare(page, services) is False
    assert rabbitmq.prepare(page, services[1:]) is True
