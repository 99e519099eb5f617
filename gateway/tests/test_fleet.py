from collections.abc import Callable
from typing import Any

import pytest
from conftest import NOBODY, StandIn, seconds, well
from django.test import Client

from gateway.queries import degradation, fleet


@pytest.fixture
def services(stand_in: Callable[[], StandIn], settings: Any) -> dict[str, StandIn]:
    """A fleet of three, all well."""
    fleet_of_three = {name: stand_in() for name in ("user", "catalog", "order")}
    for name, server in fleet_of_three.items():
        server.answers["/health/status"] = (200, well(name))
    settings.FLEET = {name: server.url for name, server in fleet_of_three.items()}
    return fleet_of_three


def status() -> Any:
    return Client().get("/status").json()


def words(report: Any) -> dict[str, str]:
    return {service["name"]: service["status"] for service in report["services"]}


def test_liveness_and_readiness_ask_nobody() -> None:
    assert Client().get("/health/live").json() == {"status": "ok"}
    assert Client().get("/health/ready").json() == {"status": "ok"}


def test_a_fleet_that_is_well_is_ok(services: dict[str, StandIn]) -> None:
    report = status()

    assert report["status"] == "ok"
    answered = report["services"][0].pop("answered_ms")
    assert report["services"][0] == {**well("user"), "instances": 1}
    assert 0 < answered < 1_000
    assert Client().get("/health").json() == {"status": "ok"}


def test_a_service_that_is_away_is_down_and_the_fleet_degraded(services: dict[str, StandIn], settings: Any) -> None:
    settings.FLEET = {**settings.FLEET, "catalog": NOBODY}

    report = status()
    health = Client().get("/health")

    assert report["status"] == "degraded"
    assert words(report) == {"user": "ok", "catalog": "down", "order": "ok"}
    assert report["services"][1]["instances"] == 0
    assert (health.status_code, health.json()) == (503, {"status": "degraded"})


def test_a_missing_worker_degrades_and_is_not_an_outage(services: dict[str, StandIn]) -> None:
    services["order"].answers["/health/status"] = (200, well("order", status="degraded", workers=0))

    report, health = status(), Client().get("/health")

    assert words(report)["order"] == "degraded"
    assert (health.status_code, health.json()) == (200, {"status": "degraded"})


def test_a_service_without_its_database_is_down(services: dict[str, StandIn]) -> None:
    services["user"].answers["/health/status"] = (503, {"name": "user", "status": "unavailable"})

    assert words(status())["user"] == "down"


@pytest.mark.parametrize("nonsense", [(200, ["a", "list"]), (500, {"status": "ok"}), (200, None)])
def test_nonsense_is_not_believed(services: dict[str, StandIn], nonsense: tuple[int, Any]) -> None:
    services["user"].answers["/health/status"] = nonsense

    assert words(status())["user"] == "down"


def test_a_silent_service_costs_no_more_than_the_deadline(services: dict[str, StandIn], settings: Any) -> None:
    services["catalog"].answers["/health/status"] = 30.0

    took = seconds(lambda: Client().get("/status"))

    assert took < 1.5
    assert words(status()) == {"user": "ok", "catalog": "down", "order": "ok"}


def test_a_report_is_kept_for_a_second(services: dict[str, StandIn], settings: Any) -> None:
    for _ in range(5):
        status()
    asked = len(services["user"].asked)

    settings.STATUS_KEPT = settings.STATUS_KEPT * 0
    status()

    assert (asked, len(services["user"].asked)) == (1, 2)


def test_a_fleet_of_which_nobody_answers_is_down() -> None:
    assert status()["status"] == "down"
    assert not fleet.everyone_answers(fleet.status())


def test_a_browser_gets_a_page_and_everybody_else_json(services: dict[str, StandIn]) -> None:
    browser = Client().get("/status", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})

    assert browser["Content-Type"].startswith("text/html")
    assert "How the fleet is doing" in browser.content.decode()
    for accept in ("*/*", "application/json", ""):
        assert Client().get("/status", headers={"Accept": accept})["Content-Type"] == "application/json"
    assert "Accept" in browser["Vary"]


def test_the_page_tells_what_still_works_while_something_is_away(services: dict[str, StandIn]) -> None:
    page = Client().get("/status", headers={"Accept": "text/html"}).content.decode()

    by_name = {away.name: away for away in degradation.policy()}
    assert "GET /api/v1/products" in by_name["catalog"].recent
    assert "GET /api/v1/orders" in by_name["order"].later
    assert (by_name["rabbitmq"].recent, by_name["rabbitmq"].later) == ([], [])
    for away in by_name.values():
        assert f'<th scope="row">{away.name}</th>' in page
    assert "<li>GET /api/v1/vendors/me/balance</li>" in page
