import re

import pytest
from django.test import Client

from gateway.errors import CODES
from shared.contracts import all_messages

BROWSER = {"Accept": "text/html"}


@pytest.mark.parametrize("path", ["/", "/api/docs", "/api/redoc", "/api/events", "/status", "/problems/invalid"])
def test_a_page_asks_nobody_outside_and_everything_on_it_is_there(path: str) -> None:
    response = Client().get(path, headers=BROWSER)

    assert response.status_code == 200
    page = response.content.decode()
    assert not re.search(r"(src|href)=\"(https?:)?//", page)
    for asset in re.findall(r"(?:src|href)=\"(/static/[^\"]+)\"", page):
        assert Client().get(asset).status_code == 200, asset
    assert "default-src 'self'" in response["Content-Security-Policy"]
    assert '<html lang="en">' in page
    assert 'name="viewport"' in page


def test_the_event_catalogue_is_a_document_and_a_page() -> None:
    document = Client().get("/api/events").json()
    page = Client().get("/api/events", headers=BROWSER).content.decode()

    assert Client().get("/api/events?format=json", headers=BROWSER).json() == document
    assert document["asyncapi"] == "3.0.0"
    assert set(document["channels"]) == set(all_messages())
    for type_ in all_messages():
        assert type_ in page


def test_a_known_problem_is_explained() -> None:
    page = Client().get("/problems/insufficient_stock").content.decode()

    assert CODES["insufficient_stock"].title in page


def test_an_unknown_problem_has_a_page_as_well() -> None:
    response = Client().get("/problems/never_heard_of")

    assert response.status_code == 200
    assert "never_heard_of" in response.content.decode()


def test_an_unknown_path_is_a_problem_document() -> None:
    response = Client().get("/nowhere")

    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")
    assert response.json()["type"].endswith("/problems/not_found")


def test_pages_are_only_read() -> None:
    assert Client().post("/status").status_code == 405
