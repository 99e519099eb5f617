from pathlib import Path

import pytest

from fleet import table


def test_all_ports_move_together() -> None:
    here, shifted = table.load(offset=0), table.load(offset=1000)

    assert shifted.ports == {name: port + 1000 for name, port in here.ports.items()}
    assert [service.port for service in shifted.services] == [service.port + 1000 for service in here.services]
    assert shifted.public_url == "http://localhost:9000"


def test_no_two_processes_want_the_same_port() -> None:
    page = table.load(offset=0)

    ports = [*page.ports.values(), *(port for service in page.services for port in service.ports)]

    assert len(set(ports)) == len(ports)


def test_a_service_is_found_by_name_short_name_and_folder() -> None:
    page = table.load()

    assert page.service("order").name == page.service("order_service").name == page.service("order_service/").name


def test_an_unknown_service_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(LookupError, match=r"no service 'basket'.*cart_service"):
        table.load().service("basket")


def test_a_scaled_service_keeps_its_instances(tmp_path: Path) -> None:
    table.remember_instances(tmp_path, "order_service", 3)
    table.remember_instances(tmp_path, "cart_service", 2)

    page = table.load(offset=0, var=tmp_path)

    assert page.upstreams["order_service"] == [8104, 8204, 8304]
    assert page.upstreams["cart_service"] == [8103, 8203]
    assert page.upstreams["user_service"] == [8101]
