import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet import ports, table
from fleet.processes import Program
from fleet.progress import Problem


@pytest.fixture
def held_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_used_port_is_reported_with_its_holder_and_a_way_out(held_port: int, tmp_path: Path) -> None:
    page = table.load(offset=held_port - 8104, var=tmp_path)
    web = Program("order_service-web", ("true",), tmp_path)

    with pytest.raises(Problem) as refused:
        ports.check(page, [web])

    message = str(refused.value)
    assert f"port {held_port}, wanted for order_service-web, is held by pid {os.getpid()} (" in message
    assert "NEXUS_PORT_OFFSET=1000 make up" in message


def test_a_free_port_is_free_at_once_after_its_listener_ended(held_port: int) -> None:
    assert not ports.is_free(held_port)


def test_every_program_with_a_port_is_known(tmp_path: Path) -> None:
    table.remember_instances(tmp_path, "order_service", 2)
    page = table.load(offset=0, var=tmp_path)

    assert ports.of(page, "nginx") == [8000, 8443, 8444]
    assert ports.of(page, "rabbitmq") == [8672, 8673]
    assert ports.of(page, "order_service-web") == [8104]
    assert ports.of(page, "order_service-web-2") == [8204]
    assert ports.of(page, "order_service-worker") == []
    assert ports.of(page, "keeper") == []
